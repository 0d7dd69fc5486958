"""HTTP requests and responses as recordings hold them, and back.

Calls of OpenAI's and Ollama's APIs become what OGX's recorder makes of the same calls of their SDKs, so that recordings
of either kind answer both. All other requests become what its HTTP recorder makes of them.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from fnmatch import fnmatchcase
from struct import pack, unpack
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from recstore._dump import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from recstore._core import Answer, Recording


class Piece(NamedTuple):
    """A piece of a body as it came from the network, decompressed."""

    offset_ms: float
    """When it came, in milliseconds after the response began."""
    data: bytes


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

# What the name of the exception is that OpenAI's SDK raises for a status.
ERRORS: Final[dict[int, str]] = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    409: "ConflictError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
}
FIRST_ERROR: Final = 400
FIRST_SERVER_ERROR: Final = 500
OK: Final = 200


def to_request(
    method: str, url: str, headers: Mapping[str, str], content: bytes, test_id: str | None = None
) -> dict[str, Any]:
    """Return an HTTP request as a recording holds it.

    A call of OpenAI's API has the URL that the recorder of OGX gives it: the base URL of the client and `/v1/…`. A body
    that is not JSON is kept as text, or in base64; the random boundary of a form becomes `boundary`.
    """
    body = _payload(headers.get("content-type", ""), content)
    base, path = url.partition("?")[0], urlsplit(url).path
    is_object = isinstance(body, dict) and "__content__" not in body
    if is_object and "anthropic-version" not in headers:
        suffix = next((suffix for suffix in OPENAI if path.endswith(suffix)), None)
        if suffix is not None:
            return _sdk_request(base[: -len(suffix)] + "/v1" + suffix, "/v1" + suffix, _without_default_encoding(body))
        suffix = next((suffix for suffix in OLLAMA if path.endswith(suffix)), None)
        if suffix is not None:
            return _sdk_request(base, suffix, body)
    return {"test_id": test_id, "url": url, "method": method.upper(), "payload": body}


def asks_for_base64(request: Mapping[str, Any], content: bytes) -> bool:
    """Say whether a request wants embeddings in base64, which its recorded form does not tell."""
    if request.get("endpoint") != "/v1/embeddings":
        return False
    return bool(json.loads(content).get("encoding_format") == "base64")


def variants(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the forms in which a request may have been recorded: as it is, and without what its SDK adds."""
    yield request
    body = request.get("body")
    if isinstance(body, dict) and "project_id" in body and "endpoint" in request:
        # watsonx's, which callers of OpenAI's SDK pass as `extra_body`.
        others = {name: value for name, value in body.items() if name != "project_id"}
        yield {**request, "body": {**others, "extra_body": {"project_id": body["project_id"]}}}
    if request.get("endpoint") in OLLAMA:
        # ollama sends what was not asked for; its caller's arguments, which OGX's recorder sees, do not have it.
        body = {name: value for name, value in request["body"].items() if value not in (False, [], {}, "", None)}
        if body != request["body"]:
            yield {**request, "body": body}


def place(request: Mapping[str, Any]) -> tuple[str, str]:
    """Return the endpoint and the model of a request, for people."""
    body = request.get("body", request.get("payload"))
    model = request.get("model") or (body.get("model", "") if isinstance(body, dict) else "")
    endpoint = request.get("endpoint") or urlsplit(str(request.get("url", ""))).path or request.get("tool_name", "")
    return str(endpoint), str(model)


def is_host(url: str, patterns: Sequence[str] | None) -> bool:
    """Say whether the host of a URL is among those that the patterns name, such as `*.openai.com`; all are without."""
    if patterns is None:
        return True
    split = urlsplit(url)
    hosts = {split.hostname or "", split.netloc.rpartition("@")[2]}
    return any(fnmatchcase(host, pattern) for host in hosts for pattern in patterns)


def _sdk_request(url: str, endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
    members = {"method": "POST", "url": url, "headers": {}, "body": body, "endpoint": endpoint}
    return {**members, "model": body.get("model", "")}


def _without_default_encoding(body: dict[str, Any]) -> dict[str, Any]:
    """Leave out the encoding of embeddings that OpenAI's SDK asks for by itself; its caller gets numbers."""
    return {name: value for name, value in body.items() if (name, value) != ("encoding_format", "base64")}


def _payload(content_type: str, content: bytes) -> Any:
    if not content:
        return {}
    try:
        return json.loads(content)
    except ValueError:
        pass
    boundary = re.search(r"boundary=\"?([^\";,]+)", content_type)
    if boundary is not None:
        content = content.replace(boundary[1].encode(), b"boundary")
    return {"__content__": _text(content), "content_type": content_type.partition(";")[0]}


def _text(content: bytes) -> Any:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(content).decode()}


# From the wire


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
    tag = _openai_tags(request)[1]
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
        body = _text(content)
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
    tag = _openai_tags(request)[0] or OLLAMA.get(endpoint)
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
        name = ERRORS.get(status, "InternalServerError" if status >= FIRST_SERVER_ERROR else "APIStatusError")
        inner = body.get("error", body) if isinstance(body, dict) else body
        members = {"provider": "openai", "type": name, "message": text, "body": inner}
    return {"category": "provider_sdk", **members, "status_code": status}, text


def _openai_tags(request: Mapping[str, Any]) -> tuple[str, str]:
    return OPENAI.get(str(request.get("endpoint", "")).removeprefix("/v1"), ("", ""))


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


# To the wire


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
        elif failure is None and not details.get("is_incomplete") and _openai_tags(request)[1]:
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
