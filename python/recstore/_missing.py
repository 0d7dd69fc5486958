"""What is said of a request that no recording answers."""

from __future__ import annotations

import os
import shlex
import sys
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from recstore._core import profiles
from recstore._http.request import place
from recstore._wording import in_a_line
from recstore.errors import RecordedError, RecordingNotFound, RecstoreError
from recstore.secrets import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, Final, Self

    from recstore._core import Difference, Explanation, Near
    from recstore._session import Session
    from recstore._store import Store

LINES: Final = 30
"""So many lines are said of a miss, unless all is asked for."""


def not_found(session: Session, request: Mapping[str, Any], key: str) -> RecordingNotFound:
    """Return the error for a request: what was asked and where it was looked for; what is near, when it is printed."""
    endpoint, model = place(request)
    miss = Miss(session.store, request, session.test_id, how_to_record(session))
    message = _first_line(session.store, endpoint, model, session.test_id, key)
    return RecordingNotFound(message, key=key, endpoint=endpoint, model=model, miss=miss)


class Miss:
    """A request that was not found. It is explained when that is asked for, once."""

    def __init__(self, store: Store, request: Mapping[str, Any], test_id: str | None, command: str) -> None:
        self._asked = (store, request, test_id)
        self._command = command

    @cached_property
    def explanation(self) -> Explanation | None:
        """What the store says of it; None where it cannot be asked any more, as the text says then."""
        store, request, test_id = self._asked
        try:
            return explain(store, request, test_id)
        except (RecstoreError, OSError):
            return None

    @cached_property
    def text(self) -> str:
        """The lines that follow the first."""
        store = self._asked[0]
        if self.explanation is None:
            lines = ["The recordings could not be looked through; recstore verify says what is wrong with them."]
            lines += _how(store, self._command)
        else:
            lines = _lines(store, self.explanation, self._command, LINES - 1)
        return "".join(f"\n{line}" for line in lines)

    def settled(self) -> Self:
        """Return the same without the store."""
        settled = object.__new__(type(self))
        settled.__dict__.update(explanation=self.explanation, text=self.text)
        return settled


def explain(
    store: Store, request: Mapping[str, Any], test_id: str | None, *, limit: int = 3, full: bool = False
) -> Explanation:
    """Return what the store says of a request. What looks like a credential in it is replaced, as this is printed."""
    explanation = store.explain(redact(request), test_id=test_id, limit=limit, full=full)
    return {**explanation, "key": store.request_key(request, test_id=test_id)}


def report(store: Store, explanation: Explanation, *, full: bool = False) -> str:
    """Return what is said of a request that was not found, at most 30 lines unless all is wanted."""
    test_id = explanation["test_id"]
    first = _first_line(store, explanation["endpoint"], explanation["model"], test_id, explanation["key"])
    lines = _lines(store, explanation, command(test_id), None if full else LINES - 1)
    return "\n".join([first, *lines])


# How to record it


def how_to_record(session: Session) -> str:
    """Return the command that records what a session asks: that of the test which runs, or of this process."""
    from recstore._session import defaults  # noqa: PLC0415  # which imports this

    running = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    if running and "pytest" in sys.modules:
        folder, options = defaults.get("folder", ""), defaults.get("options", "")
        return f"pytest --recstore-mode=record-if-missing{options} {_quoted(folder + running)}"
    if session.test_id is not None and "::" in session.test_id:
        return command(session.test_id)
    return f"RECSTORE_MODE=record-if-missing {shlex.join(['python', *sys.orig_argv[1:]])}"


def command(test_id: str | None) -> str:
    """Return the command that records what a test asks."""
    if test_id is None or "::" not in test_id:
        return "RECSTORE_MODE=record-if-missing, before the command that makes the request"
    return f"pytest --recstore-mode=record-if-missing {_quoted(test_id)}"


def _quoted(argument: str) -> str:
    return shlex.quote(argument) if argument.isprintable() else f"${argument!a}"


# The lines


