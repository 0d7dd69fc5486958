"""List recordings that no test used, and tests that used only part of theirs; with --delete, remove the former.

What sessions have used stands in the files that the pytest plugin writes, one for each run; the runs of all suites and
CI shards are given together. Nothing is deleted unless all of them were complete. The exit code is 1 where a recording
is unused.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recstore import secrets, usage
from recstore.cli._output import complain, note, plain, say, say_json, table
from recstore.cli._stores import add_path, opened, readable

if TYPE_CHECKING:
    import argparse

    import recstore

USED = ".recstore/used.json"
CANNOT = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the path, and the files."""
    add_path(parser)
    parser.add_argument(
        "--used", nargs="+", metavar="FILE", help=f"what runs have used: every shard's file (default: PATH/{USED})"
    )
    parser.add_argument("--delete", action="store_true", help="delete what no test used, if the runs were complete")


def run(arguments: argparse.Namespace) -> int:
    """Print what is unused, and delete it where that was asked for."""
    store = opened(arguments.path)
    try:
        runs = usage.load(arguments.used or [Path(store.path) / USED])
    except (OSError, ValueError) as error:
        complain(f"{error}; run the tests with --recstore-used=FILE, and name that file with --used")
        return CANNOT
    unused, own = look(store, runs)
    why_not = obstacles(store, runs) if arguments.delete else []
    deleted = []
    if arguments.delete and not why_not:
        for path, _ in unused:
            (Path(store.path) / path).unlink(missing_ok=True)
            deleted.append(path)
    in_part = [
        {"test": test, "used": own[test, True], "of": own[test, True] + own[test, False]}
        for test in sorted(runs.tests)
        if own[test, False]
    ]
    if arguments.json:
        found: dict[str, Any] = {"unused": [{"path": path, "test": test} for path, test in unused], "in_part": in_part}
        say_json({**found, "partial": runs.partial, "deleted": deleted, "why_not_deleted": why_not})
    else:
        say(*(plain(path) for path, _ in unused))
        if in_part:
            rows = [(test["test"], test["used"], test["of"]) for test in in_part]
            say("", table(["test that used part of its recordings", "#used", "#of"], rows))
        note(f"{len(unused)} recordings that none of {len(runs.tests)} tests used{', deleted' if deleted else ''}")
        for why in runs.partial if not arguments.delete else []:
            note(f"others may use them: {why}")
    if why_not:
        complain("nothing was deleted, because " + "; ".join(why_not))
        return CANNOT
    return 1 if unused and not deleted else 0


def look(store: recstore.Store, runs: usage.Usage) -> tuple[list[tuple[str, str | None]], Counter[tuple[str, bool]]]:
    """Return the paths that no test used, each with the test that recorded it; and how many of a test's own are used.

    A test may also use what all share, or another has recorded.
    """
    used = runs.files
    lists = {_key_of_list(path) for path in used} - {None}
    unused, own = [], Counter[tuple[str, bool]]()
    for recording in readable(store):
        path, test_id = recording.path.as_posix(), recording.test_id
        test = None if test_id is None else secrets.redact(test_id)
        # Of what came since, the runs say nothing. Lists of models with one key answer together, and the first alone
        # was noted.
        is_new = recording.key is not None and runs.keys is not None and recording.key not in runs.keys
        is_used = is_new or path in used or _key_of_list(path) in lists
        if test is not None:
            own[test, is_used] += 1
        if not is_used:
            unused.append((path, test))
    return unused, own


def _key_of_list(path: str) -> str | None:
    """Return the key that a file with a list of models has in its name; None for other files."""
    kind, *rest = path.rpartition("/")[2].split("-")
    return rest[0] if kind == "models" and rest else None


def obstacles(store: recstore.Store, runs: usage.Usage) -> list[str]:
    """Return why nothing may be deleted; nothing where it may."""
    failed = [test for test, found in sorted(runs.tests.items()) if found["outcome"] != "passed"]
    found = list(runs.partial)
    if runs.keys is None:
        found.append("the files do not say which recordings were there")
    if store.is_read_only:
        found.append("a pack is not changed")
    if not runs.tests:
        found.append("no test used any recording")
    elsewhere = sorted(path for path in runs.files if not (store.path / path).exists())
    if elsewhere:
        found.append(
            f"{len(elsewhere)} files that the runs used are not here, such as {elsewhere[0]}; name the root that "
            "the runs had, or run the tests again"
        )
    if failed:
        tests = "1 test" if len(failed) == 1 else f"{len(failed)} tests"
        found.append(f"{tests} failed, and may not have come to all recordings; the first is {failed[0]}")
    return found
