"""The doctor: what it finds, what it repairs, and that it leaves the rest alone."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

import oracle
import recstore
from recstore import doctor
from recstore._core import finding_kinds
from support import REPOSITORY, key, models

if TYPE_CHECKING:
    from collections.abc import Callable

    from recstore._core import DoctorFinding

CHAT = {"method": "POST", "url": "http://h/v1/chat/completions", "headers": {}, "endpoint": "/v1/chat/completions"}
TAG = "openai.types.chat.chat_completion_chunk.ChatCompletionChunk"


def request(*messages: str, **members: Any) -> dict[str, Any]:
    return {**CHAT, "body": {"messages": [{"content": message} for message in messages], **members}}


def chunk(content: str | None, finish: str | None = None, tag: str = TAG, **members: Any) -> dict[str, Any]:
    choice = {"delta": {"content": content}, "finish_reason": finish, "index": 0}
    data = {"id": "x", "choices": [choice], "created": 0, "model": "m", "object": "chat.completion.chunk", **members}
    return {"__type__": tag, "__data__": data}


def stream(*chunks: Any, **members: Any) -> dict[str, Any]:
    return {"body": list(chunks), "is_streaming": True, **members}


@pytest.fixture
def record(write: Callable[..., Path]) -> Callable[..., Path]:
    """Return a function that writes a recording under the name that fits it."""

    def record(
        asked: dict[str, Any], response: Any, *, version: int = 7, test_id: str | None = None, **members: Any
    ) -> Path:
        name = oracle.all_keys(asked, test_id)[f"ogx-{version}"]
        return write(f"{name}.json", response, request=asked, test_id=test_id, **members)

    return record


def examine(path: Path, **options: Any) -> list[DoctorFinding]:
    return doctor.examine(recstore.open(path, cache=False), **options)["findings"]


def ids(path: Path, **options: Any) -> list[str]:
    return [finding["id"] for finding in examine(path, **options)]


def run(*arguments: Any, code: int = 0, **environment: str) -> str:
    command = [sys.executable, "-m", "recstore", "doctor", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, **environment})
    assert done.returncode == code, (done.stdout + done.stderr).decode()
    return done.stdout.decode()


def test_what_is_well_is_not_told(tmp_path: Path, record: Callable[..., Path]) -> None:
    record(request("a"), stream(chunk("x"), chunk(None, "stop")), test_id="t.py::t")
    record(request("b"), {"body": {"__type__": TAG, "__data__": {}}, "is_streaming": False})
    assert examine(tmp_path) == []


def test_a_name_that_fits_no_profile_is_found(tmp_path: Path, record: Callable[..., Path]) -> None:
    path = record(request("a"), stream(chunk("x", "stop", id="rec-" + 12 * "0")))
    fitting = path.stem[:12]
    path.write_text(path.read_text().replace('"content": "a"', '"content": "b"'))
    [finding] = examine(tmp_path)
    assert (finding["id"], finding["severity"], finding["profile"]) == ("key-mismatch", "warning", None)
    assert "the answer was recorded under another, 000000000000…" in finding["message"]
    path.write_text(path.read_text().replace("rec-000000000000", f"rec-{fitting}"))
    assert "the answer was recorded under this name" in examine(tmp_path)[0]["message"]


def test_a_name_that_fitted_before_a_rename_says_so(tmp_path: Path, record: Callable[..., Path]) -> None:
    old = "tests/test_a.py::test[llama_stack_client]"
    path = record(request("a"), stream(chunk("x", "stop")), test_id=old)
    path.write_text(path.read_text().replace("llama_stack_client", "ogx_client"))
    mismatch, edited = examine(tmp_path)
    assert [mismatch["id"], edited["id"]] == ["key-mismatch", "edited-request"]
    assert mismatch["profile"] == edited["profile"] == "ogx-7"
    assert 'it says "ogx_client" for "llama_stack_client"' in edited["message"]


def test_git_says_up_to_when_a_name_fitted(tmp_path: Path, record: Callable[..., Path]) -> None:
    def git(*arguments: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *who, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    path = record(request("score: 1.5"), stream(chunk("x", "stop")), version=6)
    other = record(request("z"), stream(chunk("y", "stop")))
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "recorded")
    for message in ("b", "c"):
        path.write_text(re.sub('"content": "[^x].*"', f'"content": "{message}"', path.read_text()))
        git("commit", "-qam", "edited")
    other.write_text(other.read_text().replace('"z"', '"y"'))
    path.write_text(path.read_text().replace('"test_id": null', '"test_id": 5'))
    git("commit", "-qam", "broken")
    path.write_text(path.read_text().replace('"test_id": 5', '"test_id": null'))
    store = tmp_path / "recordings"
    assert [(found["id"], found["profile"]) for found in examine(store)] == [("key-mismatch", None)] * 2
    by_path: dict[str, list[DoctorFinding]] = {}
    for found in examine(store, history=True):
        by_path.setdefault(found["path"], []).append(found)
    mismatch, edited = by_path[path.name]
    assert (mismatch["profile"], edited["id"], edited["profile"]) == ("ogx-6", "edited-request", "ogx-6")
    for name in (path.name, other.name):
        mismatch, edited = by_path[name]
        assert edited["message"].startswith(f"as commit {git('log', '--format=%H').splitlines()[3][:12]} left it")
    assert mismatch["profile"] == "ogx-7"


def test_an_old_profile_is_one_that_the_store_does_not_look_up_under(
    tmp_path: Path, record: Callable[..., Path]
) -> None:
    record(request("score: 1.5"), stream(chunk("x", "stop")), version=6, test_id="t.py::t")
    [finding] = examine(tmp_path)
    assert (finding["id"], finding["profile"]) == ("old-profile", "ogx-6")
    assert "`recstore rekey --to ogx-7`" in finding["remedy"]
    (tmp_path / "recstore.toml").write_text('profile = "ogx-6"\n')
    assert examine(tmp_path) == []
    (tmp_path / "recstore.toml").write_text('profile = "recstore-1"\n')
    [finding] = examine(tmp_path)
    assert (finding["id"], finding["profile"]) == ("old-profile", "ogx-6")
    (tmp_path / "recstore.toml").write_text('profile = "ogx-1"\n')
    [finding] = examine(tmp_path)
    assert (finding["id"], finding["profile"]) == ("other-profile", "ogx-6")


def test_files_that_are_no_recordings_are_found_with_their_line(tmp_path: Path, write: Callable[..., Path]) -> None:
    folder = write(f"{key(1)}.json", {"body": 1}).parent
    for path in folder.iterdir():
        path.unlink()
    (folder / f"{key(2)}.json").write_text('{\n"test_id": null\n<<<<<<< HEAD\n')
    (folder / f"{key(3)}.json").write_text('{\n"test_id": nope\n}')
    (folder / f"{key(4)}.json").write_text("{}")
    write("notes.json", {"body": 1})
    assert [(finding["path"][-9:], finding["id"], finding["line"]) for finding in examine(tmp_path)] == [
        ("0002.json", "conflict-markers", 3),
        ("0003.json", "malformed", 2),
        ("0004.json", "malformed", None),
        ("otes.json", "no-key", None),
    ]


def test_one_request_with_several_answers_is_found(tmp_path: Path, record: Callable[..., Path]) -> None:
    for version in (6, 7):
        record(request("score: 1.5"), stream(chunk(f"{version}", "stop")), version=version)
    assert sorted(ids(tmp_path)) == ["duplicate-request", "old-profile"]
    [finding] = [finding for finding in examine(tmp_path) if finding["id"] == "duplicate-request"]
    assert len(finding["related"]) == 1
    assert "answer it in 2 ways; a look-up finds but one of them" in finding["message"]
    for version in (6, 7):
        record(request("score: 1.5"), stream(chunk("same", "stop")), version=version)
    assert ids(tmp_path) == ["old-profile"], "equal answers contradict nothing"


def test_lists_of_models_may_be_several(tmp_path: Path, write: Callable[..., Path]) -> None:
    asked = {**CHAT, "url": "http://h/v1/models", "endpoint": "/v1/models", "body": {}}
    name = oracle.all_keys(asked, None)["ogx-7"]
    for digest, model in (("0a0a0a0a", "a"), ("0b0b0b0b", "b")):
        write(f"models-{name}-{digest}.json", models(model), request=asked)
    assert examine(tmp_path) == []


def test_one_answer_to_many_requests_is_found(tmp_path: Path, record: Callable[..., Path]) -> None:
    for number in range(10):
        record(request(f"{number}"), stream(chunk("alike", "stop", id=f"rec-{number:012x}")))
    [finding] = examine(tmp_path)
    assert (finding["id"], len(finding["related"])) == ("identical-answers", 9)
    record(request("9"), stream(chunk("not alike", "stop")))
    assert examine(tmp_path) == []


def test_layout_and_line_ends_are_repaired_and_nothing_else(tmp_path: Path, record: Callable[..., Path]) -> None:
    asked = {**request("é\u2028😀 \\u00e9"), "odd": [1.50, 10**30, 1e400, -0.0, 0.1]}
    path = record(asked, stream(chunk("x", "stop")))
    right = path.read_bytes().replace(b"1.5,", b"1.500,")  # the spelling of numbers stays
    value = json.loads(right)
    wrongs = {
        "line-ends": right.replace(b"\n", b"\r\n"),
        "layout": json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode().replace(b"1.5,", b"1.500,"),
    }
    for finding, wrong in wrongs.items():
        path.write_bytes(wrong)
        assert ids(tmp_path) == [finding]
        told = doctor.fix(recstore.open(tmp_path, cache=False), dry_run=True)
        assert path.read_bytes() == wrong
        assert doctor.fix(recstore.open(tmp_path, cache=False)) == told
        assert [fixed["ids"] for fixed in told] == [[finding]]
        assert path.read_bytes() == right
        assert examine(tmp_path) == []
    for missing in (right[:-1], right.replace(b"\\u00e9", "é".encode(), 1)):
        path.write_bytes(missing)
        assert ids(tmp_path) == ["layout"]
        doctor.fix(recstore.open(tmp_path))
        assert path.read_bytes() == right
    assert doctor.fix(recstore.open(tmp_path)) == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES, st.sampled_from([None, 1, 4, "\t"]), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_any_layout_becomes_that_of_the_recorder_and_no_value_changes(
    tmp_path: Path, value: Any, indent: Any, ascii_only: bool, line_end: str
) -> None:
    recording = {"test_id": None, "request": {"body": value}, "response": {"body": value}, "other": value}
    path = tmp_path / "recordings" / f"{key(1)}.json"
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(recording, indent=indent, ensure_ascii=ascii_only)
    path.write_bytes(text.replace("\n", line_end).encode() + line_end.encode())
    doctor.fix(recstore.open(tmp_path, cache=False))
    assert path.read_bytes() == oracle.written(recording)


def test_renamed_tags_are_repaired_where_they_are_tags(tmp_path: Path, record: Callable[..., Path]) -> None:
    old, new = "llama_stack_api.tools.Result", "ogx_api.tools.Result"
    path = record(request(old), stream(chunk("x", "stop", tag=old, note=old), chunk(old, tag=old)))
    before = json.loads(path.read_bytes())
    assert ids(tmp_path) == ["renamed-type"]
    [fixed] = doctor.fix(recstore.open(tmp_path))
    assert fixed["tags"] == 2
    for part in before["response"]["body"]:
        part["__type__"] = new
    assert path.read_bytes() == oracle.written(before)
    assert ids(tmp_path) == ["unknown-type"]


def test_types_without_a_class_are_found(tmp_path: Path, record: Callable[..., Path]) -> None:
    for tag in ("some.package.Chunk", "x" * 1_000_000):
        record(request("a"), stream(chunk("x", "stop", tag=tag)))
        [finding] = examine(tmp_path)
        assert finding["id"] == "unknown-type"
        assert f"1 chunks of the type {tag[:120]}" in finding["message"]
        assert len(finding["message"]) < 200


def test_with_the_sdk_data_at_which_a_validator_fails_is_found(tmp_path: Path, write: Callable[..., Path]) -> None:
    request = {"url": "vertexai:///generate_content"}
    write("a.json", {"body": {"candidates": [{"finishReason": 5}]}, "is_streaming": False}, request=request)
    messages = [finding["message"] for finding in examine(tmp_path, sdk=True) if finding["id"] == "invalid-chunk"]
    assert len(messages) == 1
    assert "GenerateContentResponse:" in messages[0]


def test_with_the_sdk_chunks_are_validated(tmp_path: Path, record: Callable[..., Path]) -> None:
    record(request("a"), stream(chunk("x"), chunk("y", "stop", created="yesterday")))
    record(request("b"), stream(chunk("x", "stop", tag="openai.types.chat.NoLongerThere")))
    assert examine(tmp_path) == []
    by_id = {finding["id"]: finding["message"] for finding in examine(tmp_path, sdk=True)}
    assert by_id.keys() == {"invalid-chunk", "unknown-type"}
    assert (
        "1 of 2 chunks are not what the installed SDK knows; the first: ChatCompletionChunk:" in by_id["invalid-chunk"]
    )
    assert "created" in by_id["invalid-chunk"]


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (stream(chunk("x"), chunk(None, "stop")), []),
        (stream(chunk("x"), chunk(None, "stop"), chunk(None, choices=[])), []),
        (stream(chunk("x"), chunk("y")), ["incomplete-stream"]),
        (stream(), ["incomplete-stream"]),
        (stream(chunk("x", "stop"), is_incomplete=True), ["incomplete-stream"]),
        (stream("data: {}", "data: [DONE]"), []),
        (stream({"unknown": "family"}), []),
        (
            stream(chunk("x"), is_exception=True, exception_data={"type": "APIError"}, exception_message="gone"),
            ["recorded-error"],
        ),
    ],
)
def test_streams_that_do_not_end_are_found(
    tmp_path: Path, record: Callable[..., Path], response: Any, expected: list[str]
) -> None:
    record(request("a"), response)
    assert ids(tmp_path) == expected


def test_large_files_are_found(tmp_path: Path, record: Callable[..., Path]) -> None:
    record(request("a" * 2000), stream(chunk("x", "stop")))
    assert ids(tmp_path) == []
    assert ids(tmp_path, large=2000) == ["large-file"]


@pytest.mark.parametrize("text", ["sk-" + 30 * "x7", "key:\nghp_" + 36 * "a", "Bearer " + 40 * "b"])
def test_credentials_are_found_and_not_told(tmp_path: Path, record: Callable[..., Path], text: str) -> None:
    record(request("a", user=f"my {text}"), stream(chunk("x", "stop")))
    [finding] = examine(tmp_path)
    assert (finding["id"], finding["severity"]) == ("secret", "error")
    assert finding["message"].startswith("request.body.user looks like a credential (")
    assert text[-20:] not in json.dumps(finding)


def test_a_credential_in_pieces_is_found(tmp_path: Path, record: Callable[..., Path]) -> None:
    record(request("a"), stream(chunk("the key is s"), chunk("k-proj-" + 10 * "x7"), chunk(10 * "y8", "stop")))
    arguments = ['{"key": "gh', "p_" + 18 * "a", 18 * "b" + '"}']
    calls = [
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}, "finish_reason": "x"}]}
        for piece in arguments
    ]
    record(request("b"), stream(*({**chunk(None), "__data__": call} for call in calls)))
    found = examine(tmp_path)
    assert [finding["id"] for finding in found] == ["secret"] * 2
    assert {finding["message"].split(" of all chunks ")[0] for finding in found} == {
        "response: __data__.choices[0].delta.content",
        "response: __data__.choices[0].delta.tool_calls[0].function.arguments",
    }


def test_every_kind_of_credential_has_a_sign_that_is_looked_for() -> None:
    from test_session import TOKENS

    for token in TOKENS.values():
        assert any(sign in token for sign in recstore.secrets.SIGNS)


def test_recordings_that_hang_on_one_another_are_found(tmp_path: Path, record: Callable[..., Path]) -> None:
    said: list[str] = []
    for turn in range(12):
        record(request("begin", *said), stream(chunk(f"the answer {turn}", "stop")), test_id="t.py::t")
        said.append(f"the answer {turn}")
    for turn in range(12):
        record(request(f"{turn} questions", n=turn), stream(chunk(f"{turn}", "stop")), test_id="t.py::alone")
    findings = examine(tmp_path)
    assert [finding["id"] for finding in findings] == ["chain"]
    assert "12 of the 12 recordings of this test hang on one another's text" in findings[0]["message"]


def test_a_file_that_is_not_there_is_not_repaired(tmp_path: Path, record: Callable[..., Path]) -> None:
    path = record(request("a"), stream(chunk("x", "stop")))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    store = recstore.open(tmp_path, cache=False)
    relative = str(path.relative_to(tmp_path))
    with pytest.raises(
        recstore.StorageNotFound, match=r"there is no file nope\.json in .*; name files as seen from there"
    ):
        doctor.fix(store, paths=["nope.json", relative])
    assert b"\r" in path.read_bytes()
    assert [fixed["path"] for fixed in doctor.fix(store, paths=[relative])] == [relative]


def test_every_kind_is_described_with_its_severity() -> None:
    described = re.findall(
        r"^\| `([a-z-]+)` \| (\w+) \|", (REPOSITORY / "docs" / "doctor.md").read_text(), re.MULTILINE
    )
    assert dict(described) == {name: severity for name, (severity, _) in finding_kinds().items()}
    assert [name for name, _ in described] == list(finding_kinds())


def test_the_command_says_what_it_finds_and_exits_with_it(tmp_path: Path, record: Callable[..., Path]) -> None:
    path = record(request("score: 1.5"), stream(chunk("x", "stop")), version=6)
    other = record(request("b"), stream(chunk("x", "stop")))
    said = run(tmp_path, code=1)
    assert "warning: old-profile (1): bring all names to the rules of the store: `recstore rekey --to ogx-7`\n" in said
    assert run(tmp_path, "--fail-on", "error").count("old-profile") == 1
    assert run(tmp_path, "--ignore", "old-profile") == ""
    assert run(tmp_path, other) == "", "only what is about the files that are named"
    assert path.name in run(tmp_path, other, path, code=1)
    report = json.loads(run(tmp_path, "--json", code=1))
    assert report.keys() == {"path", "files", "profiles", "findings", "fixes", "dry_run"}
    assert report["profiles"] == {"ogx-6": 1, "ogx-7": 1, "none": 0}
    assert report == json.loads(run(tmp_path, "--format", "json", code=1))
    run(tmp_path, "--ignore", "nonsense", code=2)
    run(tmp_path / "none", code=2)


def test_the_command_repairs_after_it_has_said_what(tmp_path: Path, record: Callable[..., Path]) -> None:
    path = record(request("a"), stream(chunk("x", "stop")))
    right = path.read_bytes()
    path.write_bytes(wrong := right.replace(b"\n", b"\r\n"))
    assert f"would repair recordings/{path.name}: line-ends" in run(tmp_path, "--fix", "--dry-run", code=1)
    assert path.read_bytes() == wrong
    assert f"\nrepaired recordings/{path.name}: line-ends" in "\n" + run(tmp_path, "--fix")
    assert path.read_bytes() == right
    recstore.open(tmp_path).pack(tmp_path / "a.pack")
    run(tmp_path / "a.pack", "--fix", code=2)
    assert run(tmp_path / "a.pack") == ""


def test_no_recording_gives_ci_commands(tmp_path: Path, record: Callable[..., Path]) -> None:
    evil = "gone\n::add-mask::x\r::error::y\x1b[2J"
    record(
        request("a"), stream(chunk("x")) | {"is_exception": True, "exception_message": evil}, folder="a\n::b/recordings"
    )
    for form in ("text", "github"):
        out = run(tmp_path, "--format", form)
        assert "gone" in out
        assert [line for line in out.splitlines() if line.startswith("::")] == (
            out.splitlines() if form == "github" else []
        )
        assert len(out.splitlines()) == (1 if form == "github" else 2)


def test_files_that_are_not_there_are_told(tmp_path: Path, record: Callable[..., Path]) -> None:
    path = record(request("a"), stream(chunk("x", "stop")))
    run(tmp_path, path)
    run(tmp_path, path.with_name("other.json"), code=2)


def test_where_nothing_is_looked_at_nothing_is_called_well(
    tmp_path: Path, record: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def complaint(*arguments: Any) -> str:
        command = [sys.executable, "-m", "recstore", *map(str, arguments)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (2, "")
        return done.stderr

    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "a.json").write_text("{}")
    for command in (("doctor",), ("doctor", "--fix"), ("doctor", "--json"), ("verify",), ("verify", "--json")):
        said = complaint(command[0], tmp_path / "none", *command[1:])
        assert said.startswith(f"recstore: there are no recordings in {tmp_path}/none: no file that ends in .json in")
    record(request("a"), stream(chunk("x", "stop")))
    monkeypatch.chdir(tmp_path)
    for name in ("bad.json", "none/a.json", "recordings/notes.txt", "../bad.json", "recordings/.hidden/a.json"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("{")
        said = complaint("doctor", *(["."] if name.endswith("txt") else []), name)
        assert said.startswith(f"recstore: {name} is no recording of the store {tmp_path}: ")
    # A file of the store that is no JSON is a finding, also where it is the only one.
    for name in ("recordings/bad.json", "alone/recordings/bad.json"):
        Path(name).parent.mkdir(exist_ok=True, parents=True)
        Path(name).write_text("{")
        assert "malformed" in run(name, code=1)


def test_annotations_are_what_github_reads(tmp_path: Path, record: Callable[..., Path]) -> None:
    path = record(request("a"), stream(chunk("x", is_exception=True)), is_exception=True)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    lines = run(tmp_path / "recordings", "--format", "github", code=1, GITHUB_WORKSPACE=str(tmp_path)).splitlines()
    assert lines[0].startswith(f"::warning file=recordings/{path.name},title=recstore incomplete-stream::")
    assert lines[1].startswith(
        f"::warning file=recordings/{path.name},line=1,title=recstore line-ends::lines end in CR LF"
    )
    assert all(re.fullmatch(r"::(error|warning|notice) [^:\n]*::[^\r\n]+", line) for line in lines)


def test_the_hooks_of_pre_commit_run(
    tmp_path: Path, record: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = record(request("a"), stream(chunk("x", "stop")))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    hooks = (REPOSITORY / ".pre-commit-hooks.yaml").read_text()
    entries = [shlex.split(entry) for entry in re.findall(r"^  entry: (.*)$", hooks, re.MULTILINE)]
    [pattern] = set(re.findall(r"^  files: (.*)$", hooks, re.MULTILINE))
    file = str(path.relative_to(tmp_path))
    assert re.search(pattern, file)
    monkeypatch.chdir(tmp_path)
    assert [entry[:2] for entry in entries] == [["recstore", "doctor"]] * 2
    assert "line-ends" in run(*entries[0][2:], file, code=1)
    run(*entries[1][2:], file)
    assert run(*entries[0][2:], file) == ""
    extra = re.search(r"^cli = (\[.*\])$", (REPOSITORY / "pyproject.toml").read_text(), re.MULTILINE)
    assert extra is not None
    assert hooks.count(f"additional_dependencies: {extra[1]}") == len(entries)


def test_the_real_directory(ogx: Path) -> None:
    started = time.perf_counter()
    report = doctor.examine(recstore.open(ogx, cache=False))
    assert time.perf_counter() - started < 1
    assert report["files"] == 1588
    assert report["profiles"] == {
        "ogx-7": 1341,
        "ogx-http-7": 21,
        "ogx-tool": 7,
        "ogx-6": 146,
        "ogx-2": 4,
        "none": 69,
    }
    expected, old = set(), set()
    for path in ogx.rglob("*.json"):
        recorded = json.loads(path.read_bytes())
        name = path.stem.split("-")[1] if path.stem.startswith("models-") else path.stem
        asked = recorded["request"]
        keys = oracle.all_keys(asked, recorded.get("test_id")) if {"url", "tool_name"} & asked.keys() else {}
        if not any(found.startswith(name) for found in keys.values()):
            expected.add(str(path.relative_to(ogx)))
        elif not any(keys.get(newest, "").startswith(name) for newest in ("ogx-7", "ogx-http-7", "ogx-tool")):
            old.add(str(path.relative_to(ogx)))
    findings = report["findings"]
    named = {
        kind: {finding["path"] for finding in findings if finding["id"] == kind}
        for kind in ("key-mismatch", "edited-request", "no-key", "old-profile")
    }
    assert named["key-mismatch"] == expected
    assert named["edited-request"] <= expected, "no other file's name is called into question"
    assert not named["no-key"]
    assert named["old-profile"] == old
    counts = Counter(finding["id"] for finding in findings)
    assert counts == {
        "key-mismatch": 69,
        "edited-request": 17,
        "old-profile": 150,
        "duplicate-request": 42,
        "chain": 8,
        "recorded-error": 8,
        "unknown-type": 7,
        "identical-answers": 3,
        "large-file": 1,
        "renamed-type": 1,
    }
    longest = max(len(finding["related"]) for finding in findings if finding["id"] == "chain")
    assert longest == 177, "half of the 331 recordings of one test lie here"
