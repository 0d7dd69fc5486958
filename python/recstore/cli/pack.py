"""Put all recordings of a tree into one file.

Without --output, the pack beside the recordings (in .recstore/) is brought up to date. A pack to take elsewhere is of
the fast form, which answers as it lies there, or of the small form, a twentieth of its size and slower.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import recstore
from recstore._contents import readable
from recstore._wording import size
from recstore.cli._output import note, say, say_json, working
from recstore.cli._stores import add_path
from recstore.errors import MalformedRecording, RecstoreError

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the tree and the file."""
    add_path(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="write a pack to take elsewhere")
    parser.add_argument("--form", choices=("fast", "small"), default="fast", help="its form (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Make the pack, say how large it is, and what of it no look-up can answer with."""
    if arguments.output is None and arguments.form != "fast":
        raise RecstoreError("the pack beside the recordings is of the fast form; name another file with --output")
    with working(f"packing {arguments.path}"):
        store = recstore.open(arguments.path, cache=arguments.output is None)
        if arguments.output is None:
            if store.is_read_only or not store.cache.startswith("ready"):
                raise RecstoreError(f"no pack can be kept beside {store.path}: {store.cache.removeprefix('off: ')}")
            path = store.path / ".recstore" / "pack"
        else:
            path = Path(arguments.output)
            store.pack(path, form=arguments.form)
    broken: list[MalformedRecording] = []
    recordings = sum(1 for _ in readable(store, broken.append))
    keys, count = len(store), path.stat().st_size
    if arguments.json:
        say_json({"pack": str(path), "recordings": recordings, "keys": keys, "broken": len(broken), "bytes": count})
    else:
        say(str(path))
        note(f"{recordings} recordings under {keys} keys, {size(count)}")
        if broken:
            note(f"files that are no recordings, packed as they are: {len(broken)}; `recstore verify` says why")
    return 0
