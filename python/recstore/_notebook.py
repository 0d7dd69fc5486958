"""Stores and recordings as notebooks show them, and stores as rich prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from recstore._contents import Contents, describe, readable
from recstore._html import table, text
from recstore._summary import summarize
from recstore._wording import counted, size, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Group, RenderableType

    from recstore import Recording, Store

_FACETS: Final = {"endpoints": "endpoint", "models": "model", "profiles": "profile"}
_ROWS: Final = 6
"""So many rows of each are shown."""
_CHARACTERS: Final = 600
"""So much of a text is shown."""
_STYLE: Final = """<style>
.recstore :is(td, th) { text-align: left; vertical-align: top; white-space: pre-wrap; }
.recstore .number { text-align: right; }
</style>"""


def store_html(store: Store) -> str:
    """Return the shares of a store's endpoints, models and profiles as HTML."""
    contents = Contents(map(describe, readable(store)))
    tables = "".join(table((name, "#recordings", "#bytes"), rows) for name, rows in _shares(contents))
    return f'<div class="recstore">{_STYLE}<p>{text(_totals(store, contents))}</p>{tables}</div>'


def store_tables(store: Store) -> Group:
    """Return the same for a terminal."""
    from rich.console import Group  # noqa: PLC0415  # whoever asks for this has it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    contents = Contents(map(describe, readable(store)))
    parts: list[RenderableType] = [Text(visible(_totals(store, contents)))]
    for name, rows in _shares(contents):
        made = Table(name, box=None, pad_edge=False, header_style="bold")
        made.add_column("recordings", justify="right")
        made.add_column("bytes", justify="right")
        for row in rows:
            made.add_row(*(Text(visible(cell)) for cell in row))
        parts += [Text(), made]
    return Group(*parts)


def _totals(store: Store, contents: Contents) -> str:
    return (
        f"{store.path}: {contents.recordings:,} recordings, {size(contents.bytes)}, {contents.streams:,} streams, "
        f"{contents.errors:,} errors; keys by {store.profile}"
    )


def _shares(contents: Contents) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    for facet, name in _FACETS.items():
        shares = contents.shares[facet]
        rows = [(value, f"{share.recordings:,}", size(share.bytes)) for value, share in shares.items()]
        left = len(rows) - _ROWS
        yield name, rows if left <= 0 else [*rows[:_ROWS], (f"and {left} more", "", "")]


def recording_html(recording: Recording) -> str:
    """Return what a recording says as HTML: the last message, the answer, and what it is of."""
    summary = summarize(recording)
    answer = summary.answer
    calls = "\n".join(f"→ {call.name}({call.arguments})" for call in answer.calls)
    kind = "stream of " if summary.is_streaming else ""
    rows = [
        ("test", summary.test_id or "shared by all tests"),
        ("endpoint", summary.endpoint),
        ("model", summary.model),
        ("asked", summary.messages[-1].text if summary.messages else ""),
        ("answered", "\n".join(filter(None, (answer.text, calls))) or answer.data or ""),
        ("error", (summary.error or {}).get("message") or summary.error or ""),
        ("answer", f"{kind}{counted(summary.chunks, 'chunk')}, {size(summary.size)}"),
        ("file", summary.path),
    ]
    shown = [(name, _short(value)) for name, value in rows if value]
    return f'<div class="recstore">{_STYLE}{table(("recording", (summary.key or "none")[:12]), shown)}</div>'


def _short(value: object) -> str:
    whole = str(value)
    return whole if len(whole) <= _CHARACTERS else f"{whole[:_CHARACTERS]}…"
