"""Names under the keys of another profile: nothing lost, nothing merged, found at every moment, and back."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import oracle
import recstore
from recstore import doctor, rekey
from support import models
from test_processes import has_strace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POST = {"method": "POST", "headers": {}}


def chat(content: Any, **members: Any) -> dict[str, Any]:
    return {**POST, "url": "http://h/v1/chat/completions", "body": {"messages": [{"content": content}]}, **members}


def answer(text: Any) -> dict[str, Any]:
    return {"body": {"said": text}, "is_streaming": False}


def files(root: Path) -> dict[str, bytes]:
    """Return all files, but what recstore keeps for itself."""
    found = (path for path in root.rglob("*") if path.is_file() and ".recstore" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def run(*arguments: Any, code: int = 0) -> tuple[str, str]:
    command = [sys.executable, "-m", "recstore", "rekey", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == code, (done.stdout + done.stderr).decode()
    return done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def record(write: Callable[..., Path]) -> Callable[..., Path]:
    """Return a function that writes a recording under the name that one of OGX's profiles gives it."""

    def record(
        asked: dict[str, Any], response: Any, *, version: str = "7", test_id: str | None = None, **members: Any
    ) -> Path:
        keys = oracle.all_keys(asked, test_id)
        name = next(key for profile, key in keys.items() if profile == "ogx-tool" or profile.endswith(version))
        form = members.pop("form", "{}.json")
        return write(form.format(name), response, request=asked, test_id=test_id, **members)

    return record


def kinds(record: Callable[..., Path], count: int = 3) -> None:
    """Write recordings of every kind."""
    for folder in range(3):
        own = {"folder": f"t{folder}/recordings", "test_id": f"t{folder}/test_a.py::t"}
        for number in range(count):
            record(chat(f"a {number}"), answer(f"{folder} a {number}"), **own)
            record(chat(f"score: {number}.5"), answer(f"{folder} b {number}"), version="6", **own)
            record({**POST, "url": f"http://h/{number}", "payload": {}}, answer(f"{folder} c {number}"), **own)
            record(
                {"provider": "p", "tool_name": "t", "kwargs": {"n": [folder, number]}},
                answer(f"{folder} d {number}"),
                **own,
            )
            record(chat(f"early {number}"), answer(f"{folder} e {number}"), form="{:.12}.json", **own)
        record(
            chat("one request"), answer(f"{folder} shared"), folder=f"t{folder}/recordings", test_id="t1/test_a.py::t"
        )
    lists = {**POST, "url": "http://h/v1/models", "endpoint": "/v1/models", "body": {}}
    for digest, model in (("0a0a0a0a", "one"), ("0b0b0b0b", "other")):
        record(lists, models(model), form="models-{}-" + digest + ".json", folder="t0/recordings")
    record(lists, models("third"), form="models-{}-0a0a0a0a.json", folder="t1/recordings")
    edited = record(chat("edited"), answer("no key fits"), folder="t2/recordings")
    edited.write_text(edited.read_text().replace('"edited"', '"since"'))


