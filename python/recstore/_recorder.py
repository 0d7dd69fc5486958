"""Answers on their way to the disk: those to equal requests of one test in one file, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from recstore._core import dumps

if TYPE_CHECKING:
    from pathlib import Path

    from recstore._core import Answer
    from recstore._store import Store


class Place(NamedTuple):
    """The place of an answer among those to equal requests: requests get theirs in the order in which they are made."""

    key: str
    number: int
    asked: _Asked


@dataclass
class _Asked:
    """A request, and what has answered it so far; None for an answer that is still to come, or never will."""

    request: dict[str, Any]
    answers: list[Answer | None]
    path: Path | None = None
    is_saved: bool = False


class Recorder:
    """What one session records."""

    def __init__(self, store: Store, test_id: str | None, *, replaces: bool) -> None:
        self._store, self._test_id, self._replaces = store, test_id, replaces
        self._asked: dict[str, _Asked] = {}
        self._lock = Lock()
        self.files: set[str] = set()
        """What was written, relative to the root of the store."""

    def reserve(self, request: dict[str, Any]) -> Place:
        """Return the place of the answer that a request will get."""
        key = self._store.request_key(request, test_id=self._test_id)
        with self._lock:
            asked = self._asked.setdefault(key, _Asked(request, []))
            asked.answers.append(None)
            return Place(key, len(asked.answers) - 1, asked)

    def fill(self, place: Place, answer: Answer, *, waits: bool) -> None:
        """Put an answer into its place; write it now, unless it `waits` for `commit`.

        Raises `NotJson` and others for what cannot be recorded, in both cases.
        """
        if waits:
            dumps(answer["body"], "compact")  # what is no JSON is told now: later it would spoil those before it
        with self._lock:
            asked = place.asked
            if self._asked.get(place.key) is not asked:  # another process was quicker, or all was discarded
                return
            asked.answers[place.number] = answer
            asked.is_saved = False
            if not waits:
                try:
                    self._save(place.key, asked)
                except BaseException:
                    asked.answers[place.number] = None  # it spoils no other answer
                    raise

    def has(self, key: str) -> bool:
        """Say whether this key is being recorded."""
        return key in self._asked

    def is_written(self, key: str) -> bool:
        """Say whether there is a file for this key already."""
        asked = self._asked.get(key)
        return asked is not None and asked.path is not None

    def commit(self) -> None:
        """Write what waits to be written, all that can be; raise the first error."""
        errors: list[Exception] = []
        with self._lock:
            for key, asked in list(self._asked.items()):
                try:
                    if not asked.is_saved:
                        self._save(key, asked)
                except Exception as error:  # noqa: BLE001  # is raised when the others are written
                    errors.append(error)
        if errors:
            raise errors[0]

    def discard(self) -> None:
        """Forget what waits to be written."""
        with self._lock:
            self._asked.clear()

    def _save(self, key: str, asked: _Asked) -> None:
        answers = [answer for answer in asked.answers if answer is not None]
        while len(answers) > 1 and answers[-1] == answers[-2]:  # the last is repeated anyway
            answers.pop()
        if not answers:
            return
        # What this session itself has written is replaced by more of the same.
        replaces = self._replaces or asked.path is not None
        put = self._store._put(asked.request, answers, self._test_id, "replace" if replaces else "keep")  # noqa: SLF001
        path, outcome = put[1], put[2]
        self.files.add(str(path))
        if outcome == "kept":
            # Another process was quicker: its answer stays, and is replayed from now on.
            del self._asked[key]
            return
        if asked.path not in (None, path):
            # A list of models is named by its models; what came before it was no list, or another.
            (self._store.path / asked.path).unlink(missing_ok=True)
            self.files.discard(str(asked.path))
        asked.path, asked.is_saved = path, True
