"""HTML with text from recordings in it, which stays text."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BIDI: Final = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Characters that turn the direction of the text around them."""

_HIDDEN: Final = {
    **{code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"},
    **{code: f"\\u{code:04x}" for code in (*_BIDI, *range(0xD800, 0xE000))},
}
"""Control characters, and half characters that UTF-8 has no bytes for, as what they are."""


def visible(value: object) -> str:
    """Return a text with its control characters as their escapes."""
    return str(value).translate(_HIDDEN)


def text(value: object) -> str:
    """Return HTML that shows a text, its control characters as their escapes."""
    return escape(visible(value))


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
