"""Recorded answers as the objects, and the exceptions, of the real SDKs."""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import ollama
import openai
import pytest
from google.genai import errors as genai_errors
from google.genai import types as genai_types
from openai.types.chat import ChatCompletionChunk

import recstore
from recstore import registry
from support import EXAMPLES, key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHUNK = "openai.types.chat.chat_completion_chunk.ChatCompletionChunk"
DATA: dict[str, Any] = {
    "id": "rec-1",
    "object": "chat.completion.chunk",
    "created": 0,
    "model": "m",
    "choices": [{"index": 0, "delta": {"content": "hi", "tool_calls": None}, "finish_reason": None}],
}


@pytest.fixture(scope="module")
def store() -> recstore.Store:
    return recstore.open(EXAMPLES, cache=False)


def of_test(store: recstore.Store, name: str) -> recstore.Recording:
    """Return the example that a test recorded."""
    (found,) = [recording for recording in store.recordings() if (recording.test_id or "").endswith(f"::{name}")]
    return found


EXPECTED = [
    ("test_hello", list, ChatCompletionChunk),
    ("test_count", list, ChatCompletionChunk),
    ("test_whole[0]", None, openai.types.chat.ChatCompletion),
    ("test_embed[1]", None, openai.types.CreateEmbeddingResponse),
    ("test_generate", None, ollama.GenerateResponse),
    ("test_chat", list, ollama.ChatResponse),
    ("test_message", None, anthropic.types.Message),
    ("test_http", None, anthropic.types.Message),
    ("test_http_error", None, dict),
    ("test_http_stream", list, str),
    ("test_rerank", None, dict),
]


@pytest.mark.parametrize(("name", "kind", "cls"), EXPECTED, ids=[case[0] for case in EXPECTED])
def test_answers_are_objects_of_the_sdks(store: recstore.Store, name: str, kind: type | None, cls: type) -> None:
    recording = of_test(store, name)
    answer = recording.replay()
    made = list(answer) if kind else [answer]
    assert len(made) == len(recording)
    for chunk, one in zip(recording, made, strict=True):
        assert type(one) is cls
        if hasattr(cls, "model_validate"):
            assert one == cls.model_validate(chunk.data)


def test_geminis_answers_are_known_by_their_endpoint(store: recstore.Store) -> None:
    found = [recording for recording in store.recordings() if recording.endpoint.startswith("/generate_content")]
    assert len(found) == 3
    for recording in found:
        answer = recording.replay()
        for made in answer if recording.is_streaming else [answer]:
            assert type(made) is genai_types.GenerateContentResponse
    assert "".join(made.text or "" for recording in found if recording.is_streaming for made in recording.replay()) == (
        "Ultramarine."
    )


def test_events_of_a_union_are_each_of_their_class(store: recstore.Store) -> None:
    (recording,) = [r for r in store.recordings() if r.model == "claude-sonnet-4-5" and r.endpoint == "/v1/messages"
                    and r.is_streaming and r[0].type]  # fmt: skip
    assert [type(event).__name__ for event in recording.replay()] == [
        "RawMessageStartEvent",
        "RawContentBlockStartEvent",
        "RawContentBlockDeltaEvent",
        "RawContentBlockDeltaEvent",
        "RawContentBlockStopEvent",
        "RawMessageStopEvent",
    ]


def test_a_list_of_models_is_a_list(store: recstore.Store) -> None:
    (models,) = {str(r.key) for r in store.recordings() if r.endpoint == "/v1/models"}
    replayed = store[models].replay()
    assert isinstance(replayed, list)
    assert [model.id for model in replayed] == ["gpt-oss:20b", "llama3.2:3b", "nomic-embed-text"]
    assert all(type(model) is openai.types.Model for model in replayed)


def test_an_empty_answer_is_none(store: recstore.Store) -> None:
    assert of_test(store, "test_nothing").replay() is None


