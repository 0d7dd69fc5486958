"""Make the recordings in examples/recordings: every kind of body, from the types of the real SDKs.

Run `python examples/make_recordings.py FOLDER`; the same SDKs give the same bytes. The answers are invented; their
shapes are those of the services.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anthropic.types
import httpx2
import ollama
import openai
import openai.types
import openai.types.chat
import openai.types.responses
from google.genai import types as genai_types

import recstore

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENAI = "https://api.openai.com/v1"
OLLAMA = "http://localhost:11434"
TEST = "tests/test_chat.py::"


def call(endpoint: str, *, base: str = OPENAI, **body: Any) -> dict[str, Any]:
    """Return the request of a call of an SDK's method, as recorders at that level have it."""
    return {
        "method": "POST",
        "url": base + endpoint,
        "headers": {},
        "body": body,
        "endpoint": endpoint,
        "model": body.get("model", ""),
    }


def http(test_id: str, url: str, **payload: Any) -> dict[str, Any]:
    """Return a request caught at the HTTP client."""
    return {"test_id": test_id, "url": url, "method": "POST", "payload": payload}


def user(text: str) -> list[dict[str, str]]:
    """Return the messages of a conversation that has just begun."""
    return [{"role": "user", "content": text}]


def chat_chunk(delta: dict[str, Any], **rest: Any) -> openai.types.chat.ChatCompletionChunk:
    """Return a chunk of a chat completion."""
    choice = {"index": 0, "delta": delta, "finish_reason": rest.pop("finish_reason", None), "logprobs": None}
    return openai.types.chat.ChatCompletionChunk.model_validate(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1_760_000_000,
            "model": "gpt-4o",
            "choices": rest.pop("choices", [choice]),
            **rest,
        }
    )


def chat_stream(*texts: str) -> list[openai.types.chat.ChatCompletionChunk]:
    """Return a stream that says these texts."""
    usage = {"prompt_tokens": 9, "completion_tokens": len(texts), "total_tokens": 9 + len(texts)}
    return [
        chat_chunk({"role": "assistant", "content": ""}),
        *(chat_chunk({"content": text}) for text in texts),
        chat_chunk({}, finish_reason="stop", usage=usage),
    ]


