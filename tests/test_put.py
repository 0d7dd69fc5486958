"""Recording: the bytes that OGX's recorder writes, whole or not at all, and never over another answer by accident."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import stat
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import ollama
import openai.types
import pytest
from google.genai import types as genai_types
from hypothesis import given, settings
from openai.types.chat import ChatCompletion, ChatCompletionChunk

import oracle
import recstore
from support import in_forked_child

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUEST: dict[str, Any] = {
    "method": "POST",
    "url": "https://api.openai.com/v1/v1/chat/completions",
    "headers": {},
    "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]},
    "endpoint": "/v1/chat/completions",
    "model": "gpt-4o",
}
STREAM = {**REQUEST, "body": {**REQUEST["body"], "stream": True}}
TEST = "tests/integration/agents/test_a.py::test_b[x/y]"


@pytest.fixture
def store(tmp_path: Path) -> recstore.Store:
    return recstore.open(tmp_path / "project", create=True)


def chunk(text: str | None) -> ChatCompletionChunk:
    data = {
        "id": "chatcmpl-abc",
        "object": "chat.completion.chunk",
        "created": 1_760_000_000,
        "model": "gpt-4o",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}],
    }
    return ChatCompletionChunk.model_validate(data)


def typed(model: Any, key: str) -> dict[str, Any]:
    """Return an object of an SDK as the recorder writes it."""
    cls = type(model)
    data = oracle.normalised_response(model.model_dump(mode="json"), key)
    return {"__type__": f"{cls.__module__}.{cls.__qualname__}", "__data__": data}


def written(request: Any, response: dict[str, Any], test_id: str | None = TEST) -> bytes:
    """Return the bytes that the recorder writes."""
    members = {"test_id": test_id, "request": request, "response": response, "id_normalization_mapping": {}}
    return oracle.written(members)


def test_a_stream_is_written_as_the_recorder_writes_it(store: recstore.Store) -> None:
    chunks = [chunk("Grüße"), chunk(None), chunk("\ud83d")]
    put = store.put(STREAM, chunks, test_id=TEST)
    key = oracle.inference_key(7, STREAM, TEST)
    assert put.key == key
    assert put.path == Path(f"tests/integration/agents/recordings/{key}.json")
    assert put.outcome == "created"
    response = {"body": [typed(made, key) for made in chunks], "is_streaming": True}
    assert (store.path / put.path).read_bytes() == written(STREAM, response)
    assert repr(put) == f"<PutResult created {put.path}>"


def test_a_whole_answer_is_written_as_the_recorder_writes_it(store: recstore.Store) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
    answer = ChatCompletion.model_validate(
        {"id": "x", "object": "chat.completion", "created": 7, "model": "m", "choices": [choice]}
    )
    put = store.put(REQUEST, answer)
    response = {"body": typed(answer, put.key), "is_streaming": False}
    assert (store.path / put.path).read_bytes() == written(REQUEST, response, test_id=None)
    assert put.path.parent == Path("recordings"), "without a test, the base folder"


def test_times_and_durations_of_ollama_are_made_the_same(store: recstore.Store) -> None:
    answer = ollama.GenerateResponse.model_validate(
        {"model": "m", "created_at": "2026-01-01T00:00:00Z", "response": "x", "total_duration": 5, "eval_duration": 0}
    )
    put = store.put(REQUEST, answer)
    data = json.loads((store.path / put.path).read_bytes())["response"]["body"]["__data__"]
    assert data == typed(answer, put.key)["__data__"]
    assert data["created_at"] == "1970-01-01T00:00:00.000000Z"
    assert (data["total_duration"], data["load_duration"]) == (0, None)


def test_geminis_answers_are_written_without_a_type(store: recstore.Store) -> None:
    parts = [{"text": "hi"}]
    answer = genai_types.GenerateContentResponse.model_validate({"candidates": [{"content": {"parts": parts}}]})
    request = {**REQUEST, "url": "vertexai:///generate_content_stream", "endpoint": "/generate_content_stream"}
    put = store.put(request, [answer])
    response = {"body": [answer.model_dump(mode="json", exclude_none=True)], "is_streaming": True}
    assert (store.path / put.path).read_bytes() == written(request, response, test_id=None)


def test_a_list_of_models_is_named_by_its_models(store: recstore.Store) -> None:
    request = {**REQUEST, "url": "http://h/v1/models", "endpoint": "/v1/models", "body": {}}
    model = {"object": "model", "created": 5, "owned_by": "me"}
    models = [openai.types.Model.model_validate({"id": name, **model}) for name in ("b", "a", "b")]
    put = store.put(request, models, test_id=TEST)
    digest = hashlib.sha256(b"a|b").hexdigest()[:8]
    assert put.path.name == f"models-{put.key}-{digest}.json"
    body = json.loads((store.path / put.path).read_bytes())["response"]["body"]
    assert [made["__data__"] for made in body] == [made.model_dump(mode="json") for made in models], (
        "models keep their ids"
    )
    other = store.put(request, models[:1], test_id=TEST)
    assert (other.key, other.outcome) == (put.key, "created"), "another list lies beside it"


def test_a_status_and_plain_values_are_written_in_order(store: recstore.Store) -> None:
    request = {"test_id": TEST, "url": "http://h/v1/messages", "method": "POST", "payload": {"model": "m"}}
    answer = {"id": "msg_1", "created": 5, "n": [1e16, -0.0, 2**70, "\u2028", None, True, {}, []]}
    put = store.put(request, answer, test_id=TEST, status=200)
    assert put.key == oracle.http_key(7, request, TEST)
    response = {"status": 200, "body": answer, "is_streaming": False}
    assert (store.path / put.path).read_bytes() == written(request, response)


def test_an_exception_is_written_and_raised_again(store: recstore.Store) -> None:
    import httpx2

    body = {"message": "no", "type": "invalid_request_error", "param": None, "code": None}
    response = httpx2.Response(400, request=httpx2.Request("POST", "http://h"), json={"error": body})
    error = openai.BadRequestError("Error code: 400 - no", response=response, body=body)
    put = store.put(STREAM, error=error, test_id=TEST)
    expected = {
        "body": None,
        "is_streaming": False,
        "is_exception": True,
        "exception_data": {
            "category": "provider_sdk",
            "provider": "openai",
            "type": "BadRequestError",
            "message": "Error code: 400 - no",
            "status_code": 400,
            "body": body,
        },
        "exception_message": "Error code: 400 - no",
    }
    assert (store.path / put.path).read_bytes() == written(STREAM, expected)
    with pytest.raises(openai.BadRequestError, match="Error code: 400 - no") as raised:
        store[put.key].replay()
    assert raised.value.body == body
    assert raised.value.status_code == 400


def test_a_stream_that_broke_off_keeps_its_chunks(store: recstore.Store) -> None:
    put = store.put(STREAM, [chunk("a"), chunk("b")], error=ConnectionError("reset"), test_id=TEST)
    recording = store[put.key]
    assert recording.is_streaming
    stream = recording.replay()
    assert [next(stream).choices[0].delta.content for _ in range(2)] == ["a", "b"]
    with pytest.raises(ConnectionError, match="reset"):
        next(stream)


def test_an_iterator_of_chunks_is_taken_to_its_end(store: recstore.Store) -> None:
    def chunks() -> Iterator[ChatCompletionChunk]:
        yield chunk("a")
        yield chunk("b")

    assert store[store.put(STREAM, chunks()).key].text == "ab"


def test_one_answer_to_a_request_for_a_stream_must_be_said_to_be_none(store: recstore.Store) -> None:
    with pytest.raises(
        recstore.InvalidRequest, match=r"is the list of its chunks, not dict; .* say is_streaming=False"
    ):
        store.put(STREAM, {"error": "busy"})
    assert not store[store.put(STREAM, {"error": "busy"}, is_streaming=False).key].is_streaming


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(
    body=json_values,
    answer=json_values.filter(lambda value: not isinstance(value, list)),
    test_id=st.none() | st.text(),
)
@settings(max_examples=150, deadline=None)
def test_any_values_are_written_to_the_bytes_of_json_dump(
    tmp_path_factory: Any, body: Any, answer: Any, test_id: str | None
) -> None:
    folder = tmp_path_factory.mktemp("put") / "recordings"
    store = recstore.open(folder, create=True, cache=False)
    request = {"method": "POST", "url": "http://h/x", "body": body}
    if isinstance(body, dict) and body.get("stream"):
        return  # asks for a stream
    put = store.put(request, answer, test_id=test_id)
    assert (folder / put.path).read_bytes() == written(request, {"body": answer, "is_streaming": False}, test_id)
    assert store[put.key].body == answer
    assert store[put.key].test_id == test_id


# The same key again


def test_the_same_bytes_are_fine_and_others_follow_the_policy(store: recstore.Store) -> None:
    first = store.put(REQUEST, {"n": 1})
    path = store.path / first.path
    before = path.read_bytes()
    assert store.put(REQUEST, {"n": 1}).outcome == "unchanged"
    with pytest.raises(recstore.RecordingConflict) as error:
        store.put(REQUEST, {"n": 2})
    assert isinstance(error.value, FileExistsError)
    assert error.value.path == path
    assert str(path) in str(error.value)
    assert 'on_conflict="replace"' in str(error.value)
    assert path.read_bytes() == before
    assert store.put(REQUEST, {"n": 2}, on_conflict="keep").outcome == "kept"
    assert store[first.key].body == {"n": 1}
    assert store.put(REQUEST, {"n": 2}, on_conflict="replace").outcome == "replaced"
    assert store[first.key].body == {"n": 2}
    with pytest.raises(ValueError, match='on_conflict is "error", "keep" or "replace", not "merge"'):
        store.put(REQUEST, {"n": 3}, on_conflict="merge")  # type: ignore[arg-type]


def test_of_many_writers_one_wins_and_the_others_are_told(store: recstore.Store) -> None:
    outcomes: list[str] = []
    barrier = threading.Barrier(8)

    def write(number: int) -> None:
        barrier.wait()
        outcomes.append(store.put(REQUEST, {"n": number}, on_conflict="keep").outcome)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["created"] + ["kept"] * 7
    folder = store.path / "recordings"
    assert [path.name for path in folder.iterdir()] == [f"{next(iter(store))}.json"], "nothing is left behind"


def test_a_file_has_the_rights_that_open_would_give(store: recstore.Store) -> None:
    put = store.put(REQUEST, 1)
    plain = store.path / "plain"
    plain.touch()
    assert stat.S_IMODE((store.path / put.path).stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_what_the_system_refuses_is_told_with_its_number() -> None:
    # Not in pytest's own folder, which other users may not enter.
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "recordings").mkdir()
        for path in (Path(folder), Path(folder) / "recordings"):
            path.chmod(0o555)

        def put() -> int | None:
            with pytest.raises(recstore.StorageError, match=r"cannot write .*\.json: ") as error:
                recstore.open(folder).put(REQUEST, 1)
            return error.value.errno

        assert in_forked_child(put, as_nobody=True) == errno.EACCES


# What cannot be recorded


def test_what_is_not_json_is_named_with_its_place_and_nothing_is_written(store: recstore.Store) -> None:
    for request, answer, place in (
        ({**REQUEST, "body": {"a": [{1}]}}, 1, "request: body.a[0]"),
        (REQUEST, {"a": {"b": object()}}, "response: a.b"),
        (REQUEST, [1, b""], "response: [1]"),
    ):
        with pytest.raises(TypeError) as error:
            store.put(request, answer)
        assert place in str(error.value)
    assert list(store.path.iterdir()) == []


def test_what_contains_itself_is_told(store: recstore.Store) -> None:
    endless: list[Any] = []
    endless.append(endless)
    deep: Any = 1
    for _ in range(10_000):
        deep = {"x": deep}
    for request, answer, what in (({**REQUEST, "body": endless}, 1, "request"), (REQUEST, deep, "response")):
        with pytest.raises(recstore.NotJson, match=f"{what}: .* nests deeper than 128 levels, or contains itself"):
            store.put(request, answer)
    assert list(store.path.iterdir()) == []


def test_what_the_profile_cannot_spell_is_told(tmp_path: Path) -> None:
    store = recstore.open(tmp_path, profile="recstore-1")
    for value, message in ((math.nan, "is not a finite number"), ("\ud800", "holds a lone surrogate")):
        with pytest.raises(recstore.NotJson, match=rf"request: body\.x {message}, which RFC 8785 cannot express"):
            store.put({**REQUEST, "body": {"x": value}}, 1)


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    store = recstore.open(tmp_path, max_file_size=1000)
    with pytest.raises(recstore.InvalidRequest, match=r"this cannot be recorded: .* more than the limit of 1000 bytes"):
        store.put(REQUEST, "x" * 1000)
    assert list(tmp_path.iterdir()) == []


def test_a_test_in_a_folder_that_is_passed_over_is_told(store: recstore.Store) -> None:
    for folder in (".github", "a/node_modules/b"):
        with pytest.raises(
            recstore.RecstoreError, match="in a folder that is passed over when recordings are looked for"
        ):
            store.put(REQUEST, 1, test_id=f"{folder}/test_a.py::t")


@pytest.mark.parametrize(
    "test_id",
    [
        "../test_a.py::t",
        "/etc/test_a.py::t",
        "a/../../test_a.py::t",
        "..",
        "tests/..//../x.py::t",
        "a/../b/test_a.py::t",
    ],
)
def test_a_test_id_cannot_lead_outside(store: recstore.Store, test_id: str) -> None:
    if "/" not in test_id:
        assert store.put(REQUEST, 1, test_id=test_id).path.parent == Path("recordings")
        return
    with pytest.raises(recstore.RecstoreError, match="leads outside of the store"):
        store.put(REQUEST, 1, test_id=test_id)
    assert [path.name for path in store.path.parent.iterdir()] == ["project"]
    assert list(store.path.iterdir()) == []


NAUGHTY = [
    "NUL/CON.py::t",
    "a b/ü/test.py::[\n]",
    "$(touch x)/t.py::t",
    "-rf/t.py::t",
    "%2e%2e/t.py",
    "a\\b/t.py::t",
    "~/t.py",
]


@pytest.mark.parametrize("test_id", NAUGHTY)
def test_naughty_test_ids_are_plain_names(store: recstore.Store, test_id: str) -> None:
    put = store.put(REQUEST, 1, test_id=test_id)
    assert put.path == Path(test_id.split("::", maxsplit=1)[0]).parent / "recordings" / f"{put.key}.json"
    found = store.get(put.key, test_id=test_id)
    assert found is not None
    assert found.test_id == test_id


def test_a_planted_link_is_not_followed(store: recstore.Store, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (store.path / "tests").symlink_to(outside)
    with pytest.raises(recstore.RecstoreError, match="leads outside of the store"):
        store.put(REQUEST, 1, test_id="tests/test_a.py::t")
    assert list(outside.iterdir()) == []
    target = outside / "target.json"
    target.write_text("mine")
    put = store.put(REQUEST, 1)
    answer = (store.path / put.path).read_text()
    (store.path / put.path).unlink()
    (store.path / put.path).symlink_to(target)
    for text in ("mine", answer):
        target.write_text(text)
        for policy in ("error", "keep"):
            with pytest.raises(recstore.RecstoreError, match="is a link or a folder where a recording goes"):
                store.put(REQUEST, 1, on_conflict=policy)
    store.put(REQUEST, 1, on_conflict="replace")
    assert target.read_text() == text
    assert not (store.path / put.path).is_symlink()
    for elsewhere in ("/dev/zero", "nowhere"):
        (store.path / put.path).unlink()
        (store.path / put.path).symlink_to(elsewhere)
        with pytest.raises(recstore.RecstoreError, match="is a link or a folder"):
            store.put(REQUEST, 1)


def test_nothing_is_recorded_into_a_pack(store: recstore.Store, tmp_path: Path) -> None:
    store.put(REQUEST, 1)
    store.pack(tmp_path / "a.pack")
    packed = recstore.open(tmp_path / "a.pack")
    with pytest.raises(recstore.ReadOnlyStore, match="unpack it with `recstore unpack`, record there, and pack again"):
        packed.put(REQUEST, 2)
    with pytest.raises(recstore.ReadOnlyStore, match="is a pack already"):
        packed.pack(tmp_path / "b.pack")


def test_a_databricks_workspace_is_not_recorded(store: recstore.Store) -> None:
    put = store.put({**REQUEST, "url": "https://adb-42.7.cloud.databricks.com/serving-endpoints/v1/x"}, 1)
    assert b"adb-42" not in (store.path / put.path).read_bytes()
    assert store[put.key].request["url"] == "__databricks__/serving-endpoints/v1/x"
    assert store[put.key].profile == "ogx-7"


def test_not_a_number_is_recorded_as_the_recorder_does(store: recstore.Store) -> None:
    put = store.put(REQUEST, {"logprob": math.nan, "max": math.inf})
    assert (store.path / put.path).read_bytes() == written(
        REQUEST, {"body": {"logprob": math.nan, "max": math.inf}, "is_streaming": False}, None
    )
    assert math.isnan(store[put.key].body["logprob"])
