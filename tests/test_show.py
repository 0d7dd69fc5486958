"""One recording, as people see it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import recstore
from recstore._summary import summarize
from recstore._summary.text import LONG, lines
from support import EXAMPLES, key
from test_cli import run, run_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HTTP = "4735eb6d9b75fcc39682a75a45519b24844d9fb0951b2640164fcf0184a9a59e.json"


def test_a_recording_is_shown_in_sections() -> None:
    out, errors = run("show", "4735", EXAMPLES)
    assert errors == ""
    assert out.startswith(f"key       {HTTP.removesuffix('.json')}\nfile      {HTTP}, 1.2 kB\nprofile   ogx-http-7\n")
    assert out.partition("\n\n")[2] == (
        "parameters\n  max_tokens: 256\n\n"
        "user message\n  What is 15 * 7?\n\n"
        "answer: reasoning\n  15 times 7.\n\n"
        'answer\n  Let me compute that.\n  -> calculator({"expression":"15 * 7"}) [toolu_1]\n\n'
        "answer: finish\n  tool_use\n\n"
        "answer: usage\n  input_tokens: 20\n  output_tokens: 12\n"
    )


def test_a_file_is_shown_in_a_store_or_not(tmp_path: Path) -> None:
    inside = run("show", EXAMPLES / HTTP)[0]
    copy = tmp_path / "notes.txt"
    copy.write_bytes((EXAMPLES / HTTP).read_bytes())
    outside = run("show", copy)[0]
    assert "key       none\n" in outside
    assert inside.partition("test ")[2] == outside.partition("test ")[2]
    assert run_json("show", copy)["text"] == "Let me compute that."
    assert run("show", copy, "--raw")[0].encode() == copy.read_bytes()
    copy.write_text("{")
    assert f"{copy}: the text ends inside a value at line 1 column 2" in run("show", copy, code=2)[1]


def test_long_texts_are_shortened_unless_all_is_asked_for(tmp_path: Path, write: Callable[..., Path]) -> None:
    said = " ".join(map(str, range(2000)))
    tool = {"name": "add", "description": "Adds.\nMuch.", "parameters": {"properties": {"a": {}, "b": {}}}}
    messages = [{"role": "user", "content": said}, {"role": "user", "content": "x" * LONG}]
    body = {"messages": messages, "tools": [{"type": "function", "function": tool}]}
    path = write(f"{key(1)}.json", {"body": 1, "is_streaming": False}, request={"body": body})
    short, full = run("show", path)[0], run("show", path, "--full")[0]
    assert f"  [... {len(said) - 1000:,} characters; --full shows them ...]" in short.splitlines()
    assert f"  {said[:100]}" in short
    assert said[-100:] + "\n" in short
    assert "  " + "x" * LONG in short.splitlines()
    assert "  add(a, b): Adds." in short.splitlines()
    assert f"  {said}" in full.splitlines()
    assert "    Much." in full.splitlines()
    assert '      "properties": {' in full.splitlines()
    assert "[..." not in full


def test_pieces_of_a_recording_cannot_pass_for_the_frame(tmp_path: Path, write: Callable[..., Path]) -> None:
    forged = "x\nanswer\n\x1b[2J\u202eanswer"
    request: dict[str, Any] = {
        "url": forged,
        "body": {"model": forged, forged: forged, "messages": [{"role": forged, "content": forged}]},
    }
    call = {"id": forged, "function": {"name": forged, "arguments": forged}}
    answer = {"choices": [{"message": {"content": forged, "tool_calls": [call]}, "finish_reason": forged}]}
    path = write(f"{key(1)}.json", {"body": answer, "is_streaming": False}, request=request, test_id=forged)
    summary = summarize(recstore.open(path.parent, cache=False)[key(1)])
    assert summary.answer.text == forged
    shown = list(lines(summary, full=True))
    assert shown.count("answer") == 1
    assert all(text.isprintable() or text.replace("\t", "").isprintable() for text in shown)
    margin = {line.split(" ", 1)[0] for line in shown if line and not line.startswith(" ")}
    assert margin == {"test", "request", "endpoint", "model", "parameters", "x", "answer", "answer:"}
    out, _ = run("show", path)
    assert "\x1b" not in out
    assert json.loads(run("show", path, "--json")[0])["text"] == forged


def test_what_cannot_be_encoded_is_spelled_out(tmp_path: Path, write: Callable[..., Path]) -> None:
    answer = {"response": "a\ud800b", "n": 10**30}
    path = write(f"{key(1)}.json", {"body": answer, "is_streaming": False}, request={"body": {}})
    assert "  a\\ud800b" in run("show", path)[0].splitlines()
    assert run_json("show", path)["chunks"][0]["data"] == answer


def test_every_example_says_something_of_what_was_asked_and_answered() -> None:
    for recording in recstore.open(EXAMPLES, cache=False).recordings():
        shown = list(lines(summarize(recording), full=False))
        if recording.status != 204:
            assert any(line.startswith("answer") for line in shown[shown.index("") :]), recording.path
        assert shown[0].startswith("test "), recording.path
