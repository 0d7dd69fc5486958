"""The real directory and the five seeds, from end to end."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from openai.types.chat import ChatCompletionChunk

import oracle
import recstore
from recstore import registry

if TYPE_CHECKING:
    from pathlib import Path

OGX_FILES = 1588


def tree(root: Path) -> dict[str, bytes]:
    """Return the recordings below a folder, by path."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.json")}


def test_seeds_are_found_by_the_keys_of_their_requests(corpus: Path) -> None:
    paths = sorted((corpus / "seeds" / "recordings").glob("*.json"))
    assert len(paths) == 5
    store = recstore.open(corpus / "seeds", cache=False)
    for path in paths:
        recorded = json.loads(path.read_bytes())
        assert recstore.request_key(recorded["request"], test_id=recorded["test_id"]) == path.stem
        found = store.find(recorded["request"], test_id=recorded["test_id"])
        assert found is not None
        assert found.key == path.stem
        assert found.raw == path.read_bytes()


def test_seeds_replay_as_the_objects_that_validation_builds(corpus: Path) -> None:
    for recording in recstore.open(corpus / "seeds", cache=False).recordings():
        data = [chunk["__data__"] for chunk in json.loads(recording.raw)["response"]["body"]]
        objects = list(recording.replay())
        assert len(objects) == len(data)
        for made, plain in zip(objects, data, strict=True):
            assert type(made) is ChatCompletionChunk
            expected = ChatCompletionChunk.model_validate(plain)
            assert made == expected
            assert made.model_fields_set == expected.model_fields_set


def test_seeds_are_written_again_to_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    for recording in recstore.open(corpus / "seeds", cache=False).recordings():
        store = recstore.open(tmp_path / "recordings", create=True)
        put = store.put(recording.request, recording, test_id=recording.test_id)
        assert put.key == recording.key
        assert (store.path / put.path).read_bytes() == recording.raw


def test_seeds_are_written_from_their_chunks_to_the_bytes_of_todays_recorder(corpus: Path, tmp_path: Path) -> None:
    today = 0
    for recording in recstore.open(corpus / "seeds", cache=False).recordings():
        store = recstore.open(tmp_path, create=True)
        put = store.put(recording.request, list(recording), test_id=recording.test_id)
        # Files of early recorders lack the last member.
        expected = {**json.loads(recording.raw), "id_normalization_mapping": {}}
        assert (store.path / put.path).read_bytes() == oracle.written(expected)
        today += expected == json.loads(recording.raw)
    assert today == 4


def test_every_file_is_given_back_to_the_byte(ogx: Path, tmp_path: Path) -> None:
    store = recstore.open(ogx)
    expected = tree(ogx)
    assert len(expected) == OGX_FILES
    assert {str(recording.path): recording.raw for recording in store.recordings()} == expected

    pack = tmp_path / "ogx.pack"
    store.pack(pack)
    assert recstore.unpack(pack, tmp_path / "unpacked") == OGX_FILES
    assert tree(tmp_path / "unpacked") == expected