def _first_line(store: Store, endpoint: str, model: str, test_id: str | None, key: str) -> str:
    asked = f"{endpoint} of {model}" if endpoint and model else endpoint or model
    test = "" if test_id is None else f" in {test_id}"
    folders = "any folder" if test_id is None else _folders(store, test_id)
    asked = in_a_line(asked + test)
    return f"no recording answers {asked}: there is none with the key {key} in {folders} of {store.path}."


def _folders(store: Store, test_id: str) -> str:
    try:
        own = store.folder(test_id)
    except RecstoreError:  # the id leads outside, where nothing is looked for
        return str(store.base)
    return str(own) if own == store.base else f"{own} and {store.base}"


def _lines(store: Store, explanation: Explanation, command: str, most: int | None) -> list[str]:
    nearest, how = explanation["nearest"], _how(store, command)
    if not nearest:
        return ["No recording is near: there are none." if not explanation["compared"] else "None is near.", *how]
    first, others = nearest[0], nearest[1:]
    head = _head(store, first, explanation)
    tail = [*_why(first), *_others(others), *how]
    room = None if most is None else most - len(head) - len(tail)
    return [*head, *_differences(first, room), *tail]


def _head(store: Store, near: Near, explanation: Explanation) -> list[str]:
    obstacles, path = near["obstacles"], in_a_line(near["path"])
    of = _of(near)
    if not obstacles:
        count = f"{explanation['compared']:,} recordings" if explanation["compared"] > 1 else "one recording"
        return [f"The nearest of {count} is {path}, {of}:"]
    lines = [f"The same request is recorded in {path}, {of}:"]
    if near["differences"]:
        lines[0] = f"A request that is as good as the same is recorded in {path}, {of}:"
    if "profile" in obstacles:
        lines.append(
            f"  its name is its key under {near['profile']}, and here keys are made under {explanation['profile']}; "
            f"{_to_own_profile(store, near)}, or record it anew"
        )
    if "folder" in obstacles:
        folders = " and ".join(map(in_a_line, explanation["folders"]))
        lines.append(f"  this test is answered from {folders} alone; move the file there, or record it anew")
    if "test_id" in obstacles:
        lines.append("  the id of the test is part of the key; if the test was renamed or moved, record it anew")
    if "name" in obstacles:
        lines.append(
            "  its file is not named by its key: it was edited after recording, or keyed by rules unknown here; rename "
            f"it to {explanation['key']}.json, or record it anew"
        )
    return lines


def _of(near: Near) -> str:
    if near["is_same_test"]:
        return "of the same test"
    return "of no test" if near["test_id"] is None else f"of {in_a_line(near['test_id'])}"


def _to_own_profile(store: Store, near: Near) -> str:
    """Return what brings the names of recordings and the profile of their store together."""
    if store.has_own_profile:
        return (
            f"the test's marker, the session or --profile asks for that: say {_setting(near)} there, or nothing where "
            "recstore.toml says it"
        )
    tree = " in the tree that the pack was made of" if store.is_read_only else ""
    # Who has declared a profile wants it; another may have been taken because nothing was said.
    other = f", say {_setting(near)} in recstore.toml" if store.profile in profiles() else ""
    return f"rename all with recstore rekey --to {store.profile}{tree}{other}"


def _setting(near: Near) -> str:
    """Return the setting that chooses the profile, or that of which it is a companion."""
    if near["profile"] not in profiles():
        return f'profile = "{near["profile"]}"'
    family, _, version = str(near["profile"]).rpartition("-")
    return f'profile = "{family.partition("-")[0]}-{version if version.isdigit() else 7}"'


def differences(found: Iterable[Difference], recorded: str, requested: str) -> Iterator[str]:
    """Give the lines that tell of differences, under these names for the two sides."""
    width = max(len(recorded), len(requested)) + 2
    for difference in found:
        yield from _difference(difference, (f"{recorded:{width}}", f"{requested:{width}}"))


def _differences(near: Near, room: int | None) -> Iterator[str]:
    """Give the lines of differences, as many whole ones as there is room for, and how many more there are."""
    more, used = near["more_differences"], 0
    for number, difference in enumerate(near["differences"]):
        lines = list(_difference(difference))
        is_last = number + 1 == len(near["differences"]) and not more
        if room is not None and used + len(lines) + (0 if is_last else 1) > room:
            more += len(near["differences"]) - number
            break
        used += len(lines)
        yield from lines
    if more:
        yield f"  and {more} more differences; recstore explain --full shows all"


