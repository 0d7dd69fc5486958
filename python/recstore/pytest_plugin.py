"""The pytest plugin: a session for each test that asks for one, with the recordings beside the test's file.

It is loaded by its entry point, under the name `recstore`; `pytest -p no:recstore` leaves it out. What it needs beyond
pytest is imported when a test first asks for a session.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest

from recstore._pytest_options import (
    OF_MARKER,
    PRECEDENCE,
    USED,
    Chosen,
    add_options,
    check_used,
    choose,
    command_of,
    mode_of,
    parse_block,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from recstore import Session, Store
    from recstore.usage import Usage

FEW_MISSES: Final = 3
"""Of so many misses that a failed test went on after is told what is near."""


class Totals:
    """What the sessions of a whole run did."""

    def __init__(self) -> None:
        self.tests = self.hits = self.misses = self.recorded = self.live = self.blocked = self.discarded = 0
        self.pruned = 0
        # Tests may open sessions of their own: how many did, and how many that may have did not come to their end.
        self.others = self.others_unfinished = 0
        self.passed_with_misses: list[str] = []
        self.outside: list[str] = []
        """The tests before which fixtures of wider scope asked outside of any session, while others were recorded."""

    def merge(self, other: dict[str, Any]) -> None:
        """Add what another process counted."""
        for name, value in other.items():
            setattr(self, name, getattr(self, name) + value)

    def __str__(self) -> str:
        counts = f"{self.hits} hits, {self.misses} misses, {self.recorded} recorded, {self.live} live"
        counts += f", {self.blocked} blocked" if self.blocked else ""
        counts += f", {self.pruned} old ones deleted" if self.pruned else ""
        discarded = f", {self.discarded} not kept, as their tests failed (--recstore-keep-failed keeps them)"
        return counts + (discarded if self.discarded else "")


_stores: Final = pytest.StashKey[dict[tuple[Any, Any], Any]]()
_totals: Final = pytest.StashKey[Totals]()
_usage: Final = pytest.StashKey[Any]()
_unwritten: Final = pytest.StashKey[Exception]()
_report: Final = pytest.StashKey[pytest.TestReport]()
_session: Final = pytest.StashKey[Any]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare options and ini keys."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, so that strict markers know it."""
    config.addinivalue_line(
        "markers",
        f"recstore({', '.join(f'{name}=…' for name in OF_MARKER)}): answer the test's requests to language models from "
        "recordings, as the fixture of the same name does",
    )
    config.stash[_stores] = {}
    config.stash[_totals] = Totals()


def _store(config: pytest.Config, path: str | None = None, profile: str | None = None) -> Store:
    """Return the store of this run. Under pytest-xdist its pack is made by the controller and used by the workers."""
    import recstore  # noqa: PLC0415

    stores = config.stash[_stores]
    if (path, profile) not in stores:
        chosen = Chosen(path, "marker") if path else choose(config, "dir")
        # What is said on the command line is meant as seen from where it is said.
        is_here = chosen.source == "--recstore-dir"
        root = (config.invocation_params.dir if is_here else config.rootpath) / (chosen.value or ".")
        cache: bool | Literal["use"] = "use" if hasattr(config, "workerinput") else True
        creates = mode_of(config)[0].startswith("record")
        stores[path, profile] = recstore.open(root, profile=profile, cache=cache, create=creates)
    store: Store = stores[path, profile]
    return store


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Open the store, so that the workers of pytest-xdist, which start after this, find its pack."""
    from recstore._session import defaults, observers  # noqa: PLC0415
    from recstore.errors import RecstoreError  # noqa: PLC0415

    config = session.config
    if not hasattr(config, "workerinput"):
        check_used(config)
    observers.append(partial(_note_other, config))
    is_asked_for = any(choose(config, name).value is not None for name in ("mode", "dir"))
    is_project = config.inipath is not None or (config.rootpath / "recstore.toml").exists()
    if not (is_project or is_asked_for):
        return  # perhaps no project at all: its folders are left alone until a test asks
    try:
        mode, source = mode_of(config)
        _store(config)
    except RecstoreError as error:
        raise pytest.UsageError(f"recstore: {error}") from error
    used = None if hasattr(config, "workerinput") or config.getoption("collectonly") else _used_path(config)
    if used is not None:
        # A run that is killed leaves none: what an earlier one used says nothing of the tests that are there now.
        try:
            used.unlink(missing_ok=True)
        except OSError as error:
            config.stash[_unwritten] = error
    # For sessions that fixtures and programs open themselves.
    defaults.update(path=str(_store(config).path), **({} if source == "default" else {"mode": mode}))
    defaults.update(command_of(config))


def pytest_unconfigure() -> None:
    """Leave other sessions of this process as they were."""
    session = sys.modules.get("recstore._session")
    if session is not None:
        session.defaults.clear()
        session.observers.clear()


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say what will be done, and where."""
    if not config.stash[_stores]:
        return None
    mode, source = mode_of(config)
    store = _store(config)
    if not store and choose(config, "mode").value is None:
        return None
    return f"recstore: {mode} ({source}; {PRECEDENCE}), {len(store)} recordings in {store.path}, pack {store.cache}"


