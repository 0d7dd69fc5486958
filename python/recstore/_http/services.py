"""What is known of the services whose SDKs OGX records: their endpoints, and the tags of their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"
LINES: Final = "application/x-ndjson"

OPENAI: Final[dict[str, tuple[str, str]]] = {
    "/chat/completions": (
        "openai.types.chat.chat_completion.ChatCompletion",
        "openai.types.chat.chat_completion_chunk.ChatCompletionChunk",
    ),
    "/completions": ("openai.types.completion.Completion", "openai.types.completion.Completion"),
    "/embeddings": ("openai.types.create_embedding_response.CreateEmbeddingResponse", ""),
    "/models": ("", ""),
}
"""For the end of a path, the tags of a whole answer and of a chunk."""

OLLAMA: Final[dict[str, str]] = {
    "/api/chat": "ollama._types.ChatResponse",
    "/api/generate": "ollama._types.GenerateResponse",
    "/api/embed": "ollama._types.EmbedResponse",
    "/api/tags": "ollama._types.ListResponse",
    "/api/ps": "ollama._types.ProcessResponse",
}
"""For the end of a path, the tag of an answer and of each line of a stream."""

MODEL: Final = "openai.types.model.Model"

OK: Final = 200
FIRST_ERROR: Final = 400
FIRST_SERVER_ERROR: Final = 500


def openai_tags(request: Mapping[str, Any]) -> tuple[str, str]:
    """Return the tags of a whole answer and of a chunk, for a call of OpenAI's API; else empty texts."""
    return OPENAI.get(str(request.get("endpoint", "")).removeprefix("/v1"), ("", ""))
