"""List the recordings of a store, or those that a filter names.

In --test, --endpoint, --model and --type, TEXT is looked for anywhere, in upper or lower case; * stands for anything.
Several filters must all fit. Where the output is no terminal, each recording is one line of its cells with tabs between
them, without a head: key, endpoint, model, answer, chunks, size and test, and with --grep what was found.
"""

from __future__ import annotations

import argparse
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from recstore._contents import describe
from recstore._wording import in_a_line, size
from recstore.cli._output import note, say, say_json, table
from recstore.cli._stores import add_path, opened, readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recstore import Recording

FILTERS = {"test": "test_id", "endpoint": "endpoint", "model": "model", "type": "type"}
"""What each filter looks at."""

CONTEXT = 24
"""How many characters are shown before and after what --grep found."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the path, and the filters."""
    add_path(parser)
    for name in FILTERS:
        parser.add_argument(f"--{name}", metavar="TEXT", type=_wildcard, help=f"only where the {name} holds this")
    parser.add_argument(
        "--grep", metavar="REGEX", type=_regex, help="only where a text of the request or of the answer matches"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each file, in the order of paths."""
    store = opened(arguments.path)
    filters = {FILTERS[name]: getattr(arguments, name) for name in FILTERS if getattr(arguments, name)}
    entries = []
    for recording in readable(store):
        entry: dict[str, Any] = {**describe(recording)}
        if not all(pattern.search(entry[member] or "") for member, pattern in filters.items()):
            continue
        if arguments.grep is not None:
            found = next(filter(None, map(arguments.grep.search, texts(recording))), None)
            if found is None:
                continue
            entry["match"] = excerpt(found)
        entries.append(entry)
    if arguments.json:
        say_json(entries)
        return 0
    columns = ["key", "endpoint", "model", "answer", "#chunks", "#size", "test"]
    if sys.stdout.isatty():
        say(table(columns + ["match"] * bool(arguments.grep), map(_row, entries)))
    else:
        for entry in entries:
            cells = (in_a_line(str(cell)).replace("\t", "\\t") for cell in _row(entry))
            sys.stdout.write("\t".join(cells) + "\n")
    if filters or arguments.grep:
        note(f"{len(entries)} of the recordings in {store.path}")
    else:
        note(f"{len(entries)} recordings under {len(store)} keys in {store.path}")
    return 0


def _row(entry: dict[str, Any]) -> list[object]:
    kind = ("stream of " if entry["is_streaming"] else "") + entry["type"] + (", error" if entry["is_error"] else "")
    place = ((entry["key"] or entry["path"])[:12], entry["endpoint"], entry["model"])
    match = [entry["match"]] if "match" in entry else []
    return [*place, kind, entry["chunks"], size(entry["size"]), without_folder(entry["test_id"] or ""), *match]


def without_folder(test_id: str) -> str:
    """Return a test id without the folder of its file; what stands in brackets may hold a slash too."""
    file, colons, name = test_id.partition("::")
    return file.rpartition("/")[2] + colons + name


def texts(recording: Recording) -> Iterator[str]:
    """Give every text of a request and its answer; that of a stream joined, as it was said."""
    with suppress(ValueError):  # numbers of more digits than Python takes
        yield from _texts(recording.request)
        said, calls = recording.text, recording.tool_calls
        yield said
        yield from _texts(calls)
        yield from _texts(recording.error)
        if not (said or calls):
            yield from _texts(recording.body)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _texts(member)


def excerpt(found: re.Match[str]) -> str:
    """Return what was found, and a little around it, in one line."""
    start, end = max(found.start() - CONTEXT, 0), min(found.end(), found.start() + 2 * CONTEXT) + CONTEXT
    text = " ".join(found.string[start:end].split())
    return f"{'…' if start else ''}{text}{'…' if end < len(found.string) else ''}"


def _wildcard(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.IGNORECASE | re.DOTALL)


def _regex(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from error
