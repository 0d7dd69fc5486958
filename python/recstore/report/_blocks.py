"""What the scripts of the page show and search: blocks of compressed JSON, which no text in them can break out of.

First the index: what lists say of every recording. Then the texts, so many recordings a block: requests and answers.
Last the chunks, unpacked only when they are looked at. What is too long is cut, and it is said how much is missing.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final
from zlib import compress

from recstore._contents import FACETS
from recstore._core import finding_kinds
from recstore._summary import summarize
from recstore._summary.values import indented
from recstore.report._overview import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recstore import Recording
    from recstore._summary import Answer, Call
    from recstore.report import Report

RECORDINGS: Final = 64
"""So many recordings are in one block."""

LONGEST: Final = 20_000
"""So many characters of one text are shown."""

TEXTS: Final = 100_000
"""So many characters of the texts of a recording are."""

CHUNK: Final = 4_000
"""So many characters of the JSON of one chunk."""

CHUNKS: Final = 500_000
"""So many characters of the JSON of all chunks of an answer."""

OFFSETS: Final = 10_000
"""Of streams of more chunks no pace is drawn."""

PAGE: Final = 24 << 20
"""When the blocks have so many bytes, what follows is left out."""


def blocks(report: Report) -> Iterator[str]:
    """Give the blocks, as elements of HTML."""
    yield _element("index", _packed(_index(report)))
    room = PAGE
    for kind, of_one in (("texts", _texts), ("chunks", _chunks)):
        for start in range(0, len(report.recordings), RECORDINGS):
            packed = _packed([of_one(recording) for recording in report.recordings[start : start + RECORDINGS]])
            room -= len(packed)
            yield _element(kind, packed if room >= 0 else "")


def _element(kind: str, packed: str) -> str:
    return f'<script type="text/plain" class="{kind}">{packed}</script>'


def _packed(value: Any) -> str:
    """Return JSON, compressed, in characters that mean nothing to HTML."""
    text = json.dumps(value, separators=(",", ":"))  # ASCII: of half a character, UTF-8 would have no bytes
    return b64encode(compress(text.encode(), 9)).decode()


def _index(report: Report) -> dict[str, Any]:
    findings: dict[str, list[Any]] = {}
    for finding in report.findings:
        said = (finding["id"], finding["line"], shortened(finding["message"]), finding["related"])
        findings.setdefault(finding["path"], []).append(said)
    recordings = [
        {
            "at": report.anchor(number),
            "key": found["key"],
            "path": found["path"],
            **{facet.removesuffix("s"): shortened(value(found)) for facet, value in FACETS.items()},
            "date": report.ages.date(found["path"]),
            "streams": found["is_streaming"],
            "fails": found["is_error"],
            "status": found["status"],
            "chunks": found["chunks"],
            "bytes": found["size"],
            "findings": findings.get(found["path"], ()),
        }
        for number, found in enumerate(report.descriptions)
    ]
    return {"blockSize": RECORDINGS, "recordings": recordings, "findings": finding_kinds()}


class _Allowance:
    """How much of the texts of a recording is taken.

    What is cut becomes the pair of its beginning and of how many characters are missing.
    """

    def __init__(self, left: int) -> None:
        self._left = left

    def cut(self, text: str) -> str | tuple[str, int]:
        most = min(LONGEST, self._left)
        self._left -= min(len(text), most)
        return text if len(text) <= most else (text[:most], len(text) - most)

    def json(self, value: Any) -> str | tuple[str, int]:
        return self.cut(value if isinstance(value, str) else indented(value))

    def calls(self, calls: list[Call]) -> list[tuple[str, Any]]:
        return [(call.name, self.cut(call.arguments)) for call in calls]


def _texts(recording: Recording) -> dict[str, Any]:
    """Return what was asked and answered."""
    summary, allowed = summarize(recording), _Allowance(TEXTS)
    said = zip([*summary.earlier, summary.answer], recording.answers, strict=True)
    return {
        "method": summary.method,
        "url": allowed.cut(summary.url),
        "answers": [{**_answer(answer, allowed), **_pace(recorded)} for answer, recorded in said],
        "messages": [
            {
                "role": message.role,
                "text": allowed.cut(message.text),
                "reasoning": allowed.cut(message.reasoning),
                "calls": allowed.calls(message.calls),
                "answers": message.call_id,
            }
            for message in summary.messages
        ],
        "parameters": [(name, allowed.json(value)) for name, value in summary.parameters.items()],
        "tools": [
            (tool.name, allowed.cut(tool.description), "" if tool.parameters is None else allowed.json(tool.parameters))
            for tool in summary.tools
        ],
    }


def _answer(answer: Answer, allowed: _Allowance) -> dict[str, Any]:
    return {
        "text": allowed.cut(answer.text),
        "reasoning": allowed.cut(answer.reasoning),
        "calls": allowed.calls(answer.calls),
        "data": "" if answer.data is None else allowed.json(answer.data),
        "usage": answer.usage,
        "finish": answer.finish,
        "error": "" if answer.error is None else allowed.json(answer.error),
    }


def _pace(answer: Recording) -> dict[str, Any]:
    """Return when each chunk came, where that was recorded, and whether the reader stopped before the end."""
    details = answer.details
    offsets = details.get("offsets_ms")
    is_known = (
        isinstance(offsets, list)
        and len(offsets) == len(answer) <= OFFSETS
        and all(type(offset) in {int, float} and 0 <= offset < float("inf") for offset in offsets)
    )
    return {"offsets": offsets if is_known else [], "stops": details.get("is_incomplete") is True}


def _chunks(recording: Recording) -> list[list[tuple[str | None, str, Any]]]:
    """Return of each answer the chunks that there is room for: the type, what each brings, and its JSON."""
    return [_first_chunks(answer) for answer in recording.answers]


def _first_chunks(answer: Recording) -> list[tuple[str | None, str, Any]]:
    taken, left = [], CHUNKS
    for chunk in answer:
        raw = chunk.raw.decode(errors="replace")
        shown = min(len(raw), CHUNK)
        if shown > left:
            break
        left -= shown
        brings = chunk.text or "".join((call["name"] or "") + call["arguments"] for call in chunk.tool_calls)
        taken.append((chunk.type, brings[:CHUNK], raw if len(raw) <= CHUNK else (raw[:CHUNK], len(raw) - CHUNK)))
    return taken
