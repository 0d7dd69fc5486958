"""What differs between two recordings, and between two stores."""

from __future__ import annotations

from recstore._diff.recordings import LINED, compare
from recstore._diff.stores import StoreDiff, compare_stores

__all__ = ["LINED", "StoreDiff", "compare", "compare_stores"]
