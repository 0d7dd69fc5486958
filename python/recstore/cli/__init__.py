"""The command line: `recstore`, or `python -m recstore`.

Data goes to stdout, messages to stderr. The exit code is 0 where all is well, 1 where something was found that is not,
and 2 where the command could not do its work.
"""

from __future__ import annotations

import argparse
import os
import sys

from recstore import __version__
from recstore.errors import RecstoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

CANNOT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    try:
        # Here, and not above: the library is of use without the packages that the commands stand on.
        from recstore.cli import (  # noqa: PLC0415
            diff,
            doctor,
            explain,
            git,
            key,
            ls,
            pack,
            rekey,
            report,
            show,
            stats,
            unpack,
            unused,
            verify,
        )
        from recstore.cli._output import complain  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in {"rich", "orjson"}:
            raise
        sys.stderr.write("recstore: the command line needs two more packages: pip install rich orjson\n")
        return CANNOT

    parser = argparse.ArgumentParser(
        prog="recstore", description="Look into and after recorded language-model answers."
    )
    parser.add_argument("--version", action="version", version=f"recstore {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (ls, show, diff, stats, key, explain, verify, doctor, report, rekey, pack, unpack, unused, git):
        summary = (command.__doc__ or "").partition("\n")[0]
        name = command.__name__.rpartition(".")[2]
        subparser = commands.add_parser(name, help=summary, description=command.__doc__)
        subparser.add_argument("--json", action="store_true", help="print JSON for programs")
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)

    chosen = parser.parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
        sys.stdout.flush()
    except (RecstoreError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            # Whoever read our output has seen enough. The interpreter must not try to flush again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        complain(str(error))
        return CANNOT
    except KeyboardInterrupt:
        return 130  # what shells say of a command that was interrupted
    return code
