"""What the tests share beside fixtures."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
EXAMPLES = REPOSITORY / "examples" / "recordings"


def key(digit: int | str) -> str:
    """Return a key that is easy to tell from others."""
    return f"{digit:0>4}" * 16 if isinstance(digit, str) else f"{digit:04x}" * 16
