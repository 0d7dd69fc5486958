"""What the benchmarks share."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import recstore
import synthetic

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[1]
sys.path.append(str(REPOSITORY / "tests"))  # the rules in plain Python are a rival here


@pytest.fixture(scope="session")
def tree() -> Path:
    """Return the folder of synthetic recordings."""
    folder = REPOSITORY / "target" / "bench-recordings"
    synthetic.write(folder, synthetic.DEFAULT_COUNT)
    return folder


@pytest.fixture(scope="session")
def files(tree: Path) -> list[Path]:
    """Return the recording files."""
    return sorted(tree.rglob("recordings/*.json"))


@pytest.fixture(scope="session")
def pack(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a pack of them."""
    path = tmp_path_factory.mktemp("pack") / "recordings.pack"
    recstore.open(tree).pack(path)
    return path


@pytest.fixture
def uncached(tree: Path) -> Iterator[Path]:
    """Return the tree without the pack beside it."""
    shutil.rmtree(tree / ".recstore", ignore_errors=True)
    yield tree
    recstore.open(tree)
