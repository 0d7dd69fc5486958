"""recstore's own side of each comparison under pytest-benchmark: statistics, to hold two revisions against each other.

The rivals are in the report (`make bench`), which takes turns with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import comparisons
from inputs import Inputs

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

    from measure import Comparison

ROUNDS = 10


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Return the recordings."""
    return Inputs(tmp_path_factory.mktemp("bench"))


@pytest.mark.parametrize("make", comparisons.ALL, ids=lambda make: make.__name__)
def test_recstore(benchmark: BenchmarkFixture, inputs: Inputs, make: Any) -> None:
    comparison: Comparison = make(inputs)
    own = comparison.ways[0]
    with comparison.lasting:
        benchmark.pedantic(
            lambda: [own.work(item) for item in own.items], setup=own.before, rounds=ROUNDS, warmup_rounds=1
        )
    benchmark.extra_info["operations"] = comparison.per
