"""How `git diff` is made to show recordings as text: an attribute in the tree, and a command in the clone."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import recstore
from recstore._git import git
from recstore.errors import RecstoreError, StorageError

COMMENT: Final = "# `git diff` shows recordings as text where `recstore git install` was run, once in each clone."
SETTING: Final = "diff.recstore.textconv"
_ATTRIBUTE: Final = " diff=recstore"
_MODULE: Final = "recstore._textconv"
TEMPORARY: Final = ".recstore-*.tmp"
"""What a recorder that was killed may leave beside recordings."""


@dataclass(frozen=True, slots=True)
class Change:
    """Lines that a file gets or loses, or a setting of a clone."""

    file: Path
    """The file that is written."""
    lines: tuple[str, ...]
    is_removed: bool = False
    setting: str | None = None
    """The value that the setting has afterwards; None where this is about lines."""

    def apply(self, tree: Path) -> None:
        """Write it."""
        if self.setting is not None:
            how = ["--unset"] if self.is_removed else []
            _git(tree, "config", "--local", *how, SETTING, *([] if self.is_removed else [self.setting]))
        else:
            _write(self.file, self.lines, is_removed=self.is_removed)


def install(path: Path) -> tuple[Path, list[Change]]:
    """Return the root of the working tree, and what is to be written so that git shows the recordings in a folder.

    Nothing, where all is as it should be. Raises `StorageError` where the folder is in no working tree of git.
    """
    tree, base = _place(path)
    changes = []
    pattern = _pattern(path, base)
    probe = _probe(path, base)
    if _git(tree, "check-attr", "-z", "diff", "--", probe).split("\0")[2] != "recstore":
        comment = () if COMMENT in _lines(tree / ".gitattributes") else (COMMENT,)
        changes.append(Change(tree / ".gitattributes", (*comment, f"{pattern}{_ATTRIBUTE}")))
    temporary = str(Path(probe).parent / TEMPORARY.replace("*", "x"))
    if not _git(tree, "check-ignore", "--", temporary, may_fail=True):
        changes.append(Change(tree / ".gitignore", (TEMPORARY,)))
    if _setting(tree) != command():
        changes.append(Change(_config(tree), (), setting=command()))
    return tree, changes


def uninstall(path: Path) -> tuple[Path, list[Change]]:
    """Return the root of the working tree, and what is to be taken back of what `install` wrote.

    What other folders of recordings need stays.
    """
    tree, base = _place(path)
    attributes = tree / ".gitattributes"
    ours = f"{_pattern(path, base)}{_ATTRIBUTE}"
    is_needed = any(line.endswith(_ATTRIBUTE) and line != ours for line in _lines(attributes))
    common = () if is_needed else (COMMENT,)
    changes = []
    for file, lines in ((attributes, (*common, ours)), (tree / ".gitignore", () if is_needed else (TEMPORARY,))):
        there = set(_lines(file))
        if found := tuple(line for line in lines if line in there):
            changes.append(Change(file, found, is_removed=True))
    setting = _setting(tree)
    if _MODULE in setting and not is_needed:
        changes.append(Change(_config(tree), (), is_removed=True, setting=setting))
    return tree, changes


def command() -> str:
    """Return what git runs: this Python, and `cat` where that is gone, so that `git diff` never fails.

    Git runs it in the root of the tree; `-P` keeps Python from importing what lies there.
    """
    run = shlex.join([sys.executable, "-P", "-m", _MODULE])
    return f'f() {{ {run} "$1" 2>/dev/null || cat -- "$1"; }}; f'


# Git


def _place(path: Path) -> tuple[Path, str]:
    """Return the root of the working tree that a folder is in, and the folder's path in it, which ends in a slash."""
    if not path.is_dir():
        raise StorageError(f"{path} is no folder; name the root of a tree of recordings, or a folder in it")
    tree = _git(path, "rev-parse", "--show-toplevel").removesuffix("\n")
    return Path(tree), _git(path, "rev-parse", "--show-prefix").removesuffix("\n")


def _setting(tree: Path) -> str:
    return _git(tree, "config", "--local", "--get", SETTING, may_fail=True).removesuffix("\n")


def _config(tree: Path) -> Path:
    """Return the file that holds the settings of the clone, for all its worktrees."""
    return (tree / _git(tree, "rev-parse", "--git-common-dir").removesuffix("\n") / "config").resolve()


def _git(folder: Path, *arguments: str, may_fail: bool = False) -> str:
    return os.fsdecode(git(folder, *arguments, may_fail=may_fail))


# Files


def _pattern(path: Path, base: str) -> str:
    """Return the pattern of attributes that fits the recordings in a folder, and nothing else."""
    folder = "" if _is_flat(path) else "**/recordings/"
    escaped = "".join(f"\\{character}" if character in "*?[\\" else character for character in base)
    pattern = f"/{escaped}{folder}*.json" if base or not folder else f"{folder}*.json"
    if any(character.isspace() or character == '"' for character in pattern):
        quoted = pattern.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n")
        return f'"{quoted}"'
    return pattern


def _probe(path: Path, base: str) -> str:
    """Return the path that a recording in a folder could have."""
    return f"{base}{'' if _is_flat(path) else 'recordings/'}{'0' * 64}.json"


def _is_flat(path: Path) -> bool:
    """Say whether a folder holds recordings itself: then it holds no others."""
    if path.resolve().name == "recordings":
        return True
    try:
        first = next(recstore.open(path, cache="use").recordings(), None)
    except RecstoreError:
        return False
    return first is not None and first.path.parent == Path()


def _lines(file: Path) -> list[str]:
    """Return the lines of a file, without their ends; none where there is no file."""
    try:
        return [line.removesuffix("\r") for line in os.fsdecode(file.read_bytes()).split("\n")]
    except FileNotFoundError:
        return []


def _write(file: Path, lines: tuple[str, ...], *, is_removed: bool) -> None:
    """Add lines to a file, or take them out of it, and leave every other byte; a file that is empty then goes."""
    before = file.read_bytes() if file.exists() else b""
    end = b"\r\n" if b"\r\n" in before else b"\n"
    ours = [os.fsencode(line) for line in lines]
    if is_removed:
        after = b"".join(line for line in before.splitlines(keepends=True) if line.rstrip(b"\r\n") not in ours)
    else:
        gap = end if before and not before.endswith(b"\n") else b""
        after = before + gap + b"".join(line + end for line in ours)
    if not after:
        file.unlink(missing_ok=True)
        return
    target = file.resolve()
    with NamedTemporaryFile(dir=target.parent, prefix=".recstore-", suffix=".tmp", delete=False) as temporary:
        temporary.write(after)
    Path(temporary.name).chmod(target.stat().st_mode & 0o777 if target.exists() else 0o644)
    Path(temporary.name).replace(target)
