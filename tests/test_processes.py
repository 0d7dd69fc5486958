"""Many processes and threads at one store; processes that die."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import recstore

if TYPE_CHECKING:
    from pathlib import Path


def request(number: int) -> dict[str, Any]:
    return {"method": "POST", "url": "http://h/v1/x", "body": {"n": number}}


WRITER = """
import random, sys, recstore
root, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
choose = random.Random(seed)
store = recstore.open(root)
for turn in range(count):
    number = choose.randrange(20)
    request = {"method": "POST", "url": "http://h/v1/x", "body": {"n": number}}
    answer = {"n": number, "writer": seed, "turn": turn, "filling": "x" * choose.randrange(20_000)}
    store.put(request, answer, test_id=f"t{number % 3}/test_a.py::t", on_conflict="replace")
    # What was written is read back, or what another writer put in its place since.
    found = store.find(request, test_id=f"t{number % 3}/test_a.py::t")
    assert found.body["n"] == number, found.body
    assert found.body["writer"] != seed or found.body["turn"] == turn, "stale"
    if choose.randrange(10) == 0:
        store = recstore.open(root)
print("fine")
"""


def start(script: str, *arguments: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_that_open_read_and_write_at_once_see_whole_and_fresh_answers(tmp_path: Path) -> None:
    writers = [start(WRITER, tmp_path, seed, 150) for seed in range(4)]
    store = recstore.open(tmp_path)
    seen = 0
    while any(writer.poll() is None for writer in writers):
        for number in range(20):
            found = store.find(request(number), test_id=f"t{number % 3}/test_a.py::t")
            if found is not None:
                seen += 1
                assert found.body["n"] == number
                assert json.loads(found.raw)["response"]["body"] == found.body
        if seen % 7 == 0:
            store.refresh()
    for writer in writers:
        out, errors = writer.communicate()
        assert (out, writer.returncode) == ("fine\n", 0), errors
    assert seen
    assert not list(tmp_path.rglob("*.tmp")), "nothing is left behind"
    assert recstore.open(tmp_path).verify()["findings"] == []


KILLED = """
import sys, recstore
store = recstore.open(sys.argv[1])
turn = 0
while True:
    turn += 1
    request = {"method": "POST", "url": "http://h/v1/x", "body": {"n": turn % 5}}
    store.put(request, {"turn": turn, "filling": "x" * 50_000}, on_conflict="replace")
    if turn == 1:
        print("started", flush=True)
"""


def test_a_killed_writer_leaves_the_old_recording_or_the_new_one(tmp_path: Path) -> None:
    choose = random.Random(7)
    for _ in range(25):
        process = start(KILLED, tmp_path)
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        time.sleep(choose.random() * 0.03)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for path in tmp_path.rglob("*.json"):
            recording = json.loads(path.read_bytes())
            assert len(recording["response"]["body"]["filling"]) == 50_000
        store = recstore.open(tmp_path)
        assert store.verify()["findings"] == []
        assert all(len(recording.body["filling"]) == 50_000 for recording in store.recordings())


def test_an_open_pack_stays_whole_while_newer_ones_take_its_place(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    store = recstore.open(root, create=True)
    for number in range(30):
        store.put(request(number), {"n": number, "filling": "x" * 3000})
    time.sleep(0.05)
    pack = tmp_path / "a.pack"
    store.pack(pack)
    packed = recstore.open(pack)
    done = threading.Event()

    def republish() -> None:
        for turn in range(200):
            store.put(request(100 + turn), {"n": 100 + turn})
            store.pack(pack)
        done.set()

    thread = threading.Thread(target=republish)
    thread.start()
    reads = 0
    while not done.is_set():
        for number in range(30):
            assert packed[recstore.request_key(request(number))].body["n"] == number
        assert len(recstore.open(pack)) >= 30
        reads += 1
    thread.join()
    assert reads
    assert len(recstore.open(pack)) == 230
    assert len(packed) == 30


FORKING = """
import os, signal, sys, threading, recstore
root, busy = sys.argv[1:]
store = recstore.open(root)
request = {"method": "POST", "url": "http://h/v1/x", "body": {}}
for number in range(100):
    store.put({**request, "body": {"n": number}}, number, test_id="t/test_a.py::t")
key = next(iter(store))
ways = {
    "look up": lambda: store.get(key),
    "refresh": store.refresh,
    "open": lambda: recstore.open(root, cache=False),
}

def work():
    while True:
        ways[busy]()

for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
for number in range(300):
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # which kills it
        store.put({**request, "body": {"n": 0}}, 0, test_id="t/test_a.py::t")
        for way in ways.values():
            way()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, f"child {number}: {status}"
