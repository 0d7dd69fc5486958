"""Write the files of a pack into a new folder, byte for byte as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import recstore
from recstore.cli._output import note, say_json, working

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the pack and the folder."""
    parser.add_argument("pack", help="a pack that `recstore pack` wrote")
    parser.add_argument("folder", help="a folder that is empty or not there yet")


def run(arguments: argparse.Namespace) -> int:
    """Write the files and say how many there are."""
    with working(f"unpacking {arguments.pack}"):
        count = recstore.unpack(arguments.pack, arguments.folder)
    if arguments.json:
        say_json({"folder": arguments.folder, "files": count})
    else:
        note(f"{count} files in {arguments.folder}")
    return 0
