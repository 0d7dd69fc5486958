"""Sessions: record once, replay for ever."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal

from recstore import _current, _dump, _missing, secrets
from recstore._contents import readable
from recstore._http.patch import patch, unpatch
from recstore._http.request import variants
from recstore._recorder import Recorder
from recstore._store import Store
from recstore._store import open as open_store
from recstore.errors import InvalidRequest, MalformedRecording, RecordingNotFound, RecstoreError, RequestBlocked

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from recstore._core import Answer, Recording
    from recstore._http.streams import Captured
    from recstore._recorder import Place

__all__ = ["Session", "Stats", "parse_mode", "session"]

Mode = Literal["live", "record", "replay", "record-if-missing"]

ModeName = Literal[Mode, "none", "once", "new_episodes", "all", "rewrite"]

MODES: Final[dict[str, Mode]] = {
    "live": "live",
    "record": "record",
    "replay": "replay",
    "record-if-missing": "record-if-missing",
    # The names of vcrpy and pytest-recording.
    "none": "replay",
    "once": "record-if-missing",
    "new_episodes": "record-if-missing",
    "all": "record",
    "rewrite": "record",
}
"""What each name of a mode stands for."""

defaults: Final[dict[str, str]] = {}
"""The `mode` and the `path` of a run of pytest, for the sessions that are opened in it; variables count before them.

