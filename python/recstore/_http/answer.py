"""HTTP responses as recordings hold them."""

from __future__ import annotations

import json
from base64 import b64decode
from struct import unpack
from typing import TYPE_CHECKING, Any, NamedTuple

from recstore._dump import plain
from recstore._exceptions import BY_STATUS
from recstore._http.request import text_of
from recstore._http.services import EVENTS, FIRST_ERROR, FIRST_SERVER_ERROR, JSON, LINES, MODEL, OK, OLLAMA, openai_tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recstore._core import Answer


class Piece(NamedTuple):
    """A piece of a body as it came from the network, decompressed."""

    offset_ms: float
    """When it came, in milliseconds after the response began."""
    data: bytes


def to_answer(
    request: Mapping[str, Any],
    status: int,
    content_type: str,
    pieces: Sequence[Piece],
    failure: BaseException | None = None,
    *,
    is_complete: bool = True,
) -> Answer:
    """Return a response as a recording holds it.

    `failure` is the exception that the transport raised in the middle of it. Where the reader stopped before the end,
    `is_complete` is false.
    """
    content = b"".join(piece.data for piece in pieces)
    kind = content_type.partition(";")[0].strip().lower()
    if status < FIRST_ERROR and kind == EVENTS:
        answer = _of_events(request, content, pieces)
    elif status < FIRST_ERROR and (kind == LINES or _streams_lines(request)):
        answer = _of_lines(request, content, pieces)
    else:
        answer = _of_whole(request, status, content_type, content)
    endpoint = request.get("endpoint")
    # OGX's recorder of SDK calls knows no status, that of HTTP requests always has one.
    if status != OK or (endpoint is None and not answer["is_streaming"]):
        answer["status"] = status
    if failure is not None:
        module, name = type(failure).__module__.partition(".")[0], type(failure).__name__
        answer["error"] = {"category": "transport", "provider": module, "type": name, "message": str(failure)}
        answer["error_message"] = str(failure)
    elif not is_complete and not _is_ended(answer, content):
        answer["details"]["is_incomplete"] = True
    return answer


def _of_events(request: Mapping[str, Any], content: bytes, pieces: Sequence[Piece]) -> Answer:
    tag = openai_tags(request)[1]
    text = content.decode(errors="surrogateescape").replace("\r\n", "\n")
    chunks: list[Any] = []
    ends: list[int] = []
    at = 0
    is_plain = True
    for block in text.split("\n\n"):
        at += len(block.encode(errors="surrogateescape")) + 2
        # Comments keep the connection alive; they say nothing.
        event = "\n".join(line for line in block.split("\n") if not line.startswith(":"))
        if not event.strip():
            continue
        data = _data_of(event)
        if data == "[DONE]" and tag:
            continue
        parsed = _event(event, data)
        is_plain &= parsed is not None
        chunks.append({"__type__": tag, "__data__": parsed} if tag and parsed and "error" not in parsed else parsed)
        ends.append(at)
    if is_plain:
        return plain(chunks, is_streaming=True, details={"offsets_ms": _offsets(ends, pieces)})
    return plain(text.split("\n"), is_streaming=True)


def _event(event: str, data: str | None) -> dict[str, Any] | None:
    """Return the data of an event that says all of it; None where the event has an id or a name of its own."""
    if data is None or any(not line.startswith(("data:", "event:")) for line in event.split("\n")):
        return None
    try:
        parsed = json.loads(data)
    except ValueError:
        return None
    name = next((line[6:].strip() for line in event.split("\n") if line.startswith("event:")), None)
    is_all = isinstance(parsed, dict) and (name is None or parsed.get("type") == name)
    return parsed if is_all and (name is not None or not isinstance(parsed.get("type"), str)) else None


def _data_of(event: str) -> str | None:
    lines = [line[5:].removeprefix(" ") for line in event.split("\n") if line.startswith("data:")]
    return "\n".join(lines) if lines else None


def _of_lines(request: Mapping[str, Any], content: bytes, pieces: Sequence[Piece]) -> Answer:
    tag = OLLAMA.get(str(request.get("endpoint")))
    chunks: list[Any] = []
    ends: list[int] = []
    at = 0
    for line in content.split(b"\n"):
        at += len(line) + 1
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except ValueError:  # the line at which the stream broke off, or no JSON
            return plain(content.decode(errors="replace").split("\n"), is_streaming=True)
        chunks.append({"__type__": tag, "__data__": data} if tag and "error" not in data else data)
        ends.append(at)
    return plain(chunks, is_streaming=True, details={"offsets_ms": _offsets(ends, pieces)})