# Tests


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests with the marker the fixture."""
    for item in items:
        names = getattr(item, "fixturenames", None)
        if names is None or not (item.get_closest_marker("recstore") or "recstore" in names):
            continue
        # Shared by all parameters of a function, of which one may have the marker.
        names = item.fixturenames = list(names)  # type: ignore[attr-defined]
        # Before the test's other fixtures, which may ask a model too; those of modules and sessions come before.
        definitions = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009  # pytest has no public name for it
        is_wider = [name in definitions and definitions[name][-1].scope != "function" for name in names]
        if "recstore" in names:
            names.remove("recstore")
        names.insert(is_wider.index(False) if False in is_wider else len(names), "recstore")


@pytest.fixture(name="recstore")
def recstore_fixture(request: pytest.FixtureRequest) -> Iterator[Session]:
    """Return the session of this test: requests to language models are answered from `recordings` beside its file.

    What it records is kept when the test has passed.
    """
    from recstore import Session  # noqa: PLC0415

    config, item = request.config, request.node
    options: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("recstore"))):
        unknown = [*map(repr, marker.args), *(name for name in marker.kwargs if name not in OF_MARKER)]
        if unknown:
            pytest.fail(f"the marker recstore takes {', '.join(OF_MARKER)}, not {', '.join(unknown)}", pytrace=False)
        options |= marker.kwargs
    if not isinstance(options.get("path", ""), str | os.PathLike):
        pytest.fail(f"the path in the marker recstore is a text, not {options['path']!r}", pytrace=False)
    mode, _ = mode_of(config, options.pop("mode", None))
    block = choose(config, "block", options.pop("block", None)).value
    session = Session(
        _store(config, options.pop("path", None), options.pop("profile", None)),
        mode=mode,
        test_id=options.pop("test_id", item.nodeid),
        block=parse_block(block),
        hosts=options.pop("hosts", None) or config.getini("recstore_hosts") or None,
        **options,
    )
    session.waits = True
    with session:
        yield session
        report = item.stash.get(_report, None)
        # A test that skips itself in the middle, or fails as expected, does so in replay too.
        has_failed = report is None or report.failed
        if not has_failed or config.getoption("recstore_keep_failed"):
            session.commit()
        else:
            session.discard()
            config.stash[_totals].discarded += session.stats.recorded
            session.stats.recorded = 0
    _count(config, item.nodeid, session, "failed" if has_failed else "passed")
    # Several tests may share an id that a marker gives.
    if session.mode == "record" and session.test_id == item.nodeid:
        item.stash[_session] = session


def _count(config: pytest.Config, test_id: str, session: Session, outcome: str) -> None:
    totals, stats = config.stash[_totals], session.stats
    totals.tests += 1
    for name in ("hits", "misses", "recorded", "live", "blocked"):
        setattr(totals, name, getattr(totals, name) + getattr(stats, name))
    if outcome == "passed" and stats.misses:
        totals.passed_with_misses.append(test_id)
    _note_used(config, test_id, outcome, session)


def _note_other(config: pytest.Config, session: Session) -> None:
    """Note what a session has used that a fixture or a program opened itself."""
    if session.used and not session.waits:
        config.stash[_totals].others += 1
        _note_used(config, session.test_id or "no test", "passed", session)


def _note_used(config: pytest.Config, test_id: str, outcome: str, session: Session) -> None:
    from recstore import secrets  # noqa: PLC0415

    files = [str(session.store.path / path) for path in session.used]
    _usage_of(config).add(secrets.redact(test_id), outcome, files)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    """Refuse, in replay, what fixtures of wider scope ask before the test's session begins; else note that they do."""
    config = item.config
    mode = mode_of(config)[0] if "recstore" in getattr(item, "fixturenames", ()) else "live"
    if mode == "live" or parse_block(choose(config, "block").value) is False or (mode != "replay" and _is_in_session()):
        return (yield)
    from recstore import Session  # noqa: PLC0415

    mode = "replay" if mode == "replay" else "live"
    with Session(_store(config), mode=mode, hosts=(), test_id=f"a fixture of wider scope than {item.name}") as session:
        try:
            return (yield)
        finally:
            if session.stats.live:
                config.stash[_totals].live += session.stats.live
                config.stash[_totals].outside.append(item.nodeid)


