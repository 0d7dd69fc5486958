"""Answers as the files say, at every moment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import recstore
from support import key, models

if TYPE_CHECKING:
    from collections.abc import Callable

BODY: dict[str, Any] = {"body": 1, "is_streaming": False}


class FreshStore(RuleBasedStateMachine):
    """A store kept open over random changes answers at every moment as the files say."""

    FOLDERS = ("a/recordings", "common/recordings")
    keys = st.builds(lambda digit, length: key(digit)[:length], st.integers(1, 4), st.sampled_from([64, 64, 12]))
    bodies = st.integers(100, 999)

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="recstore-test-"))
        (self.root / "recstore.toml").write_text('base = "common"\n')
        self.store: recstore.Store | None = None
        self.turn = 0
        self.has_new_folder = False

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    def path(self, folder: int, name: str) -> Path:
        path = self.root / self.FOLDERS[folder] / f"{name}.json"
        self.has_new_folder |= not path.parent.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    @staticmethod
    def text(body: int) -> str:
        return json.dumps({"request": {}, "response": {"body": body}})

    @rule()
    def open(self) -> None:
        self.store = recstore.open(self.root)

    @rule(cache=st.booleans())
    @precondition(lambda self: self.store is not None)
    def refresh(self, cache: bool) -> None:
        assert self.store is not None
        self.store.refresh()

    @rule(folder=st.integers(0, 1), name=keys, body=bodies)
    def write_in_place(self, folder: int, name: str, body: int) -> None:
        self.path(folder, name).write_text(self.text(body))

    @rule(folder=st.integers(0, 1), name=keys, body=bodies)
    def replace(self, folder: int, name: str, body: int) -> None:
        path = self.path(folder, name)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(self.text(body))
        temporary.replace(path)

    @rule(folder=st.integers(0, 1), name=keys, body=bodies)
    def change_without_a_trace(self, folder: int, name: str, body: int) -> None:
        path = self.path(folder, name)
        if path.exists():
            stat = path.stat()
            path.write_text(self.text(body))
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    @rule(folder=st.integers(0, 1), name=keys)
    def delete(self, folder: int, name: str) -> None:
        self.path(folder, name).unlink(missing_ok=True)

    @rule(folder=st.integers(0, 1), old=keys, new=keys)
    def rename(self, folder: int, old: str, new: str) -> None:
        if self.path(folder, old).exists():
            self.path(folder, old).rename(self.path(folder, new))

    @rule(folder=st.integers(0, 1), name=keys)
    def touch(self, folder: int, name: str) -> None:
        if self.path(folder, name).exists():
            self.path(folder, name).touch()

    @rule(folder=st.integers(0, 1))
    def remove_folder(self, folder: int) -> None:
        shutil.rmtree(self.root / self.FOLDERS[folder], ignore_errors=True)

    @rule()
    def lose_the_pack(self) -> None:
        shutil.rmtree(self.root / ".recstore", ignore_errors=True)

    @rule(at=st.floats(0, 1))
    def damage_a_copy_of_the_pack(self, at: float) -> None:
        pack = self.root / ".recstore" / "pack"
        if pack.exists():
            data = bytearray(pack.read_bytes())
            data[int(at * (len(data) - 1))] ^= 4
            # By rename: the store may have the old one mapped.
            copy = pack.with_suffix(".copy")
            copy.write_bytes(data)
            copy.rename(pack)

    @invariant()
    def answers_as_the_files_say(self) -> None:
        if self.store is None:
            return
        for name in map(key, range(1, 5)):
            bodies: list[int | None] = []
            for folder in (0, 1):
                paths = [self.root / self.FOLDERS[folder] / f"{stem}.json" for stem in (name, name[:12])]
                found = next((path for path in paths if path.exists()), None)
                bodies.append(json.loads(found.read_text())["response"]["body"] if found else None)
            own, base = bodies
            expected = [("a/t.py::t", own or base), ("b/t.py::t", base), (None, base or own)]
            # Each look-up may be the first after a change; but a new folder is first found for a test beside it.
            self.turn = 0 if self.has_new_folder else self.turn + 1
            for test_id, body in expected[self.turn % 3 :] + expected[: self.turn % 3]:
                answer = self.store.get(name, test_id=test_id)
                assert (answer and answer.body) == body, (name, test_id)
            assert (name in self.store) == bool(own or base)
            self.has_new_folder = False


TestFreshStore = FreshStore.TestCase
TestFreshStore.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


def test_an_iteration_goes_on_over_a_refresh(tmp_path: Path, write: Callable[..., Path]) -> None:
    for folder in "bcd":
        write(f"{key(ord(folder))}.json", {**BODY, "body": folder}, folder=f"{folder}/recordings")
    store = recstore.open(tmp_path)
    recordings = store.recordings()
    first = next(recordings)
    write(f"{key(1)}.json", {**BODY, "body": "a"}, folder="a/recordings")
    shutil.rmtree(tmp_path / ".recstore")
    store.refresh()
    assert [first.body, *(recording.body for recording in recordings)] == ["b", "c", "d"]


def test_a_file_recorded_by_another_process_is_found_at_once(tmp_path: Path) -> None:
    store = recstore.open(tmp_path, create=True)
    request = {"method": "POST", "url": "http://h/x", "body": {"n": 1}}
    assert store.find(request, test_id="a/t.py::t") is None
    script = f"import recstore, sys; print(recstore.open(sys.argv[1]).put({request!r}, 1, test_id='a/t.py::t').outcome)"
    done = subprocess.run([sys.executable, "-c", script, tmp_path], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "created"
    found = store.find(request, test_id="a/t.py::t")
    assert found is not None
    assert found.body == 1


def test_a_new_list_of_models_joins_the_union_at_once(tmp_path: Path, write: Callable[..., Path]) -> None:
    request = {"endpoint": "/v1/models"}
    write(f"models-{key(1)}-00000001.json", models("a"), request=request, folder="t/recordings")
    store = recstore.open(tmp_path)
    write(f"models-{key(1)}-00000002.json", models("b"), request=request, folder="t/recordings")
    found = store.get(key(1), test_id="t/test_a.py::t")
    assert found is not None
    assert [chunk.data["id"] for chunk in found] == ["a", "b"]


def test_a_file_that_is_no_recording_hides_no_newer_one(tmp_path: Path, write: Callable[..., Path]) -> None:
    write("notes.json", BODY, folder="t/recordings")
    for broken in (tmp_path / "recordings" / f"{key(1)}.json", tmp_path / "t" / "recordings" / f"{key(2)[:12]}.json"):
        broken.parent.mkdir(exist_ok=True)
        broken.write_text("{")
    store = recstore.open(tmp_path)
    for number in (1, 2):
        with pytest.raises(recstore.MalformedRecording):
            store.get(key(number), test_id="t/test_a.py::t")
        write(f"{key(number)}.json", {**BODY, "body": number}, folder="t/recordings")
        found = store.get(key(number), test_id="t/test_a.py::t")
        assert found is not None
        assert found.body == number


def test_a_refresh_finds_the_folders_of_recordings_anew(tmp_path: Path, write: Callable[..., Path]) -> None:
    store = recstore.open(tmp_path)
    assert str(store.base) == "recordings"
    write(f"{key(1)}.json", BODY, folder="tests/integration/common/recordings")
    store.refresh()
    assert str(store.base) == "tests/integration/common/recordings"
    assert store.get(key(1), test_id="tests/integration/agents/test_a.py::t") is not None


def test_a_refresh_finds_that_the_root_itself_holds_the_recordings(tmp_path: Path, write: Callable[..., Path]) -> None:
    store = recstore.open(tmp_path)
    write(f"{key(1)}.json", BODY, folder=".")
    store.refresh()
    assert store.get(key(1), test_id="t/test_a.py::t") is not None
