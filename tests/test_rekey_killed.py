"""The real directory to the newest profiles and back, killed at two hundred system calls on the way."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import recstore
from recstore import rekey
from test_processes import has_strace
from test_rekey import CHANGE

if TYPE_CHECKING:
    from collections.abc import Iterator

JOURNEY = ("ogx-7", "recstore-1", "ogx-7")
KILLS = 200
RENAME = "rename,renameat,renameat2"
UNLINK = "unlink,unlinkat"


class State(NamedTuple):
    """A tree: a renamed file keeps its inode, by which it is known."""

    profile: str
    names: dict[int, str]
    found: list[int | None]
    """For each recording, in the order of the first tree, the file that answers its request."""
    digests: dict[str, str]


def inodes(root: Path) -> dict[str, int]:
    return {
        str(path.relative_to(root)): path.stat().st_ino
        for path in root.rglob("*.json")
        if ".recstore" not in path.parts
    }


def look_up(root: Path, asked: list[Any]) -> tuple[str, list[int | None]]:
    store = recstore.open(root, cache=False)

    def find(request: dict[str, Any], test_id: str | None) -> int | None:
        try:
            found = store.find(request, test_id=test_id)
        except recstore.InvalidRequest:  # as it was when it was recorded
            return None
        return None if found is None else (root / found.path).stat().st_ino

    return store.profile, [find(*one) for one in asked]


def state_of(root: Path, asked: list[Any]) -> State:
    names = {inode: path for path, inode in inodes(root).items()}
    assert len(names) == len(asked), "no recording lost, none twice"
    everything = [path for path in root.rglob("*") if path.is_file() and ".recstore" not in path.parts]
    digests = {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in everything}
    return State(*(looked := look_up(root, asked))[:1], names, looked[1], digests)


def change(root: Path, aim: str) -> None:
    if aim == "undo":
        rekey.undo(root)
    else:
        rekey.rekey(root, aim, on_collision="keep-both")


def is_killed_at(root: Path, aim: str, calls: str, number: int) -> bool:
    """Kill a process that changes names when it comes to a system call; say whether it came there."""
    # The call is held up, so that the process can be killed in it. Signals of strace's own need each call to be traced.
    trace = ["-f", "-qq", "--seccomp-bpf", "-e", f"trace={calls}", "-o", os.devnull]
    delay = ["-e", f"inject={calls}:delay_enter=60s:when={number}"]
    command = ["strace", *trace, *delay, sys.executable, "-B", "-c", CHANGE, str(root), aim]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as strace:
        children = Path(f"/proc/{strace.pid}/task/{strace.pid}/children")
        held = 0
        while strace.poll() is None:
            time.sleep(0.001)
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
                traced = int(children.read_text())
                held = held + 1 if state_of_process(traced) == "t" else 0
                if held == 4:
                    os.kill(traced, signal.SIGKILL)
                    strace.kill()  # it would sit the time out
                    strace.wait()
                    while state_of_process(traced) not in "ZX":
                        time.sleep(0.0005)
        assert strace.returncode in {0, -signal.SIGKILL}
        return strace.returncode != 0


def state_of_process(pid: int) -> str:
    """Return the letter of the state of a process, `t` where a tracer has stopped it, `X` where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def points(renames: int, *, folders: int) -> Iterator[tuple[str, int]]:
    """Give the calls at which one change of names is killed, each time it goes on: in every step of it."""
    yield from (("fsync", number) for number in (1, 2))  # the journal
    yield from ((RENAME, 1), ("fsync", 3))
    yield from (("linkat", max(1, part * renames // 8)) for part in range(9))
    yield from (("fsync", number) for number in range(1, folders + 3))  # the new names, the settings
    yield (RENAME, 1)
    yield from ((UNLINK, max(1, renames // 8)) for _ in range(8))
    yield from (("fsync", number) for number in range(folders + 2, 2 * folders + 3))  # the old names
    yield from ((RENAME, number) for number in (2, 1))


@pytest.mark.skipif(not has_strace(), reason="strace is not installed, or may not trace here")
def test_killed_on_the_whole_way_of_the_real_directory_everything_is_found(ogx: Path, tmp_path: Path) -> None:
    root = tmp_path / "ogx"
    shutil.copytree(ogx, root, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns(".recstore"))
    recorded = [json.loads((root / path).read_bytes()) for path in sorted(inodes(root))]
    asked = [(one["request"], one.get("test_id")) for one in recorded]
    states = [state_of(root, asked)]
    for aim in JOURNEY:
        change(root, aim)
        states.append(state_of(root, asked))
        assert sorted(states[-1].digests[name] for name in states[-1].names.values()) == sorted(
            states[0].digests.values()
        )
    for state in reversed(states[:-1]):
        change(root, "undo")
        assert state_of(root, asked) == state

    kills = 0

    def check(before: State, after: State) -> None:
        profile, found = look_up(root, asked)
        named = inodes(root)
        wanted = [state for state in (before, after) if state.profile == profile]
        for number, inode in enumerate(found):
            assert inode in {state.found[number] for state in wanted}, (profile, asked[number][1])
        for path, inode in named.items():
            assert path in {before.names[inode], after.names[inode]}
        for inode in before.names:
            assert any(named.get(state.names[inode]) == inode for state in wanted), (profile, before.names[inode])

    def go(aim: str, before: State, after: State, *, most: int | None = None) -> None:
        nonlocal kills
        renames = sum(before.names[inode] != after.names[inode] for inode in before.names)
        folders = len({Path(name).parent for name in before.names.values()})
        for calls, number in list(points(renames, folders=folders))[:most]:
            if is_killed_at(root, aim, calls, number):
                kills += 1
                check(before, after)
            # One that was killed in its last call has come to its end; the next would undo what came before.
            has_names = {inode: path for path, inode in inodes(root).items()} == after.names
            if has_names and not rekey.plan(root, "ogx-7")["unfinished"]:
                break
        else:
            if most is None:
                change(root, aim)

    legs = list(zip(JOURNEY, states, states[1:], strict=False))
    for aim, before, after in legs:
        go(aim, before, after, most=18)
        change(root, "undo")  # of a change that was killed half way
        assert state_of(root, asked) == before
        go(aim, before, after)
        assert state_of(root, asked) == after
    for _, after, before in reversed(legs):
        go("undo", before, after)
        assert state_of(root, asked) == after

    assert kills >= KILLS
