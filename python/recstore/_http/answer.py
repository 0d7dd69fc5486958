"""HTTP responses as recordings hold them."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from struct import error as struct_error
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
    kind = _kind(content_type)
    is_ollama = request.get("endpoint") in OLLAMA
    if status < FIRST_ERROR and kind in {EVENTS, LINES}:
        answer = (_of_events if kind == EVENTS else _of_lines)(request, content, pieces)
        if kind != (LINES if is_ollama else EVENTS):
            answer["details"]["headers"] = {"content-type": content_type}
    else:
        answer = _of_whole(request, status, content_type, content)
    # OGX's recorder of SDK calls knows no status, that of HTTP requests always has one.
    if status != OK or ("endpoint" not in request and not answer["is_streaming"]):
        answer["status"] = status
    if failure is not None:
        answer["error"], answer["error_message"] = _transport_error(failure)
    elif not is_complete and not _is_ended(answer, content):
        answer["details"]["is_incomplete"] = True
    return answer


def no_answer(failure: BaseException) -> Answer:
    """Return what is recorded of a request that got no response at all."""
    error, message = _transport_error(failure)
    return plain(None, error=error, error_message=message, details={"has_no_response": True})


def is_streamed(content_type: str) -> bool:
    """Say whether a response of this type is read piece by piece."""
    return _kind(content_type) in {EVENTS, LINES}


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _transport_error(failure: BaseException) -> tuple[dict[str, Any], str]:
    module, name, text = type(failure).__module__.partition(".")[0], type(failure).__name__, str(failure)
    return {"category": "transport", "provider": module, "type": name, "message": text}, text


# The separators of server-sent events, and lines in them.
_BLANK = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2}")
_LINE = re.compile("\r\n|\n|\r")
_DONE = re.compile(rb"(?:^|[\r\n])data: ?\[DONE\]")


def _of_events(request: Mapping[str, Any], content: bytes, pieces: Sequence[Piece]) -> Answer:
    tag = openai_tags(request)[1]
    chunks: list[Any] = []
    ends: list[int] = []
    at = 0
    for blank in _BLANK.finditer(content):
        block, at = content[at : blank.start()].decode(errors="surrogateescape"), blank.end()
        # Comments keep the connection alive; they say nothing.
        event = [line for line in _LINE.split(block) if line and not line.startswith(":")]
        data = "\n".join(line[5:].removeprefix(" ") for line in event if line.startswith("data:"))
        if not event or (data == "[DONE]" and tag):
            continue
        parsed = _event(event, data)
        if parsed is None:
            # Something else than JSON in events: every line as it is, as OGX's recorder has it.
            return plain(content.decode(errors="surrogateescape").split("\n"), is_streaming=True)
        chunks.append({"__type__": tag, "__data__": parsed} if tag and "error" not in parsed else parsed)
        ends.append(at)
    return _stream(chunks, ends, content[at:], pieces)


def _stream(chunks: list[Any], ends: Sequence[int], tail: bytes, pieces: Sequence[Piece]) -> Answer:
    """Return a stream: its chunks, and behind them what is no whole one, because the stream broke off in it."""
    details: dict[str, Any] = {"offsets_ms": _offsets(ends, pieces)}
    if tail.strip():
        details["tail"] = tail.decode(errors="surrogateescape")
    return plain(chunks, is_streaming=True, details=details)


def _event(event: Sequence[str], data: str) -> dict[str, Any] | None:
    """Return the data of an event that says all of it; None where the event has an id or a name of its own."""
    if any(not line.startswith(("data:", "event:")) for line in event):
        return None
    try:
        parsed = json.loads(data)
    except ValueError:
        return None
    name = next((line[6:].strip() for line in event if line.startswith("event:")), None)
    is_all = isinstance(parsed, dict) and (name is None or parsed.get("type") == name)
    return parsed if is_all and (name is not None or not isinstance(parsed.get("type"), str)) else None


def _of_lines(request: Mapping[str, Any], content: bytes, pieces: Sequence[Piece]) -> Answer:
    tag = OLLAMA.get(str(request.get("endpoint")))
    chunks: list[Any] = []
    ends: list[int] = []
    at = 0
    while at < len(content):
        end = content.find(b"\n", at) + 1 or len(content)
        line = content[at:end]
        try:
            data = json.loads(line) if line.strip() else None
        except ValueError:
            break
        if data is not None:
            is_tagged = tag and isinstance(data, dict) and "error" not in data
            chunks.append({"__type__": tag, "__data__": data} if is_tagged else data)
            ends.append(end)
        at = end
    return _stream(chunks, ends, content[at:], pieces)


def _of_whole(request: Mapping[str, Any], status: int, content_type: str, content: bytes) -> Answer:
    kind = _kind(content_type)
    details: dict[str, Any] = {}
    if content_type and (kind != JSON or not content):
        details["headers"] = {"content-type": content_type}
    body: Any = None
    try:
        if content and (kind == JSON or kind.endswith("+json")):
            body = json.loads(content)
        is_kept = not content or (body is not None and not (isinstance(body, dict) and "__type__" in body))
    except ValueError:
        is_kept = False
    if not is_kept:
        # What is not JSON, or JSON that would pass for something else in a recording.
        body = text_of(content)
        details["encoding"] = "text"
        if isinstance(body, dict):
            body, details["encoding"] = body["base64"], "base64"
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
        items = body.get("data")
        body = {**body, "data": [_with_numbers(item) for item in items]} if isinstance(items, list) else body
    tag = openai_tags(request)[0] or OLLAMA.get(endpoint)
    return {"__type__": tag, "__data__": body} if tag else body


def _with_numbers(item: Any) -> Any:
    """Return an embedding as numbers: base64 is of floats with 32 bits, of which each is a double."""
    if isinstance(item, dict) and isinstance(item.get("embedding"), str):
        try:
            data = b64decode(item["embedding"], validate=True)
            return {**item, "embedding": list(unpack(f"<{len(data) // 4}f", data))}
        except (ValueError, struct_error):
            return item  # of other numbers, or no base64
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


def _is_ended(answer: Answer, content: bytes) -> bool:
    """Say whether a stream was read up to what its protocol calls the end; SDKs do not read on to that of the bytes."""
    if not answer["is_streaming"]:
        return False
    last = answer["body"][-1] if answer["body"] else None
    data = last.get("__data__", last) if isinstance(last, dict) else {}
    is_done = data.get("done") is True or data.get("type") in {"message_stop", "response.completed"}
    return is_done or _DONE.search(content) is not None


def _offsets(ends: Sequence[int], pieces: Sequence[Piece]) -> list[float]:
    """Return when each chunk was whole, for chunks that end at these places of the body."""
    offsets = []
    arrived = [(piece.offset_ms, len(piece.data)) for piece in pieces]
    total = index = 0
    for end in ends:
        while index < len(arrived) and total + arrived[index][1] < end:
            total += arrived[index][1]
            index += 1
        offsets.append(round(arrived[min(index, len(arrived) - 1)][0], 3) if arrived else 0.0)
    return offsets
