"""Say what is wrong with recordings, what it means and what to do; repair what is safe.

Each finding has an id that does not change, a severity (error, warning, notice) and a remedy. Line ends, layout and the
tags of renamed packages can be repaired with --fix, which says what it does; --dry-run only says it. The exit code is 1
where anything of at least the severity of --fail-on was found and not repaired.
"""

from __future__ import annotations

import os
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from recstore import doctor
from recstore._core import finding_kinds
from recstore._wording import size
from recstore.cli._output import note, say_json, say_line, working
from recstore.cli._stores import natural, nothing_in, opened
from recstore.errors import RecstoreError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from recstore import Store
    from recstore._core import DoctorFinding, DoctorFix
    from recstore.doctor import DoctorReport

_RELATED = 5
"""So many related files are listed for people."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the path, and what to look for and to do."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="root of a tree of recordings, or a pack (default: here); files in it: say only what is about these",
    )
    parser.add_argument("--fix", action="store_true", help="repair line ends, layout and renamed tags, and say so")
    parser.add_argument("--dry-run", action="store_true", help="only say what --fix would do")
    parser.add_argument("--format", choices=("text", "json", "github"), help="how to say it (default: text)")
    parser.add_argument(
        "--fail-on",
        choices=(*doctor.SEVERITIES, "never"),
        default="warning",
        help="from which severity on the exit code is 1 (default: %(default)s)",
    )
    parser.add_argument("--ignore", action="append", default=[], metavar="ID", help="pass over findings with this id")
    parser.add_argument("--sdk", action="store_true", help="validate chunks by the SDKs that are installed (slow)")
    parser.add_argument("--history", action="store_true", help="ask git when names fitted their requests")
    parser.add_argument(
        "--large",
        type=natural,
        default=doctor.LARGE,
        metavar="BYTES",
        help="from which size on a file is unusually large (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the findings, and what was repaired."""
    unknown = set(arguments.ignore) - set(finding_kinds())
    if unknown:
        raise RecstoreError(f"there is no finding {min(unknown)!r}; there are {', '.join(finding_kinds())}")
    root, files = _split(arguments.paths)
    for file in files:
        if not os.path.lexists(file):
            raise RecstoreError(f"there is no file {file}; name files of the store, or its root first")
    store = opened(root, cache=False)
    only = {_within(store, file) for file in files} or None
    fixes: list[DoctorFix] = []
    with working("examining"):
        if arguments.fix or arguments.dry_run:
            fixes = doctor.fix(store, paths=only, dry_run=arguments.dry_run)
        report = doctor.examine(store, sdk=arguments.sdk, history=arguments.history, large=arguments.large)
    if not (report["files"] or report["findings"]):
        raise nothing_in(store)
    report["findings"] = [
        found
        for found in report["findings"]
        if found["id"] not in arguments.ignore
        and (only is None or not only.isdisjoint({found["path"], *found["related"]}))
    ]
    form = arguments.format or ("json" if arguments.json else "text")
    if form == "json":
        say_json({**report, "fixes": fixes, "dry_run": arguments.dry_run})
    elif form == "github":
        _annotate(store, report["findings"])
    else:
        _say_fixes(fixes, is_dry=arguments.dry_run)
        _say_findings(report)
    least = len(doctor.SEVERITIES) if arguments.fail_on == "never" else doctor.SEVERITIES.index(arguments.fail_on)
    return int(any(doctor.SEVERITIES.index(found["severity"]) >= least for found in report["findings"]))


def _split(paths: list[str]) -> tuple[str, list[str]]:
    """Return the root of the store, and the files of it that are meant: pre-commit names files alone."""
    match paths:
        case [root, *files] if not root.endswith(".json"):
            return root, files
        case _:
            return ".", paths


def _within(store: Store, file: str) -> str:
    """Return the path of a file relative to the root; raise `RecstoreError` where it is none of the store's files."""
    path = Path(os.path.relpath(Path(file).absolute(), store.path))
    if path.suffix != ".json" or not _is_of_recordings(store, path.parent):
        raise RecstoreError(
            f"{file} is no recording of the store {store.path}: those are files that end in .json, in folders called "
            "recordings; name one of them, or the root of its store first"
        )
    return str(path)


def _is_of_recordings(store: Store, folder: Path) -> bool:
    try:
        recordings = store.recordings(folder)
    except RecstoreError:
        return False
    try:
        return next(recordings, None) is not None
    except RecstoreError:  # a file that cannot be read is a finding
        return True


def _say_fixes(fixes: Iterable[DoctorFix], *, is_dry: bool) -> None:
    for fixed in fixes:
        tags = f", {fixed['tags']} tags renamed" if fixed["tags"] else ""
        what = "would repair" if is_dry else "repaired"
        ids, before, after = ", ".join(fixed["ids"]), size(fixed["before"]), size(fixed["after"])
        say_line(f"{what} {fixed['path']}: {ids} ({before} → {after}{tags})")


def _say_findings(report: DoctorReport) -> None:
    order = list(finding_kinds())

    def kind(found: DoctorFinding) -> int:
        return order.index(found["id"])

    findings = report["findings"]
    for _, group in groupby(sorted(findings, key=kind), key=kind):
        found = list(group)
        say_line(f"{found[0]['severity']}: {found[0]['id']} ({len(found)}): {found[0]['remedy']}")
        for one in found:
            line = f":{one['line']}" if one["line"] else ""
            say_line(f"  {one['path']}{line}: {one['message']}")
            for path in one["related"][:_RELATED]:
                say_line(f"    {path}")
            if len(one["related"]) > _RELATED:
                say_line(f"    and {len(one['related']) - _RELATED} more")
    profiles = ", ".join(f"{profile} {count}" for profile, count in report["profiles"].items())
    counts = {severity: sum(found["severity"] == severity for found in findings) for severity in doctor.SEVERITIES}
    said = ", ".join(f"{counts[severity]} {severity}s" for severity in reversed(doctor.SEVERITIES))
    note(f"{report['files']} files: {said}; keys: {profiles}")


def _annotate(store: Store, findings: Iterable[DoctorFinding]) -> None:
    """Print commands that GitHub shows as annotations of the files."""
    # GitHub takes paths from the root of the repository, where the steps of a job run too.
    root = Path(os.environ.get("GITHUB_WORKSPACE") or ".").resolve()
    for found in findings:
        path = os.path.relpath(store.path.resolve() / found["path"], root)
        where = {"file": path, "line": found["line"], "title": f"recstore {found['id']}"}
        properties = ",".join(f"{name}={_property(str(value))}" for name, value in where.items() if value is not None)
        say_line(f"::{found['severity']} {properties}::{_data(found['message'] + '. ' + found['remedy'])}")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
