"""A summary as lines of text, the same for people and for line diffs.

What stands at the beginning of a line is ours; what a recording says is indented, so that it can pass for nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from recstore._core import loads
from recstore._summary.values import compact, indented
from recstore._wording import counted, size, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from recstore._summary.summary import Answer, Call, Message, Summary, Tool

LONG: Final = 1200
"""Texts of more characters are shortened."""
_HEAD, _TAIL = 700, 300
"""So many characters are left of them at either end."""


def lines(summary: Summary, *, full: bool) -> Iterator[str]:
    """Give what was asked and answered, in sections that an empty line parts; long texts shortened unless `full`."""
    yield from _facts(
        ("test", summary.test_id or "none: shared by all"),
        ("request", f"{summary.method} {summary.url}".strip()),
        ("endpoint", summary.endpoint),
        ("model", summary.model),
        ("status", "" if summary.status is None else str(summary.status)),
        ("answer", _kind(summary)),
    )
    yield from _section("parameters", _members(summary.parameters, full=full))
    for message in summary.messages:
        yield from _section(_title(message), _message(message, full=full), is_kept=True)
    yield from _section("tools", [line for tool in summary.tools for line in _tool(tool, full=full)])
    for number, answer in enumerate(summary.earlier, start=1):
        yield from _answer(f"answer {number} of {len(summary.earlier) + 1}", answer, full=full)
    yield from _answer("answer", summary.answer, full=full)


def place(summary: Summary) -> Iterator[str]:
    """Give the lines that say where a recording lies and what it is named by."""
    yield from _facts(
        ("key", summary.key or "none"),
        ("file", f"{summary.path}, {size(summary.size)}"),
        ("profile", summary.profile or "none: the request is not what the file is named by"),
    )


def call_line(call: Call) -> str:
    """Return a call of a tool, on one line unless its arguments have more."""
    return f"-> {call.name}({call.arguments})" + (f" [{call.id}]" if call.id else "")


def data_text(data: Any) -> str:
    """Return an answer that is no text as indented JSON; a text that is JSON, too."""
    if isinstance(data, str):
        if not data.startswith(("{", "[")):
            return data
        try:
            data = loads(data.encode(errors="surrogatepass"))
        except ValueError:
            return str(data)
    return "" if data is None else indented(data)


def _facts(*facts: tuple[str, str]) -> Iterator[str]:
    for name, value in facts:
        if value:
            yield f"{name:<9} " + " ".join(visible(value).split("\n"))


def _kind(summary: Summary) -> str:
    chunks = counted(summary.chunks, "chunk")
    if not summary.is_streaming:
        return "" if summary.chunks == 1 else chunks
    return f"stream of {chunks}" + (", of which no more was read" if summary.is_incomplete else "")


def _section(title: str, content: Iterable[str], *, is_kept: bool = False) -> Iterator[str]:
    """Give a section; none where it is empty, unless it is to be kept."""
    shown = list(content)
    if not shown and not is_kept:
        return
    yield ""
    yield " ".join(visible(title).split("\n"))
    for text in shown:
        for line in visible(text).split("\n"):
            yield f"  {line}" if line else ""


def _answer(title: str, answer: Answer, *, full: bool) -> Iterator[str]:
    yield from _section(title + ": reasoning", _text(answer.reasoning, full=full))
    said = [*_text(answer.text, full=full), *(call_line(call) for call in answer.calls)]
    yield from _section(title, [*said, *_text(data_text(answer.data), full=full)])
    yield from _section(title + ": finish", [answer.finish] if answer.finish else [])
    yield from _section(title + ": usage", _members(answer.usage, full=full))
    yield from _section(title + ": error", _members(answer.error or {}, full=full))


def _title(message: Message) -> str:
    answered = f", answers {message.call_id}" if message.call_id else ""
    return f"{message.role} message{answered}"


def _message(message: Message, *, full: bool) -> Iterator[str]:
    for line in _text(message.reasoning, full=full):
        yield f"(reasoning) {line}"
    yield from _text(message.text, full=full)
    yield from map(call_line, message.calls)


def _tool(tool: Tool, *, full: bool) -> Iterator[str]:
    if full:
        yield tool.name
        for text in (tool.description, data_text(tool.parameters)):
            yield from (f"  {line}" if line else "" for line in text.split("\n") if text)
        return
    schema = tool.parameters if isinstance(tool.parameters, dict) else {}
    properties = schema.get("properties")
    names = ", ".join(properties) if isinstance(properties, dict) else ""
    about = tool.description.strip().partition("\n")[0]
    yield f"{tool.name}({names})" + (f": {about}" if about else "")


def _members(members: dict[str, Any], *, full: bool) -> Iterator[str]:
    for name, value in members.items():
        yield from _text(f"{name}: {compact(value)}", full=full)


def _text(text: str, *, full: bool) -> list[str]:
    """Return a text as it is to be shown; nothing for an empty one."""
    if full or len(text) <= LONG:
        return [text] if text else []
    left_out = f"[... {len(text) - _HEAD - _TAIL:,} characters; --full shows them ...]"
    return [text[:_HEAD], left_out, text[-_TAIL:]]
