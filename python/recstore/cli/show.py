"""Show one recording: what was asked and what was answered.

KEY is the key, or enough of its first digits to tell it from all others.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich.rule import Rule

from recstore._contents import describe
from recstore._core import dumps
from recstore.cli._output import complain, plain, say, say_json, table
from recstore.cli._stores import add_path, opened, readable

if TYPE_CHECKING:
    import argparse

    from recstore import Recording, Store

NOT_FOUND = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the key and the path."""
    parser.add_argument("key", help="the key, or its first digits")
    add_path(parser)
    parser.add_argument("--raw", action="store_true", help="print the bytes of the file")


def run(arguments: argparse.Namespace) -> int:
    """Print the recording."""
    store = opened(arguments.path)
    recording = find(store, arguments.key)
    if recording is None:
        return NOT_FOUND
    others = sum(found.key == recording.key for found in readable(store)) - 1
    if others > 0:
        complain(f"{others} more recordings have this key, in other folders; this is {recording.path}")
    if arguments.raw:
        sys.stdout.buffer.write(recording.raw)
    elif arguments.json:
        say_json(
            {
                **describe(recording),
                "request": recording.request,
                "chunks": [{"type": chunk.type, "data": chunk.data} for chunk in recording],
                "text": recording.text,
                "tool_calls": recording.tool_calls,
                "error": recording.error,
            }
        )
    else:
        show(recording)
    return 0


def find(store: Store, digits: str) -> Recording | None:
    """Return the recording whose key begins with these digits; say so where there is none, or more than one."""
    keys = [key for key in store if key.startswith(digits.lower())]
    if len(keys) == 1:
        return store[keys[0]]
    if keys:
        some = ", ".join(key[:12] for key in keys[:5])
        complain(f"{len(keys)} keys begin with {digits}: {some}{', …' if len(keys) > 5 else ''}")
    else:
        complain(f"no recording in {store.path} has a key that begins with {digits}; `recstore ls` lists them")
    return None


def show(recording: Recording) -> None:
    """Print a recording for a person."""
    facts = [
        ("key", recording.key or "none"),
        ("file", recording.path),
        ("profile", recording.profile or "none: the request is not what the file is named by"),
        ("test", recording.test_id or "shared by all tests"),
        ("endpoint", recording.endpoint),
        ("model", recording.model),
        ("status", "" if recording.status is None else recording.status),
    ]
    say(table(("", ""), [(name, value) for name, value in facts if value]))
    say(Rule("request", align="left"), plain(dumps(asked(recording.request), "indented").decode()))
    kind = f"{len(recording)} chunk{'' if len(recording) == 1 else 's'}"
    say(Rule(f"answer: {'stream of ' if recording.is_streaming else ''}{kind}", align="left"))
    text, calls = recording.text, recording.tool_calls
    if text:
        say(plain(text))
    for call in calls:
        say(plain(f"→ {call['name']}({call['arguments']})"))
    if not (text or calls) and len(recording):
        say(plain(dumps(recording.body, "indented").decode()))
    if recording.error is not None:
        say(Rule("error", align="left"), plain(dumps(recording.error, "indented").decode()))


def asked(request: dict[str, Any]) -> Any:
    """Return what of a request depends on the caller."""
    for member in ("body", "payload", "kwargs"):
        if member in request:
            return request[member]
    return request