def _of_whole(request: Mapping[str, Any], status: int, content_type: str, content: bytes) -> Answer:
    body: Any = None
    details: dict[str, Any] = {}
    try:
        body = json.loads(content) if content else None
    except ValueError:
        body = text_of(content)
        details["headers"] = {"content-type": content_type}
        if isinstance(body, dict):
            body, details["encoding"] = body["base64"], "base64"
    else:
        if content and content_type.partition(";")[0].strip() != JSON:
            details["headers"] = {"content-type": content_type}
    answer = plain(body, details=details)
    if status >= FIRST_ERROR:
        if "endpoint" in request:
            answer["error"], answer["error_message"] = _sdk_error(request, status, body)
    elif isinstance(body, dict):
        answer["body"] = _typed(request, body)
    return answer


def _typed(request: Mapping[str, Any], body: dict[str, Any]) -> Any:
    """Return an answer with its tag, as the recorder of OGX writes it."""
    endpoint = str(request.get("endpoint", ""))
    if endpoint == "/v1/models":
        models = body.get("data")
        if body.keys() == {"object", "data"} and isinstance(models, list) and all(isinstance(m, dict) for m in models):
            return [{"__type__": MODEL, "__data__": model} for model in models]
        return body
    if endpoint == "/v1/embeddings":
        body = {**body, "data": [_with_numbers(item) for item in body.get("data", [])]}
    tag = openai_tags(request)[0] or OLLAMA.get(endpoint)
    return {"__type__": tag, "__data__": body} if tag else body


def _with_numbers(item: Any) -> Any:
    """Return an embedding as numbers: base64 is of floats with 32 bits, of which each is a double."""
    if isinstance(item, dict) and isinstance(item.get("embedding"), str):
        data = b64decode(item["embedding"])
        return {**item, "embedding": list(unpack(f"<{len(data) // 4}f", data))}
    return item


def _sdk_error(request: Mapping[str, Any], status: int, body: Any) -> tuple[dict[str, Any], str]:
    """Return what the recorder of OGX records of the exception that the SDK raises for this response."""
    if request.get("endpoint") in OLLAMA:
        error = body.get("error", "") if isinstance(body, dict) else str(body)
        text = f"{error} (status code: {status})"
        members = {"provider": "ollama", "type": "ResponseError", "message": error, "body": None}
    else:
        text = f"Error code: {status} - {body}"
        name = BY_STATUS.get(status, "InternalServerError" if status >= FIRST_SERVER_ERROR else "APIStatusError")
        inner = body.get("error", body) if isinstance(body, dict) else body
        members = {"provider": "openai", "type": name, "message": text, "body": inner}
    return {"category": "provider_sdk", **members, "status_code": status}, text


def _streams_lines(request: Mapping[str, Any]) -> bool:
    endpoint, body = request.get("endpoint"), request.get("body")
    return endpoint in {"/api/chat", "/api/generate"} and isinstance(body, dict) and body.get("stream") is True


def _is_ended(answer: Answer, content: bytes) -> bool:
    """Say whether a stream was read up to what its protocol calls the end; SDKs do not read on to that of the bytes."""
    if not answer["is_streaming"]:
        return False
    last = answer["body"][-1] if answer["body"] else None
    data = last.get("__data__", last) if isinstance(last, dict) else {}
    is_done = data.get("done") is True or data.get("type") in {"message_stop", "response.completed"}
    return is_done or content.rstrip().endswith(b"data: [DONE]")


def _offsets(ends: Sequence[int], pieces: Sequence[Piece]) -> list[float]:
    """Return when each chunk was whole, for chunks that end at these places of the body."""
    offsets = []
    arrived = [(piece.offset_ms, len(piece.data)) for piece in pieces]
    total = index = 0
    for end in ends:
        while index < len(arrived) and total + arrived[index][1] < end - 1:
            total += arrived[index][1]
            index += 1
        offsets.append(round(arrived[min(index, len(arrived) - 1)][0], 3) if arrived else 0.0)
    return offsets
