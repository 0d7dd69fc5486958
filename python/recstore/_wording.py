"""Facts as people say them."""

from __future__ import annotations


def size(count: int) -> str:
    """Return a number of bytes as people say it."""
    amount, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB"):  # the last one stays
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
