"""Explain why no recording answers a request: the nearest recordings, and what differs.

The request is an object with method, url and body, or a whole recording, as JSON. The exit code is 1 where nothing
answers it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from recstore import _missing
from recstore._wording import visible
from recstore.cli._output import plain, say, say_json
from recstore.cli._stores import add_path, natural, opened
from recstore.cli.key import read, split

if TYPE_CHECKING:
    import argparse

NOT_FOUND = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the path, the request and the test."""
    add_path(parser)
    parser.add_argument("--request", required=True, metavar="FILE", help="the request, or - for stdin")
    parser.add_argument("--test-id", help="the id of the test, such as tests/test_a.py::test_b")
    parser.add_argument("--profile", help="the key profile, in the place of that of recstore.toml")
    parser.add_argument(
        "--limit", type=natural, default=3, metavar="COUNT", help="how many recordings to name (default: 3)"
    )
    parser.add_argument(
        "--full", action="store_true", help="leave nothing out: every difference and, with --json, whole values"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the explanation."""
    request, test_id = split(read(arguments.request), arguments.test_id)
    store = opened(arguments.path, profile=arguments.profile)
    explanation = _missing.explain(store, request, test_id, limit=arguments.limit, full=arguments.full)
    answer = explanation["answer"]
    if arguments.json:
        say_json(explanation)
    elif answer is not None:
        say(plain(f"{answer} answers this request"))
    else:
        # Its lines are as long as they are: rich would break them.
        sys.stdout.write(visible(_missing.report(store, explanation, full=arguments.full)) + "\n")
    return NOT_FOUND if answer is None else 0
