"""Make `git diff` show recordings as text.

`recstore git install` writes an attribute into the tree, for all who clone it, and a setting into this clone: git takes
no command from a tree, so that each clone needs it once.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from recstore import _git_install, _textconv
from recstore.cli._output import note, say_json, say_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what to do."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True, dest="git_command")
    summary = "make `git diff` show recordings as text"
    install = commands.add_parser("install", help=summary, description=summary)
    install.add_argument("path", nargs="?", default=".", help="folder of recordings (default: here)")
    install.add_argument("--dry-run", action="store_true", help="say what would be written, and write nothing")
    install.add_argument("--undo", action="store_true", help="take back what install wrote")
    install.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON for programs")
    summary = "print the text of a recording, or a file that is none as it is"
    textconv = commands.add_parser("textconv", help=summary, description=summary)
    textconv.add_argument("file", type=Path)


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    if arguments.git_command == "textconv":
        sys.stdout.buffer.write(_textconv.text_of(arguments.file))
        return 0
    tree, changes = (_git_install.uninstall if arguments.undo else _git_install.install)(Path(arguments.path))
    if not arguments.dry_run:
        for change in changes:
            change.apply(tree)
    if arguments.json:
        say_json([_as_json(change) for change in changes])
        return 0
    say_text(_lines(changes, is_dry=arguments.dry_run))
    if not changes:
        note("nothing to take back" if arguments.undo else "nothing to write: all is as it should be")
    elif not arguments.undo and not arguments.dry_run:
        note("commit what changed in the tree; every other clone needs `recstore git install` once")
    return 0


def _lines(changes: Iterable[_git_install.Change], *, is_dry: bool) -> Iterator[str]:
    would = "would be " if is_dry else ""
    for change in changes:
        done = f"{would}{'removed from' if change.is_removed else 'added to'}"
        if change.setting is not None:
            yield f"{done} {change.file}, which is of this clone alone"
            yield f"  {_git_install.SETTING} = {change.setting}"
        else:
            yield f"{done} {change.file}"
            yield from (f"  {line}" for line in change.lines)


def _as_json(change: _git_install.Change) -> dict[str, object]:
    settings = {} if change.setting is None else {_git_install.SETTING: change.setting}
    return {
        "file": str(change.file),
        "is_removed": change.is_removed,
        "lines": list(change.lines),
        "settings": settings,
    }
