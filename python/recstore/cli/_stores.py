"""What several commands ask of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import recstore
from recstore import _contents
from recstore.cli._output import complain, working

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def add_path(parser: argparse.ArgumentParser) -> None:
    """Take the path of a store."""
    parser.add_argument("path", nargs="?", default=".", help="root of a tree of recordings, or a pack (default: here)")


def opened(path: str, *, profile: str | None = None, cache: bool = True) -> recstore.Store:
    """Open a store, with progress: the first time, a pack is made, unless nothing of it will be used."""
    with working(f"opening {path}"):
        return recstore.open(path, profile=profile, cache=cache)


def readable(store: recstore.Store) -> Iterator[recstore.Recording]:
    """Give every recording, and say of files that are none why."""
    with working("reading recordings") as step:
        for recording in _contents.readable(store, lambda error: complain(str(error))):
            step()
            yield recording