def test_every_replay_makes_objects_of_its_own(store: recstore.Store) -> None:
    recording = of_test(store, "test_hello")
    first, second = list(recording.replay()), list(recording.replay())
    assert first == second
    first[1].choices[0].delta.content = "changed"
    first[1].model_fields_set.clear()
    assert second[1].choices[0].delta.content == "Hel"
    assert second[1].model_fields_set
    assert next(iter(recording.replay())) == second[0]


# Streams


def test_a_stream_can_be_closed_and_used_in_with(store: recstore.Store) -> None:
    recording = of_test(store, "test_count")
    with recording.replay() as stream:
        assert next(stream).choices[0].delta.role == "assistant"
    assert list(stream) == []


def test_an_asynchronous_replay_gives_the_same(store: recstore.Store) -> None:
    async def collect() -> list[Any]:
        stream = await of_test(store, "test_count").areplay()
        async with stream:
            return [chunk async for chunk in stream]

    async def whole() -> Any:
        return await of_test(store, "test_whole[1]").areplay()

    assert asyncio.run(collect()) == list(of_test(store, "test_count").replay())
    assert asyncio.run(whole()) == of_test(store, "test_whole[1]").replay()


def test_an_asynchronous_stream_ends_in_its_exception(store: recstore.Store) -> None:
    async def collect() -> list[str]:
        stream = await of_test(store, "test_error_half_way").areplay()
        said = [(await anext(stream)).choices[0].delta.content for _ in range(3)]
        with pytest.raises(openai.InternalServerError):
            await anext(stream)
        return said

    assert asyncio.run(collect()) == ["", "It was", " going"]


# Data that does not validate, and types that are not known


