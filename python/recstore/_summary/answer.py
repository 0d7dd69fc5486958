"""What is answered: text and calls as the core joins them, and what else the chunks say."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from recstore._core import loads
from recstore._http.services import FIRST_ERROR
from recstore._summary.content import REASONED, Content
from recstore._summary.summary import Answer, Call
from recstore._summary.values import condensed, is_vector, objects, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recstore import Recording

_REASONING_EVENTS: Final = {"response.reasoning_text.delta", "response.reasoning_summary_text.delta"}
_FINISHED: Final = ("finish_reason", "finishReason", "stop_reason", "done_reason")
_COUNTED: Final = ("usage", "usage_metadata", "usageMetadata")
_OLLAMA_COUNTED: Final = ("prompt_eval_count", "eval_count")


def read_answer(recording: Recording) -> Answer:
    """Return what was answered."""
    calls = [Call(call["name"] or "", call["arguments"], call["id"]) for call in recording.tool_calls]
    answer = Answer(recording.text, calls=calls)
    values = list(_values(recording))
    unsaid = _Unsaid()
    error = None
    for event in filter(None, map(_event, values)):
        unsaid.read(event)
        for holder in (event, *_holders(event)):
            _read_usage(holder, answer.usage)
            answer.finish = _finish(holder) or answer.finish
        error = _error_of(event) or error
    between = "" if len(values) > 1 else "\n"
    answer.reasoning = between.join(unsaid.reasoning)
    answer.data = unsaid.data(between)
    error = _recorded_error(recording) or _error_status(recording, error)
    # That an answer was whole says nothing of what it is, where nothing of its output was understood.
    is_ended = answer.finish and not any(objects(value, "output") for value in values[:1])
    is_silent = not (answer.text or answer.calls or answer.reasoning or answer.data or is_ended)
    if is_silent and values and not (error and "message" in error):
        answer.data, failure = _data(values if recording.is_list else values[0])
        error = error or failure
    answer.error = error
    return answer


def _values(recording: Recording) -> Iterator[Any]:
    """Give the data of the chunks."""
    for chunk in recording:
        try:
            yield chunk.data
        except ValueError:  # numbers of more digits than Python takes
            yield chunk.raw.decode(errors="replace")


def _event(value: Any) -> dict[str, Any] | None:
    """Return a chunk, or the event that a line of server-sent events holds."""
    if isinstance(value, str) and value.startswith("data:"):
        try:
            value = loads(value.removeprefix("data:").strip().encode(errors="replace"))
        except ValueError:
            return None
    return value if isinstance(value, dict) else None


def _holders(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give what in an event may say how the answer ended, and what it cost."""
    for name in ("choices", "candidates"):
        yield from objects(event, name)
    for name in ("message", "response", "interaction", "delta"):
        if isinstance(event.get(name), dict):
            yield event[name]


class _Unsaid:
    """What the chunks hold beside text and calls: reasoning, refusals, pictures and sounds."""

    def __init__(self) -> None:
        self.reasoning: list[str] = []
        self.refusals: list[str] = []
        self.attached: list[Any] = []

    def read(self, event: dict[str, Any]) -> None:
        """Take it from a chunk."""
        spoken = [event]
        for choice in objects(event, "choices"):
            spoken += [choice[name] for name in ("delta", "message") if isinstance(choice.get(name), dict)]
        if isinstance(event.get("message"), dict):
            spoken.append(event["message"])
        for one in spoken:
            self.reasoning += filter(None, [text_of(one, *REASONED)])
            self.refusals += filter(None, [text_of(one, "refusal")])
        self.attached += [condensed(one[name]) for one in spoken[1:] for name in ("audio", "images") if one.get(name)]
        parts = [part for name in ("content", "output", "outputs") for part in objects(event, name)]
        parts += [event[name] for name in ("content_block", "delta") if isinstance(event.get(name), dict)]
        for candidate in objects(event, "candidates"):
            parts += objects(candidate.get("content"), "parts")
        content = Content()
        content.add(parts)
        self.reasoning += content.reasoning
        self.refusals += content.refusals
        self.attached += content.attached
        if text_of(event, "type") in _REASONING_EVENTS:
            self.reasoning.append(text_of(event, "delta"))
        if event.get("type") == "response.refusal.delta":
            self.refusals.append(text_of(event, "delta"))

    def data(self, between: str) -> dict[str, Any] | None:
        """Return what is no reasoning."""
        found = {"refusal": between.join(self.refusals), "attached": self.attached}
        return {name: value for name, value in found.items() if value} or None


