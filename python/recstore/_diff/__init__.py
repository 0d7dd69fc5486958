"""What differs between two recordings, and between two stores."""

from __future__ import annotations

from recstore._diff.recordings import compare
from recstore._diff.stores import StoreDiff, compare_stores

__all__ = ["StoreDiff", "compare", "compare_stores"]