def test_every_kind_of_recording_gets_its_new_name_and_keeps_its_bytes(
    tmp_path: Path, record: Callable[..., Path]
) -> None:
    kinds(record)
    before = files(tmp_path)
    times = {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    plan = rekey.plan(tmp_path, "recstore-1")
    assert files(tmp_path) == before
    assert plan["profiles"] == {"ogx-7": 24, "ogx-6": 9, "ogx-http-7": 9, "ogx-tool": 9}
    assert (len(plan["renames"]), plan["unchanged"], plan["collisions"]) == (51, 0, [])
    [left] = plan["left"]
    assert left["reason"] == "its name is the key of its request under no profile"
    assert rekey.rekey(tmp_path, "recstore-1") == {"profile": "recstore-1", "renamed": 51, "kept": [], "undoable": 1}
    after = files(tmp_path)
    assert after.pop("recstore.toml") == b'profile = "recstore-1"\n'
    expected = {rename["path"]: rename["new"] for rename in plan["renames"]}
    assert after == {expected.get(path, path): text for path, text in before.items()}
    assert doctor.examine(recstore.open(tmp_path))["profiles"] == {
        "recstore-1": 33,
        "recstore-http-1": 9,
        "recstore-tool-1": 9,
        "none": 1,
    }
    assert rekey.rekey(tmp_path, "recstore-1")["renamed"] == 0, "it is done"
    assert rekey.undo(tmp_path) == {"profile": "ogx-7", "renamed": 51, "kept": [], "undoable": 0}
    assert files(tmp_path) == before
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")} == times
    assert not (tmp_path / ".recstore" / "rekey").exists()


def test_different_answers_are_never_merged(tmp_path: Path, record: Callable[..., Path]) -> None:
    for number in range(3):
        record(chat(f"score: {number}.5"), answer(number), version="6", test_id="t.py::t")
    before = files(tmp_path)
    [collision] = rekey.plan(tmp_path, "ogx-7")["collisions"]
    assert (len(collision["others"]), collision["are_equal"]) == (2, False)
    with pytest.raises(
        recstore.RecstoreError, match=r"want one name under ogx-7 \(1 such names\).*--on-collision keep-both"
    ):
        rekey.rekey(tmp_path, "ogx-7")
    assert files(tmp_path) == before
    assert rekey.rekey(tmp_path, "ogx-7", on_collision="keep-both")["renamed"] == 1
    after = files(tmp_path)
    assert sorted(after.values()) == sorted(before.values())
    assert set(collision["others"]) <= after.keys()
    assert after[collision["path"]] == before[collision["winner"]]
    rekey.undo(tmp_path)
    assert files(tmp_path) == before
    with pytest.raises(ValueError, match="on_collision"):
        rekey.rekey(tmp_path, "ogx-7", on_collision="merge")  # type: ignore[arg-type]


def test_the_recording_that_has_the_name_keeps_it(tmp_path: Path, record: Callable[..., Path]) -> None:
    right = record(chat("score: 1.5"), answer("right"))
    other = record(chat("score: 1.5"), answer("other"), version="6")
    [collision] = rekey.plan(tmp_path, "ogx-7")["collisions"]
    assert (collision["winner"], collision["others"]) == (f"recordings/{right.name}", [f"recordings/{other.name}"])
    assert rekey.rekey(tmp_path, "ogx-7", on_collision="keep-both")["renamed"] == 0
    other.write_text(other.read_text().replace("other", "right"))
    [collision] = rekey.plan(tmp_path, "ogx-7")["collisions"]
    assert collision["are_equal"]
    assert rekey.rekey(tmp_path, "ogx-7")["renamed"] == 0, "equal answers stop nothing, and are not merged either"
    assert right.exists()
    assert other.exists()


def test_a_name_that_a_file_has_that_is_left_is_not_taken(tmp_path: Path, record: Callable[..., Path]) -> None:
    old = record(chat("score: 1.5"), answer("old"), version="6")
    taken = record(chat("score: 1.5"), answer("taken"))
    taken.write_text(taken.read_text().replace("score: 1.5", "edited"))
    [collision] = rekey.plan(tmp_path, "ogx-7")["collisions"]
    assert collision["winner"] == collision["path"] == f"recordings/{taken.name}"
    before = files(tmp_path)
    assert rekey.rekey(tmp_path, "ogx-7", on_collision="keep-both")["renamed"] == 0
    assert files(tmp_path) == before
    assert old.exists()


def test_of_the_settings_only_the_profile_changes(tmp_path: Path, record: Callable[..., Path]) -> None:
    record(chat("a"), answer("a"))
    path = tmp_path / "recstore.toml"
    path.write_text("# ours\nbase = 'x'  # here\nprofile = 'ogx-6' # old\n")
    rekey.rekey(tmp_path, "recstore-1")
    assert path.read_text() == "# ours\nbase = 'x'  # here\nprofile = \"recstore-1\" # old\n"
    path.write_text(path.read_text().replace("'x'", "'y'"))
    rekey.undo(tmp_path)
    assert path.read_text() == "# ours\nbase = 'y'  # here\nprofile = \"ogx-6\" # old\n", "what was edited since stays"


def test_what_was_recorded_since_keeps_its_name_when_all_else_goes_back(
    tmp_path: Path, record: Callable[..., Path]
) -> None:
    record(chat("a"), answer("a"))
    before = files(tmp_path)
    rekey.rekey(tmp_path, "recstore-1")
    put = recstore.open(tmp_path).put(chat("b"), {"said": "b"})
    rekey.undo(tmp_path)
    after = files(tmp_path)
    assert after.pop(str(put.path))
    assert after == before


def test_an_answer_that_comes_while_names_change_is_kept(tmp_path: Path, record: Callable[..., Path]) -> None:
    path = record(chat("a"), answer("a"))
    old = path.read_bytes()
    rekey.rekey(tmp_path, "recstore-1")
    journal = tmp_path / ".recstore" / "rekey" / "1.json"
    journal.rename(journal.with_name("1.running.json"))
    path.write_bytes(new := old.replace(b'"said": "a"', b'"said": "new"'))
    assert rekey.rekey(tmp_path, "recstore-1")["kept"] == [f"recordings/{path.name}"]
    assert sorted(text for name, text in files(tmp_path).items() if name.endswith(".json")) == sorted([old, new])


def test_a_store_that_was_open_meanwhile_records_under_the_new_profile(
    tmp_path: Path, record: Callable[..., Path]
) -> None:
    record(chat("a"), answer("a"))
    follows, insists = recstore.open(tmp_path), recstore.open(tmp_path, profile="ogx-7")
    rekey.rekey(tmp_path, "recstore-1")
    follows.put(chat("b"), {"said": "b"})
    insists.put(chat("c"), {"said": "c"})
    store = recstore.open(tmp_path)
    assert store.profile == "recstore-1"
    assert store.find(chat("b")) is not None
    assert store.find(chat("c")) is None, "its profile was asked for"
    (tmp_path / "recstore.toml").write_text("profile = 'none such'")
    put = follows.put(chat("d"), {"said": "d"})
    assert put.key == recstore.request_key(chat("d"), profile="ogx-7"), "no answer is lost for broken settings"


RECORDER = """
import sys
import recstore
root, name = sys.argv[1:]
store = recstore.open(root)
print("ready", flush=True)
for number in range(150):
    request = {"method": "POST", "url": "http://h/v1/x", "body": {"by": name, "number": number}}
    store.put(request, {"said": number})
"""


def test_recorders_and_changes_of_names_at_once_lose_nothing(tmp_path: Path, record: Callable[..., Path]) -> None:
    kinds(record, count=20)
    before = files(tmp_path)

    def start(script: str, *arguments: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", script, *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return process

    recorders = [start(RECORDER, tmp_path, name) for name in "ab"]
    changes = 0
    while any(recorder.poll() is None for recorder in recorders):
        for change in [start(CHANGE, tmp_path, aim) for aim in ("recstore-1", "ogx-6")]:
            _, errors = change.communicate()
            assert not errors, errors.decode()
            changes += 1
    assert changes >= 4
    for recorder in recorders:
        _, errors = recorder.communicate()
        assert not errors, errors.decode()
    store = recstore.open(tmp_path, cache=False)
    for name in "ab":
        for number in range(150):
            found = store.find({**POST, "url": "http://h/v1/x", "body": {"by": name, "number": number}})
            assert found is not None, (store.profile, name, number)
            assert found.body == {"said": number}
    recorded = [text for path, text in files(tmp_path).items() if path not in before and path.endswith(".json")]
    assert len(files(tmp_path)) - (tmp_path / "recstore.toml").exists() == len(before) + 300
    assert Counter(before.values()) <= Counter(
        [*recorded, *(files(tmp_path)[path] for path in before if (tmp_path / path).exists())]
    )


def test_after_a_kill_only_the_same_change_goes_on(tmp_path: Path, record: Callable[..., Path]) -> None:
    record(chat("a"), answer("a"))
    rekey.rekey(tmp_path, "recstore-1")
    journal = tmp_path / ".recstore" / "rekey" / "1.json"
    running, undoing = journal.with_name("1.running.json"), journal.with_name("1.undoing.json")
    journal.rename(running)
    [finding] = [
        found for found in doctor.examine(recstore.open(tmp_path))["findings"] if found["severity"] == "warning"
    ]
    assert (finding["id"], finding["path"]) == ("unfinished-rekey", ".recstore/rekey/1.running.json")
    with pytest.raises(
        recstore.RecstoreError, match="a change of names to recstore-1 was not finished; finish it with"
    ):
        rekey.rekey(tmp_path, "ogx-7")
    assert rekey.plan(tmp_path, "ogx-7")["unfinished"] == str(running)
    running.rename(undoing)
    with pytest.raises(recstore.RecstoreError, match=r"it was being undone: finish that with `recstore rekey --undo`"):
        rekey.rekey(tmp_path, "recstore-1")
    rekey.undo(tmp_path)
    with pytest.raises(recstore.RecstoreError, match="there is nothing to undo"):
        rekey.undo(tmp_path)


@pytest.mark.parametrize(
    "rename",
    [
        ["../outside", "0" * 64 + ".json", "1" * 64 + ".json"],
        ["recordings", "../" + "0" * 64 + ".json", "1" * 64 + ".json"],
        ["recordings", "0" * 64 + ".json", "notes.json"],
        ["linked", "0" * 64 + ".json", "1" * 64 + ".json"],
        ["recordings", 1, 2],
    ],
)
def test_a_journal_of_a_stranger_leads_nowhere(tmp_path: Path, record: Callable[..., Path], rename: list[Any]) -> None:
    root = tmp_path / "root"
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / ("0" * 64 + ".json")).write_text("{}")
    record(chat("a"), answer("a"), folder="root/recordings")
    rekey.rekey(root, "recstore-1")
    (root / "linked").symlink_to(outside)
    journal = root / ".recstore" / "rekey" / "1.json"
    journal.write_text(json.dumps({**json.loads(journal.read_text()), "renames": [rename]}))
    before = files(root)
    with pytest.raises(recstore.RecstoreError, match=r"1\.json is no journal of a change of names in this tree"):
        rekey.undo(root)
    assert files(root) == before
    assert len(list(outside.iterdir())) == 1


@pytest.mark.parametrize("link", [".recstore", ".recstore/rekey", "recstore.toml"])
def test_nothing_is_written_through_a_link(tmp_path: Path, record: Callable[..., Path], link: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    record(chat("a"), answer("a"), folder="root/recordings")
    rekey.rekey(root, "recstore-1")
    place = root / link
    shutil.move(place, outside)
    place.symlink_to(outside)
    before = files(root), files(outside) if outside.is_dir() else outside.read_bytes()
    with pytest.raises(recstore.RecstoreError):
        rekey.undo(root)
    with pytest.raises(recstore.RecstoreError):
        rekey.rekey(root, "ogx-7")
    assert (files(root), files(outside) if outside.is_dir() else outside.read_bytes()) == before
    assert place.is_symlink()


def test_what_went_since_hinders_no_way_back(tmp_path: Path, record: Callable[..., Path]) -> None:
    for number in range(2):
        record(chat(f"a {number}"), answer(number), folder=f"t{number}/recordings", test_id=f"t{number}/test_a.py::t")
    before = files(tmp_path)
    rekey.rekey(tmp_path, "recstore-1")
    shutil.rmtree(tmp_path / "t0")
    assert rekey.undo(tmp_path)["renamed"] == 1
    assert files(tmp_path) == {path: text for path, text in before.items() if path.startswith("t1")}


@pytest.mark.parametrize("name", [f"{2**64 - 1}.json", "notes.json", ".json", "-1.json"])
def test_a_file_that_is_named_otherwise_is_no_journal(tmp_path: Path, record: Callable[..., Path], name: str) -> None:
    record(chat("a"), answer("a"))
    before = files(tmp_path)
    rekey.rekey(tmp_path, "recstore-1")
    (tmp_path / ".recstore" / "rekey" / name).write_text("{}")
    rekey.rekey(tmp_path, "ogx-7")
    assert rekey.undo(tmp_path)["undoable"] == 1
    assert rekey.undo(tmp_path)["undoable"] == 0
    assert files(tmp_path) == before


def test_what_cannot_be_rekeyed_is_told(tmp_path: Path, record: Callable[..., Path]) -> None:
    record(chat("a"), answer("a"))
    recstore.open(tmp_path).pack(tmp_path / "a.pack")
    with pytest.raises(recstore.ReadOnlyStore):
        rekey.rekey(tmp_path / "a.pack", "ogx-7")
    for profile in ("ogx-9", "ogx-tool"):
        with pytest.raises(recstore.UnknownProfile):
            rekey.plan(tmp_path, profile)
    (tmp_path / "recstore.toml").write_text("")
    with pytest.raises(
        recstore.RecstoreError, match=r"lies in the store at .*, whose settings say how keys are made; name that"
    ):
        rekey.rekey(tmp_path / "recordings", "recstore-1")


def test_the_command_shows_its_plan_and_carries_it_out(tmp_path: Path, record: Callable[..., Path]) -> None:
    first = record(chat("score: 1.5"), answer(1), version="6")
    second = record(chat("score: 2.5"), answer(2), version="6")
    record(chat("a"), answer("a"))
    before = files(tmp_path)
    out, errors = run(tmp_path, "--to", "ogx-7", code=1)
    assert "collision, DIFFERENT answers" in out
    assert (
        "1 to rename, 1 named so already, 1 collisions (1 with different answers), 0 left; now: ogx-6 2, ogx-7 1"
        in errors
    )
    assert "nothing was renamed: say --on-collision keep-both" in errors
    run(tmp_path, "--to", "ogx-7", "--on-collision", "keep-both", "--dry-run")
    assert files(tmp_path) == before
    out, errors = run(tmp_path, "--to", "ogx-7", "--on-collision", "keep-both")
    [renamed] = [line for line in out.splitlines() if " → " in line]
    assert renamed.startswith((f"recordings/{first.name} → ", f"recordings/{second.name} → "))
    assert "1 renamed; the store is under ogx-7" in errors
    report = json.loads(run(tmp_path, "--to", "recstore-1", "--json")[0])
    assert report["done"]["renamed"] == len(report["plan"]["renames"]) == 3
    assert "2 renamed" not in run(tmp_path, "--undo")[1]
    run(tmp_path, "--undo")
    assert files(tmp_path) == before
    assert "there is nothing to undo" in run(tmp_path, "--undo", code=2)[1]
    assert "no key profile 'ogx-9'" in run(tmp_path, "--to", "ogx-9", code=2)[1]


def test_the_real_directory_goes_to_the_newest_profiles_and_back(ogx: Path, tmp_path: Path) -> None:
    root = tmp_path / "ogx"
    shutil.copytree(ogx, root, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns(".recstore"))
    before = files(root)
    states = []
    for profile, renamed in (("ogx-7", 113), ("recstore-1", 1517), ("ogx-7", 1482)):
        plan = rekey.plan(root, profile)
        assert len(plan["left"]) == 69
        states.append(files(root))
        done = rekey.rekey(root, profile, on_collision="keep-both")
        assert (done["profile"], done["renamed"], done["kept"]) == (profile, renamed, [])
        after = files(root)
        after.pop("recstore.toml", None)
        assert Counter(after.values()) == Counter(before.values()), "no recording lost, none merged, no byte changed"
        assert recstore.open(root, cache=False).profile == profile
    for state in reversed(states):
        rekey.undo(root)
        assert files(root) == state
    assert states[0] == before


CHANGE = """
import sys
from recstore import rekey
root, aim = sys.argv[1:]
print("ready", flush=True)
rekey.undo(root) if aim == "undo" else rekey.rekey(root, aim, on_collision="keep-both")
"""


def test_killed_at_any_moment_every_recording_is_still_found(tmp_path: Path, record: Callable[..., Path]) -> None:
    kinds(record, count=25)
    before = files(tmp_path)
    recorded = [(path, text, json.loads(text)) for path, text in before.items()]
    fits = {
        path: text for path, text, recording in recorded if recording["response"]["body"] != {"said": "no key fits"}
    }
    new_names = {rename["path"]: rename["new"] for rename in rekey.plan(tmp_path, "recstore-1")["renames"]}
    assert new_names.keys() == fits.keys()
    first = recstore.open(tmp_path, cache=False)

    def find(store: recstore.Store, recording: dict[str, Any]) -> bytes | None:
        found = store.find(recording["request"], test_id=recording["test_id"])
        return None if found is None else found.raw

    found_before = {path for path, text, recording in recorded if find(first, recording) == text}
    found_after = {
        path for path in fits if "models-" not in path and (path.startswith("t1") or "shared" not in str(fits[path]))
    }

    def check() -> None:
        store = recstore.open(tmp_path, cache=False)
        name_of = new_names if store.profile == "recstore-1" else {path: path for path in fits}
        for path, text, recording in recorded:
            # By its name: the old one, or the one that the settings of this moment say.
            assert (tmp_path / name_of.get(path, path)).read_bytes() == text, path
            # By its request, as before; under the new profile those of older profiles too.
            if path in (found_after if store.profile == "recstore-1" else found_before):
                assert find(store, recording) == text, path
        lists = next(recording["request"] for path, _, recording in recorded if "models-" in path)
        found = store.find(lists)
        assert found is not None
        assert {chunk.data["id"] for chunk in found} == {"one", "other", "third"}
        names = {*before, *new_names.values(), "recstore.toml"}
        assert files(tmp_path).keys() <= names

    choose = random.Random(11)
    kills, unfinished, both_names, aim, longest = 0, 0, 0, "recstore-1", 0.05
    while kills < 200:
        process = subprocess.Popen(
            [sys.executable, "-c", CHANGE, tmp_path, aim], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        started = time.perf_counter()
        pause = choose.random() * longest
        while process.poll() is None and time.perf_counter() - started < pause:
            time.sleep(0.0005)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        else:
            longest = 0.9 * longest + 0.1 * 1.2 * (time.perf_counter() - started)
        _, errors = process.communicate()
        assert not errors, errors.decode()
        check()
        both_names += len(list(tmp_path.rglob("*.json"))) > len(before) + 5
        match [path.name.removeprefix("1.") for path in (tmp_path / ".recstore").glob("rekey/*.json")]:
            case []:
                aim = "recstore-1"
            case ["running.json"]:  # it can go on, and go back
                unfinished += 1
                aim = choose.choice(["recstore-1", "undo"])
            case ["undoing.json"]:
                unfinished += 1
                aim = "undo"
            case _:
                aim = "undo"
    assert unfinished >= 20, "kills came while names changed"
    assert both_names >= 5
    if list((tmp_path / ".recstore").glob("rekey/*.json")):
        rekey.undo(tmp_path)
    assert files(tmp_path) == before


@pytest.mark.skipif(not has_strace(), reason="strace is not installed, or may not trace here")
def test_each_step_is_on_the_disk_before_the_next_begins(tmp_path: Path, record: Callable[..., Path]) -> None:
    root = tmp_path / "tree"
    record(chat("a"), answer("a"), folder="tree/recordings")
    log = tmp_path / "log"
    calls = "trace=openat,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat"
    command = ["strace", "-f", "-qq", "-y", "-e", calls, "-o", str(log)]
    subprocess.run([*command, sys.executable, "-c", CHANGE, root, "recstore-1"], check=True, stdout=subprocess.DEVNULL)
    lines = log.read_text().splitlines()

    def first(*parts: str, after: int = -1) -> int:
        return next(
            number for number, line in enumerate(lines) if number > after and all(part in line for part in parts)
        )

    synced_journal = first("sync(", "/rekey>", after=first("1.running.json"))
    linked = first("link", "/recordings/", after=synced_journal)
    synced_names = first("sync(", "/recordings>", after=linked)
    switched = first("rename", '/recstore.toml"', after=synced_names)
    synced_settings = first("sync(", "/tree>", after=switched)
    removed = first("unlink", "/recordings/", after=synced_settings)
    synced_again = first("sync(", "/recordings>", after=removed)
    assert first("rename", "1.running.json", "/1.json", after=synced_again)
    assert not [line for line in lines[:synced_settings] if "unlink" in line and "/recordings/" in line]


@pytest.mark.skipif(not has_strace(), reason="strace is not installed, or may not trace here")
def test_where_files_have_one_name_only_they_are_copied(tmp_path: Path, record: Callable[..., Path]) -> None:
    root = tmp_path / "tree"
    record(chat("a"), answer("a"), folder="tree/recordings")
    before = files(root)
    for aim in ("recstore-1", "undo"):
        inject = ["strace", "-f", "-qq", "-o", os.devnull, "-e", "inject=linkat,link:error=EOPNOTSUPP"]
        subprocess.run([*inject, sys.executable, "-c", CHANGE, root, aim], check=True, stdout=subprocess.DEVNULL)
        after = {name: text for name, text in files(root).items() if name.endswith(".json")}
        assert list(after.values()) == list(before.values())
        assert (after == before) is (aim == "undo")


@pytest.mark.skipif(not has_strace(), reason="strace is not installed, or may not trace here")
@pytest.mark.parametrize("call", ["fsync", "linkat", "rename,renameat,renameat2", "unlink,unlinkat"])
@pytest.mark.parametrize("when", [1, 2, 3, 4, 6, 8])
def test_where_the_system_refuses_everything_is_found_and_the_rest_can_be_done(
    tmp_path: Path, record: Callable[..., Path], call: str, when: int
) -> None:
    root = tmp_path / "tree"
    asked = [chat(f"a {number}") for number in range(3)]
    for number, one in enumerate(asked):
        record(one, answer(number), folder=f"tree/t{number}/recordings", test_id=f"t{number}/test_a.py::t")
    before = files(root)
    inject = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject={call}:error=EIO:when={when}"]
    done = subprocess.run([*inject, sys.executable, "-c", CHANGE, root, "recstore-1"], capture_output=True, check=False)
    if done.returncode:
        assert b"recstore.errors.StorageError: cannot " in done.stderr, done.stderr.decode()
    store = recstore.open(root, cache=False)
    for number, one in enumerate(asked):
        found = store.find(one, test_id=f"t{number}/test_a.py::t")
        assert found is not None
        assert found.body == {"said": number}
    rekey.rekey(root, "recstore-1")
    assert len([name for name in files(root) if name.endswith(".json")]) == len(before)
    rekey.undo(root)
    assert files(root) == before
