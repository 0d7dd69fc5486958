"""What differs between two recordings."""

from __future__ import annotations

from dataclasses import replace
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, Final

from recstore._core import differences
from recstore._summary import summarize
from recstore._summary.text import call_line, data_text

if TYPE_CHECKING:
    from recstore import Recording
    from recstore._summary import Answer

_TOLD_APART: Final = {"test_id", "endpoint", "model"}
"""Paths in a request whose differences are told by themselves."""
_MODELS: Final = {"body.model", "payload.model"}
"""Those whose difference the model's may tell."""
LINED: Final = {"reasoning", "text", "calls", "data", "earlier"}
"""What differs line by line."""


def compare(old: Recording, new: Recording, *, full: bool = False) -> dict[str, Any]:
    """Return what differs between two recordings: nothing where nothing does that is shown.

    `test`, `endpoint`, `model`, `status`, `finish` and `chunks` are the old value and the new one; `usage` and `error`
    these for each of their members that differs; `request` is what the core says of the rest of the request, with long
    values shortened unless `full`; `text`, `reasoning`, `calls`, `data` and `earlier` are the lines of a unified diff.

    >>> import recstore
    >>> from recstore._diff import compare
    >>> store = recstore.open("examples/recordings")
    >>> found = compare(store["57ea40630283"], store["bfbf07c0e10a"])
    >>> list(found), found["calls"][:2]
    (['test', 'request', 'calls'], ['@@ -1 +1 @@', '--> get_weather({"city": "Tokyo"})'])
    """
    if old.raw == new.raw:
        return {}
    one, other = summarize(old), summarize(new)
    pairs = {
        name: [getattr(one, attribute), getattr(other, attribute)]
        for name, attribute in {"test": "test_id", "endpoint": "endpoint", "model": "model", "status": "status"}.items()
    }
    told = _TOLD_APART | (_MODELS if one.model != other.model else set())
    request = [found for found in differences(old, new, full) if found["path"] not in told]
    found: dict[str, Any] = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    found["request"] = request
    found |= _answers(one.answer, other.answer)
    found["earlier"] = _lines(*("\n".join(map(_as_text, summary.earlier)) for summary in (one, other)))
    if one.chunks != other.chunks:
        found["chunks"] = [one.chunks, other.chunks]
    return {name: value for name, value in found.items() if value}


def _answers(old: Answer, new: Answer) -> dict[str, Any]:
    return {
        "reasoning": _lines(old.reasoning, new.reasoning),
        "text": _lines(old.text, new.text),
        "calls": _lines(_calls(old), _calls(new)),
        "data": _lines(data_text(old.data), data_text(new.data)),
        "finish": [old.finish, new.finish] if old.finish != new.finish else None,
        "usage": _members(old.usage, new.usage),
        "error": _members(old.error or {}, new.error or {}),
    }


def _members(old: dict[str, Any], new: dict[str, Any]) -> dict[str, list[Any]]:
    names = dict.fromkeys([*old, *new])
    return {name: [old.get(name), new.get(name)] for name in names if old.get(name) != new.get(name)}


def _calls(answer: Answer) -> str:
    """Return the calls, without their ids: these are others in every answer."""
    return "\n".join(call_line(replace(call, id=None)) for call in answer.calls)


def _as_text(answer: Answer) -> str:
    error = "" if answer.error is None else data_text(answer.error)
    return "\n".join(filter(None, [answer.reasoning, answer.text, _calls(answer), data_text(answer.data), error]))


def _lines(old: str, new: str) -> list[str]:
    """Return the lines of a unified diff, without the names of files."""
    if old == new:
        return []
    # An empty text has no line.
    before, after = (text.split("\n") if text else [] for text in (old, new))
    return list(unified_diff(before, after, lineterm=""))[2:]
