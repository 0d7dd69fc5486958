"""Objects of SDKs into plain values, as OGX's recorder writes them."""

from __future__ import annotations

from recstore._core import Chunk, Recording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypedDict

    class Answer(TypedDict):
        """What the core records of an answer."""

        body: Any
        is_streaming: bool
        error: dict[str, Any] | None
        error_message: str | None


def answer(
    request: Mapping[str, Any], response: Any, error: BaseException | None, is_streaming: bool | None
) -> Answer:
    """Return what is recorded of what a call returned or raised."""
    if isinstance(response, Recording):
        is_streaming = response.is_streaming if is_streaming is None else is_streaming
        response = response.body
    if is_streaming is None:
        # An exception before the first chunk is no stream, whatever was asked for.
        is_streaming = asks_for_stream(request) and not (error is not None and response is None)
    is_list = isinstance(response, (list, tuple))
    body = [dump(chunk) for chunk in response] if is_list else dump(response)
    return {
        "body": body,
        "is_streaming": is_streaming,
        "error": None if error is None else dump_error(error),
        "error_message": None if error is None else str(error),
    }


def asks_for_stream(request: Mapping[str, Any]) -> bool:
    """Say whether a request asks for a stream."""
    if str(request.get("url", "")).partition("?")[0].endswith(("/generate_content_stream", ":streamGenerateContent")):
        return True
    body = request.get("body", request.get("payload"))
    return isinstance(body, dict) and bool(body.get("stream", False))


def dump(value: Any) -> Any:
    """Return an object of an SDK with its type, and anything else as it is."""
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


def plain(value: Any) -> Any:
    """Return a request with the objects of SDKs in it as plain values."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    dump_model = getattr(value, "model_dump", None)
    return value if dump_model is None or isinstance(value, type) else dump_model(mode="json", exclude_none=True)


def dump_error(error: BaseException) -> dict[str, Any]:
    """Return what is recorded of an exception: that of an SDK with its status and body, others by name."""
    name, message = type(error).__name__, str(error)
    status = getattr(error, "status_code", getattr(error, "code", None))
    provider = type(error).__module__.partition(".")[0]
    if isinstance(status, int) and not isinstance(status, bool):
        body = getattr(error, "body", getattr(error, "details", None))
        return {
            "category": "provider_sdk",
            "provider": provider,
            "type": name,
            # Ollama's exception holds the text alone in `error`.
            "message": getattr(error, "error", message),
            "status_code": status,
            "body": body,
        }
    if provider == "builtins":
        return {"category": "builtin", "type": name, "message": message}
    return {"category": "unknown", "provider": provider, "type": name, "message": message}
