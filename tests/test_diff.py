"""What differs between recordings, and between stores."""

from __future__ import annotations

import json
import shutil
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import recstore
from recstore._diff import compare, compare_stores
from support import EXAMPLES, key
from test_cli import run, run_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TOKYO = "57ea4063028304834e2fed31dcec3f3bde8691f189a138c0e008cd0468f27702.json"
HTTP = "4735eb6d9b75fcc39682a75a45519b24844d9fb0951b2640164fcf0184a9a59e.json"


def edited(examples: Path, name: str, edit: Callable[[Any], None], new: str | None = None) -> Path:
    """Write a recording with something changed, beside the old one or in its place."""
    recording = json.loads((EXAMPLES / name).read_bytes())
    edit(recording)
    path = examples / (new or name)
    path.write_text(json.dumps(recording, indent=2) + "\n")
    return path


def test_a_recording_does_not_differ_from_itself(examples: Path) -> None:
    assert run("diff", "57ea", EXAMPLES / TOKYO, examples) == ("", "")
    same = run_json("diff", EXAMPLES / TOKYO, examples / TOKYO)
    assert same["is_same"] is True
    assert "text" not in same


def test_two_recordings_are_told_apart_by_what_was_asked_and_said(examples: Path) -> None:
    def edit(recording: Any) -> None:
        recording["request"]["payload"]["messages"][0]["content"] = "What is  15 * 8?"
        recording["request"]["payload"]["max_tokens"] = 300
        body = recording["response"]["body"]
        body["content"][0]["thinking"] = "15 times 8."
        body["content"][1]["text"] = "Let me see.\nOne moment."
        body["content"][2]["input"]["expression"] = "15 * 8"
        body["content"][2]["id"] = "toolu_2"
        body["usage"]["output_tokens"] = 13
        body["stop_reason"] = "max_tokens"

    path = edited(examples, HTTP, edit, f"{key(1)}.json")
    found = run_json("diff", "4735", path, examples, code=1)
    request = {one["path"]: one for one in found["request"]}
    assert set(request) == {"payload.max_tokens", "payload.messages[0].content"}
    assert found["text"] == ["@@ -1 +1,2 @@", "-Let me compute that.", "+Let me see.", "+One moment."]
    assert found["reasoning"] == ["@@ -1 +1 @@", "-15 times 7.", "+15 times 8."]
    assert found["calls"][1:] == ['--> calculator({"expression":"15 * 7"})', '+-> calculator({"expression":"15 * 8"})']
    assert (found["usage"], found["finish"]) == ({"output_tokens": [12, 13]}, ["tool_use", "max_tokens"])
    assert not {"test", "endpoint", "model", "error", "data", "chunks"} & set(found)
    out, _ = run("diff", "4735", path, examples, code=1)
    assert '  payload.messages[0].content was changed:\n    a  "What is 15 * 7?"\n    b  "What is' in out
    assert "\nusage\n  output_tokens: 12 -> 13\n" in out
    assert "\ntext\n  @@ -1 +1,2 @@\n  -Let me compute that.\n" in out


def test_white_space_in_a_request_is_seen(examples: Path) -> None:
    def edit(recording: Any) -> None:
        recording["request"]["body"]["messages"][0]["content"] = "Weather in\u00a0Tokyo?"

    out, _ = run("diff", EXAMPLES / TOKYO, edited(examples, TOKYO, edit), code=1)
    assert "U+00A0" in out


def test_an_error_and_earlier_answers_are_told(examples: Path) -> None:
    def edit(recording: Any) -> None:
        recording["earlier_responses"] = [recording["response"]]
        body = {"type": "error", "error": {"type": "overloaded_error", "message": "Later."}}
        recording["response"] = {"status": 529, "body": body, "is_streaming": False}

    path = edited(examples, HTTP, edit)
    found = run_json("diff", EXAMPLES / HTTP, path, code=1)
    assert found["status"] == [200, 529]
    assert found["error"]["message"] == [None, "Later."]
    assert "+Let me compute that." in found["earlier"]
    shown = run("show", path)[0].splitlines()
    assert "answer 1 of 2" in shown
    assert "  message: Later." in shown