def _is_in_session() -> bool:
    """Say whether what is asked now is asked in a session already, that of a fixture of wider scope."""
    from recstore._current import current  # noqa: PLC0415
    from recstore.errors import RequestBlocked  # noqa: PLC0415

    try:
        return current() is not None
    except RequestBlocked:
        return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Show a request that was missing or refused for what it is, whatever an SDK made of it."""
    try:
        return (yield)
    except Exception as error:
        if "recstore" not in getattr(item, "fixturenames", ()):
            raise
        from recstore._missing import find_own  # noqa: PLC0415

        known = find_own(error)
        if known is None or known is error:
            raise
        raise known.with_traceback(error.__traceback__) from None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Keep the report of the test itself for the end of its session."""
    report = yield
    if call.when == "call":
        item.stash[_report] = report
        _tell_misses(item, call, report)
    called = item.stash.get(_report, None)
    if call.when == "teardown" and report.passed and _session in item.stash and called is not None and called.passed:
        _prune(item)
    is_left_out = report.skipped and not hasattr(report, "wasxfail")
    if "recstore" not in getattr(item, "fixturenames", ()):
        item.config.stash[_totals].others_unfinished += is_left_out or report.failed
    elif is_left_out or (report.failed and call.when == "setup"):
        usage = _usage_of(item.config)
        why = "tests were skipped, or failed before they began"
        usage.partial += [] if why in usage.partial else [why]
    return report


def _prune(item: pytest.Item) -> None:
    """Delete what a test that was recorded again, and has passed to its end, no longer asks for."""
    session, config = item.stash[_session], item.config
    used = _usage_of(config).tests.get(item.nodeid, {"used": ()})["used"]
    kept = {os.path.relpath(path, session.store.path) for path in used}
    config.stash[_totals].pruned += len(session.prune(kept))


def _tell_misses(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Add to the report of a test that failed the misses that it does not tell: the program went on after them."""
    session = getattr(item, "funcargs", {}).get("recstore")
    if not report.failed or session is None or not hasattr(session, "stats"):
        return
    raised = call.excinfo.value if call.excinfo is not None else None
    for missed in session.stats.missed[:FEW_MISSES]:
        if missed.key != getattr(raised, "key", None):
            report.sections.append(("a request that no recording answers", str(missed)))


# The end of the run


def _usage_of(config: pytest.Config) -> Usage:
    """Return what this process has used so far, by absolute paths."""
    from recstore.usage import Usage  # noqa: PLC0415

    usage: Usage = config.stash.setdefault(_usage, Usage())
    return usage


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Send what a worker counted to the controller; write what was used."""
    from recstore.errors import RecstoreError  # noqa: PLC0415

    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["recstore"] = {"totals": vars(config.stash[_totals]), "usage": _usage_of(config).to_json()}
        return
    usage = _usage_of(config)
    has_store = config.stash[_totals].tests or config.stash[_stores]
    if not (usage.partial or (usage.tests and has_store)):
        return  # perhaps no project at all, in which a program has a session of its own
    options = config.option
    narrowing = {
        "-k": getattr(options, "keyword", ""),
        "-m": getattr(options, "markexpr", ""),
        "--lf": getattr(options, "lf", False),
        "--deselect": getattr(options, "deselect", None),
        "-x or --maxfail": getattr(options, "maxfail", 0),
        "arguments": config.args_source is config.ArgsSource.ARGS,
    }
    narrowing |= {
        "--ignore": getattr(options, "ignore", None) or getattr(options, "ignore_glob", None),
        "--stepwise": getattr(options, "stepwise", False),
    }
    usage.partial += [f"the run was narrowed by {name}" for name, value in narrowing.items() if value]
    totals = config.stash[_totals]
    if totals.others and totals.others_unfinished:
        usage.partial.append("tests open sessions of their own, and some without the fixture failed or were skipped")
    if exitstatus not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        usage.partial.append(f"the run ended with the exit code {int(exitstatus)}")
    try:
        if (used := _used_path(config)) is not None:
            usage.keys = set(_store(config))
            usage.relative_to(_store(config).path).write(used)
    except (OSError, RecstoreError) as error:
        # The tests have run; they count all the same.
        config.stash[_unwritten] = error


def _used_path(config: pytest.Config) -> Path | None:
    """Return where the usage is written: beside the recordings, if they are no pack, unless it is said."""
    path: str | None = config.getoption("recstore_used")
    if path:
        return config.invocation_params.dir / path
    store = _store(config)
    return None if store.is_read_only else store.path / USED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take what a worker of pytest-xdist counted."""
    from recstore.usage import Usage  # noqa: PLC0415

    config: pytest.Config = node.config
    output = getattr(node, "workeroutput", {}).get("recstore")
    if error or output is None:
        _usage_of(config).partial.append(f"the worker {node.gateway.id} ended before its end")
        return
    config.stash[_totals].merge(output["totals"])
    _usage_of(config).merge(Usage.from_json(output["usage"]))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what the sessions did."""
    totals, unwritten = config.stash[_totals], config.stash.get(_unwritten, None)
    if not totals.tests and unwritten is None:
        return
    terminalreporter.section("recstore", sep="-")
    if totals.tests:
        terminalreporter.line(f"{totals}, in {totals.tests} tests")
    if unwritten is not None:
        terminalreporter.line(f"which recordings were used could not be written: {unwritten}")
    for test_id in totals.outside:
        terminalreporter.line(
            f"not recorded, and refused in replay: what a fixture of wider scope than {test_id} asked; open a "
            "recstore.session in the fixture"
        )
    for test_id in totals.passed_with_misses:
        terminalreporter.line(f"passed, though a request was missing: {test_id}")
