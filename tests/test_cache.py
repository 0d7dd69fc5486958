"""The pack that a store keeps beside its recordings."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pack_reader
import recstore
from support import EXAMPLES, in_forked_child

if TYPE_CHECKING:
    from collections.abc import Callable

BODY: dict[str, Any] = {"body": 1, "is_streaming": False}


def test_the_cache_ignores_itself_in_git(examples: Path) -> None:
    subprocess.run(["git", "init", "-q", examples], check=True)
    recstore.open(examples)
    assert (examples / ".recstore" / "pack").is_file()
    status = subprocess.run(
        ["git", "-C", examples, "status", "--porcelain"], check=True, capture_output=True, text=True
    )
    assert ".recstore" not in status.stdout


def test_an_empty_tree_gets_no_cache(tmp_path: Path) -> None:
    assert recstore.open(tmp_path).cache == "off: there are no recordings yet"
    assert list(tmp_path.iterdir()) == []


def test_answers_come_from_the_pack_until_the_file_changes(examples: Path) -> None:
    recstore.open(examples)
    store = recstore.open(examples)
    settled = [recording for recording in store.recordings() if recording.is_packed]
    assert settled
    recording = settled[0]
    path = examples / recording.path
    path.write_bytes(path.read_bytes().replace(b"is_streaming", b"is_streaminG"))
    changed = store.get(str(recording.key))
    assert changed is not None
    assert not changed.is_packed
    path.unlink()
    assert store.get(str(recording.key)) is None


def test_a_read_only_disk_is_read_without_a_cache(tmp_path: Path) -> None:
    # Not in pytest's own folder, which other users may not enter.
    with tempfile.TemporaryDirectory() as folder:
        root = shutil.copytree(EXAMPLES, Path(folder) / "recordings", ignore=shutil.ignore_patterns(".recstore"))
        Path(folder).chmod(0o755)
        root.chmod(0o555)

        def look() -> tuple[str, int, str]:
            store = recstore.open(root)
            return store.cache, len(store), store[next(iter(store))].endpoint

        cache, count, endpoint = in_forked_child(look, as_nobody=True)
        assert cache.startswith(f"off: cannot make the folder {root}/.recstore: ")
        assert (count, endpoint) == (46, "/api/ps")
        root.chmod(0o755)


def test_a_store_goes_on_in_a_forked_process(examples: Path) -> None:
    store = recstore.open(examples)

    def look() -> tuple[int, str, int]:
        store.refresh()
        report = store.verify()
        return len(store), recstore.open(examples).cache[:5], report["files"]

    assert in_forked_child(look) == [46, "ready", 47]


@pytest.mark.parametrize("folder", ["recordings", "\udcff/recordings"])
def test_files_that_no_pack_can_answer_for_do_not_make_it_anew_each_time(
    tmp_path: Path, write: Callable[..., Path], folder: str
) -> None:
    for number in range(40):
        size = 5000 if folder == "recordings" else 1
        write(f"{number:064x}.json", {**BODY, "body": "x" * (size if number < 20 else 1)}, folder=folder)
    write("notes.json", BODY)
    time.sleep(0.05)  # so that the files are settled
    store = recstore.open(tmp_path, max_file_size=2000)
    made = (tmp_path / ".recstore" / "pack").stat().st_ino
    held = os.open(tmp_path / ".recstore" / "pack", os.O_RDONLY)  # so that no other file gets its inode
    try:
        store = recstore.open(tmp_path, max_file_size=2000)
        assert (tmp_path / ".recstore" / "pack").stat().st_ino == made
    finally:
        os.close(held)
    assert store[f"{30:064x}"].body == "x"
    if folder == "recordings":
        with pytest.raises(recstore.MalformedRecording, match="more than the limit of 2000"):
            store[f"{3:064x}"]
        assert recstore.open(tmp_path)[f"{3:064x}"].body == "x" * 5000


def test_a_full_disk_leaves_no_list_of_ignored_files_that_ignores_none(examples: Path) -> None:
    def look() -> str:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        return recstore.open(examples).cache

    assert in_forked_child(look).startswith("off: cannot write")
    assert not (examples / ".recstore" / ".gitignore").exists()
    assert recstore.open(examples).cache.startswith("ready")
    assert (examples / ".recstore" / ".gitignore").read_text().endswith("\n*\n")


def test_a_file_in_the_place_of_the_cache_is_left_alone(examples: Path) -> None:
    (examples / ".recstore").write_text("mine")
    store = recstore.open(examples)
    assert store.cache.startswith("off: cannot use as a folder")
    assert len(store) == 46
    assert (examples / ".recstore").read_text() == "mine"


@pytest.mark.parametrize("damage", [b"", b"not a pack", None])
def test_a_cache_that_cannot_be_used_is_made_again(examples: Path, damage: bytes | None) -> None:
    recstore.open(examples)
    pack = examples / ".recstore" / "pack"
    whole = pack.read_bytes()
    pack.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    store = recstore.open(examples)
    assert store.cache == "ready"
    assert len(store) == 46
    assert pack.read_bytes()[:8] == whole[:8]


def test_a_cache_that_is_damaged_is_made_again_when_that_is_found_out(examples: Path) -> None:
    recstore.open(examples)
    pack = examples / ".recstore" / "pack"
    whole = pack.read_bytes()
    sections = pack_reader.Pack(pack).offsets
    for name in ("BLKS", "FANO", "KEYS", "ROWS"):
        damaged = bytearray(whole)
        damaged[sections[name]] ^= 1
        copy = pack.with_name("copy")
        copy.write_bytes(damaged)
        copy.rename(pack)
        store = recstore.open(examples)
        assert [store[some].key for some in store] == list(store), name
        assert store.cache == "ready", name
        assert not store.verify()["findings"]
        assert pack.read_bytes() == whole, name


def test_a_new_cache_clears_away_what_a_killed_process_left(examples: Path) -> None:
    (examples / ".recstore").mkdir()
    old, new = (examples / ".recstore" / f"pack-{name}.tmp" for name in ("old", "new"))
    for path in (old, new):
        path.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    recstore.open(examples)
    assert not old.exists()
    assert new.exists(), "somebody may be writing it"


def test_a_planted_link_in_the_cache_folder_is_not_written_through(examples: Path, tmp_path: Path) -> None:
    (examples / ".recstore").mkdir()
    (examples / ".recstore" / ".gitignore").symlink_to(tmp_path / "outside")
    assert recstore.open(examples).cache == "ready"
    assert not (tmp_path / "outside").exists()


def test_a_cache_that_is_a_link_is_not_followed(examples: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (examples / ".recstore").symlink_to(elsewhere)
    store = recstore.open(examples)
    assert store.cache.startswith("off")
    assert list(elsewhere.iterdir()) == []
