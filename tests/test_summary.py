"""What a recording says to a person, against the recordings themselves."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import recstore
from recstore._summary import Call, Message, Summary, Tool, summarize
from recstore._summary.text import lines
from support import EXAMPLES, key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHAT = "https://api.openai.com/v1/v1/chat/completions"


@pytest.fixture(scope="session")
def examples_by_test() -> dict[str, Summary]:
    store = recstore.open(EXAMPLES, cache=False)
    return {str(found.test_id).rpartition("::")[2]: summarize(found) for found in store.recordings()}


@pytest.fixture
def summary_of(write: Callable[..., Path], tmp_path: Path) -> Callable[..., Summary]:
    """Return a function that records a body and an answer, and returns the summary."""

    def summary_of(body: Any, answer: Any = None, *, url: str = CHAT, member: str = "body", **response: Any) -> Summary:
        request = {"method": "POST", "url": url, member: body}
        write(f"{key(1)}.json", {"body": answer, "is_streaming": False, **response}, request=request)
        (recording,) = recstore.open(tmp_path, cache=False).recordings()
        return summarize(recording)

    return summary_of


def test_a_stream_is_its_text_with_how_it_ended_and_what_it_cost(examples_by_test: dict[str, Summary]) -> None:
    hello = examples_by_test["test_hello"]
    assert (hello.answer.text, hello.answer.finish) == ("Hello!", "stop")
    assert hello.answer.usage == {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    assert (hello.endpoint, hello.model, hello.chunks) == ("/v1/v1/chat/completions", "gpt-4o", 4)
    assert hello.messages == [Message("user", "Say hello.")]
    assert hello.parameters == {"stream": True}
    assert hello.size == (EXAMPLES / hello.path).stat().st_size


def test_calls_of_tools_are_joined_and_tools_are_listed(examples_by_test: dict[str, Summary]) -> None:
    tokyo = examples_by_test["test_tool[Tokyo]"]
    assert tokyo.answer.calls == [Call("get_weather", '{"city": "Tokyo"}', "call_1")]
    assert [tool.name for tool in tokyo.tools] == ["get_weather"]
    assert tokyo.answer.data is None


def test_reasoning_is_kept_apart_from_the_text(examples_by_test: dict[str, Summary]) -> None:
    answer = examples_by_test["test_http"].answer
    assert (answer.text, answer.reasoning) == ("Let me compute that.", "15 times 7.")
    assert answer.calls == [Call("calculator", '{"expression":"15 * 7"}', "toolu_1")]


def test_errors_are_told_however_they_were_recorded(examples_by_test: dict[str, Summary]) -> None:
    half_way = examples_by_test["test_error_half_way"]
    assert half_way.answer.text
    assert half_way.error is not None
    assert (half_way.error["type"], half_way.error["status"]) == ("InternalServerError", 500)
    http = examples_by_test["test_http_error"]
    assert http.error == {"type": "not_found_error", "message": "model: none", "status": 404}
    assert http.answer.data is None, "what the error says is not said twice"


def test_vectors_are_said_by_their_size(summary_of: Callable[..., Summary]) -> None:
    vectors = [[0.5] * 40, [0.25] * 40]
    body = {"object": "list", "data": [{"index": i, "embedding": vector} for i, vector in enumerate(vectors)]}
    first = summary_of({"model": "m", "input": ["a", "b"]}, body)
    assert first.messages == [Message("input", "a"), Message("input", "b")]
    assert first.answer.data["embeddings"] == 2
    assert first.answer.data["dimensions"] == 40
    body["data"][1]["embedding"][39] = 0.26  # type: ignore[index]
    assert summary_of({"model": "m", "input": ["a", "b"]}, body).answer.data != first.answer.data
    assert summary_of({"inputs": "a"}, vectors).answer.data["dimensions"] == 40
    assert summary_of({"input": "a"}, {"embeddings": vectors}).answer.data["embeddings"] == 2
    assert summary_of({"input": [[1, 2, 3]]}).messages == [Message("input", "[3 tokens]")]


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ({"type": "text", "text": "Look."}, "Look."),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 4000}}, "[image 3.0 kB]"),
        ({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}, "[image https://example.com/a.png]"),
        ({"type": "input_image", "image_url": "https://example.com/a.png"}, "[image https://example.com/a.png]"),
        ({"type": "input_audio", "input_audio": {"data": "A" * 400, "format": "wav"}}, "[audio 300 B]"),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}, "[image 3 B]"),
        ({"type": "file", "file": {"filename": "a.pdf", "file_data": "AAAA"}}, "[file a.pdf 3 B]"),
        ({"inline_data": {"mime_type": "image/png", "data": "AAAA"}}, "[image/png 3 B]"),
        ({"type": "refusal", "refusal": "No."}, "No."),
        ({"type": "new_kind", "x": 1}, '{"type": "new_kind", "x": 1}'),
        ({"type": "new_kind", "x": "aB3/" * 100}, '{"type": "new_kind", "x": "[base64 300 B]"}'),
        ("plain", "plain"),
    ],
)
def test_parts_are_said_as_what_they_are(summary_of: Callable[..., Summary], part: Any, text: str) -> None:
    assert summary_of({"messages": [{"role": "user", "content": [part]}]}).messages == [Message("user", text)]


CALLED = Message("assistant", calls=[Call("add", '{"a": 1}', "c1")])
RESULT = Message("tool", "2", call_id="c1")


@pytest.mark.parametrize(
    "body",
    [
        {  # OpenAI chat
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Add."},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
                    ],
                },
                {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "2"}]},
            ]
        },
        {  # OpenAI responses
            "instructions": "Be brief.",
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "Add."}]},
                {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a": 1}'},
                {"type": "function_call_output", "call_id": "c1", "output": "2"},
            ],
        },
        {  # Anthropic
            "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            "messages": [
                {"role": "user", "content": "Add."},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 1}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "2"}]},
            ],
        },
        {  # Gemini
            "config": {"system_instruction": {"parts": [{"text": "Be brief."}]}},
            "contents": [
                {"role": "user", "parts": [{"text": "Add."}]},
                {"role": "assistant", "parts": [{"function_call": {"id": "c1", "name": "add", "args": {"a": 1}}}]},
                {
                    "role": "user",
                    "parts": [{"function_response": {"id": "c1", "name": "add", "response": 2}}],
                },
            ],
        },
    ],
)
def test_one_conversation_is_the_same_in_the_words_of_each_service(
    summary_of: Callable[..., Summary], body: dict[str, Any]
) -> None:
    summary = summary_of({"model": "m", **body})
    assert summary.messages == [Message("system", "Be brief."), Message("user", "Add."), CALLED, RESULT]
    assert summary.parameters == {}


@pytest.mark.parametrize(
    "tools",
    [
        [{"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": {"type": "object"}}}],
        [{"type": "function", "name": "add", "description": "Adds.", "parameters": {"type": "object"}}],
        [{"name": "add", "description": "Adds.", "input_schema": {"type": "object"}}],
        [{"function_declarations": [{"name": "add", "description": "Adds.", "parameters": {"type": "object"}}]}],
    ],
)
def test_one_tool_is_the_same_in_the_words_of_each_service(summary_of: Callable[..., Summary], tools: Any) -> None:
    assert summary_of({"tools": tools}).tools == [Tool("add", "Adds.", {"type": "object"})]


def test_tools_that_the_service_brings_are_listed_with_what_describes_them(summary_of: Callable[..., Summary]) -> None:
    tools = [{"type": "web_search"}, {"type": "file_search", "vector_store_ids": ["vs_1"]}, {"google_search": {}}]
    assert summary_of({"tools": tools}).tools == [
        Tool("web_search"),
        Tool("file_search", parameters={"vector_store_ids": ["vs_1"]}),
        Tool("google_search", parameters={"google_search": {}}),
    ]


def test_what_is_said_beside_text_is_not_lost(summary_of: Callable[..., Summary]) -> None:
    refused = {"choices": [{"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}]}
    assert summary_of({}, refused).answer.data == {"refusal": "No."}
    part = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    painted = {"candidates": [{"content": {"parts": [{"text": "Here."}, part]}, "finishReason": "STOP"}]}
    answer = summary_of({}, painted).answer
    assert (answer.text, answer.data, answer.finish) == ("Here.", {"attached": ["[image/png 3 B]"]}, "STOP")


def test_unknown_shapes_are_shown_as_their_data(summary_of: Callable[..., Summary]) -> None:
    summary = summary_of({"what": [1, 2]}, {"flagged": True, "vector": [0.5] * 20})
    assert summary.parameters == {"what": [1, 2]}
    assert summary.answer.data == {"flagged": True, "vector": "[20 numbers]"}
    assert summary_of("a,b\n1,2").messages == [Message("body", "a,b\n1,2")]
    assert summary_of({"messages": 5, "tools": {}}).parameters == {"messages": 5, "tools": {}}
    uploaded = summary_of({"__content__": "--boundary", "content_type": "multipart/form-data"}, member="payload")
    assert uploaded.messages == [Message("body", "--boundary")]
    tool = summary_of({"query": "rust"}, {"content": "It is.", "error_message": None}, member="kwargs")
    assert (tool.parameters, tool.messages, tool.answer.data) == ({"query": "rust"}, [], "It is.")


KNOWN = """
    messages contents content parts role text type thinking reasoning tool_calls function function_call arguments
    input instructions prompt tools function_declarations choices delta message candidates usage usage_metadata
    finish_reason embeddings embedding data models id model object error response output image_url inline_data url
    tool_use tool_result text_delta config system images refusal thought interaction __content__ query audio