For the command that records: the `folder` of its root as seen from where it was started, and its `options`."""

observers: Final[list[Callable[[Session], None]]] = []
"""Told of every session that has ended, as the pytest plugin is, which notes what was used."""


@dataclass
class Stats:
    """How often a session did what."""

    hits: int = 0
    """Requests that were answered from a recording."""
    misses: int = 0
    """Requests that no recording answered."""
    recorded: int = 0
    """Answers that were recorded."""
    live: int = 0
    """Requests that went to the service without being recorded."""
    blocked: int = 0
    """Requests that were refused."""
    missed: list[RecordingNotFound] = field(default_factory=list, repr=False)
    """The errors of the misses."""


class Session:
    """Recordings of a test, as a context manager: while it is open, HTTP clients are answered from them.

    `path` is the root of the recordings, or a store; without it the environment variable `RECSTORE_DIR`, else the
    current folder. `mode` says what is done with a request; without it `RECSTORE_MODE`, else `"replay"`:

    - `"replay"`: it is answered from its recording; where there is none, `RecordingNotFound` is raised. No client
      of `httpx` or `httpx2` opens a connection. Also called `none`.
    - `"record"`: it goes to the service, and the answer is recorded, in the place of the old one. Also called `all` and
      `rewrite`.
    - `"record-if-missing"`: the one or the other. Also called `once` and `new_episodes`.
    - `"live"`: it goes to the service, and nothing is recorded.

    `test_id` is part of keys, and says which folder answers. `hosts` are patterns of the hosts that count (default:
    all); requests to others are refused with `RequestBlocked` if `block` (default: in replay), else let through.
    `on_secret` says what happens to what looks like a credential: `"refuse"` to record it, `"redact"` it before keys
    are computed, or `"allow"`. With `timing="recorded"` the pace of streams is recorded and replayed.

    Every client of `httpx` and `httpx2` is answered while the session is open, in the thread or task that opened it and
    in those that it starts; nothing in them changes. A thread that was started without a context is answered by the
    innermost session, if there is but one.

    >>> import recstore
    >>> request = {
    ...     "method": "POST",
    ...     "url": "https://api.openai.com/v1/v1/chat/completions",
    ...     "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say hello."}], "stream": True},
    ... }
    >>> with recstore.session("examples/recordings", test_id="tests/test_chat.py::test_hello") as session:
    ...     [chunk.choices[0].delta.content for chunk in session.fetch(request)]
    ['', 'Hel', 'lo!', None]
    >>> session.stats.hits
    1
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | Store | None = None,
        *,
        mode: ModeName | None = None,
        test_id: str | None = None,
        profile: str | None = None,
        hosts: Sequence[str] | None = None,
        block: bool | None = None,
        on_secret: Literal["refuse", "redact", "allow"] = "refuse",
        timing: Literal["recorded"] | None = None,
    ) -> None:
        secrets.check_choice(on_secret)
        for name, value in (("test_id", test_id), ("profile", profile)):
            if not isinstance(value, str | None):
                raise InvalidRequest(f"{name} is a text, not {value!r}")
        if timing not in {None, "recorded"}:
            raise InvalidRequest(f'timing is None or "recorded", not {timing!r}')
        self.mode: Mode = parse_mode(mode or os.environ.get("RECSTORE_MODE") or defaults.get("mode") or "replay")
        """What is done with requests."""
        if isinstance(path, Store):
            self.store = path
            """Where the recordings are."""
        else:
            root = path or os.environ.get("RECSTORE_DIR") or defaults.get("path") or "."
            self.store = open_store(root, profile=profile, create=self.mode in {"record", "record-if-missing"})
        self.test_id = test_id
        """The id of the test, as recordings name it."""
        self.hosts = _patterns(hosts)
        """Patterns of the hosts whose requests are recorded and replayed; None for all."""
        self.block = self.mode == "replay" if block is None else block
        """Whether requests to other hosts are refused."""
        self.on_secret = on_secret
        """What is done with credentials: the recording is refused, or they are replaced, or left."""
        self.timing = timing
        """Whether the pace of streams is recorded and replayed."""
        self.stats = Stats()
        """What it did."""
        self.used: set[str] = set()
        """The files whose recordings were asked for, relative to the root of the store."""
        self._recorder = Recorder(self.store, test_id, replaces=self.mode == "record")
        self._captures: set[Captured] = set()
        self._loaded: dict[str, tuple[Recording, ...]] = {}
        self._turns: dict[str, int] = {}
        self._missed_keys: set[str] = set()
        self._lock = Lock()
        self._entered = 0
        self._is_over = False
        self.waits = False
        """Whether nothing is written before `commit`."""

    # The way of a request

    def find(self, request: Mapping[str, Any]) -> Recording | None:
        """Return the recording that answers a request next, or None where there is none.

        Equal requests get the answers that were recorded for them in their order, and the last again and again.
        """
        for form in variants(self._safe(request)):
            key = self.store.request_key(form, test_id=self.test_id)
            answers = self._loaded.get(key)
            if answers is None:
                found = self.store.get(key, test_id=self.test_id)
                if found is None:
                    continue
                answers = self._loaded[key] = found.answers
            with self._lock:
                turn = self._turns.get(key, 0)
                self._turns[key] = turn + 1
                self.stats.hits += 1
                self.used.add(str(answers[-1].path))
            return answers[min(turn, len(answers) - 1)]
        return None

    def fetch(self, request: Mapping[str, Any]) -> Any:
        """Return what a recorded call returned, as objects of its SDK, or raise what it raised.

        `request` holds `method`, `url` and `body` as recordings do. Raises `RecordingNotFound` where there is none.
        """
        return self._required(request).replay()

    async def afetch(self, request: Mapping[str, Any]) -> Any:
        """Return what a recorded asynchronous call returned: `fetch` for `await`."""
        return await self._required(request).areplay()

    def record(
        self,
        request: Mapping[str, Any],
        response: Any = None,
        *,
        error: BaseException | None = None,
        is_streaming: bool | None = None,
    ) -> None:
        """Record what a call returned or raised: plain values, an object of an SDK, the list of a stream's chunks.

        In the mode `live` nothing is recorded. Raises `InvalidRequest` in a session that replays, or is over.
        """
        if self.mode == "replay" or self._is_over:
            raise InvalidRequest(f"a session that {'is over' if self._is_over else 'replays'} records nothing")
        if self.mode != "live":
            answer = _dump.answer(request, response, error, is_streaming, None)
            self.fill(self.reserve(request), answer)

    def reserve(self, request: Mapping[str, Any]) -> Place:
        """Return the place of the answer that a request will get; raise `SecretFound` before the request is made."""
        if self.on_secret != "allow":
            secrets.refuse(self.test_id, "test id")
        place = self._recorder.reserve(secrets.cleared_request(request, self.on_secret))
        with suppress(MalformedRecording):  # which is about to be replaced
            before = self.store.get(place.key, test_id=self.test_id)
            if before is not None:  # asked for, even if no new answer comes to be recorded in its place
                self.used.add(str(before.path))
        return place

    def fill(self, place: Place, answer: Answer) -> None:
        """Record an answer of plain values in its place. Of equal requests, the first answer is written at once."""
        answer = secrets.cleared_answer(answer, self.on_secret)
        if not self.timing:
            answer["details"].pop("offsets_ms", None)
        is_more = self._recorder.is_written(place.key) and self.is_open
        self._recorder.fill(place, answer, waits=self.waits or is_more)
        self.stats.recorded += 1
        self.used |= self._recorder.files

    def capture(self, captured: Captured) -> Captured:
        """Note a response that is being read; what came of it is recorded at the latest when the session ends."""
        self._captures.add(captured)
        return captured

    def release(self, captured: Captured) -> None:
        """Forget a response that has ended."""
        self._captures.discard(captured)

    def records(self, request: Mapping[str, Any]) -> bool:
        """Say whether this request is to be recorded: always, or where no recording was there before the session."""
        if self.mode == "record-if-missing":
            return self._recorder.has(self.store.request_key(self._safe(request), test_id=self.test_id))
        return self.mode == "record"

    def missing(self, request: Mapping[str, Any]) -> RecordingNotFound:
        """Return the error for a request that no recording answers, and count it once, however often an SDK retries."""
        request = self._safe(request)
        key = self.store.request_key(request, test_id=self.test_id)
        error = _missing.not_found(self, request, key)
        if key not in self._missed_keys:
            self._missed_keys.add(key)
            self.stats.misses += 1
            self.stats.missed.append(error)
        return error

    def refusal(self, host: str) -> RequestBlocked:
        """Return the error for a request to a host that is not recorded."""
        if self.hosts:
            why = f"it is none of the recorded hosts ({', '.join(self.hosts)}); name it in hosts"
        else:
            why = f"it was made outside of a test's session, by {self.test_id}; open a recstore.session there"
        return RequestBlocked(
            f"a request to {host} was refused, because {why}, or say block=False (in pytest --recstore-block=no) to "
            "let others through"
        )

    def preload(self) -> int:
        """Look up all recordings of the test, and those that all tests share, now; return how many there are.

        After this, replaying them reads no file: for timed regions.
        """
        folders = [None] if self.test_id is None else {self.store.folder(self.test_id), self.store.base}
        count = 0
        for recording in itertools.chain.from_iterable(map(self.store.recordings, folders)):
            if recording.key is None:
                continue
            found = self.store.get(recording.key, test_id=self.test_id)
            if found is not None and recording.key not in self._loaded:
                self._loaded[recording.key] = found.answers
                count += 1
        return count

    def commit(self) -> None:
        """Write the answers that wait to be written, all that can be; raise the first error."""
        errors: list[Exception] = []
        ends: list[Callable[[], None]] = [partial(captured.end, is_complete=False) for captured in self._captures]
        for end in [*ends, self._recorder.commit]:
            try:
                end()
            except Exception as error:  # noqa: BLE001  # is raised when the others are written
                errors.append(error)
        self.used |= self._recorder.files
        if errors:
            raise errors[0]

    def discard(self) -> None:
        """Forget the answers that wait to be written."""
        self._captures.clear()
        self._recorder.discard()

    def prune(self, kept: Collection[str] = ()) -> list[str]:
        """Delete what the test recorded before and did not ask for in this session; return the files.

        Only recordings of this very test go, and of those none that other tests may be answered from, and none that is
        `kept`: what other sessions of the test have used.
        """
        if self.test_id is None:
            return []
        pruned = []
        for recording in readable(self.store, folder=self.store.folder(self.test_id)):
            path = str(recording.path)
            is_own = recording.test_id == self.test_id and not recording.is_shared
            if is_own and path not in self.used and path not in kept:
                (self.store.path / path).unlink(missing_ok=True)
                pruned.append(path)
        return pruned

    def _required(self, request: Mapping[str, Any]) -> Recording:
        found = self.find(request)
        if found is None:
            raise self.missing(request)
        return found

    def _safe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return secrets.redact(request) if self.on_secret == "redact" else dict(request)

    # Being open

    @property
    def is_open(self) -> bool:
        """Whether it answers."""
        return self._entered > 0

    def __enter__(self) -> Self:
        patch()
        self._entered += 1
        self._is_over = False
        _current.enter(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._entered:
            raise RecstoreError("this session is not open, so that it cannot be left")
        _current.leave(self)
        unpatch()
        self._entered -= 1
        self._is_over = not self._entered
        try:
            if self._is_over and not self.waits:
                self.commit()
        finally:
            for observer in observers if self._is_over else ():
                observer(self)
        known = _missing.find_own(error)
        if known is not None and known is not error:
            # An SDK took it for a failing service and gave it another name.
            raise known.with_traceback(error.__traceback__ if error else None) from None

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __repr__(self) -> str:
        test = "" if self.test_id is None else f" {self.test_id}"
        return f"<recstore session {self.mode}{test} {self.stats}>"


session = Session
"""The same: `recstore.session(…)` reads well after `with`."""


def _patterns(hosts: Sequence[str] | None) -> Sequence[str] | None:
    """Return the patterns of hosts that were given; raise `InvalidRequest` where they can be none."""
    patterns = [hosts] if isinstance(hosts, str) else hosts
    if patterns is None:
        return None
    if not isinstance(patterns, Iterable) or not all(isinstance(pattern, str) for pattern in patterns):
        raise InvalidRequest(f'hosts are patterns such as "*.openai.com", not {hosts!r}')
    for pattern in patterns:
        if "/" in pattern:
            raise InvalidRequest(f"{pattern!r} in hosts is a URL; name its host alone: {_host(pattern)!r}")
    return patterns


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0] or url.partition("/")[0]


def parse_mode(name: str) -> Mode:
    """Return the mode of this name."""
    mode = MODES.get(name)
    if mode is None:
        raise InvalidRequest(f"there is no mode {name!r}; there are {', '.join(MODES)}")
    return mode