def test_data_that_no_longer_validates_is_built_as_the_sdk_builds_it(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    azure = {**DATA, "object": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
    model = {"id": "m", "object": "model", "created": None, "owned_by": "me"}
    with pytest.raises(ValueError, match="validation error"):
        ChatCompletionChunk.model_validate(azure)
    body = [{"__type__": CHUNK, "__data__": data} for data in (azure, DATA)]
    write(f"{key(1)}.json", {"body": body, "is_streaming": True})
    write(
        f"{key(2)}.json", {"body": [{"__type__": "openai.types.model.Model", "__data__": model}], "is_streaming": False}
    )
    store = recstore.open(tmp_path)
    first, second = store[key(1)].replay()
    assert type(first) is ChatCompletionChunk
    assert first.model_dump()["object"] == ""
    assert first.model_extra == {"prompt_filter_results": [{"prompt_index": 0}]}
    assert first == ChatCompletionChunk.construct(**azure)
    assert second == ChatCompletionChunk.model_validate(DATA)
    (made,) = store[key(2)].replay()
    assert type(made) is openai.types.Model
    assert made.created is None


@pytest.mark.parametrize("data", [None, 7, "text", [], {"_fields_set": 1}, {"self": 1, "cls": 2}, {"__dict__": {}}])
def test_data_of_no_use_to_the_class_is_plain_or_built(tmp_path: Path, write: Callable[..., Path], data: Any) -> None:
    write(f"{key(1)}.json", {"body": {"__type__": CHUNK, "__data__": data}, "is_streaming": False})
    made = recstore.open(tmp_path)[key(1)].replay()
    assert made == data or type(made) is ChatCompletionChunk


def test_an_unknown_type_gives_plain_data_and_one_warning(tmp_path: Path, write: Callable[..., Path]) -> None:
    body = [{"__type__": "some.package.Thing", "__data__": {"n": n}} for n in range(3)]
    write(f"{key(1)}.json", {"body": body, "is_streaming": True})
    with pytest.warns(recstore.RecstoreWarning, match=r"some\.package\.Thing.*recstore\.registry\.register") as caught:
        assert list(recstore.open(tmp_path)[key(1)].replay()) == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert len(caught) == 1


def test_a_class_can_be_registered_under_its_old_name_too(
    monkeypatch: pytest.MonkeyPatch, store: recstore.Store
) -> None:
    class Result:
        def __init__(self, content: str) -> None:
            self.content = content

        @classmethod
        def model_validate(cls, data: dict[str, Any]) -> Result:
            return cls(data["content"])

    monkeypatch.setattr(registry, "_registered", {})
    recstore.registry.register("llama_stack_api.tools.ToolInvocationResult", Result)
    found = [recording for recording in store.recordings() if recording.model == "web_search"]
    for recording in found:
        assert isinstance(recording.replay(), Result)
        assert json.loads(recording.replay().content)["top_k"]


def test_data_at_which_a_validator_of_the_sdk_fails_is_built_without_it(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    body: dict[str, Any] = {"candidates": [{"finishReason": 5}]}
    with pytest.raises(AttributeError):
        genai_types.GenerateContentResponse.model_validate(body)
    request = {"url": "vertexai:///generate_content"}
    write(f"{key(1)}.json", {"body": body, "is_streaming": False}, request=request)
    answer = recstore.open(tmp_path)[key(1)].replay()
    assert type(answer) is genai_types.GenerateContentResponse
    assert answer.candidates == body["candidates"]


def test_a_class_that_moved_within_its_sdk_is_found_by_name() -> None:
    assert registry.lookup("openai.types.somewhere.else.ChatCompletionChunk") is ChatCompletionChunk
    assert registry.lookup("openai.types.chat.NoSuchClass") is None
    assert registry.lookup("openaix.types.chat.ChatCompletionChunk") is None
    assert registry.lookup("ChatCompletionChunk") is None


@pytest.fixture
def ollama_chat(tmp_path: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> recstore.Recording:
    """Return an answer of ollama's, of which recstore has looked up nothing yet."""
    monkeypatch.setattr(registry, "_known", {})
    monkeypatch.setattr(registry, "_found", {})
    data = {"message": {"role": "assistant", "content": "hi"}}
    write(
        f"{key(1)}.json", {"body": {"__type__": "ollama._types.ChatResponse", "__data__": data}, "is_streaming": False}
    )
    return recstore.open(tmp_path)[key(1)]


def test_an_sdk_that_is_installed_later_is_known_from_then_on(ollama_chat: recstore.Recording) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "ollama", None)
        with pytest.warns(recstore.RecstoreWarning, match="install its package"):
            assert ollama_chat.replay() == ollama_chat[0].data
    assert type(ollama_chat.replay()) is ollama.ChatResponse


def test_the_classes_of_an_sdk_that_is_imported_anew_are_the_new_ones(
    ollama_chat: recstore.Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert type(ollama_chat.replay()) is ollama.ChatResponse
    for name in [name for name in sys.modules if name.partition(".")[0] == "ollama"]:
        monkeypatch.delitem(sys.modules, name)
    anew = importlib.import_module("ollama")
    assert anew.ChatResponse is not ollama.ChatResponse
    assert type(ollama_chat.replay()) is anew.ChatResponse
    # Of a class that was not asked for before, too.
    assert registry.lookup("ollama._types.GenerateResponse") is anew.GenerateResponse


def test_tags_count_only_where_a_recording_puts_them(tmp_path: Path, write: Callable[..., Path]) -> None:
    inner = {"__type__": "openai.types.model.Model", "__data__": {"id": "x"}}
    bodies: list[Any] = [
        {"tool": inner},
        {**inner, "more": 1},
        {"__type__": 7, "__data__": {}},
        {"__type__": "x"},
        {"__data__": {}},
        [[inner]],
        "__type__",
    ]
    for number, body in enumerate(bodies):
        write(f"{key(number)}.json", {"body": body, "is_streaming": False})
    store = recstore.open(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number, body in enumerate(bodies):
            assert all(chunk.type is None for chunk in store[key(number)])
            assert store[key(number)].replay() == body


# Exceptions


def test_exceptions_are_the_sdks_own(store: recstore.Store) -> None:
    for status, cls in ((400, openai.BadRequestError), (429, openai.RateLimitError), (500, openai.InternalServerError)):
        recording = of_test(store, f"test_error[{status}]")
        assert recording.error is not None
        with pytest.raises(cls) as raised:
            recording.replay()
        error = raised.value
        assert isinstance(error, openai.APIStatusError)
        assert type(error) is cls
        assert error.status_code == error.response.status_code == status
        assert error.body == recording.error["body"]
        assert error.code == recording.error["body"]["code"]
        assert error.message == str(error) == recording.error["message"]
        assert isinstance(error.response, httpx2.Response)
        assert str(error.request.url) == recording.request["url"]


def test_a_stream_yields_its_chunks_before_its_exception(store: recstore.Store) -> None:
    stream = of_test(store, "test_error_half_way").replay()
    assert [next(stream).choices[0].delta.content for _ in range(3)] == ["", "It was", " going"]
    with pytest.raises(openai.InternalServerError):
        next(stream)


def test_other_exceptions(store: recstore.Store) -> None:
    with pytest.raises(TimeoutError, match="timed out after 30 s"):
        of_test(store, "test_timeout").replay()
    with pytest.raises(ollama.ResponseError, match="model 'no-such-model' not found") as raised:
        of_test(store, "test_missing_model").replay()
    assert raised.value.status_code == 404
    assert str(raised.value) == "model 'no-such-model' not found (status code: 404)"


def sdk_errors() -> Iterator[Exception]:
    request = httpx2.Request("POST", "http://h/v1/x")
    for sdk in (openai, anthropic):
        body = {"type": "error", "message": "no"}
        for name, status in (("NotFoundError", 404), ("ConflictError", 409), ("InternalServerError", 503)):
            yield getattr(sdk, name)("no", response=httpx2.Response(status, request=request, json=body), body=body)
        yield sdk.APIStatusError("no", response=httpx2.Response(418, request=request), body=None)
    yield anthropic.OverloadedError("busy", response=httpx2.Response(529, request=request), body=None)
    yield genai_errors.ClientError(404, {"error": {"code": 404, "message": "no", "status": "NOT_FOUND"}})
    yield genai_errors.ServerError(503, {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}})
    yield ValueError("bad")
    yield PermissionError("denied")


@pytest.mark.parametrize(
    "error", list(sdk_errors()), ids=lambda error: f"{type(error).__module__}.{type(error).__name__}"
)
def test_an_exception_recorded_is_raised_again(tmp_path: Path, error: Exception) -> None:
    store = recstore.open(tmp_path)
    request = {"method": "POST", "url": "http://h/v1/x", "body": {}}
    recording = store[store.put(request, error=error).key]
    with pytest.raises(type(error)) as raised:
        recording.replay()
    assert type(raised.value) is type(error)
    assert str(raised.value) == str(error)
    for attribute in ("status_code", "body", "code", "details", "message"):
        assert getattr(raised.value, attribute, None) == getattr(error, attribute, None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"category": "llama_stack", "type": "ModelNotFoundError", "message": "none", "status_code": 404}, "none"),
        ({"category": "provider_sdk", "provider": "acme", "type": "E", "message": "x", "status_code": 500}, "x"),
        ({"category": "unknown", "type": "os.system", "message": "ls"}, "ls"),
        ({"category": "builtin", "type": "SystemExit", "message": "0"}, "0"),
        ({"category": "builtin", "type": "StopIteration", "message": "end"}, "end"),
        ({"category": "builtin", "type": "eval", "message": "1"}, "1"),
        ({"category": "builtin", "type": "UnicodeDecodeError", "message": "u"}, "u"),
        ({}, ""),
    ],
)
def test_an_exception_of_no_known_class_has_its_facts(
    tmp_path: Path, write: Callable[..., Path], data: Any, message: str
) -> None:
    response = {"body": None, "is_streaming": False, "is_exception": True, "exception_data": data}
    write(f"{key(1)}.json", response)
    with pytest.raises(recstore.RecordedError) as raised:
        recstore.open(tmp_path)[key(1)].replay()
    assert str(raised.value) == message
    assert raised.value.type == data.get("type", "")
    assert raised.value.status_code == data.get("status_code")


def test_an_early_exception_has_its_text(tmp_path: Path, write: Callable[..., Path]) -> None:
    response = {"body": None, "is_streaming": False, "is_exception": True, "exception_message": "Legacy error"}
    write(f"{key(1)}.json", response)
    store = recstore.open(tmp_path)
    assert store[key(1)].error == {"message": "Legacy error"}
    with pytest.raises(Exception, match=r"^Legacy error$"):
        store[key(1)].replay()


# Without SDKs, and against hostile names


def test_without_an_sdk_its_objects_are_plain_data(store: recstore.Store) -> None:
    script = """
import sys, warnings
for name in ("openai", "anthropic", "ollama", "google"):
    sys.modules[name] = None
import recstore
store = recstore.open(sys.argv[1], cache=False)
warnings.simplefilter("ignore")
for recording in store.recordings():
    try:
        answer = recording.replay()
        made = list(answer) if recording.is_streaming else answer
    except (recstore.RecordedError, TimeoutError) as error:
        made = str(error)
    assert isinstance(made, (list, dict, str, type(None))), made
print("fine")
"""
    done = subprocess.run([sys.executable, "-c", script, EXAMPLES], capture_output=True, text=True, check=False)
    assert done.stdout == "fine\n", done.stderr


PREFIXES = ["", "openai.", "openai.types.", "openai.types.chat.", "ollama.", "anthropic.types.", "google.genai.types."]
NAMES = [
    *("os.system", "subprocess.Popen", "builtins.eval", "antigravity.fly", "this.s", ".", "..", "__import__", "Path"),
    *("resources.chat.Completions", "cli._cli.main", "ChatCompletionChunk.__init__", "typing.Any", "__builtins__"),
    *("lib.azure.AzureOpenAI", "OpenAI", "Client", "type", "object", "models.Models", "_types.Options", "sys.exit"),
    *("importlib.import_module", "pydantic.BaseModel", "BaseModel.model_rebuild", "", "\ud800", "\0", "a" * 100_000),
]
HOSTILE = [prefix + name for prefix in PREFIXES for name in NAMES]


def test_no_name_in_a_file_is_imported(tmp_path: Path, write: Callable[..., Path]) -> None:
    assert len(HOSTILE) > 200
    for number, tag in enumerate(HOSTILE):
        write(f"{key(number)}.json", {"body": {"__type__": tag, "__data__": {"x": 1}}, "is_streaming": False})
        error = {"category": "provider_sdk", "provider": tag, "type": tag, "message": tag, "status_code": 500}
        response = {"body": None, "is_streaming": False, "is_exception": True, "exception_data": error}
        write(f"{key(number + 1000)}.json", response)
    script = """
import sys, warnings
import recstore, recstore.replay, recstore._exceptions, recstore._templates
store = recstore.open(sys.argv[1])

class NoImports:
    def find_spec(self, name, path=None, target=None):
        raise AssertionError(f"{name} was imported")

sys.meta_path.insert(0, NoImports())
for recording in store.recordings():
    recording.body, recording.text, recording.request, recording.error, repr(recording)
    for chunk in recording:
        chunk.type, chunk.data, chunk.text, chunk.raw, repr(chunk)
sys.meta_path.pop(0)

import anthropic.types, google.genai.errors, google.genai.types, ollama
import openai.types, openai.types.chat, openai.types.responses
sys.meta_path.insert(0, NoImports())
warnings.simplefilter("ignore")
for recording in store.recordings():
    try:
        assert recording.replay() == {"x": 1} or type(recording.replay()).__name__ in ("Options",), recording.replay()
    except recstore.RecordedError:
        assert recording.error is not None
print("fine")
"""
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=False)
    assert done.stdout == "fine\n", done.stderr
