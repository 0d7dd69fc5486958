"""Answers of SDKs into plain values, as OGX's recorder writes them."""

from __future__ import annotations

from _collections_abc import Mapping

from recstore._core import Chunk, Recording
from recstore.errors import InvalidRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from recstore._core import Answer


def answer(
    request: Mapping[str, Any],
    response: Any,
    error: BaseException | None,
    is_streaming: bool | None,
    status: int | None,
) -> Answer:
    """Return what is recorded of what a call returned or raised; raise `InvalidRequest` for what is neither."""
    if not isinstance(request, Mapping):
        raise InvalidRequest(f"a request is a dict with method, url and body, not {type(request).__name__}")
    if not isinstance(status, int | None):
        raise InvalidRequest(f"status is a number, such as 200, not {status!r}")
    if not isinstance(error, BaseException | None):
        raise InvalidRequest(f"error is the exception that was raised, not {type(error).__name__}")
    if isinstance(response, Recording):
        # The core takes all of it from the recording.
        return plain(response)
    if is_streaming is None:
        # An exception before the first chunk is no stream, whatever was asked for.
        is_streaming = asks_for_stream(request) and not (error is not None and response is None)
    if is_streaming and response is not None:
        if (
            isinstance(response, (str, bytes, dict))
            or not hasattr(response, "__iter__")
            or hasattr(response, "model_dump")
        ):
            raise InvalidRequest(
                f"the answer to a request for a stream is the list of its chunks, not {type(response).__name__}; where "
                "the service answered otherwise, say is_streaming=False"
            )
        response = list(response)
    is_list = isinstance(response, (list, tuple))
    return {
        "body": [dump(chunk) for chunk in response] if is_list else dump(response),
        "is_streaming": is_streaming,
        "status": status,
        "error": None if error is None else dump_error(error),
        "error_message": None if error is None else str(error),
        "details": {},
    }


def plain(body: Any, **members: Any) -> Answer:
    """Return a whole answer of plain values, or what else is named."""
    answer: Answer = {
        "body": body,
        "is_streaming": False,
        "status": None,
        "error": None,
        "error_message": None,
        "details": {},
    }
    answer.update(members)  # type: ignore[typeddict-item]
    return answer


def asks_for_stream(request: Mapping[str, Any]) -> bool:
    """Say whether a request asks for a stream."""
    path = str(request.get("url", "")).partition("?")[0]
    if path.endswith(("/generate_content_stream", ":streamGenerateContent")):
        return True
    body = request.get("body", request.get("payload"))
    return isinstance(body, dict) and bool(body.get("stream", False))


def dump(value: Any) -> Any:
    """Return an object of an SDK with its type, a chunk as it was recorded, and anything else as it is."""
    if isinstance(value, Chunk):
        return value.data if value.type is None else {"__type__": value.type, "__data__": value.data}
    dump_model = getattr(value, "model_dump", None)
    if dump_model is None or isinstance(value, type):
        return value
    tag = f"{type(value).__module__}.{type(value).__qualname__}"
    if tag.startswith("google.genai."):
        # Recorded without a tag and without what is not set; the endpoint says what it is.
        return dump_model(mode="json", exclude_none=True)
    return {"__type__": tag, "__data__": dump_model(mode="json")}


def dump_error(error: BaseException) -> dict[str, Any]:
    """Return what is recorded of an exception: that of an SDK with its status and body, others by name."""
    name, message = type(error).__name__, str(error)
    provider = type(error).__module__.partition(".")[0]
    # google-genai calls the status code.
    status = getattr(error, "status_code", getattr(error, "code", None))
    if isinstance(status, int) and not isinstance(status, bool):
        return {
            "category": "provider_sdk",
            "provider": provider,
            "type": name,
            # Ollama's exception adds the status to its text.
            "message": getattr(error, "error", message),
            "status_code": status,
            "body": getattr(error, "body", getattr(error, "details", None)),
        }
    if provider == "builtins":
        return {"category": "builtin", "type": name, "message": message}
    return {"category": "unknown", "provider": provider, "type": name, "message": message}