def tool_stream(name: str, *arguments: str, call_id: str = "call_1") -> list[openai.types.chat.ChatCompletionChunk]:
    """Return a stream that calls a tool, with the arguments in pieces."""
    first = {"index": 0, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
    pieces = [{"index": 0, "function": {"arguments": piece}} for piece in arguments]
    return [
        chat_chunk({"role": "assistant", "content": None, "tool_calls": [first]}),
        *(chat_chunk({"tool_calls": [piece]}) for piece in pieces),
        chat_chunk({}, finish_reason="tool_calls"),
    ]


def chat(content: str | None, **message: Any) -> openai.types.chat.ChatCompletion:
    """Return a whole chat completion."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content, **message},
        "finish_reason": "tool_calls" if "tool_calls" in message else "stop",
        "logprobs": None,
    }
    usage = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
    return openai.types.chat.ChatCompletion.model_validate(
        {
            "id": "chatcmpl-2",
            "object": "chat.completion",
            "created": 1_760_000_000,
            "model": "gpt-4o",
            "choices": [choice],
            "usage": usage,
        }
    )


def models(owner: str, *names: str) -> list[openai.types.Model]:
    """Return a list of models."""
    data = {"object": "model", "created": 1_700_000_000, "owned_by": owner}
    return [openai.types.Model.model_validate({"id": name, **data}) for name in names]


def embeddings(count: int, size: int) -> openai.types.CreateEmbeddingResponse:
    """Return some vectors."""
    vectors = [[round(((i * 37 + j * 11) % 200 - 100) / 997, 8) for j in range(size)] for i in range(count)]
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    usage = {"prompt_tokens": 4 * count, "total_tokens": 4 * count}
    return openai.types.CreateEmbeddingResponse.model_validate(
        {"object": "list", "model": "text-embedding-3-small", "data": data, "usage": usage}
    )


def openai_error(name: str, status: int, body: dict[str, Any]) -> openai.APIStatusError:
    """Return an exception of openai's."""
    request = httpx2.Request("POST", f"{OPENAI}/chat/completions")
    response = httpx2.Response(status, request=request, json={"error": body})
    made = getattr(openai, name)(f"Error code: {status} - {{'error': {body}}}", response=response, body=body)
    assert isinstance(made, openai.APIStatusError)  # noqa: S101  # getattr does not tell
    return made


def openai_chat() -> Iterator[dict[str, Any]]:
    """Give streams and whole answers of chat, with and without tools."""
    url = "/v1/chat/completions"
    yield {
        "request": {
            "method": "POST",
            "url": OPENAI + url,
            "body": {"model": "gpt-4o", "messages": user("Say hello."), "stream": True},
        },
        "response": chat_stream("Hel", "lo!"),
        "test_id": TEST + "test_hello",
    }
    questions = {
        "test_capital": ("What is the capital of France?", "The capital", " of France", " is **Paris**."),
        "test_count": ("Count from 1 to 5.", *(f"{number} " for number in range(1, 6))),
        "test_unicode": ("Greet in five scripts.", "Grüße, ", "你好, ", "سلام, ", "नमस्ते, ", "👋🏽"),
        "test_json": ('Answer in JSON: {"ok": bool}', '{"ok', '": tr', "ue}"),
        "test_code": ("Write hello world in C.", "```c\n", "int main(void)", ' { puts("Hello\\n"); }\n', "```"),
        "test_empty": ("Say nothing.",),
        "test_long": ("List forty squares.", *(f"{number}² = {number * number}\n" for number in range(1, 41))),
    }
    for test, (question, *texts) in questions.items():
        request = call(url, model="gpt-4o", messages=user(question), stream=True, temperature=0.7)
        yield {"request": request, "response": chat_stream(*texts), "test_id": TEST + test}
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
    for city in ("Tokyo", "São Paulo"):
        request = call(url, model="gpt-4o", messages=user(f"Weather in {city}?"), stream=True, tools=tools)
        pieces = ('{"ci', 'ty": ', json.dumps(city), "}")
        yield {
            "request": request,
            "response": tool_stream("get_weather", *pieces),
            "test_id": f"{TEST}test_tool[{city}]",
        }
    for number, answer in enumerate(("4", "A haiku has\nthree lines of five, seven, five.\nThis is almost one.")):
        request = call(url, model="gpt-4o", messages=user(f"Question {number}"), stream=False)
        yield {"request": request, "response": chat(answer), "test_id": f"{TEST}test_whole[{number}]"}
    function = {"name": "get_weather", "arguments": '{"city": "Oslo"}'}
    request = call(url, model="gpt-4o", messages=user("Weather in Oslo?"), tools=tools)
    yield {
        "request": request,
        "response": chat(None, tool_calls=[{"id": "call_2", "type": "function", "function": function}]),
        "test_id": TEST + "test_tool_whole",
    }
    # Azure's first chunk names no object; it fails validation today and is replayed all the same.
    first = openai.types.chat.ChatCompletionChunk.construct(
        id="", choices=[], created=0, model="", object="", prompt_filter_results=[{"prompt_index": 0}]
    )
    request = call(
        url, base="https://example.openai.azure.com/openai/v1", model="gpt-4o", messages=user("Hi"), stream=True
    )
    yield {"request": request, "response": [first, *chat_stream("Hi", "!")], "test_id": TEST + "test_azure"}


def openai_others() -> Iterator[dict[str, Any]]:
    """Give completions, embeddings, lists of models, and the responses API."""
    completion = {"id": "cmpl-1", "object": "text_completion", "created": 1_760_000_000, "model": "m"}
    choice = {"index": 0, "logprobs": None}
    whole = {**completion, "choices": [{**choice, "text": " upon a time", "finish_reason": "stop"}]}
    yield {
        "request": call("/v1/completions", model="m", prompt="Once", stream=False),
        "response": openai.types.Completion.model_validate(whole),
        "test_id": "tests/test_completions.py::test_whole",
    }
    pieces = [(" upon", "length"), (" a", "length"), (" time", "stop")]
    yield {
        "request": call("/v1/completions", model="m", prompt="Once", stream=True),
        "response": [
            openai.types.Completion.model_validate(
                {**completion, "choices": [{**choice, "text": text, "finish_reason": reason}]}
            )
            for text, reason in pieces
        ],
        "test_id": "tests/test_completions.py::test_stream",
    }
    for number, texts in enumerate((["one"], ["one", "two", "three"])):
        yield {
            "request": call("/v1/embeddings", model="text-embedding-3-small", input=texts, encoding_format="float"),
            "response": embeddings(len(texts), 16),
            "test_id": f"tests/test_embeddings.py::test_embed[{number}]",
        }
    # Two servers answer the same request: two files under one key.
    yield {"request": call("/v1/models", base=OLLAMA), "response": models("library", "llama3.2:3b", "gpt-oss:20b")}
    yield {"request": call("/v1/models", base=OLLAMA), "response": models("library", "nomic-embed-text", "llama3.2:3b")}
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_760_000_000,
        "model": "gpt-4o",
        "output": [
            {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": "Paris.", "annotations": []}],
            }
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
    yield {
        "request": call("/v1/responses", model="gpt-4o", input="Capital of France?"),
        "response": openai.types.responses.Response.model_validate(response),
        "test_id": "tests/test_responses.py::test_whole",
    }
    event = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
    deltas = [
        openai.types.responses.ResponseTextDeltaEvent.model_validate(
            {**event, "type": "response.output_text.delta", "sequence_number": number, "delta": text}
        )
        for number, text in enumerate(("Pa", "ris", "."))
    ]
    yield {
        "request": call("/v1/responses", model="gpt-4o", input="Capital of France?", stream=True),
        "response": deltas,
        "test_id": "tests/test_responses.py::test_stream",
    }


def openai_errors() -> Iterator[dict[str, Any]]:
    """Give calls that failed at once, and a stream that failed half way."""
    failures = [("BadRequestError", 400, "invalid_image"), ("RateLimitError", 429, "rate_limit_exceeded")]
    for name, status, code in [*failures, ("InternalServerError", 500, "server_error")]:
        body = {"message": f"This failed with {status}.", "type": code, "param": None, "code": code}
        request = call("/v1/chat/completions", model="gpt-4o", messages=user(f"Fail with {status}."), stream=True)
        yield {"request": request, "error": openai_error(name, status, body), "test_id": f"{TEST}test_error[{status}]"}
    body = {"message": "The server had an error while streaming.", "type": "server_error", "param": None, "code": None}
    yield {
        "request": call("/v1/chat/completions", model="gpt-4o", messages=user("Fail half way."), stream=True),
        "response": chat_stream("It was", " going")[:-1],
        "error": openai_error("InternalServerError", 500, body),
        "test_id": TEST + "test_error_half_way",
    }
    yield {
        "request": call("/v1/chat/completions", base=OLLAMA, model="m", messages=user("Wait.")),
        "error": TimeoutError("timed out after 30 s"),
        "test_id": TEST + "test_timeout",
    }


def ollama_calls() -> Iterator[dict[str, Any]]:
    """Give what Ollama's own client returns."""
    stamp = {"model": "llama3.2:3b", "created_at": "2026-04-01T10:00:00.000000Z"}
    done = {"done": True, "done_reason": "stop", "total_duration": 5, "load_duration": 1, "eval_count": 3}
    yield {
        "request": call("/api/chat", base=OLLAMA, model="llama3.2:3b", messages=user("Hi"), stream=True),
        "response": [
            *(
                ollama.ChatResponse.model_validate({**stamp, "message": {"role": "assistant", "content": text}})
                for text in ("Hello", " there")
            ),
            ollama.ChatResponse.model_validate({**stamp, **done, "message": {"role": "assistant", "content": "!"}}),
        ],
        "test_id": "tests/test_ollama.py::test_chat",
    }
    tool = {"function": {"name": "add", "arguments": {"a": 1, "b": 2}}}
    message = {"role": "assistant", "content": "", "tool_calls": [tool]}
    yield {
        "request": call("/api/chat", base=OLLAMA, model="llama3.2:3b", messages=user("1 + 2?")),
        "response": ollama.ChatResponse.model_validate({**stamp, **done, "message": message}),
        "test_id": "tests/test_ollama.py::test_tool",
    }
    yield {
        "request": call("/api/generate", base=OLLAMA, model="llama3.2:3b", prompt="Once"),
        "response": ollama.GenerateResponse.model_validate({**stamp, **done, "response": " upon a time"}),
        "test_id": "tests/test_ollama.py::test_generate",
    }
    yield {
        "request": call("/api/embeddings", base=OLLAMA, model="nomic-embed-text", input="one"),
        "response": ollama.EmbedResponse.model_validate(
            {"model": "nomic-embed-text", "embeddings": [[0.25, -0.5, 1.0]]}
        ),
        "test_id": "tests/test_ollama.py::test_embed",
    }
    yield {"request": call("/api/ps", base=OLLAMA), "response": ollama.ProcessResponse.model_validate({"models": []})}
    tags = [{"model": "llama3.2:3b", "size": 2_019_393_189}, {"model": "gpt-oss:20b", "size": 13_780_173_839}]
    yield {"request": call("/api/tags", base=OLLAMA), "response": ollama.ListResponse.model_validate({"models": tags})}
    yield {
        "request": call("/api/chat", base=OLLAMA, model="no-such-model", messages=user("Hi")),
        "error": ollama.ResponseError("model 'no-such-model' not found", 404),
        "test_id": "tests/test_ollama.py::test_missing_model",
    }


def anthropic_calls() -> Iterator[dict[str, Any]]:
    """Give what Anthropic's client returns, and the same caught at the HTTP client."""
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [
            {"type": "thinking", "thinking": "15 times 7.", "signature": "c2ln"},
            {"type": "text", "text": "Let me compute that."},
            {"type": "tool_use", "id": "toolu_1", "name": "calculator", "input": {"expression": "15 * 7"}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 20, "output_tokens": 12},
    }
    body = {"model": "claude-sonnet-4-5", "max_tokens": 256, "messages": user("What is 15 * 7?")}
    base = "https://api.anthropic.com"
    yield {
        "request": call("/v1/messages", base=base, **body),
        "response": anthropic.types.Message.model_validate(message),
        "test_id": "tests/test_anthropic.py::test_message",
    }
    events: list[Any] = [
        anthropic.types.RawMessageStartEvent.model_validate(
            {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
        ),
        anthropic.types.RawContentBlockStartEvent.model_validate(
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        ),
        *(
            anthropic.types.RawContentBlockDeltaEvent.model_validate(
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
            )
            for text in ("15 * 7", " = 105")
        ),
        anthropic.types.RawContentBlockStopEvent.model_validate({"type": "content_block_stop", "index": 0}),
        anthropic.types.RawMessageStopEvent.model_validate({"type": "message_stop"}),
    ]
    yield {
        "request": call("/v1/messages", base=base, **body, stream=True),
        "response": events,
        "test_id": "tests/test_anthropic.py::test_stream",
    }
    test_id = "tests/test_messages.py::test_http"
    yield {
        "request": http(test_id, f"{OLLAMA}/v1/messages", **body),
        "response": message,
        "status": 200,
        "test_id": test_id,
    }
    test_id = "tests/test_messages.py::test_http_error"
    error = {"type": "error", "error": {"type": "not_found_error", "message": "model: none"}}
    request = http(test_id, f"{OLLAMA}/v1/messages", **{**body, "model": "none"})
    yield {"request": request, "response": error, "status": 404, "test_id": test_id}
    test_id = "tests/test_messages.py::test_http_stream"
    lines = [line for event in events for line in (f"event: {event.type}", f"data: {event.model_dump_json()}", "")]
    request = http(test_id, f"{OLLAMA}/v1/messages", **body, stream=True)
    yield {"request": request, "response": lines, "test_id": test_id}


def gemini_calls() -> Iterator[dict[str, Any]]:
    """Give what Gemini's client returns; it is recorded without a type."""

    def answer(*parts: dict[str, Any]) -> genai_types.GenerateContentResponse:
        content = {"role": "model", "parts": list(parts)}
        return genai_types.GenerateContentResponse.model_validate(
            {"candidates": [{"content": content, "finish_reason": "STOP"}], "model_version": "gemini-2.5-flash"}
        )

    body = {"model": "gemini-2.5-flash", "contents": [{"role": "user", "parts": [{"text": "Name a color."}]}]}
    yield {
        "request": call("/generate_content", base="vertexai://", **body),
        "response": answer({"text": "Thinking of one.", "thought": True}, {"text": "Blue."}),
        "test_id": "tests/test_gemini.py::test_whole",
    }
    yield {
        "request": call("/generate_content_stream", base="vertexai://", **body),
        "response": [answer({"text": text}) for text in ("Ult", "ra", "marine.")],
        "test_id": "tests/test_gemini.py::test_stream",
    }
    function_call = {"name": "paint", "args": {"color": "blue"}}
    yield {
        "request": call("/generate_content", base="vertexai://", **{**body, "config": {"temperature": 0.0}}),
        "response": answer({"function_call": function_call}),
        "test_id": "tests/test_gemini.py::test_tool",
    }


def tools_and_others() -> Iterator[dict[str, Any]]:
    """Give calls of tools, and bodies of other kinds."""
    for query in ("rust mmap", "python garbage collector"):
        request = {"provider": "tavily", "tool_name": "web_search", "kwargs": {"query": query}}
        content = json.dumps({"query": query, "top_k": [{"url": "https://example.com", "score": 0.91}]})
        data = {"content": content, "error_message": None, "error_code": None, "metadata": None}
        response = {"__type__": "ogx_api.tools.ToolInvocationResult", "__data__": data}
        yield {"request": request, "response": response, "test_id": "tests/test_tools.py::test_search"}
    test_id = "tests/test_rerank.py::test_rerank"
    ranks = {"rankings": [{"index": 1, "logit": 4.25}, {"index": 0, "logit": -1e-05}]}
    request = http(test_id, "http://localhost:8000/v1/ranking", query="x", passages=["a", "b"])
    yield {"request": request, "response": ranks, "status": 200, "test_id": test_id}
    test_id = "tests/test_rerank.py::test_vectors"
    request = http(test_id, "http://localhost:8000/embed", inputs=["a", "b"])
    yield {"request": request, "response": [[0.5, 1e-07], [1e16, -0.0]], "status": 200, "test_id": test_id}
    test_id = "tests/test_rerank.py::test_nothing"
    yield {"request": http(test_id, "http://localhost:8000/reset"), "response": None, "status": 204, "test_id": test_id}


def main(folder: Path) -> int:
    """Write all recordings into a folder and return how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.name != "recordings":
        sys.exit("the folder must be called 'recordings', as folders of recordings are")
    store = recstore.open(folder, cache=False)
    sources = [openai_chat, openai_others, openai_errors, ollama_calls, anthropic_calls, gemini_calls, tools_and_others]
    recordings = [recording for source in sources for recording in source()]
    for recording in recordings:
        store.put(**recording, on_conflict="replace")
    return len(recordings)


if __name__ == "__main__":
    print(f"{main(Path(sys.argv[1]))} recordings in {sys.argv[1]}")
