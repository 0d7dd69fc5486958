"""Recorded responses as they go over HTTP again."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from struct import pack
from typing import TYPE_CHECKING, Any, NamedTuple

from recstore._http.services import EVENTS, FIRST_SERVER_ERROR, JSON, LINES, OK, OLLAMA, openai_tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from recstore._core import Recording


class Reply(NamedTuple):
    """A recorded response, ready to go over HTTP again."""

    status: int
    content_type: str
    pieces: list[bytes]
    offsets_ms: list[float]
    failure: tuple[str, str] | None = None
    """The class and the text of the transport's exception that it broke off with."""
    location: str | None = None
    """Where it redirects to."""


def to_reply(recording: Recording, request: Mapping[str, Any], *, asks_for_base64: bool = False) -> Reply:
    """Return a recorded response as it goes over HTTP."""
    details = recording.details
    error = recording.error
    failure = None
    if error is not None and error.get("category") == "transport":
        failure = (str(error.get("type")), str(error.get("message")))
        error = None
    status = recording.status or OK
    if error is not None and not recording.is_streaming:
        status = recording.status or error.get("status_code") or FIRST_SERVER_ERROR
        if recording.body is None:
            # The exception of an SDK: its body is what is inside of "error".
            inner = error.get("message") if request.get("endpoint") in OLLAMA else error.get("body")
            message = {"error": {"message": error.get("message", "")} if inner is None else inner}
            return Reply(status, JSON, [_json(message)], [])
    content_type = details.get("headers", {}).get("content-type", "")
    location = details.get("headers", {}).get("location")
    if recording.is_streaming:
        content_type = content_type or (LINES if request.get("endpoint") in OLLAMA else EVENTS)
        pieces = list(_stream(recording, request))
        if error is not None:
            # The exception that an SDK made of an event.
            pieces.append(
                b"data: " + _json({"error": error.get("body") or {"message": error.get("message")}}) + b"\n\n"
            )
        elif failure is None and not details.get("is_incomplete") and openai_tags(request)[1]:
            pieces.append(b"data: [DONE]\n\n")
        return Reply(status, content_type, pieces, details.get("offsets_ms", []), failure)
    pieces = [_whole(recording, request, details, asks_for_base64=asks_for_base64)]
    return Reply(status, content_type or JSON, pieces, [], failure, location)


def _stream(recording: Recording, request: Mapping[str, Any]) -> Iterator[bytes]:
    if request.get("endpoint") in OLLAMA:
        for chunk in recording:
            yield chunk.raw + b"\n"
        return
    for number, chunk in enumerate(recording, 1):
        data = chunk.data
        if isinstance(data, str):  # a line; the last has no end
            yield data.encode(errors="surrogateescape") + (b"\n" if number < len(recording) else b"")
            continue
        name = data.get("type") if isinstance(data, dict) and chunk.type is None else None
        yield (f"event: {name}\n".encode() if isinstance(name, str) else b"") + b"data: " + chunk.raw + b"\n\n"


def _whole(
    recording: Recording, request: Mapping[str, Any], details: Mapping[str, Any], *, asks_for_base64: bool
) -> bytes:
    body = recording.body
    if "encoding" in details:
        return b64decode(body)
    if isinstance(body, str) and "content-type" in details.get("headers", {}):
        return body.encode()
    if body is None:
        return b""
    if recording.is_list and request.get("endpoint") == "/v1/models":
        return _json({"object": "list", "data": [chunk.data for chunk in recording]})
    if recording.is_list:
        return _json(body)
    [chunk] = recording
    if asks_for_base64 and isinstance(chunk.data, dict):
        return _json({**chunk.data, "data": [_with_base64(item) for item in chunk.data.get("data", [])]})
    return chunk.raw


def _with_base64(item: dict[str, Any]) -> dict[str, Any]:
    embedding = item.get("embedding")
    if not isinstance(embedding, list):
        return item
    return {**item, "embedding": b64encode(pack(f"<{len(embedding)}f", *embedding)).decode()}


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
