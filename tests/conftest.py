"""What the tests share: the real corpus, the examples, and trees to change."""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest

from scripted_server import ScriptedServer
from suites import LOOP
from support import EXAMPLES, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytest_plugins = ["pytester"]


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder of real data."""
    value = os.environ.get("RECSTORE_CORPUS")
    if not value:
        pytest.skip("RECSTORE_CORPUS is not set, so that there is no real data to test on")
    path = REPOSITORY / value
    assert path.is_dir(), f"RECSTORE_CORPUS is set, but {path} is no folder"
    return path


@pytest.fixture(scope="session")
def ogx(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the real directory, beside which a pack can be kept. Tests leave it as it is."""
    copied = tmp_path_factory.mktemp("corpus") / "ogx"
    shutil.copytree(corpus / "ogx", copied, copy_function=shutil.copyfile)
    return copied


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """Return a copy of the example recordings, to change at will."""
    copied = shutil.copytree(EXAMPLES, tmp_path / "recordings", ignore=shutil.ignore_patterns(".recstore"))
    time.sleep(0.05)  # a file that was written just now is read itself, until the clock of the disk has moved on
    return copied


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a recording file as OGX's recorder does, and returns its path."""

    def write(name: str, response: Any, *, request: Any = None, folder: str = "recordings", **members: Any) -> Path:
        recording = {
            "test_id": members.pop("test_id", None),
            "request": {} if request is None else request,
            "response": response,
            "id_normalization_mapping": members.pop("id_normalization_mapping", {}),
            **members,
        }
        path = tmp_path / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(recording, indent=2) + "\n")
        return path

    return write


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project for runs of pytest, in which no variable of this run of pytest's is set."""
    for name in [name for name in os.environ if name.startswith(("RECSTORE_", "PYTEST_XDIST"))] + ["CI"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SERVICE", "http://127.0.0.1:9")
    pytester.makeini("[pytest]\naddopts = --strict-markers --strict-config -p no:cacheprovider\n" + LOOP)
    return pytester.path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Start the scripted service, for the suites that name it by a variable."""
    with ScriptedServer() as server:
        monkeypatch.setenv("SERVICE", server.url)
        yield server