def _finish(holder: dict[str, Any]) -> str | None:
    finish = text_of(holder, *_FINISHED)
    if not finish and text_of(holder, "object") in {"response", "interaction"}:
        details = holder.get("incomplete_details")
        finish = text_of(details, "reason") or text_of(holder, "status")
    return finish or None


def _read_usage(holder: dict[str, Any], usage: dict[str, int]) -> None:
    for name in _COUNTED:
        counts = holder.get(name)
        for inner, count in counts.items() if isinstance(counts, dict) else ():
            if isinstance(count, dict):
                usage.update({f"{inner}.{detail}": value for detail, value in count.items() if _counts(value)})
            elif type(count) is int:
                usage[inner] = count
    usage.update({name: holder[name] for name in _OLLAMA_COUNTED if _counts(holder.get(name))})


def _counts(value: Any) -> bool:
    return type(value) is int and value != 0


# Errors


def _recorded_error(recording: Recording) -> dict[str, Any] | None:
    """Return the exception that was recorded."""
    error = recording.error
    if error is None:
        return None
    facts = {"category": "category", "type": "type", "message": "message", "status": "status_code"}
    found = {fact: error[name] for fact, name in facts.items() if error.get(name) is not None}
    return condensed(found or error)  # type: ignore[no-any-return]


def _error_of(event: dict[str, Any]) -> dict[str, Any] | None:
    """Return the error that a body, or an event of a stream, tells of."""
    response = event.get("response")
    error = event.get("error") or (response.get("error") if isinstance(response, dict) else None)
    if error is None and event.get("type") == "error":
        error = event
    if isinstance(error, str):
        return {"message": error}
    kind, message = text_of(error, "type", "code", "status"), text_of(error, "message")
    found = {"type": kind, "message": message}
    return {name: value for name, value in found.items() if value} or None


def _error_status(recording: Recording, error: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return an error with the status that it came with; that alone, where nothing else is known."""
    is_error = recording.status is not None and recording.status >= FIRST_ERROR
    return {**(error or {}), "status": recording.status} if is_error else error


# What nobody said


def _data(value: Any) -> tuple[Any, dict[str, Any] | None]:
    """Return what an answer holds that is not said, and the error of the tool that it is of."""
    vectors = _vectors(value)
    if vectors:
        return _described(vectors), None
    models = value if isinstance(value, list) else objects(value, "models")
    names = ("model",) if isinstance(value, list) else ("model", "name")
    if models and all(isinstance(model, dict) and _model(model, *names) for model in models):
        return {"models": [_model(model, *names) for model in models]}, None
    if isinstance(value, dict) and "error_message" in value and "content" in value:
        message = text_of(value, "error_message")
        return condensed(value["content"]), {"message": message} if message else None
    return condensed(value), None


def _model(model: dict[str, Any], *names: str) -> str:
    return text_of(model, "id") if model.get("object") == "model" else text_of(model, *names)


def _vectors(value: Any) -> list[Any]:
    """Return the embeddings that an answer is made of: vectors, or their base64."""
    if isinstance(value, list):
        return value if all(map(is_vector, value)) else []
    if not isinstance(value, dict):
        return []
    several = value.get("embeddings")
    if isinstance(several, list):
        return _vectors(several)
    found = [item.get("embedding") for item in [value, *objects(value, "data")]]
    return [vector for vector in found if is_vector(vector) or (isinstance(vector, str) and vector)]


def _described(vectors: list[Any]) -> dict[str, Any]:
    """Return how many vectors there are, of how many numbers, and a digest by which others are told from them."""
    dimensions = sorted({len(vector) for vector in vectors})
    digest = sha256(repr(vectors).encode()).hexdigest()[:12]
    is_base64 = any(isinstance(vector, str) for vector in vectors)
    length = "base64 length" if is_base64 else "dimensions"
    return {"embeddings": len(vectors), length: dimensions[0] if len(dimensions) == 1 else dimensions, "digest": digest}