def test_a_test_id_cannot_pass_for_lines(examples: Path) -> None:
    path = edited(examples, TOKYO, lambda recording: recording.update(test_id="@@ -1 +1 @@\nadded    nothing"))
    out, _ = run("diff", EXAMPLES / TOKYO, path, code=1)
    assert "\ntest\n  tests/test_chat.py::test_tool[Tokyo] -> @@ -1 +1 @@\\nadded    nothing\n" in out


def test_what_is_not_shown_differs_too(examples: Path) -> None:
    path = edited(examples, TOKYO, lambda recording: recording["response"]["body"][0]["__data__"].update(created=5))
    out, _ = run("diff", EXAMPLES / TOKYO, path, code=1)
    assert "nothing that is shown differs; the bytes do" in out


def test_stores_are_compared_by_paths_and_then_by_what_files_hold(examples: Path, tmp_path: Path) -> None:
    new = shutil.copytree(examples, tmp_path / "new")
    assert (
        run("diff", examples, new)[0]
        == "47 recordings and 47: 47 the same, 0 changed, 0 under another name, 0 removed, 0 added\n"
    )
    names = sorted(path.name for path in EXAMPLES.glob("[0-9a-f]*.json"))
    gone, moved, rekeyed, recorded, changed = names[2], names[5], TOKYO, HTTP, names[7]
    (new / gone).unlink()
    (new / moved).rename(new / f"{key(1)}.json")
    (new / rekeyed).unlink()
    edited(new, rekeyed, lambda found: found["request"]["body"].update(temperature=0.5), f"{key(2)}.json")
    (new / recorded).unlink()
    edited(new, recorded, lambda found: found["response"]["body"]["usage"].update(output_tokens=99), f"{key(3)}.json")
    edited(new, changed, lambda found: found["request"]["body"].update(seed=1))
    edited(new, rekeyed, lambda found: found.update(test_id="tests/test_new.py::test"), f"{key(4)}.json")
    found = run_json("diff", examples, new, code=1)
    assert found["same"] == 47 - 5
    assert [one["path"] for one in found["changed"]] == [changed]
    assert found["changed"][0]["what"] == ["request"]
    assert [one["path"] for one in found["removed"]] == [gone]
    assert [one["path"] for one in found["added"]] == [f"{key(4)}.json"]
    renamed = {one["old"]: (one["new"], one["why"], one["what"]) for one in found["renamed"]}
    assert renamed == {
        moved: (f"{key(1)}.json", "the same bytes", []),
        rekeyed: (f"{key(2)}.json", "the same test and answer", ["request"]),
        recorded: (f"{key(3)}.json", "the same test and request", ["usage"]),
    }
    out, _ = run("diff", examples, new, code=1)
    first, *lines = out.splitlines()
    assert first == "47 recordings and 47: 42 the same, 1 changed, 3 under another name, 1 removed, 1 added"
    assert len(lines) == 6
    assert any(line.startswith(f"changed  {changed} ") and line.endswith(": request") for line in lines)
    assert f"renamed  {moved} -> {key(1)}.json: the same bytes" in lines


def test_a_pack_is_a_store(examples: Path, tmp_path: Path) -> None:
    run("pack", examples, "-o", tmp_path / "a.pack")
    assert run("diff", tmp_path / "a.pack", examples)[0].startswith("47 recordings and 47: 47 the same")


def test_what_cannot_be_compared_is_told(examples: Path) -> None:
    assert "give two of one kind" in run("diff", examples, EXAMPLES / TOKYO, code=2)[1]
    assert "no recording in" in run("diff", "ffff0000", "57ea", examples, code=2)[1]


def test_a_real_directory_is_compared_in_a_moment(ogx: Path, tmp_path: Path) -> None:
    other = shutil.copytree(ogx, tmp_path / "other", ignore=shutil.ignore_patterns(".recstore"))
    one, two = recstore.open(ogx), recstore.open(other)
    began = time.process_time()
    found = compare_stores(one.recordings(), two.recordings())
    assert time.process_time() - began < 1
    assert (found.same, bool(found)) == (1588, False)
    some = list(one.recordings())[::40]
    for first, second in pairwise(some):
        assert compare(first, second), (first.path, second.path)
