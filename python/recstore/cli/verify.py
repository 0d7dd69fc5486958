"""Read every file and say what is wrong: no recording, not what its name says, a damaged pack.

The exit code is 1 where anything is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recstore.cli._output import note, say, say_json, table, working
from recstore.cli._stores import add_path, opened

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the path."""
    add_path(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the findings."""
    store = opened(arguments.path)
    with working("verifying"):
        report = store.verify()
    findings = report["findings"]
    if arguments.json:
        say_json(report)
    else:
        if findings:
            say(table(("finding", "file", "what to do"), ((f["kind"], f["path"], f["message"]) for f in findings)))
        profiles = ", ".join(f"{profile} {count}" for profile, count in report["profiles"].items())
        note(f"{report['files']} files, {len(findings)} findings; keys: {profiles or 'none'}")
    return 1 if findings else 0
