"""Which recordings the tests of a run have used: written by the pytest plugin, merged over workers and CI shards."""

from __future__ import annotations

import json
import os
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["Usage", "load"]

VERSION = 1


class Usage:
    """What the tests of one run, or of several merged ones, have used.

    `tests` has for the id of each test its `outcome` and the files that it `used`: in a file relative to the root of
    the store, in a run that goes on absolute.
    `partial` says why files that are not among them may still be in use: the run chose among the tests, or broke off;
    empty for a complete run. `keys` are those of all recordings that it knew, None where that is not known: of
    what came later it says nothing.

    >>> one, other = Usage(), Usage()
    >>> one.add("tests/test_a.py::test", "passed", ["tests/recordings/a.json"])
    >>> other.add("tests/test_b.py::test", "failed", [])
    >>> other.partial.append("-k a")
    >>> one.merge(other)
    >>> sorted(one.tests), one.files, one.partial
    (['tests/test_a.py::test', 'tests/test_b.py::test'], {'tests/recordings/a.json'}, ['-k a'])
    """

    def __init__(self) -> None:
        self.tests: dict[str, dict[str, Any]] = {}
        self.partial: list[str] = []
        self.keys: set[str] | None = None

    @property
    def files(self) -> set[str]:
        """The files that any test used."""
        return {path for test in self.tests.values() for path in test["used"]}

    def add(self, test_id: str, outcome: str, used: Iterable[str]) -> None:
        """Note what a test used. A test that runs again, as flaky ones do, has used all of it."""
        before = self.tests.get(test_id, {"used": []})
        self.tests[test_id] = {"outcome": outcome, "used": sorted({*before["used"], *used})}

    def merge(self, other: Usage) -> None:
        """Add what another run used. What failed in one of them may not have come to all that it uses."""
        for test_id, test in other.tests.items():
            before = self.tests.get(test_id, test)["outcome"]
            self.add(test_id, test["outcome"] if before == "passed" else before, test["used"])
        self.partial.extend(why for why in other.partial if why not in self.partial)
        if other.keys is not None:
            self.keys = other.keys if self.keys is None else self.keys & other.keys

    def relative_to(self, root: Path) -> Usage:
        """Return the same with the paths of files as seen from the root of a store."""
        usage = Usage()
        usage.partial, usage.keys = self.partial, self.keys
        for test_id, test in self.tests.items():
            usage.add(test_id, test["outcome"], (os.path.relpath(path, root) for path in test["used"]))
        return usage

    def to_json(self) -> str:
        """Return it as a text."""
        keys = None if self.keys is None else sorted(self.keys)
        members = {"version": VERSION, "partial": self.partial, "tests": dict(sorted(self.tests.items())), "keys": keys}
        return json.dumps(members, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Usage:
        """Read what `to_json` wrote; raise ValueError for anything else."""
        members = json.loads(text)
        if not isinstance(members, dict) or members.get("version") != VERSION:
            raise ValueError(f"this is no usage file of version {VERSION}")
        usage = cls()
        usage.partial = _texts(members["partial"])
        usage.keys = None if members["keys"] is None else set(_texts(members["keys"]))
        for test_id, test in members["tests"].items():
            usage.add(test_id, str(test["outcome"]), _texts(test["used"]))
        return usage

    def write(self, path: Path) -> None:
        """Write it to a file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.name == ".recstore" and not (path.parent / ".gitignore").exists():
            (path.parent / ".gitignore").write_text("# Made by recstore; it can be deleted at any time.\n*\n")
        temporary = path.with_name(f".{path.name}-{os.getpid()}.tmp")
        try:
            temporary.write_text(self.to_json())
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError("a list of texts was expected")
    return value


def load(paths: Iterable[str | os.PathLike[str]]) -> Usage:
    """Return the usage in files, merged; raise ValueError, with its name, for a file that is none."""
    usage = Usage()
    for path in paths:
        try:
            usage.merge(Usage.from_json(Path(path).read_text()))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"{path}: {error}; name files that the pytest plugin wrote") from error
    return usage
