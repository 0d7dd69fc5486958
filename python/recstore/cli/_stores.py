"""What several commands ask of a store."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

import recstore
from recstore import _contents
from recstore._core import parse_recording
from recstore.cli._output import complain, working

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def add_path(parser: argparse.ArgumentParser) -> None:
    """Take the path of a store."""
    parser.add_argument("path", nargs="?", default=".", help="root of a tree of recordings, or a pack (default: here)")


def natural(text: str) -> int:
    """Return a number that is not negative."""
    if not (text.isascii() and text.isdigit()):
        raise ArgumentTypeError(f"{text!r} is no number that counts something")
    return int(text)


def opened(path: str, *, profile: str | None = None, cache: bool = True) -> recstore.Store:
    """Open a store, with progress: the first time, a pack is made, unless nothing of it will be used."""
    with working(f"opening {path}"):
        return recstore.open(path, profile=profile, cache=cache)


def nothing_in(store: recstore.Store) -> recstore.RecstoreError:
    """Return the error for a store in which there is nothing to look at: in CI, a wrong path must not pass for well."""
    looked_for = "it is an empty pack" if store.is_read_only else "no file that ends in .json in a folder recordings"
    return recstore.RecstoreError(f"there are no recordings in {store.path}: {looked_for}; name the root of the tests")


def readable(store: recstore.Store) -> Iterator[recstore.Recording]:
    """Give every recording, and say of files that are none why."""
    with working("reading recordings") as step:
        for recording in _contents.readable(store, lambda error: complain(str(error))):
            step()
            yield recording


def find(name: str, path: str) -> tuple[recstore.Recording | None, recstore.Store | None]:
    """Return the recording that a file is, or whose key begins with these digits, and the store in which it was found.

    Says so where there is none, or more than one.
    """
    file = Path(name)
    if file.is_file():
        return parse_recording(file.read_bytes(), file), None
    store = opened(path)
    keys = [key for key in store if key.startswith(name.lower())]
    if len(keys) == 1:
        return store[keys[0]], store
    if keys:
        some = ", ".join(key[:12] for key in keys[:5])
        complain(f"{len(keys)} keys begin with {name}: {some}{', …' if len(keys) > 5 else ''}")
    else:
        complain(f"no recording in {store.path} has a key that begins with {name}; `recstore ls` lists them")
    return None, store
