"""Stores: mappings, precedence, what is read and where it is looked for."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

import recstore
from support import in_forked_child, key, models

if TYPE_CHECKING:
    from collections.abc import Callable

BODY: dict[str, Any] = {"body": 1, "is_streaming": False}


def test_a_store_is_a_mapping_from_keys_to_recordings(examples: Path) -> None:
    store = recstore.open(examples)
    assert isinstance(store, Mapping)
    assert len(store) == len(set(store)) == len(list(store.keys())) == 46
    some = next(iter(store))
    assert some in store
    assert store[some].key == some
    assert store.get(some) is not None
    assert dict(store.items()).keys() == set(store)
    assert key("dead") not in store
    assert "no key at all" not in store
    assert 7 not in store  # type: ignore[comparison-overlap]
    assert store.get(key("dead")) is None
    assert store.get("no key", "default") == "default"
    assert store == store
    assert store != recstore.open(examples)
    assert hash(store) == hash(store)


def test_a_missing_key_is_told(examples: Path) -> None:
    with pytest.raises(KeyError) as error:
        recstore.open(examples)[key("dead")]
    assert isinstance(error.value, recstore.RecordingNotFound)
    assert error.value.key == key("dead")
    assert str(error.value) == f"no recording has the key {key('dead')} in {examples}"


def test_a_store_says_what_it_is(examples: Path) -> None:
    store = recstore.open(examples)
    assert repr(store) == f"<recstore store {examples}: 46 keys, ogx-7, cache ready>"
    assert store.path == examples
    assert store.profile == "ogx-7"
    assert not store.is_read_only


def test_a_recording_is_a_sequence_of_chunks(examples: Path) -> None:
    recording = next(r for r in recstore.open(examples).recordings() if "test_count" in (r.test_id or ""))
    assert len(recording) == len(recording.chunks) == len(list(recording)) == 7
    assert recording[-1].raw == recording[6].raw == recording.chunks[6].raw
    assert [chunk.raw for chunk in recording[1:3]] == [recording[1].raw, recording[2].raw]
    with pytest.raises(IndexError, match="the recording has 7 chunks; there is none at 7"):
        recording[7]
    with pytest.raises(IndexError):
        recording[-8]
    assert recording.text == "1 2 3 4 5 "
    assert recording.endpoint == "/v1/chat/completions"
    assert recording.model == "gpt-4o"
    assert recording.request["body"]["temperature"] == 0.7
    assert repr(recording) == f"<Recording {recording.key[:12]} /v1/chat/completions gpt-4o 7 chunks>"  # type: ignore[index]
    assert repr(recording[1]) == "<Chunk 1 ChatCompletionChunk '1 '>"


def test_calls_of_tools_are_put_together_for_each_choice(tmp_path: Path, write: Callable[..., Path]) -> None:
    def piece(choice: int, arguments: str) -> dict[str, Any]:
        call = {"index": 0, "function": {"arguments": arguments}}
        return {"choices": [{"delta": {"tool_calls": [call]}, "index": choice}]}

    pieces = [piece(0, '{"a"'), piece(1, '{"b"'), piece(0, ": 1}"), piece(1, ": 2}")]
    write(f"{key(1)}.json", {"body": pieces, "is_streaming": True})
    calls = recstore.open(tmp_path)[key(1)].tool_calls
    assert [call["arguments"] for call in calls] == ['{"a": 1}', '{"b": 2}']


# Precedence


@pytest.fixture
def project(tmp_path: Path, write: Callable[..., Path]) -> Path:
    """Return a project whose tests share recordings in tests/integration/common."""
    for folder in ("agents", "common", "responses"):
        write(f"{key(1)}.json", {**BODY, "body": folder}, folder=f"tests/integration/{folder}/recordings")
    write(f"{key(2)}.json", {**BODY, "body": "common"}, folder="tests/integration/common/recordings")
    write(f"{key(3)}.json", {**BODY, "body": "agents"}, folder="tests/integration/agents/recordings")
    return tmp_path


@pytest.mark.parametrize("depth", ["", "tests", "tests/integration"])
def test_the_own_folder_answers_before_the_base_and_no_other_does(project: Path, depth: str) -> None:
    for store in (recstore.open(project / depth), recstore.open(project / depth, cache=False)):

        def answer(digit: int, folder: str | None, store: recstore.Store = store) -> Any:
            test_id = folder and f"tests/integration/{folder}/test_a.py::test[a/b]"
            found = store.get(key(digit), test_id=test_id)
            return found and found.body

        assert answer(1, "agents") == "agents"
        assert answer(1, "responses") == "responses"
        assert answer(1, "elsewhere") == "common"
        assert answer(1, None) == "common"
        assert answer(2, "agents") == "common"
        assert answer(3, "agents") == "agents"
        assert answer(3, "responses") is None
        assert answer(3, None) == "agents", "without a test, any folder answers"


def test_a_root_can_be_named_by_way_of_another_folder(project: Path) -> None:
    store = recstore.open(project / "tests" / "integration" / "agents" / "..")
    found = store.get(key(1), test_id="tests/integration/agents/test_a.py::test")
    assert found is not None
    assert found.body == "agents"


def test_a_pack_answers_with_the_same_precedence(project: Path, tmp_path: Path) -> None:
    recstore.open(project / "tests" / "integration", cache=False).pack(tmp_path / "a.pack")
    store = recstore.open(tmp_path / "a.pack")
    assert store.is_read_only
    found = store.get(key(1), test_id="tests/integration/agents/test_a.py::test")
    # No recording of this project names a test, so that the pack does not know where it lay; the base answers.
    assert found is not None
    assert found.body == "common"


def test_a_pack_of_part_of_a_project_knows_where_it_lay(tmp_path: Path, write: Callable[..., Path]) -> None:
    test_id = "tests/integration/agents/test_a.py::test"
    for folder in ("agents", "common"):
        path = f"tests/integration/{folder}/recordings"
        write(f"{key(1)}.json", {**BODY, "body": folder}, folder=path, test_id=f"tests/integration/{folder}/t.py::t")
    recstore.open(tmp_path / "tests" / "integration").pack(tmp_path / "a.pack")
    found = recstore.open(tmp_path / "a.pack").get(key(1), test_id=test_id)
    assert found is not None
    assert found.body == "agents"


def test_twelve_digits_find_and_are_found(tmp_path: Path, write: Callable[..., Path]) -> None:
    write("b24590574a85.json", {**BODY, "body": "early"})
    write(f"{key(5)}.json", {**BODY, "body": "full"})
    full = "b24590574a85" + "0" * 52
    for cache in (True, False):
        store = recstore.open(tmp_path, cache=cache)
        assert store[full].body == store["b24590574a85"].body == "early"
        assert store[key(5)[:12]].body == "full"
        assert store.get("b24590574a86" + "0" * 52) is None


def test_an_exact_key_answers_before_its_first_digits(tmp_path: Path, write: Callable[..., Path]) -> None:
    write(f"{key(5)[:12]}.json", {**BODY, "body": "early"})
    write(f"{key(5)}.json", {**BODY, "body": "full"})
    for cache in (True, False):
        assert recstore.open(tmp_path, cache=cache)[key(5)].body == "full"


def test_lists_of_models_are_united_over_the_own_and_the_base_folder(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    request = {"endpoint": "/v1/models"}
    own, base, other = (f"tests/integration/{folder}/recordings" for folder in ("agents", "common", "x"))
    write(f"models-{key(1)}-00000001.json", models("c", "a"), request=request, folder=own)
    write(f"models-{key(1)}-00000002.json", models("b", "a"), request=request, folder=base)
    write(f"models-{key(1)}-00000003.json", models("z"), request=request, folder=other)
    for cache in (True, False):
        store = recstore.open(tmp_path, cache=cache)
        for test_id, names in (("tests/integration/agents/t.py::t", "abc"), ("tests/t.py::t", "ab"), (None, "abcz")):
            found = store.get(key(1), test_id=test_id)
            assert found is not None
            assert [chunk.data["id"] for chunk in found] == list(names)
        # Even one file: the recorder's replay sorts it.
        only = store.get(key(1), test_id="tests/integration/agents/t.py::t")
        assert only is not None
        assert only.raw == (json.dumps(json.loads(only.raw), indent=2) + "\n").encode()


def test_lists_of_models_without_endpoint_or_id_are_united(tmp_path: Path, write: Callable[..., Path]) -> None:
    request = {"url": "http://localhost/v1/models?x=1"}
    nameless = {"body": [{"id": None}, {"id": "b"}], "is_streaming": False}
    write(f"models-{key(1)}-00000001.json", nameless, request=request)
    write(f"models-{key(1)}-00000002.json", models("a"), request=request)
    write(f"models-{key(1)}-00000003.json", nameless, request=request)
    assert [chunk.data["id"] for chunk in recstore.open(tmp_path)[key(1)]] == [None, "a", "b"]


def test_ollamas_lists_of_models_are_united_inside_their_object(tmp_path: Path, write: Callable[..., Path]) -> None:
    for digest, names in (("00000001", "ca"), ("00000002", "ba")):
        data = {"models": [{"model": name} for name in names]}
        body = {"__type__": "ollama._types.ListResponse", "__data__": data}
        response = {"body": body, "is_streaming": False}
        write(f"models-{key(1)}-{digest}.json", response, request={"endpoint": "/api/tags"})
    found = recstore.open(tmp_path)[key(1)]
    assert [model["model"] for model in found[0].data["models"]] == ["a", "b", "c"]
    assert [model.model for model in found.replay().models] == ["a", "b", "c"]


# What is read


def test_ids_are_replaced_on_reading_as_the_recorder_does(tmp_path: Path, write: Callable[..., Path]) -> None:
    response = {"body": [{"id": "call_OLD", "note": "was call_OLD"}], "is_streaming": True}
    path = write(f"{key(1)}.json", response, id_normalization_mapping={"call_1": "call_OLD"})
    for cache in (True, False):
        recording = recstore.open(tmp_path, cache=cache)[key(1)]
        assert recording[0].data == {"id": "call_1", "note": "was call_1"}
        assert recording.raw == path.read_bytes()


@pytest.mark.parametrize(
    "layout",
    [
        json.dumps,
        lambda value: json.dumps(value, indent=2),
        lambda value: json.dumps(value, indent=4) + "\n",
        lambda value: json.dumps(value, indent=2).replace("\n", "\r\n") + "\r\n",
        lambda value: json.dumps(value, indent=2, ensure_ascii=False) + "\n",
        lambda value: json.dumps(value, indent=2) + "\n\n",
        lambda value: " " + json.dumps(value, indent=2) + "\n",
        lambda value: json.dumps(value, indent=2).replace("[]", "[ ]") + "\n",
        lambda value: json.dumps(value, indent=2).replace("1.5\n      },", "1.5\n      }\n    ,") + "\n",
        lambda value: json.dumps(value, indent=2).replace(": 1.5", ":1.5") + "\n",
        lambda value: json.dumps(value, indent=2).replace("1.5", "15e-1") + "\n",
    ],
)
def test_a_file_in_any_layout_is_read_and_given_back(tmp_path: Path, layout: Callable[[Any], str]) -> None:
    value = {
        "test_id": "é",
        "request": {"a": []},
        "response": {"body": [{"x": 1.5}, {"x": "ü\ud800"}], "is_streaming": True},
    }
    text = layout(value).encode("utf-8", "surrogatepass" if "ud800" in layout(value) else "replace")
    path = tmp_path / "recordings" / f"{key(1)}.json"
    path.parent.mkdir()
    path.write_bytes(text)
    recstore.open(tmp_path).pack(tmp_path / "a.pack")
    for store in (recstore.open(tmp_path), recstore.open(tmp_path, cache=False), recstore.open(tmp_path / "a.pack")):
        recording = store[key(1)]
        assert recording.raw == text
        assert recording.test_id == "é"
        assert recording[0].raw.replace(b"15e-1", b"1.5") == b'{"x":1.5}'
        assert recording[0].data == {"x": 1.5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "the text ends inside a value at line 1 column 1"),
        (b'{\n  "a": 1,\n<<<<<<< HEAD\n', "expected a member name in double quotes at line 3 column 1"),
        (b"[]", "a recording needs the document to be an object, not an array"),
        (b"{}", "a recording needs request to be there, not missing"),
        (b'{"request": {}}', "a recording needs response to be there, not missing"),
        (b'{"request": {}, "response": {}}', "a recording needs response.body to be there, not missing"),
        (b'{"request": [], "response": {}}', "a recording needs request to be an object, not an array"),
        (b'{"test_id": 7, "request": {}, "response": {"body": 1}}', "test_id to be a string, not a number"),
    ],
)
def test_a_file_that_is_no_recording_is_told_with_place_and_remedy(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "recordings" / f"{key(1)}.json"
    path.parent.mkdir()
    path.write_bytes(text)
    (tmp_path / "recordings" / f"{key(2)}.json").write_bytes(b'{"request": {}, "response": {"body": 1}}')
    time.sleep(0.05)  # so that the pack can answer for the files
    recstore.open(tmp_path).pack(tmp_path / "a.pack")
    for store in (recstore.open(tmp_path), recstore.open(tmp_path, cache=False), recstore.open(tmp_path / "a.pack")):
        with pytest.raises(recstore.MalformedRecording) as error:
            store[key(1)]
        assert str(path.relative_to(tmp_path)) in str(error.value)
        assert message in str(error.value)
        assert "restore the file from version control, or delete it and record again" in str(error.value)
        assert store[key(2)].body == 1
    recstore.unpack(tmp_path / "a.pack", tmp_path / "unpacked")
    assert (tmp_path / "unpacked" / "recordings" / f"{key(1)}.json").read_bytes() == text


def test_a_file_above_the_limit_is_refused_and_the_limit_can_be_raised(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    path = write(f"{key(1)}.json", {**BODY, "body": "x" * 2000})
    message = (
        f"{path.stat().st_size} bytes are more than the limit of 1000 bytes for one recording; "
        "to read it, open the store with a larger max_file_size"
    )
    for cache in (True, False):
        with pytest.raises(recstore.MalformedRecording, match=message):
            recstore.open(tmp_path, cache=cache, max_file_size=1000)[key(1)]
    assert recstore.open(tmp_path)[key(1)].body == "x" * 2000


def test_limits_hold_for_what_is_packed_with_others(tmp_path: Path, write: Callable[..., Path]) -> None:
    write(f"{key(1)}.json", {**BODY, "body": ["x"] * 1000})
    write(f"{key(2)}.json", BODY)
    time.sleep(0.05)
    for limit in (64 << 20, 2000):
        # The pack is made under one limit and used under the other.
        shutil.rmtree(tmp_path / ".recstore", ignore_errors=True)
        assert recstore.open(tmp_path, max_file_size=limit).cache.startswith("ready")
        with pytest.raises(recstore.MalformedRecording, match="more than the limit of 2000 bytes"):
            recstore.open(tmp_path, max_file_size=2000)[key(1)]
        assert recstore.open(tmp_path)[key(1)].body == ["x"] * 1000
        assert recstore.open(tmp_path, max_file_size=2000)[key(2)].body == 1
    recstore.open(tmp_path).pack(tmp_path / "a.pack")
    with pytest.raises(recstore.MalformedRecording, match="more than the limit of 2000 bytes"):
        recstore.open(tmp_path / "a.pack", max_file_size=2000)[key(1)]
    packed = recstore.open(tmp_path / "a.pack", max_file_size=5000)[key(1)]
    with pytest.raises(recstore.MalformedRecording, match="more than the limit of 5000 bytes"):
        packed.raw  # noqa: B018
    with pytest.raises(recstore.MalformedRecording, match="more than the limit of 5000 bytes"):
        recstore.unpack(tmp_path / "a.pack", tmp_path / "new", max_file_size=5000)


def test_no_limit_is_too_large(tmp_path: Path, write: Callable[..., Path]) -> None:
    path = write(f"{key(1)}.json", BODY)
    with path.open("r+b") as file:
        file.truncate(2**31 + 5)  # takes no room on the disk
    with pytest.raises(recstore.MalformedRecording, match="2147483653 bytes are more than the limit of 2147483647"):
        recstore.open(tmp_path, max_file_size=2**63)[key(1)]


def test_a_folder_that_is_none_of_recordings_is_refused(tmp_path: Path, write: Callable[..., Path]) -> None:
    write(f"{key(1)}.json", BODY, folder="tests/recordings")
    store = recstore.open(tmp_path)
    for folder in ("tests/recordings", "tests/recordings/", "./tests/recordings"):
        assert [recording.key for recording in store.recordings(folder)] == [key(1)]
    assert list(store.recordings("elsewhere/recordings")) == [], "there may be none yet"
    for other in ("nonsense", "tests", "../recordings", tmp_path / "tests" / "recordings"):
        with pytest.raises(
            recstore.RecstoreError, match=r"is no folder of recordings in .*; name one as seen from there"
        ):
            store.recordings(other)


def test_the_root_may_be_the_folder_of_recordings(examples: Path) -> None:
    store = recstore.open(examples)
    for folder in (None, ".", "", store.base):
        assert len(list(store.recordings(folder))) == len(list(examples.glob("*.json")))
    with recstore.session(store, test_id="tests/test_chat.py::test_hello") as session:
        assert session.preload() == len(store)


def test_a_small_file_cannot_grow_without_end_by_its_mapping(tmp_path: Path, write: Callable[..., Path]) -> None:
    growing = {f"{'ab' * 500}{number}": "ab" for number in range(10)}
    many = {f"new{number}": f"old{number}" for number in range(1001)}
    write(f"{key(1)}.json", {**BODY, "body": "ab"}, id_normalization_mapping=growing)
    write(f"{key(2)}.json", BODY, id_normalization_mapping=many)
    store = recstore.open(tmp_path)
    with pytest.raises(recstore.MalformedRecording, match="bytes are more than the limit of 67108864 bytes"):
        store[key(1)]
    with pytest.raises(recstore.MalformedRecording, match="mapping has 1001 members, more than the limit of 1000"):
        store[key(2)]


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere the peak is that of the process that started this one, too"
)
def test_a_file_takes_a_few_times_its_size_in_memory(tmp_path: Path, write: Callable[..., Path]) -> None:
    path = write(f"{key(1)}.json", {**BODY, "body": "here"})
    path.write_text(path.read_text().replace('"here"', f"[[{','.join('0' * 2**22)}]]"))
    program = (
        "import pathlib, re, recstore, sys\n"
        "status = pathlib.Path('/proc/self/status')\n"
        "most = lambda: int(re.search(r'VmHWM:\\s+(\\d+) kB', status.read_text())[1]) * 1024\n"
        "store = recstore.open(sys.argv[1], cache=False)\n"
        "before = most()\n"
        "store[sys.argv[2]]\n"
        "print(most() - before)"
    )
    command = [sys.executable, "-c", program, str(tmp_path), key(1)]
    taken = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert taken < 8 * path.stat().st_size


def test_a_small_file_cannot_take_minutes_by_its_mapping(tmp_path: Path, write: Callable[..., Path]) -> None:
    many = {f"new{number}": f"old{number}" for number in range(1000)}
    size = 2 * 2**20
    write(f"{key(1)}.json", {**BODY, "body": "a" * size}, id_normalization_mapping=many)
    write(f"{key(2)}.json", {**BODY, "body": "a" * (size // 4) + " old7"}, id_normalization_mapping=many)
    # What is found in many places costs more than to be looked for.
    often = dict(zip("XYZUVW", "QXYZUV", strict=True))
    write(f"{key(3)}.json", {**BODY, "body": "Q" * 8 * size}, id_normalization_mapping=often)
    store = recstore.open(tmp_path)
    with pytest.raises(recstore.MalformedRecording, match=r"and replaced in 2\d{6} bytes of text: more than"):
        store[key(1)]
    with pytest.raises(recstore.MalformedRecording, match="more than the limit of 1073741824 bytes together"):
        store[key(3)]
    assert store[key(2)].body.endswith(" new7"), "what stays below the limit is read as before"


@pytest.mark.parametrize(
    "mapping",
    [
        {"XX": "Q", "Z": "X"},
        {"J": "QX", "K": "XZ"},
        {"X": "Q", "Q": "X"},
        {"": "Q", "QQX": "X"},
        {"X": "QQ", "Z": "QX"},
    ],
)
def test_ids_are_replaced_one_after_the_other(
    tmp_path: Path, write: Callable[..., Path], mapping: dict[str, str]
) -> None:
    body = "1 QQXZQXZ QQQ XZX 2"
    write(f"{key(1)}.json", {**BODY, "body": body}, id_normalization_mapping=mapping)
    # OGX: for normalized, original in mapping.items(): text = text.replace(original, normalized)
    expected = body
    for new, old in mapping.items():
        expected = expected.replace(old, new)
    assert recstore.open(tmp_path)[key(1)].body == expected


@given(
    members=st.lists(
        st.sampled_from(['"__type__": "a.B"', '"__type__": 7', '"__data__": {"x": 1}', '"z": 1']), max_size=4
    ),
    response=st.lists(
        st.sampled_from(
            [f'"is_{name}": {value}' for name in ("streaming", "exception") for value in ("true", "null", "0")]
            + [f'"exception_message": {value}' for value in ('"no"', "null")]
            + [f'"exception_data": {value}' for value in ('{"type": "E"}', "null")]
            + [f'"status": {value}' for value in ("200", '"x"')]
        ),
        max_size=5,
    ),
    tests=st.lists(st.sampled_from(['"test_id": "x"', '"test_id": null']), max_size=3),
)
@settings(deadline=None, max_examples=300)
def test_of_members_with_one_name_the_last_counts_as_in_python(
    tmp_path_factory: pytest.TempPathFactory, members: list[str], response: list[str], tests: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("tree") / "recordings"
    folder.mkdir()
    body = "{" + ", ".join(members) + "}"
    answer = "{" + ", ".join([f'"body": {body}', *response]) + "}"
    text = "{" + ", ".join([*tests, '"request": {}', f'"response": {answer}']) + "}"
    (folder / f"{key(1)}.json").write_text(text)
    value = json.loads(text)
    found = recstore.open(folder, cache=False)[key(1)]
    expected = value["response"]
    assert found.test_id == value.get("test_id")
    assert found.is_streaming == (expected.get("is_streaming") is True)
    assert (found.error is not None) == (expected.get("is_exception") is True)
    if found.error is not None:
        message = expected.get("exception_message")
        assert found.error == (expected.get("exception_data") or ({} if message is None else {"message": message}))
    assert found.status == (200 if expected.get("status") == 200 else None)
    data = expected["body"]
    is_tagged = data.keys() == {"__type__", "__data__"} and isinstance(data["__type__"], str)
    assert found[0].type == (data["__type__"] if is_tagged else None)
    assert found[0].data == (data["__data__"] if is_tagged else data)


# Where recordings are looked for


def test_links_hidden_folders_and_other_files_are_no_recordings(tmp_path: Path, write: Callable[..., Path]) -> None:
    secret = tmp_path / "outside" / "secret.json"
    secret.parent.mkdir()
    secret.write_text('{"request": {}, "response": {"body": "secret"}}')
    root = tmp_path / "tree"
    folder = root / "recordings"
    folder.mkdir(parents=True)
    (folder / f"{key(1)}.json").symlink_to(secret)
    (folder / f"{key(2)}.txt").write_text("x")
    (folder / ".hidden.json").write_text("x")
    (folder / f"{key(3)}.json").mkdir()
    (root / "linked").symlink_to(secret.parent)
    (secret.parent / "recordings").mkdir()
    shutil.copy(secret, secret.parent / "recordings" / f"{key(4)}.json")
    for skipped in (".git", "node_modules", ".venv"):
        (root / skipped / "recordings").mkdir(parents=True)
        shutil.copy(secret, root / skipped / "recordings" / f"{key(5)}.json")
    for cache in (True, False):
        store = recstore.open(root, cache=cache)
        assert list(store) == []
        for digit in range(1, 6):
            assert store.get(key(digit)) is None


def test_a_test_in_a_linked_folder_reads_nothing_outside(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "tree"
    (outside / "recordings").mkdir(parents=True)
    (outside / "recordings" / f"{key(1)}.json").write_text('{"request": {}, "response": {"body": "secret"}}')
    root.mkdir()
    (root / "agents").symlink_to(outside)
    store = recstore.open(root)
    assert store.get(key(1), test_id="agents/test_a.py::test") is None


def test_a_test_in_a_folder_called_recordings_has_its_own_in_that(tmp_path: Path) -> None:
    store = recstore.open(tmp_path)
    tests = {f"tests/{folder}test_a.py::t" for folder in ("", "recordings/", "recordings/recordings/")}
    request = {"method": "POST", "url": "http://h/x", "body": {}}
    written = {store.put(request, 1, test_id=test_id).path for test_id in tests}
    assert {recording.path for recording in recstore.open(tmp_path).recordings()} == written
    store.pack(tmp_path / "a.pack")
    assert {recording.path for recording in recstore.open(tmp_path / "a.pack").recordings()} == written


def test_a_folder_that_may_not_be_looked_into_is_told_where_all_files_count() -> None:
    # Not in pytest's own folder, which other users may not enter.
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        for name in "ab":
            (root / name / "recordings").mkdir(parents=True)
            (root / name / "recordings" / f"{key(name)}.json").write_text('{"request": {}, "response": {"body": 1}}')
        (root / "b").chmod(0o700)

        def look() -> list[Any]:
            store = recstore.open(root, cache=False)
            told: list[Any] = [len(store)]
            for ask in (
                lambda: store.pack(root / "a.pack"),
                store.verify,
                lambda: recstore.doctor.examine(store),
                lambda: recstore.rekey.plan(root, "recstore-1"),
            ):
                try:
                    ask()
                except recstore.StorageError as error:
                    told.append(str(error))
            return told

        refusal = f"cannot list the folder {root}/b: Permission denied (os error 13)"
        assert in_forked_child(look, as_nobody=True) == [1, *[refusal] * 4]
        if os.geteuid() == 0:
            assert look() == [2]


def test_a_folder_that_cannot_be_listed_is_not_taken_for_an_empty_one(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    write(f"{key(1)}.json", BODY, folder="a/recordings")

    def look() -> list[str]:
        told = []
        for spare in range(1, 4):
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
            held = []
            with contextlib.suppress(OSError):
                while True:
                    held.append(os.open(os.devnull, os.O_RDONLY))
            for descriptor in held[:spare]:
                os.close(descriptor)
            try:
                told.append(str(len(recstore.open(tmp_path, cache=False))))
            except recstore.StorageError as error:
                told.append(str(error).rpartition(": ")[2])
            for descriptor in held[spare:]:
                os.close(descriptor)
        return told

    assert set(in_forked_child(look)) <= {"1", "Too many open files (os error 24)"}


def test_one_stray_file_in_the_root_hides_no_tree(tmp_path: Path, write: Callable[..., Path]) -> None:
    (tmp_path / "202611211200.json").write_text("{}")
    write(f"{key(1)}.json", BODY, folder="tests/recordings")
    assert list(recstore.open(tmp_path)) == [key(1)]


def test_files_that_no_key_names_are_kept_but_not_found(tmp_path: Path, write: Callable[..., Path]) -> None:
    write("notes.json", BODY)
    write(f"{key(1)}.json", BODY)
    store = recstore.open(tmp_path)
    assert list(store) == [key(1)]
    assert [str(recording.path) for recording in store.recordings()] == [
        "recordings/notes.json",
        f"recordings/{key(1)}.json",
    ]
    assert next(store.recordings()).key is None
    assert [finding["kind"] for finding in store.verify()["findings"]] == ["no-key", "key-mismatch"]


def test_a_store_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        recstore.open(tmp_path / "none")
    assert isinstance(error.value, recstore.StorageNotFound)
    assert error.value.filename == tmp_path / "none"
    assert error.value.errno == 2
    assert str(error.value).startswith(f"cannot open the store {tmp_path / 'none'}: ")
    assert list(recstore.open(tmp_path / "none", create=True)) == []
