"""Write a page that shows a store in a browser: what is in it, what is wrong, and every recording, to be searched.

The page is one file that fetches nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from recstore import report
from recstore._wording import size
from recstore.cli._output import note, say_json, working
from recstore.cli._stores import add_path, opened
from recstore.errors import RecstoreError

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the path and the file."""
    add_path(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="write the page there; only --json needs none")


def run(arguments: argparse.Namespace) -> int:
    """Write the page; print the numbers for programs."""
    if arguments.output is None and not arguments.json:
        raise RecstoreError("say where the page should go, as in -o report.html; or --json for the numbers alone")
    store = opened(arguments.path)
    with working("reading recordings"):
        found = report.Report(store)
        if arguments.output is not None:
            Path(arguments.output).write_text(found.html(), encoding="utf-8")
    if arguments.json:
        say_json(found.numbers())
    else:
        written = size(Path(arguments.output).stat().st_size)
        note(f"{found.contents.recordings} recordings of {store.path} in {arguments.output} ({written})")
    return 0
