"""Show one recording: what was asked and what was answered.

KEY is the key, or enough of its first digits to tell it from all others, or the path of a file, in a store or not.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from recstore._contents import describe
from recstore._summary import summarize
from recstore._summary.text import lines, place
from recstore.cli._output import complain, say_json, say_text
from recstore.cli._stores import add_path, find, readable

if TYPE_CHECKING:
    import argparse

NOT_FOUND = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the key and the path."""
    parser.add_argument("key", metavar="KEY", help="the key, or its first digits, or the path of a file")
    add_path(parser)
    parser.add_argument("--full", action="store_true", help="all of long texts, and the parameters of tools")
    parser.add_argument("--raw", action="store_true", help="print the bytes of the file")


def run(arguments: argparse.Namespace) -> int:
    """Print the recording."""
    recording, store = find(arguments.key, arguments.path)
    if recording is None:
        return NOT_FOUND
    others = 0 if store is None else sum(found.key == recording.key for found in readable(store)) - 1
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
        summary = summarize(recording)
        say_text([*place(summary), *lines(summary, full=arguments.full)])
    return 0
