"""List the recordings of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recstore._contents import describe
from recstore._wording import size
from recstore.cli._output import note, say, say_json, table
from recstore.cli._stores import add_path, opened, readable

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the path."""
    add_path(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each file, in the order of paths."""
    store = opened(arguments.path)
    entries = [describe(recording) for recording in readable(store)]
    if arguments.json:
        say_json(entries)
        return 0
    columns = ("key", "endpoint", "model", "answer", "#chunks", "#size", "test")
    rows = (
        (
            (entry["key"] or entry["path"])[:12],
            entry["endpoint"],
            entry["model"],
            ("stream of " if entry["is_streaming"] else "") + entry["type"] + (", error" if entry["is_error"] else ""),
            entry["chunks"],
            size(entry["size"]),
            without_folder(entry["test_id"] or ""),
        )
        for entry in entries
    )
    say(table(columns, rows))
    note(f"{len(entries)} recordings under {len(store)} keys in {store.path}")
    return 0


def without_folder(test_id: str) -> str:
    """Return a test id without the folder of its file; what stands in brackets may hold a slash too."""
    file, colons, name = test_id.partition("::")
    return file.rpartition("/")[2] + colons + name
