"""How the report measures: ways of doing one thing, taken in turns, in one fresh process, if their answers agree.

Python's garbage collector is on, as it is in a run of tests, and does its full collection before each turn, outside of
the time. The inputs are frozen out of it, so that no way pays for what this program holds.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import platform
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

P = ParamSpec("P")
T = TypeVar("T")

LEAST_ROUNDS = 3
"""Every way has so many turns at least, however long they take."""


class DifferentAnswersError(AssertionError):
    """Two ways that should do the same work gave different answers."""


def same(answer: Any) -> Any:
    """Return what came of the work as it is."""
    return answer


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Way:
    """A way to do something to each of some items."""

    name: str
    work: Callable[[Any], Any]
    items: Sequence[Any]
    answer: Callable[[Any], Any] | None = same
    """What the ways must agree on, from what came of an item; None for a way that does less."""
    before: Callable[[], object] = nothing
    """Done before each turn, outside of the time."""
    is_collected: bool = True
    """Whether the garbage collector is on."""
    is_floor: bool = False
    """Whether no way could be quicker, rather than somebody's way."""


@dataclass(frozen=True)
class Other:
    """What a rival takes, or the floor; in the unit of its row, None where it could not be measured."""

    name: str
    value: float | None
    is_floor: bool = False


@dataclass(frozen=True)
class Row:
    """An operation: what recstore takes, what others take, and what was aimed for."""

    operation: str
    unit: Literal["s", "B"]
    ours: float
    others: list[Other]
    aim: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is met; None where there is none."""
        return None if self.aim is None else self.ours <= self.aim

    def to_json(self) -> dict[str, Any]:
        """Return the row as plain values, with the ratios of the others to recstore."""
        others = [
            {
                "name": other.name,
                "value": other.value,
                "ratio": None if other.value is None or not self.ours else other.value / self.ours,
                "is_floor": other.is_floor,
            }
            for other in self.others
        ]
        row = {"operation": self.operation, "unit": self.unit, "recstore": self.ours, "aim": self.aim}
        return {**row, "is_met": self.is_met, "others": others}


@dataclass
class Comparison:
    """An operation and the ways to do it; the first is recstore's."""

    operation: str
    ways: list[Way]
    per: int
    """How many operations a turn holds: what is measured is divided by it."""
    aim: float | None = None
    """At most so many seconds for each operation."""
    aim_part: tuple[str, float] | None = None
    """Or at most such a part of what the way of this name takes."""
    is_each: bool = False
    """Whether the items differ so much that the median and the mean item are both told."""
    missing: list[str] = field(default_factory=list)
    """Rivals that are not installed."""
    lasting: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    """What must be closed when the comparison is over."""

    def check(self) -> None:
        """Do each way once; raise `DifferentAnswersError` where they disagree."""
        expected: list[Any] | None = None
        for way in self.ways:
            if way.answer is None:
                continue
            way.before()
            answers = [way.answer(way.work(item)) for item in way.items]
            if expected is None:
                expected = answers
            elif answers != expected:
                at = next((i for i, pair in enumerate(zip(answers, expected, strict=False)) if pair[0] != pair[1]), -1)
                raise DifferentAnswersError(f"{self.operation}: {way.name} differs from recstore at item {at}")

    def rows(self, seconds: float) -> list[Row]:
        """Measure all ways in turns for about so many seconds; return a row, or two where items differ."""
        self.check()
        gc.collect()
        gc.freeze()
        try:
            if not self.is_each:
                return [self._row(self.operation, in_turns(self.ways, seconds, _turn), _per(self.per))]
            times = in_turns(self.ways, seconds, _turn_of_each)
            return [
                self._row(f"{self.operation}, median", times, lambda turns: statistics.median(_typical(turns))),
                self._row(f"{self.operation}, mean", times, lambda turns: statistics.fmean(_typical(turns))),
            ]
        finally:
            gc.unfreeze()

    def _row(self, operation: str, times: list[list[Any]], summary: Callable[[list[Any]], float]) -> Row:
        aim = self.aim
        ours, *others = [summary(turns) for turns in times]
        named = [Other(way.name, value, way.is_floor) for way, value in zip(self.ways[1:], others, strict=True)]
        if self.aim_part is not None:
            name, part = self.aim_part
            aim = next(part * value for way, value in zip(self.ways[1:], others, strict=True) if way.name == name)
        return Row(operation, "s", ours, named + [Other(name, None) for name in self.missing], aim)


def alone(work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Return what comes of some work in a fresh process: it does not depend on the memory that work before it left."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *given, **named).result()


def in_turns(ways: Sequence[Way], seconds: float, turn: Callable[[Way], T]) -> list[list[T]]:
    """Return what each turn of each way gave, by way; every round gives each way one turn."""
    times: list[list[T]] = [[] for _ in ways]
    end = time.perf_counter() + seconds
    while len(times[0]) < LEAST_ROUNDS or time.perf_counter() < end:
        for way, turns in zip(ways, times, strict=True):
            turns.append(turn(way))
    return times


@contextlib.contextmanager
def prepared(way: Way) -> Iterator[None]:
    """Make everything ready for a turn: what it needs, and a collector with nothing to do."""
    way.before()
    gc.collect()
    if not way.is_collected:
        gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _turn(way: Way) -> float:
    """Return how many seconds a way takes for all its items; what came of one is dropped when the next has come."""
    with prepared(way):
        start = time.perf_counter()
        for item in way.items:
            made = way.work(item)
        end = time.perf_counter()
    del made
    return end - start


def _turn_of_each(way: Way) -> list[float]:
    """Return how many seconds a way takes for each of its items."""
    times = []
    clock = time.perf_counter
    with prepared(way):
        for item in way.items:
            start = clock()
            made = way.work(item)
            times.append(clock() - start)
            del made
    return times


def _per(count: int) -> Callable[[list[float]], float]:
    return lambda turns: statistics.median(turns) / count


def _typical(turns: Iterable[list[float]]) -> list[float]:
    """Return the median over all turns for each item."""
    return [statistics.median(times) for times in zip(*turns, strict=True)]


def machine() -> str:
    """Return on what this runs."""
    return f"CPython {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
