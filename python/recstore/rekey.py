"""All recordings of a tree under the keys of another profile, by renaming and nothing else.

docs/rekey.md says what holds while names change, and after a kill.
"""

from __future__ import annotations

from contextlib import contextmanager

from recstore import _core
from recstore._history import former_settings
from recstore._store import open as open_store
from recstore.errors import UnknownProfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike
    from typing import Literal

    from recstore._core import RekeyDone, RekeyPlan

__all__ = ["plan", "rekey", "undo"]


def plan(path: str | PathLike[str], to: str) -> RekeyPlan:
    """Return what re-keying a store would do; every file is read, nothing is written.

    Paths are relative to the root. `profiles` says how many recordings have their key under which profile now,
    `unchanged` how many have the right name already. `renames` are dicts of `path` and `new`. `collisions` are the
    names that several files want: `path`, the `winner` that has the name or gets it, the `others` that keep theirs,
    and whether the answers `are_equal`. `left` are the files that nothing tells the key of, each with its `reason`.
    `unfinished` is the journal of a change that was killed, or None.

    Raises `UnknownProfile`, `ReadOnlyStore` for a pack, and `StorageNotFound` where there is no store.

    >>> found = plan("examples/recordings", "recstore-1")
    >>> found["profiles"], len(found["renames"]), found["collisions"], found["left"]
    ({'ogx-7': 39, 'ogx-http-7': 6, 'ogx-tool': 2}, 47, [], [])
    """
    store = open_store(path, cache=False)
    with _telling_companions(to):
        return _core.plan_rekey(store, to, former_settings(store))


def rekey(path: str | PathLike[str], to: str, *, on_collision: Literal["stop", "keep-both"] = "stop") -> RekeyDone:
    """Rename every recording of a store to its key under a profile, and make that the profile of the store.

    Nothing but names and `recstore.toml` changes. Where recordings with different answers want one name, nothing is
    done at all; with `on_collision="keep-both"` one gets it and the others keep theirs, as those with equal answers
    always do. A change to this profile that was killed is finished, and nothing else is done.

    Returns the `profile`, how many files were `renamed`, the files that `kept` their names because something wrote to
    them meanwhile, and how many changes are `undoable`. Raises `RecstoreError` where it stops, and as `plan`.

    >>> import recstore, shutil, tempfile
    >>> root = shutil.copytree("examples/recordings", tempfile.mkdtemp() + "/recordings")
    >>> done = rekey(root, "recstore-1")
    >>> done["renamed"], recstore.open(root).profile
    (47, 'recstore-1')
    >>> undo(root)["profile"], recstore.open(root).profile
    ('ogx-7', 'ogx-7')
    """
    if on_collision not in {"stop", "keep-both"}:
        raise ValueError(f'on_collision is "stop" or "keep-both", not {on_collision!r}')
    store = open_store(path, cache=False)
    with _telling_companions(to):
        return _core.apply_rekey(store, to, former_settings(store), on_collision == "keep-both")


@contextmanager
def _telling_companions(to: str) -> Iterator[None]:
    """Say of a profile that is there, but is that of one kind of requests under another, that it is none of a store."""
    try:
        yield
    except UnknownProfile as error:
        if to not in _core.profiles():
            raise
        known = str(error).partition("; ")[2]
        raise UnknownProfile(
            f"{to!r} makes the keys of one kind of requests, and is no profile of a store; {known}"
        ) from None


def undo(path: str | PathLike[str]) -> RekeyDone:
    """Give all files the names that they had before the last change that was not undone, also one that was killed.

    What was recorded since keeps its name. Returns as `rekey`; raises `RecstoreError` where there is nothing to undo.
    """
    return _core.undo_rekey(open_store(path, cache=False))
