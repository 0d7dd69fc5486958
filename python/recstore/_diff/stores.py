"""What differs between two stores."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from recstore._core import answer_digest, dumps

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from recstore import Recording


@dataclass(slots=True)
class StoreDiff:
    """What differs between two stores; files are matched by their paths, then by what they hold."""

    same: int = 0
    """How many files are in both, byte for byte."""
    changed: list[tuple[Recording, Recording]] = field(default_factory=list)
    renamed: list[tuple[Recording, Recording, str]] = field(default_factory=list)
    """The old recording, the new one, and by what they are known to be one."""
    removed: list[Recording] = field(default_factory=list)
    added: list[Recording] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.changed or self.renamed or self.removed or self.added)


def compare_stores(old: Iterable[Recording], new: Iterable[Recording]) -> StoreDiff:
    """Return what differs between the recordings of two stores."""
    found = StoreDiff()
    others = {recording.path: recording for recording in new}
    for recording in old:
        other = others.pop(recording.path, None)
        if other is None:
            found.removed.append(recording)
        elif recording.raw == other.raw:
            found.same += 1
        else:
            found.changed.append((recording, other))
    found.added = list(others.values())
    for why, identity in _IDENTITIES.items():
        _match(found, why, identity)
    found.renamed.sort(key=lambda pair: pair[0].path)
    return found


def _match(found: StoreDiff, why: str, identity: Callable[[Recording], Hashable]) -> None:
    """Make one of each file that went and one that came with the same identity."""
    if not (found.removed and found.added):
        return
    came = defaultdict(list)
    for recording in reversed(found.added):
        came[identity(recording)].append(recording)
    gone, found.removed = found.removed, []
    for recording in gone:
        same = came.get(identity(recording)) if identity(recording) is not None else None
        if same:
            found.renamed.append((recording, same.pop(), why))
        else:
            found.removed.append(recording)
    left = {id(recording) for recordings in came.values() for recording in recordings}
    found.added = [recording for recording in found.added if id(recording) in left]


def _answered(recording: Recording) -> Hashable:
    return None if recording.test_id is None else (recording.test_id, answer_digest(recording))


def _asked(recording: Recording) -> Hashable:
    try:
        request: Any = recording.request
    except ValueError:  # numbers of more digits than Python takes
        return None
    return recording.test_id, dumps(request, "sorted")


_IDENTITIES: Final[dict[str, Callable[[Recording], Hashable]]] = {
    "the same bytes": lambda recording: recording.raw,
    "the same test and answer": _answered,
    "the same test and request": _asked,
}
"""By what a file under another name is known, the surest first."""
