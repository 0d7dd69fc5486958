"""The options of the pytest plugin, and where each was given."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

if TYPE_CHECKING:
    from recstore._session import Mode

USED: Final = ".recstore/used.json"
OF_MARKER: Final = ("mode", "path", "profile", "hosts", "block", "on_secret", "timing", "test_id")
"""What the marker takes."""

PRECEDENCE: Final = "command line, then environment, then marker, then ini file"


class Chosen(NamedTuple):
    """The value of an option, and where it comes from."""

    value: Any
    source: str


def add_options(parser: pytest.Parser) -> None:
    """Declare options and ini keys."""
    group = parser.getgroup("recstore", "recorded answers of language models")
    group.addoption(
        "--recstore-mode",
        metavar="MODE",
        help="replay (default), record-if-missing, record or live; also vcrpy's none, once, new_episodes, all",
    )
    group.addoption("--recstore-dir", metavar="DIR", help="root of the recordings (default: pytest's rootdir)")
    group.addoption(
        "--recstore-block",
        choices=("yes", "no"),
        help="whether requests to hosts that are not recorded are refused (default: in replay)",
    )
    group.addoption(
        "--recstore-keep-failed", action="store_true", help="keep what was recorded in tests that failed, too"
    )
    group.addoption(
        "--recstore-used", metavar="FILE", help=f"where to write which recordings were used (default: {USED})"
    )
    parser.addini("recstore_mode", "as --recstore-mode")
    parser.addini("recstore_dir", "as --recstore-dir, relative to the rootdir")
    parser.addini("recstore_block", "as --recstore-block")
    parser.addini("recstore_hosts", "patterns of the hosts that are recorded, such as *.openai.com", type="linelist")


def choose(config: pytest.Config, name: str, marker: Any = None) -> Chosen:
    """Return the value of an option from the first that gives one."""
    variable = f"RECSTORE_{name.upper()}"
    given = [
        Chosen(config.getoption(f"recstore_{name}", None), f"--recstore-{name}"),
        Chosen(os.environ.get(variable), variable),
        Chosen(marker, "marker"),
        Chosen(config.getini(f"recstore_{name}"), f"recstore_{name} in the ini file"),
    ]
    return next((chosen for chosen in given if chosen.value not in (None, "", [])), Chosen(None, "default"))


def mode_of(config: pytest.Config, marker: str | None = None) -> tuple[Mode, str]:
    """Return the mode and where it comes from. In CI, to record must be asked for where one run is started."""
    from recstore._session import parse_mode  # noqa: PLC0415

    chosen = choose(config, "mode", marker)
    mode = parse_mode(chosen.value or "replay")
    is_asked_for = chosen.source in {"--recstore-mode", "RECSTORE_MODE"}
    if mode.startswith("record") and not is_asked_for and os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        return "replay", f"CI, in place of {mode} from the {chosen.source}"
    return mode, chosen.source


def parse_block(value: Any) -> bool | None:
    """Return what was said of blocking; None where nothing was."""
    if value is None or isinstance(value, bool):
        return value
    known = {"yes": True, "true": True, "1": True, "on": True, "no": False, "false": False, "0": False, "off": False}
    if str(value).lower() not in known:
        pytest.fail(f"recstore: block is yes or no, not {value!r}", pytrace=False)
    return known[str(value).lower()]


def check_used(config: pytest.Config) -> None:
    """Raise `UsageError` where --recstore-used names what cannot be written: before the tests, not after."""
    path: str | None = config.getoption("recstore_used")
    if not path:
        return
    file = config.invocation_params.dir / path
    if file.is_dir():
        why = "is a folder; name a file"
    elif not file.parent.is_dir():
        why = f"cannot be written: there is no folder {file.parent}; make it first"
    elif not os.access(file.parent, os.W_OK):
        why = f"cannot be written: the folder {file.parent} cannot be written to"
    else:
        return
    raise pytest.UsageError(f"recstore: --recstore-used={path} {why}")


def command_of(config: pytest.Config) -> dict[str, str]:
    """Return what the command that records a test of this run takes beside the mode and the test's id."""
    folder = os.path.relpath(config.rootpath, config.invocation_params.dir)
    path = config.getoption("recstore_dir")
    return {
        "folder": "" if folder == "." else f"{folder}/",
        "options": f" {shlex.quote(f'--recstore-dir={path}')}" if path else "",
    }
