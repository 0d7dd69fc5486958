"""Read every file and say what is wrong: no recording, not what its name says, a damaged pack.

The exit code is 1 where anything is, and 2 where there are no recordings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recstore.cli._output import note, plain, say, say_json, working
from recstore.cli._stores import add_path, nothing_in, opened

if TYPE_CHECKING:
    import argparse

    from recstore._core import Finding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the path."""
    add_path(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the findings."""
    store = opened(arguments.path)
    with working("verifying"):
        report = store.verify()
    findings = report["findings"]
    if not (report["files"] or findings):
        raise nothing_in(store)
    if arguments.json:
        say_json(report)
    else:
        for (kind, message), group in by_kind(findings).items():
            say(plain(f"{kind}: {message}"), *(plain(f"  {path}") for path in group))
        profiles = ", ".join(f"{profile} {count}" for profile, count in report["profiles"].items())
        note(f"{report['files']} files, {len(findings)} findings; keys: {profiles or 'none'}")
    return 1 if findings else 0


def by_kind(findings: list[Finding]) -> dict[tuple[str, str], list[str]]:
    """Return the files of findings that say the same."""
    groups: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        groups.setdefault((finding["kind"], finding["message"]), []).append(finding["path"])
    return groups
