"""Recorded responses as they go over HTTP again."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from struct import error as struct_error
from struct import pack, unpack
from typing import TYPE_CHECKING, Any, NamedTuple

from recstore._http.services import EVENTS, FIRST_SERVER_ERROR, JSON, LINES, OK, OLLAMA, openai_tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from recstore._core import Recording


class Reply(NamedTuple):
    """A recorded response, ready to go over HTTP again."""

    status: int
    headers: dict[str, str]
    pieces: list[bytes]
    offsets_ms: list[float] = []  # noqa: RUF012  # never changed
    failure: tuple[str, str] | None = None
    """The class and the text of the transport's exception that it broke off with."""
    has_response: bool = True
    """Whether there was a response before that exception."""
    is_incomplete: bool = False
    """Whether its reader stopped before its end when it was recorded, so that the end is not known."""


def to_reply(recording: Recording, request: Mapping[str, Any], *, asks_for_base64: bool = False) -> Reply:
    """Return a recorded response as it goes over HTTP."""
    details = recording.details
    error = recording.error
    failure = None
    if error is not None and error.get("category") == "transport":
        failure = (str(error.get("type")), str(error.get("message")))
        error = None
    if details.get("has_no_response"):
        return Reply(0, {}, [], failure=failure, has_response=False)
    headers = dict(details.get("headers", {}))
    is_incomplete = bool(details.get("is_incomplete"))
    if recording.is_streaming:
        headers.setdefault("content-type", LINES if request.get("endpoint") in OLLAMA else EVENTS)
        pieces = list(_stream(recording, is_lines=headers["content-type"].lower().startswith(LINES)))
        if "tail" in details:
            pieces.append(details["tail"].encode(errors="surrogateescape"))
        if error is not None:
            # The exception that an SDK made of an event.
            inner = error.get("body") or {"message": error.get("message")}
            pieces.append(b"data: " + _json({"error": inner}) + b"\n\n")
        elif failure is None and not is_incomplete and openai_tags(request)[1] and _has_whole_events(recording):
            pieces.append(b"data: [DONE]\n\n")
        return Reply(
            recording.status or OK, headers, pieces, details.get("offsets_ms", []), failure, True, is_incomplete
        )
    if error is not None and recording.status is None:
        # The exception of an SDK, which a recorder of SDK calls saw: its body is what is inside of "error".
        headers["content-type"] = JSON
        inner = error.get("message") if request.get("endpoint") in OLLAMA else error.get("body")
        body = _json({"error": {"message": error.get("message", "")} if inner is None else inner})
        return Reply(error.get("status_code") or FIRST_SERVER_ERROR, headers, [body])
    body = _whole(recording, request, details, asks_for_base64=asks_for_base64)
    if body:
        headers.setdefault("content-type", JSON)
    return Reply(recording.status or OK, headers, [body], [], failure, True, is_incomplete)


def _has_whole_events(recording: Recording) -> bool:
    """Say whether a stream is kept as events, without their end: not as lines, nor with what was no whole event."""
    return "tail" not in recording.details and not any(chunk.raw.startswith(b'"') for chunk in recording[:1])


def _stream(recording: Recording, *, is_lines: bool) -> Iterator[bytes]:
    for number, chunk in enumerate(recording, 1):
        if is_lines:
            yield chunk.raw + b"\n"
        elif chunk.raw.startswith(b'"'):  # a line as it is; the last has no end
            yield chunk.data.encode(errors="surrogateescape") + (b"\n" if number < len(recording) else b"")
        else:
            data = chunk.data
            name = data.get("type") if isinstance(data, dict) and chunk.type is None else None
            yield (f"event: {name}\n".encode() if isinstance(name, str) else b"") + b"data: " + chunk.raw + b"\n\n"


def _whole(
    recording: Recording, request: Mapping[str, Any], details: Mapping[str, Any], *, asks_for_base64: bool
) -> bytes:
    body = recording.body
    if body is None:
        return b""
    if "encoding" in details:
        return b64decode(body) if details["encoding"] == "base64" else str(body).encode()
    if request.get("endpoint") == "/v1/models" and recording.is_list and all(chunk.type for chunk in recording):
        return _json({"object": "list", "data": [chunk.data for chunk in recording]})
    if recording.is_list:
        return _json(body)
    [chunk] = recording
    items = chunk.data.get("data") if asks_for_base64 and isinstance(chunk.data, dict) else None
    encoded = [_with_base64(item) for item in items] if isinstance(items, list) else [None]
    return chunk.raw if None in encoded else _json({**chunk.data, "data": encoded})


def _with_base64(item: Any) -> Any:
    """Return an item with its embedding in base64; None where its numbers are no floats of 32 bits.

    Then they did not come so: some services give numbers, whatever is asked.
    """
    embedding = item.get("embedding") if isinstance(item, dict) else None
    if not isinstance(embedding, list):
        return item
    form = f"<{len(embedding)}f"
    try:
        data = pack(form, *embedding)
    except (OverflowError, struct_error):
        return None
    return {**item, "embedding": b64encode(data).decode()} if list(unpack(form, data)) == embedding else None


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