def test_equal_trees_give_equal_packs(ogx: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        recstore.open(ogx).pack(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_recording_is_found_by_its_key_from_files_and_from_packs(ogx: Path, tmp_path: Path) -> None:
    recstore.open(ogx).pack(tmp_path / "ogx.pack")
    for store in (recstore.open(ogx), recstore.open(ogx, cache=False), recstore.open(tmp_path / "ogx.pack")):
        assert len(store) == 1558
        for recording in store.recordings():
            assert recording.key is not None
            assert recording.key in store
            found = store.get(recording.key, test_id=recording.test_id) or store[recording.key]
            if recording.path.name.startswith("models-"):
                assert {chunk.raw for chunk in recording} <= {chunk.raw for chunk in found} or len(found) > 1
            elif recording.test_id is not None:
                assert found.raw == recording.raw


def test_every_recording_is_found_by_its_request_where_its_profile_is_current(ogx: Path) -> None:
    store = recstore.open(ogx)
    found = 0
    for recording in store.recordings():
        if recording.profile in ("ogx-7", "ogx-http-7", "ogx-tool"):
            answer = store.find(recording.request, test_id=recording.test_id)
            # Those without a test lie in folders of tests too, where a look-up without a test finds them.
            assert answer is not None
            assert answer.key == recording.key
            found += 1
    assert found == 1341 + 21 + 7


@pytest.mark.filterwarnings("ignore:no class is known:recstore.RecstoreWarning")
def test_every_recording_replays_typed_where_its_type_is_known(corpus: Path) -> None:
    typed = lenient = plain = errors = 0
    for recording in recstore.open(corpus / "ogx", cache=False).recordings():
        response = json.loads(recording.raw)["response"]
        body = response["body"]
        recorded = body if isinstance(body, list) else [] if body is None else [body]
        objects: list[Any] = []
        try:
            answer = recording.replay()
            is_list = recording.is_streaming or isinstance(body, list)
            objects = list(answer) if is_list else [] if body is None else [answer]
        except Exception as error:  # noqa: BLE001  # whatever was recorded
            errors += 1
            assert response["is_exception"]
            assert type(error).__module__ == "openai"
            assert type(error).__name__ == response["exception_data"]["type"]
            assert str(error) == response["exception_message"]
            assert getattr(error, "status_code", None) == response["exception_data"]["status_code"]
            assert getattr(error, "body", None) == response["exception_data"]["body"]
        assert len(objects) == len(recorded) == len(recording)
        for chunk, made, source in zip(recording, objects, recorded, strict=True):
            is_tagged = isinstance(source, dict) and set(source) == {"__type__", "__data__"}
            data = source["__data__"] if is_tagged else source
            assert chunk.data == data
            assert json.loads(chunk.raw) == data
            assert chunk.type == (source["__type__"] if is_tagged else None)
            cls: Any = registry.lookup(chunk.type) if chunk.type else registry.lookup_endpoint(recording.endpoint)
            if cls is None or not isinstance(data, dict) or type(made) is dict:
                plain += 1
                assert made == data
                continue
            assert type(made) is cls
            try:
                expected = cls.model_validate(data)
            except ValueError:
                lenient += 1
                continue
            typed += 1
            assert made == expected
            assert made.model_fields_set == expected.model_fields_set
    print(f"{typed} typed, {lenient} lenient, {plain} plain, {errors} errors")  # noqa: T201  # for the notes
    assert errors == 8
    assert typed > 52_000
    assert plain == 66 + 8 + 9 + 3, "lines of events, results of tools and files, errors, interactions"


def test_the_text_of_real_streams_is_what_their_chunks_say(corpus: Path) -> None:
    looked = 0
    for recording in recstore.open(corpus / "ogx", cache=False).recordings():
        for chunk in recording:
            if (chunk.type or "").endswith("ChatCompletionChunk"):
                choices = chunk.data["choices"]
                assert chunk.text == "".join(choice["delta"].get("content") or "" for choice in choices)
                calls = [call for choice in choices for call in choice["delta"].get("tool_calls") or []]
                said = "".join(call["function"]["arguments"] or "" for call in calls)
                assert "".join(call["arguments"] for call in chunk.tool_calls) == said
                looked += 1
    assert looked == 42_715


def test_lists_of_models_come_back_as_their_union(corpus: Path) -> None:
    store = recstore.open(corpus / "ogx", cache=False)
    shared: dict[str, list[recstore.Recording]] = {}
    for recording in store.recordings():
        if recording.path.name.startswith("models-"):
            shared.setdefault(str(recording.key), []).append(recording)
    assert max(map(len, shared.values())) == 21
    for key, recordings in shared.items():
        ids = {chunk.data["id"] for recording in recordings for chunk in recording}
        assert [chunk.data["id"] for chunk in store[key]] == sorted(ids)


def test_two_answers_under_one_key_are_told_apart_by_folder(corpus: Path) -> None:
    store = recstore.open(corpus / "ogx", cache=False)
    (key,) = {str(recording.key) for recording in store.recordings() if str(recording.key).startswith("02c93bb3")}
    own = store.get(key, test_id="tests/integration/responses/test_a.py::test")
    base = store.get(key, test_id="tests/integration/agents/test_a.py::test")
    assert own is not None
    assert base is not None
    assert own.path.parts[2] == "responses"
    assert base.path.parts[2] == "common"
    assert store[key].raw == base.raw != own.raw


def test_verify_counts_profiles_and_finds_what_matches_none(ogx: Path) -> None:
    report = recstore.open(ogx).verify()
    assert report["files"] == OGX_FILES
    assert report["profiles"] == {"ogx-7": 1341, "ogx-http-7": 21, "ogx-tool": 7, "ogx-6": 146, "ogx-2": 4}
    assert [finding["kind"] for finding in report["findings"]] == ["key-mismatch"] * 69


def test_numbers_survive(corpus: Path) -> None:
    for recording in recstore.open(corpus / "ogx", cache=False).recordings():
        if recording.endpoint == "/v1/embeddings":
            for chunk in recording:
                for vector in chunk.data["data"]:
                    assert all(math.isfinite(number) for number in vector["embedding"])
                    assert chunk.data == json.loads(chunk.raw)