"""


@pytest.mark.parametrize("tool", [{}, {"type": "function", "function": {}}, {"type": ""}], ids=str)
def test_tools_without_a_name_are_listed(summary_of: Callable[..., Summary], tool: Any) -> None:
    assert len(summary_of({"tools": [tool]}).tools) == 1


@pytest.mark.parametrize(
    "text", ["data: apples, pears and plums", 'data: {"foo": 1, "bar": 2}', "data:a,b", "data:text/plain, as they say"]
)
def test_prose_is_no_data_url(summary_of: Callable[..., Summary], text: str) -> None:
    summary = summary_of({"messages": [{"role": "user", "content": text}]}, {"output": text})
    assert summary.messages[0].text == text
    assert summary.answer.data == {"output": text}


@pytest.mark.parametrize(
    ("url", "said"), [("data:image/png;base64,iVBORw0K", "[image/png 6 B]"), ("data:;base64,iVBORw0K", "[data 6 B]")]
)
def test_data_urls_are_said_by_what_they_hold(summary_of: Callable[..., Summary], url: str, said: str) -> None:
    assert summary_of({}, {"output": url}).answer.data == {"output": said}


def test_an_answer_that_has_ended_is_shown_where_nothing_of_it_is_known(summary_of: Callable[..., Summary]) -> None:
    call = {"type": "image_generation_call", "result": "AAAA"}
    answer = summary_of({}, {"object": "response", "status": "completed", "output": [call]}).answer
    assert answer.data["output"] == [call]


def test_a_list_of_things_with_names_is_none_of_models(summary_of: Callable[..., Summary]) -> None:
    files = [{"name": "a.txt", "content": "secret"}, {"name": "b"}]
    assert summary_of({}, files).answer.data == files
    assert summary_of({}, {"models": [{"name": "a"}]}).answer.data == {"models": ["a"]}


def test_a_model_is_not_lost_where_it_is_said_twice(summary_of: Callable[..., Summary], tmp_path: Path) -> None:
    assert "model" not in summary_of({"model": "m"}).parameters
    (path,) = tmp_path.glob("recordings/*.json")
    path.write_text(path.read_text().replace('"method"', '"model": "other", "method"'))
    (recording,) = recstore.open(tmp_path, cache=False).recordings()
    summary = summarize(recording)
    assert (summary.model, summary.parameters) == ("other", {"model": "m"})


def names() -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(KNOWN.split())) | st.text(max_size=3)


def values() -> st.SearchStrategy[Any]:
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | names()
    odd = st.sampled_from(["\ud800", "data:;base64,", "aB3/" * 80, 10**30, "data: {", 'data: {"choices": [{}]}'])
    return st.recursive(
        scalars | odd,
        lambda inside: st.lists(inside, max_size=4) | st.dictionaries(names(), inside, max_size=5),
        max_leaves=25,
    )


@settings(max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=values(), answer=values(), member=st.sampled_from(["body", "payload", "kwargs"]), more=values())
def test_no_recording_is_too_odd_to_be_summarised(
    write: Callable[..., Path], tmp_path: Path, body: Any, answer: Any, member: str, more: Any
) -> None:
    response = {"body": answer, "is_streaming": isinstance(answer, list)}
    request = {"url": more, "endpoint": more, member: body}
    write(f"{key(1)}.json", response, request=request, folder="odd/recordings")
    (recording,) = recstore.open(tmp_path / "odd", cache=False).recordings()
    summary = summarize(recording)
    assert all(isinstance(message.text, str) for message in summary.messages)
    assert all(isinstance(count, int) for count in summary.answer.usage.values())
    for full in (True, False):
        assert all(line.encode() for line in lines(summary, full=full) if line)


def test_numbers_too_long_for_python_do_not_stop_it(summary_of: Callable[..., Summary], tmp_path: Path) -> None:
    summary_of({"model": "m"}, {"n": 7})
    (path,) = tmp_path.glob("recordings/*.json")
    path.write_text(path.read_text().replace('"n": 7', '"n": ' + "7" * 5000))
    (recording,) = recstore.open(tmp_path, cache=False).recordings()
    assert "7777" in summarize(recording).answer.data


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(inner)


def test_every_real_recording_says_all_that_was_asked_and_something_that_was_answered(ogx: Path) -> None:
    for recording in recstore.open(ogx).recordings():
        summary = summarize(recording)
        answer = summary.answer
        assert answer.text or answer.calls or answer.reasoning or answer.data is not None or summary.error, summary.path
        said = json.dumps([summary.parameters, *map(asdict, summary.messages), *map(asdict, summary.tools)])
        request = recording.request
        body = request.get("body", request.get("payload", request.get("kwargs"))) or {}
        for text in strings({name: value for name, value in body.items() if name != "model"}):
            is_word_of_the_format = text.isidentifier() and len(text) < 20
            if not is_word_of_the_format and not text.startswith("data:"):
                assert json.dumps(text)[1:-1] in said, (summary.path, text[:80])


def test_every_real_stream_says_how_it_ended(ogx: Path) -> None:
    for recording in recstore.open(ogx).recordings():
        answer = summarize(recording).answer
        raw = recording.raw
        recorded = re.findall(rb'"(?:finish_reason|stop_reason)": "(\w+)"', raw)
        assert answer.finish == (recorded[-1].decode() if recorded else answer.finish), recording.path
        total = re.findall(rb'"(?:total_tokens|total_token_count)": (\d+)', raw)
        if total:
            assert int(total[-1]) in answer.usage.values(), recording.path
