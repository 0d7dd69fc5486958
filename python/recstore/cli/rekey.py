"""Rename all recordings to their keys under another profile, or back.

Nothing but names and the profile in recstore.toml changes; no two recordings are ever merged. What will be done is said
first, and with --dry-run only said. Killed at any point, every recording is still found; the same command goes on. The
exit code is 1 where nothing was done because recordings with different answers want one name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recstore import rekey
from recstore.cli._output import note, say_json, say_line, working
from recstore.cli._stores import add_path
from recstore.errors import RecstoreError

if TYPE_CHECKING:
    import argparse

    from recstore._core import RekeyDone, RekeyPlan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the path, the profile and what to do where names collide."""
    add_path(parser)
    aim = parser.add_mutually_exclusive_group(required=True)
    aim.add_argument("--to", metavar="PROFILE", help="the profile, such as ogx-7 or recstore-1")
    aim.add_argument("--undo", action="store_true", help="give back the names from before the last change")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument(
        "--on-collision",
        choices=("stop", "keep-both"),
        default="stop",
        help="where different answers want one name: do nothing at all, or let one have it (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the plan, and carry it out."""
    if arguments.undo:
        if arguments.dry_run:
            raise RecstoreError("--undo takes no --dry-run; the journal in .recstore/rekey says what it will rename")
        with working("renaming back"):
            done = rekey.undo(arguments.path)
        if arguments.json:
            say_json({"plan": None, "done": done})
        else:
            _say_done(done)
        return 0
    with working("reading recordings"):
        plan = rekey.plan(arguments.path, arguments.to)
    if not arguments.json:
        _say_plan(plan)
    stops = (
        arguments.on_collision == "stop"
        and plan["unfinished"] is None
        and any(not collision["are_equal"] for collision in plan["collisions"])
    )
    if stops and not arguments.json:
        note("nothing was renamed: say --on-collision keep-both to let one have the name; the others keep theirs")
    done_or_none: RekeyDone | None = None
    if not (stops or arguments.dry_run):
        with working("renaming"):
            done_or_none = rekey.rekey(arguments.path, arguments.to, on_collision=arguments.on_collision)
    if arguments.json:
        say_json({"plan": plan, "done": done_or_none})
    elif done_or_none is not None:
        _say_done(done_or_none)
    return int(stops)


def _say_plan(plan: RekeyPlan) -> None:
    for rename in plan["renames"]:
        say_line(f"{rename['path']} → {rename['new'].rpartition('/')[2]}")
    for collision in plan["collisions"]:
        answers = "equal answers" if collision["are_equal"] else "DIFFERENT answers"
        say_line(f"collision, {answers}: {collision['path']} is wanted by several; {collision['winner']} has it")
        for other in collision["others"]:
            say_line(f"  {other} keeps its name")
    for left in plan["left"]:
        say_line(f"left: {left['path']}: {left['reason']}")
    if plan["unfinished"]:
        note(f"a change of names was killed and is gone on with first: {plan['unfinished']}")
    different = sum(not collision["are_equal"] for collision in plan["collisions"])
    profiles = ", ".join(f"{profile} {count}" for profile, count in plan["profiles"].items())
    note(
        f"to {plan['to']}: {len(plan['renames'])} to rename, {plan['unchanged']} named so already, "
        f"{len(plan['collisions'])} collisions ({different} with different answers), {len(plan['left'])} left; "
        f"now: {profiles or 'none'}"
    )


def _say_done(done: RekeyDone) -> None:
    for path in done["kept"]:
        say_line(f"kept its name, as something wrote to it meanwhile: {path}")
    note(
        f"{done['renamed']} renamed; the store is under {done['profile']}; "
        f"changes that --undo can undo, one after the other: {done['undoable']}"
    )
