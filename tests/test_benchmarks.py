"""The benchmarks compare equal work: whatever a rival answers, recstore answers too."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from support import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

FEW = 60


@pytest.fixture(scope="module")
def benches() -> Iterator[Any]:
    """Return what imports a module of the benchmarks."""
    for needed in ("lmdb", "vcr", "rich", "zstandard"):
        pytest.importorskip(needed, reason="the rivals are not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(REPOSITORY / "benches"))
        yield importlib.import_module


@pytest.fixture(scope="module")
def inputs(benches: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return benches("inputs").Inputs(tmp_path_factory.mktemp("bench"), FEW, generated=True)


def comparisons() -> list[str]:
    sys.path.insert(0, str(REPOSITORY / "benches"))
    try:
        return [make.__name__ for make in importlib.import_module("comparisons").ALL]
    except ImportError:
        return []
    finally:
        sys.path.pop(0)


@pytest.mark.parametrize("name", comparisons())
def test_rivals_give_the_answers_that_recstore_gives(benches: Any, inputs: Any, name: str) -> None:
    comparison = getattr(benches("comparisons"), name)(inputs)
    with comparison.lasting:
        for row in comparison.rows(0):
            assert row.ours > 0
            assert row.others
    assert sum(way.answer is not None for way in comparison.ways) != 1 or comparison.missing or name == "later_open"


@pytest.mark.parametrize(
    ("name", "rival", "wrong"),
    [
        ("key_of_a_request", "ogx_key", lambda _: "0" * 64),
        ("verify", "verify", lambda _: {"ogx-7": 1}),
        ("first_load", "load", lambda _: {"request": {}}),
        ("hit_in_a_pack", "read", lambda _: b"{}"),
        ("miss_in_a_tree", "read", lambda _: b"{}"),
        ("replay", "replay", lambda _: []),
        ("text_of_a_chunk", "text", lambda _: "another"),
        ("replay_over_http", "sse", lambda _: b"data: [DONE]\n\n"),
    ],
)
def test_a_rival_that_answers_otherwise_is_found_out(
    benches: Any, inputs: Any, monkeypatch: pytest.MonkeyPatch, name: str, rival: str, wrong: Any
) -> None:
    monkeypatch.setattr(benches("rivals"), rival, wrong)
    comparison = getattr(benches("comparisons"), name)(inputs)
    with comparison.lasting, pytest.raises(benches("measure").DifferentAnswersError):
        comparison.rows(0)


@pytest.fixture
def comparisons_alone(benches: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what makes the report of nothing but some comparisons."""
    for other in ("processes", "sizes"):
        monkeypatch.setattr(benches(other), "all_of", lambda _: [])

    def report(inputs: Any, *made_by: Any) -> list[Any]:
        monkeypatch.setattr(benches("comparisons"), "ALL", made_by)
        return list(benches("report").rows(inputs, 0))

    return report


def test_each_row_has_a_fresh_process(comparisons_alone: Any, inputs: Any) -> None:
    assert inputs.recordings
    rows = comparisons_alone(inputs, of_its_process, of_its_process)
    assert len({os.getpid(), *(int(row.operation) for row in rows)}) == 3


def of_its_process(inputs: Any) -> Any:
    """Return a comparison that is called by its process, which must not begin with what another had in memory."""
    assert "recordings" not in vars(inputs)
    measure: Any = importlib.import_module("measure")
    return measure.Comparison(str(os.getpid()), [measure.Way("recstore", abs, [1])], per=1)


def test_a_rival_that_is_wrong_ends_the_report(benches: Any, comparisons_alone: Any, inputs: Any) -> None:
    with pytest.raises(benches("measure").DifferentAnswersError, match="wrong differs from recstore at item 1"):
        comparisons_alone(inputs, of_a_wrong_rival)


def of_a_wrong_rival(_: Any) -> Any:
    """Return a comparison in which a rival gives another answer."""
    measure: Any = importlib.import_module("measure")
    ways = [measure.Way("recstore", abs, [1, -2]), measure.Way("wrong", int, [1, -2])]
    return measure.Comparison("wrong", ways, per=2)


def test_generated_recordings_are_what_recorders_write(inputs: Any) -> None:
    report = inputs.store.verify()
    assert report["files"] == FEW
    assert report["profiles"] == {"ogx-7": FEW}
    assert not report["findings"]
    assert inputs.streams
    assert len(inputs.streams) < FEW


def test_sizes_and_the_table_are_made(benches: Any, inputs: Any) -> None:
    rows = list(benches("sizes").all_of(inputs, level=1))
    report: ModuleType = benches("report")
    assert rows[0].ours == inputs.pack.stat().st_size
    assert report.table(rows).row_count == len(rows)
    assert rows[0].to_json()["others"][0]["ratio"] == pytest.approx(inputs.size / rows[0].ours)


def test_a_suite_that_is_timed_reads_its_recordings(benches: Any, inputs: Any) -> None:
    processes = benches("processes")
    suites = processes.write_suites(inputs, 5)
    for name, (folder, options) in suites.items():
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", *options]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert "5 passed" in run.stdout, run.stdout
        assert ("5 hits, 0 misses" in run.stdout) is (name == processes.PLUGIN)
        assert 0 < float((folder / "spent.json").read_text()) < 60
