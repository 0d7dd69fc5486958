"""Compute the key of a request.

In the folder of a store, or below it, the profiles that its recstore.toml declares are known, and its own is taken.

FILE holds a request (an object with method, url and body) or a whole recording, as JSON; `-` reads it from stdin. Of a
recording, its own test id counts where none is given.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import recstore
from recstore._core import loads
from recstore.cli._output import say, say_json, table
from recstore.errors import InvalidJson, InvalidRequest, RecstoreError

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the file, the test and the rules."""
    parser.add_argument("file", help="a file with a request or a recording, or - for stdin")
    parser.add_argument("--test-id", help="the id of the test, such as tests/test_a.py::test_b")
    parser.add_argument("--profile", help="the key profile (default: that of recstore.toml, else ogx-7)")
    parser.add_argument("--all", action="store_true", help="print the key under every profile that fits")
    parser.add_argument("--canonical", action="store_true", help="print the canonical form in the place of its key")


def run(arguments: argparse.Namespace) -> int:
    """Print the key."""
    request, test_id = split(read(arguments.file), arguments.test_id)
    store = nearest_store()
    known = recstore if store is None else store
    profile = arguments.profile or ("ogx-7" if store is None else store.profile)
    if arguments.canonical:
        form = known.canonical(request, test_id=test_id, profile=profile)
        sys.stdout.buffer.write(form + b"\n")
        return 0
    if not arguments.all:
        key = known.request_key(request, test_id=test_id, profile=profile)
        if arguments.json:
            say_json({"profile": profile, "key": key})
        else:
            say(key)
        return 0
    keys = {}
    for profile in recstore.profiles() if store is None else store.profiles:
        try:
            keys[profile] = known.request_key(request, test_id=test_id, profile=profile)
        except InvalidRequest:  # a profile for requests of another kind
            continue
    if arguments.json:
        say_json(keys)
    else:
        say(table(("profile", "key"), keys.items()))
    return 0


def nearest_store() -> recstore.Store | None:
    """Return the store whose settings lie in this folder, or in the nearest one above it; None where there are none."""
    here = Path.cwd()
    root = next((folder for folder in (here, *here.parents) if (folder / "recstore.toml").is_file()), None)
    return None if root is None else recstore.open(root, cache=False)


def read(file: str) -> Any:
    """Return what a file, or stdin, holds; raise `RecstoreError`, with its name, where that is no JSON."""
    try:
        return loads(sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes())
    except InvalidJson as error:
        raise RecstoreError(f"{'stdin' if file == '-' else file}: {error}") from error


def split(given: Any, test_id: str | None) -> tuple[Any, str | None]:
    """Return the request and the test id of what was given, a request or a recording."""
    if isinstance(given, dict) and "response" in given and isinstance(given.get("request"), dict):
        return given["request"], given.get("test_id") if test_id is None else test_id
    return given, test_id