_SIDES: Final = ("recorded   ", "requested  ")


def _difference(difference: Difference, sides: tuple[str, str] = _SIDES) -> Iterator[str]:
    kind, path = difference["kind"], difference["path"]
    rules = f" ({', '.join(difference['volatile'])})" if difference["volatile"] else ""
    if kind != "changed":
        value = difference["recorded"] if kind == "removed" else difference["requested"]
        moved = f" from {difference['from']}" if kind == "moved" else ""
        yield f"  {path} was {kind}{moved}: {value}"
        return
    yield f"  {path} was changed{rules}:"
    whole = (str(difference["recorded"]), str(difference["requested"]))
    for recorded, requested in difference["places"] or [whole]:
        yield f"    {sides[0]}{recorded}"
        yield f"    {sides[1]}{requested}"
    if difference["more_places"]:
        yield f"    and at {difference['more_places']} more places"


def _why(near: Near) -> Iterator[str]:
    """Say whether a rule would make the two requests one."""
    what = " and ".join(near["volatile"])
    yield from _elsewhere(near)
    if near["closed_by"]:
        yield f"Under the profile {near['closed_by']} nothing differs" + (f": only {what} do." if what else ".")
    elif remedy := near["remedy"]:
        yield f"Only {what} differ, which change by themselves. Under a profile of your own nothing would: add"
        yield from (f"  {line}" for line in remedy["lines"].splitlines())
        yield f"to recstore.toml, and then recstore rekey --to {remedy['profile']}; or keep them constant."
    elif what:
        yield f"Only {what} differ, which change by themselves; no key profile has a rule for these: keep them constant"


def _elsewhere(near: Near) -> Iterator[str]:
    """Say that another endpoint was asked than that of the recording."""
    for difference in near["differences"]:
        what = {"endpoint": "endpoint", "url": "URL"}.get(difference["path"])
        if what is None or difference["volatile"]:
            continue
        recorded, requested = (
            urlsplit(str(difference[side]).strip('"')).path.rstrip("/") for side in ("recorded", "requested")
        )
        is_part = recorded.endswith(requested) or requested.endswith(recorded)
        hint = ""
        if is_part or _without_repeats(recorded) == _without_repeats(requested):
            hint = " The paths are nearly the same: compare the base URL of the client with that of the recording."
        yield f"Another {what} was asked than is recorded.{hint}"


def _without_repeats(path: str) -> list[str]:
    """Return the parts of a path, of those that follow themselves the first: `/v1/v1/x` is a mistake for `/v1/x`."""
    return [part for part, _ in groupby(path.split("/"))]


def _others(others: list[Near]) -> list[str]:
    told = []
    for near in others:
        count = len(near["differences"]) + near["more_differences"]
        what = "the same request" if not count else "one difference" if count == 1 else f"{count} differences"
        name = near["path"] if near["key"] is None else near["key"][:12]
        told.append(f"  {in_a_line(name)} {_of(near)}: {what}")
    return ["Then come:", *told] if told else []


def _how(store: Store, command: str) -> list[str]:
    if not store.is_read_only:
        return [f"To record it: {command}"]
    return [
        "This store is a pack, which is never changed: record in the tree that it was made of, and pack that again.",
        f"To record it there: {command}",
    ]


# Errors of SDKs


def find_own(error: BaseException | None) -> RecstoreError | None:
    """Return the exception of recstore's that one was made of, if it was: some SDKs take any for a failing service.

    What a program raises itself while it handles a miss is not made of it.
    """
    seen = set()
    while isinstance(error, Exception) and id(error) not in seen:
        if isinstance(error, RecstoreError) and not isinstance(error, RecordedError):
            return error
        seen.add(id(error))
        is_own = error.__suppress_context__ or type(error).__module__ == "builtins"
        error = error.__cause__ or (None if is_own else error.__context__)
    return None
