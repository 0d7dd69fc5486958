"""Facts and texts as people can read them."""

from __future__ import annotations

import re
from typing import Final

_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""What a terminal would obey, or nobody would see, or cannot be encoded: all but line ends and tabs."""


def visible(text: str) -> str:
    r"""Return a text with what a terminal would obey, or nobody would see, spelled out.

    >>> from recstore._wording import visible
    >>> visible("a\tb\x1b[31m")
    'a\tb\\x1b[31m'
    """
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)


def in_a_line(text: str) -> str:
    r"""Return a text as `visible` does, with the ends of its lines spelled out, too.

    >>> from recstore._wording import in_a_line
    >>> in_a_line("a\nb")
    'a\\nb'
    """
    return visible(text).replace("\n", "\\n")


def size(count: int) -> str:
    """Return a number of bytes as people say it."""
    amount, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB"):  # the last one stays
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def counted(count: int, noun: str) -> str:
    """Return how many there are of something.

    >>> from recstore._wording import counted
    >>> counted(1, "chunk"), counted(1588, "recording")
    ('1 chunk', '1,588 recordings')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
