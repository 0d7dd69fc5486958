"""HTML with text from recordings in it, which stays text."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from recstore._wording import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def text(value: object) -> str:
    """Return HTML that shows a text, with what nobody would see spelled out."""
    return escape(visible(str(value)))


class Html(str):
    """A string that is HTML already."""

    __slots__ = ()


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Html:
    """Return a table; columns whose name begins with `#` hold numbers. Cells are text unless they are `Html`."""
    is_number = [column.startswith("#") for column in columns]

    def cells(tag: str, values: Sequence[object]) -> str:
        return "".join(
            f"<{tag}{' class=number' * number}>{value if isinstance(value, Html) else text(value)}</{tag}>"
            for value, number in zip(values, is_number, strict=True)
        )

    head = cells("th", [column.removeprefix("#") for column in columns])
    body = "\n".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return Html(f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>")