print("fine", flush=True)
os._exit(0)
"""
DROPS = [f"/a{number}/b/c" for number in range(32)]
DECLARATIONS = "".join(f'[profiles.ours-{number}]\nfrom = "ogx-7"\ndrop = {DROPS}\n' for number in range(16))


@pytest.mark.parametrize("busy", ["look up", "refresh", "open"])
def test_a_process_may_fork_while_its_threads_use_a_store(tmp_path: Path, busy: str) -> None:
    (tmp_path / "recstore.toml").write_text('profile = "ours-1"\n' + DECLARATIONS)
    output, errors = start(FORKING, tmp_path, busy).communicate()
    assert output == "fine\n", errors


def test_threads_share_a_store(tmp_path: Path) -> None:
    store = recstore.open(tmp_path)
    errors: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for turn in range(60):
                number = (seed * 7 + turn) % 40
                store.put(request(number), {"n": number}, test_id="t/test_a.py::t")
                found = store.find(request(number), test_id="t/test_a.py::t")
                assert found is not None
                assert found.body == {"n": number}
                if turn % 20 == 0:
                    store.refresh()
                    assert len(store) <= 40
        except BaseException as error:  # noqa: BLE001  # told below, in the thread of the test
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(store) == 40


def test_a_full_disk_leaves_the_old_recording(tmp_path: Path) -> None:
    store = recstore.open(tmp_path)
    put = store.put(request(1), {"n": 1})
    before = (tmp_path / put.path).read_bytes()
    script = """
import resource, signal, sys, recstore
store = recstore.open(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    store.put({"method": "POST", "url": "http://h/v1/x", "body": {"n": 1}}, "x" * 100_000, on_conflict="replace")
except recstore.StorageError as error:
    print(error.errno, isinstance(error, OSError))
"""
    process = start(script, tmp_path)
    out, errors = process.communicate()
    assert out == "27 True\n", errors  # EFBIG: as far as a file may grow
    assert (tmp_path / put.path).read_bytes() == before
    assert not list(tmp_path.rglob("*.tmp"))


def has_strace() -> bool:
    try:
        return subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not has_strace(), reason="strace is not installed, or may not trace here")
def test_what_is_acknowledged_is_on_the_disk_in_the_right_order(tmp_path: Path) -> None:
    script = """
import os, sys, recstore
store = recstore.open(sys.argv[1], create=True)
os.mkdir(os.path.join(sys.argv[1], "recordings"))
os.write(1, b"BEGIN")
store.put({"method": "POST", "url": "http://h/v1/x", "body": {}}, 1)
os.write(1, b"END")
"""
    log = tmp_path / "log"
    calls = "trace=openat,write,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink"
    command = [
        "strace",
        "-f",
        "-qq",
        "-y",
        "-e",
        calls,
        "-o",
        str(log),
        sys.executable,
        "-c",
        script,
        f"{tmp_path}/tree",
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    text = log.read_text()
    # The name of the root, which was made too.
    assert re.search(rf"fsync\(\d+<{re.escape(str(tmp_path))}>\)", text[: text.index("BEGIN")])
    lines = text[text.index("BEGIN") : text.index('"END"')].splitlines()

    def first(*parts: str) -> int:
        return next(number for number, line in enumerate(lines) if all(part in line for part in parts))

    made = first("openat", ".recstore-", "O_EXCL")
    filled = first("write(", ".recstore-")
    synced = first("sync(", ".recstore-")
    renamed = first("rename", ".recstore-")
    folder = first("sync(", "/recordings>")
    assert made < filled < synced < renamed < folder


@pytest.mark.skipif(not has_strace(), reason="strace is not installed, or may not trace here")
@pytest.mark.parametrize(
    ("refusal", "told"),
    [("EINVAL", "created"), ("EIO", "cannot make durable what was written to {}/recordings: Input/output error")],
)
def test_a_folder_that_cannot_be_synced_is_told_unless_there_is_no_such_thing(
    tmp_path: Path, refusal: str, told: str
) -> None:
    script = """
import sys, recstore
try:
    print(recstore.open(sys.argv[1]).put({"method": "POST", "url": "http://h/v1/x", "body": {}}, 1).outcome)
except recstore.StorageError as error:
    print(error)
"""
    (tmp_path / "recordings").mkdir()
    inject = ["-e", "trace=fsync", "-e", f"inject=fsync:error={refusal}:when=2"]
    command = ["strace", "-f", "-qq", "-o", os.devnull, *inject, sys.executable, "-c", script, str(tmp_path)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert output.startswith(told.format(tmp_path))
    assert len(recstore.open(tmp_path)) == 1


@pytest.mark.skipif(not has_strace(), reason="strace is not installed, or may not trace here")
@pytest.mark.parametrize("writer", ["recstore", "another program"])
def test_an_answer_written_while_its_file_is_repaired_is_kept(tmp_path: Path, writer: str) -> None:
    store = recstore.open(tmp_path)
    path = tmp_path / store.put(request(1), "old").path
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    repair = "import recstore, sys; print(recstore.doctor.fix(recstore.open(sys.argv[1], cache=False)))"
    slowly = ["strace", "-f", "-qq", "-o", os.devnull, "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=1s"]
    command = [*slowly, sys.executable, "-c", repair, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as repairer:
        while not list(path.parent.glob(".recstore-*")):
            time.sleep(0.01)
        if writer == "recstore":
            store.put(request(1), "new", on_conflict="replace")
        else:
            path.write_bytes(path.read_bytes().replace(b"old", b"new"))
        output, _ = repairer.communicate()
    assert repairer.returncode == 0
    assert ("line-ends" in output) == (writer == "recstore")
    found = recstore.open(tmp_path).find(request(1))
    assert found is not None
    assert found.body == "new"
