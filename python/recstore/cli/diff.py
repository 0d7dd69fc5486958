"""Compare two recordings, or two stores: what was asked, and what was answered.

A and B are keys or their first digits, or paths of files; or two folders or packs. The exit code is 1 where they
differ.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from recstore._contents import describe
from recstore._diff import LINED, compare, compare_stores
from recstore._missing import differences
from recstore._summary.values import compact
from recstore._wording import counted, size
from recstore.cli._output import complain, say_json, say_text
from recstore.cli._stores import find, opened, readable
from recstore.cli.ls import without_folder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from recstore import Recording
    from recstore._diff import StoreDiff

_PACK: Final = b"\x89RSP"

DIFFERENT = 1
CANNOT = 2
"""As `diff` says it: a key that is not found is trouble, not a difference."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what to compare."""
    parser.add_argument("old", metavar="A", help="a key or its first digits, a file, a folder or a pack")
    parser.add_argument("new", metavar="B", help="what to compare it with, of the same kind")
    parser.add_argument("path", nargs="?", default=".", help="the store in which keys are looked up (default: here)")
    parser.add_argument("--full", action="store_true", help="all of long values of a request")


def run(arguments: argparse.Namespace) -> int:
    """Print what differs."""
    are_stores = [_is_store(name) for name in (arguments.old, arguments.new)]
    if are_stores[0] != are_stores[1]:
        store, other = sorted((arguments.old, arguments.new), key=_is_store, reverse=True)
        complain(f"{store} is a store and {other} a recording; give two of one kind")
        return CANNOT
    return _stores(arguments) if are_stores[0] else _recordings(arguments)


def _is_store(name: str) -> bool:
    """Say whether a name is that of a folder or a pack; these are known by their first bytes."""
    path = Path(name)
    if not path.is_file():
        return path.is_dir()
    with path.open("rb") as file:
        return file.read(len(_PACK)) == _PACK


# Two recordings


def _recordings(arguments: argparse.Namespace) -> int:
    pair = [find(name, arguments.path)[0] for name in (arguments.old, arguments.new)]
    old, new = pair
    if old is None or new is None:
        return CANNOT
    found = compare(old, new, full=arguments.full)
    if arguments.json:
        say_json({"is_same": old.raw == new.raw, "old": describe(old), "new": describe(new), **found})
    elif old.raw != new.raw:
        say_text(_lines(old, new, found))
    return DIFFERENT if old.raw != new.raw else 0


def _lines(old: Recording, new: Recording, found: dict[str, Any]) -> Iterator[str]:
    yield f"a  {old.path}"
    yield f"b  {new.path}"
    if not found:
        sizes = f"{size(old.size)} and {size(new.size)}"
        yield f"nothing that is shown differs; the bytes do ({sizes}), in ids, times, layout, vectors or files"
    for name, value in found.items():
        yield ""
        yield name
        if name == "request":
            yield from differences(value, "a", "b")
        elif isinstance(value, dict):
            yield from (f"  {member}: {_change(*pair)}" for member, pair in value.items())
        elif name in LINED:
            yield from (f"  {line}" for line in value)
        else:
            yield f"  {_change(*value)}"


def _change(old: Any, new: Any) -> str:
    return f"{compact(old)} -> {compact(new)}"


# Two stores


def _stores(arguments: argparse.Namespace) -> int:
    old, new = (list(readable(opened(name))) for name in (arguments.old, arguments.new))
    found = compare_stores(old, new)
    if arguments.json:
        say_json(_as_json(found))
    else:
        say_text([f"{counted(len(old), 'recording')} and {len(new):,}: {_counts(found)}", *_files(found)])
    return DIFFERENT if found else 0


def _counts(found: StoreDiff) -> str:
    return (
        f"{found.same:,} the same, {len(found.changed):,} changed, {len(found.renamed):,} under another name, "
        f"{len(found.removed):,} removed, {len(found.added):,} added"
    )


def _files(found: StoreDiff) -> Iterator[str]:
    for old, new in found.changed:
        yield f"changed  {_name(old)}: {_what(old, new)}"
    for old, new, why in found.renamed:
        what = "" if old.raw == new.raw else f", not in {_what(old, new)}"
        yield f"renamed  {old.path} -> {new.path}: {why}{what}"
    for recording in found.removed:
        yield f"removed  {_name(recording)}"
    for recording in found.added:
        yield f"added    {_name(recording)}"


def _name(recording: Recording) -> str:
    asked = " of ".join(filter(None, [str(recording.endpoint), str(recording.model)]))
    test = "" if recording.test_id is None else f" {without_folder(recording.test_id)}"
    return f"{recording.path} {asked}{test}"


def _what(old: Recording, new: Recording) -> str:
    return ", ".join(compare(old, new)) or "ids, times or layout"


def _as_json(found: StoreDiff) -> dict[str, Any]:
    return {
        "is_same": not found,
        "same": found.same,
        "changed": [{"path": str(old.path), "what": list(compare(old, new))} for old, new in found.changed],
        "renamed": [
            {"old": str(old.path), "new": str(new.path), "why": why, "what": list(compare(old, new))}
            for old, new, why in found.renamed
        ],
        "removed": [describe(recording) for recording in found.removed],
        "added": [describe(recording) for recording in found.added],
    }
