"""Keys of requests: against the published vectors, the plain rules in Python, and the names of real files."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
import rfc8785
import xxhash
from hypothesis import example, given, settings

import oracle
import recstore

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = [f"ogx-{version}" for version in range(1, 8)]
REQUEST: dict[str, Any] = {"method": "POST", "url": "http://h/v1/chat/completions", "body": {"model": "m"}}

uuids = st.uuids().map(str)
pieces = (
    st.sampled_from(
        ["score: 0.76573", "score:-1e-3", "score:\x1c.5", "attributes:\x1f{", "document_id: ", "<|", "|>", "}"]
    )
    | st.sampled_from([", attributes: {'a': {'b': 1}}", " 3.14159", "-0.00001", "1.123", "0.99999999", "v1.20240101.5"])
    | st.sampled_from(["\u0661.\u0662\u0663\u0664\u0665\u0666", "\ud800", " ", "e5", "é"])
    | uuids
    | st.text(st.characters(exclude_categories=["Cn"]), max_size=6)  # digits that this Python does not know are others
)
prompts = st.lists(pieces, max_size=8).map("".join)
names = (
    st.sampled_from(["extra_body", "extra_query", "project_id", "stream_options", "model", "a"])
    | st.sampled_from(["description", "descriptor", "description_of_it", "max_tok", "max_tok\0", "max_tokens"])
    | st.text(max_size=3)
    | st.text(max_size=40)
)
bodies = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | prompts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=12),
    max_leaves=20,
)
urls = st.sampled_from(
    [
        "https://api.openai.com/v1/v1/chat/completions?x=1#y",
        "https://user@bedrock-runtime.us-west-2.amazonaws.com:443/openai/v1/x",
        "http://h/v1/models",
        "http://h/v1/openai/v1/models",
        "http://h/api/tags",
        "vertexai:///generate_content",
        "__databricks__/serving-endpoints/v1/x",
        "HTTP://h/a;b/c;d?e",
        "ollama:/x;y",
        "  http://h/\ta\nb",
        "//bedrock/x",
        "no-url",
        "http://h",
        "",
    ]
)
test_ids = st.none() | st.text(max_size=10) | st.just("tests/a.py::t[x-y]")


@given(url=urls, method=st.sampled_from(["POST", "post", "Get"]), body=st.dictionaries(names, bodies), test_id=test_ids)
@example(url="http://h/x", method="POST", body={"a": -0.000001, "b": 2.675, "c": 1e22, "d": 1e-7}, test_id=None)
@settings(max_examples=1000, deadline=None)
def test_keys_of_calls_follow_the_rules(url: str, method: str, body: dict[str, Any], test_id: str | None) -> None:
    request = {"method": method, "url": url, "body": body}
    for version, profile in enumerate(VERSIONS, 1):
        expected = oracle.inference_key(version, request, test_id)
        assert recstore.request_key(request, test_id=test_id, profile=profile) == expected, profile
    assert_both_walks_see_the_same(request, test_id)


def assert_both_walks_see_the_same(request: dict[str, Any], test_id: str | None) -> None:
    # A dict that is none of json's own is walked as json.dumps would, and so is all that is in it.
    for profile in ("ogx-7", "recstore-1"):
        walked = []
        for given_ in (request, collections.OrderedDict(request)):
            try:
                walked.append(recstore.canonical(given_, test_id=test_id, profile=profile))
            except recstore.NotJson as error:
                walked.append(str(error).encode())
        assert walked[0] == walked[1]


@given(url=urls, payload=bodies, test_id=test_ids)
@settings(max_examples=300, deadline=None)
def test_keys_of_http_requests_and_tools_follow_the_rules(url: str, payload: Any, test_id: str | None) -> None:
    request = {"method": "post", "url": url, "payload": payload}
    for version in (5, 6, 7):
        expected = oracle.http_key(version, request, test_id)
        assert recstore.request_key(request, test_id=test_id, profile=f"ogx-http-{version}") == expected
        assert recstore.request_key(request, test_id=test_id, profile=f"ogx-{version}") == expected
    tool = {"provider": "tavily", "tool_name": url, "kwargs": payload}
    assert recstore.request_key(tool, test_id=test_id) == oracle.tool_key(tool)


def test_every_vector_comes_out_under_every_profile(corpus: Path) -> None:
    vectors = json.loads((corpus / "keys" / "ogx_key_vectors.json").read_bytes())
    assert len(vectors) == 18
    for vector in vectors:
        call = {"method": vector["method"], "url": vector["url"], "body": vector["body"]}
        for version, profile in enumerate(VERSIONS, 1):
            key = recstore.request_key(call, test_id=vector["test_id"], profile=profile)
            assert key == vector["infer"][f"V{version}"], (vector["case"], profile)
        http = {"method": vector["method"], "url": vector["url"], "payload": vector["body"]}
        for profile, name in (("ogx-http-7", "http_V7"), ("ogx-http-5", "http_V5rules")):
            assert recstore.request_key(http, test_id=vector["test_id"], profile=profile) == vector[name], vector[
                "case"
            ]
        tool = {"provider": "tavily", "tool_name": "web_search", "kwargs": vector["body"]}
        assert recstore.request_key(tool, profile="ogx-tool") == vector["tool_v1"], vector["case"]


def test_real_files_are_named_by_the_newest_profile_that_fits(corpus: Path) -> None:
    store = recstore.open(corpus / "ogx", cache=False)
    counts = collections.Counter(recording.profile for recording in store.recordings())
    expected = {"ogx-7": 1341, "ogx-http-7": 21, "ogx-tool": 7, "ogx-6": 146, "ogx-2": 4, None: 69}
    assert counts == expected


def test_real_requests_have_the_same_keys_as_in_python(corpus: Path) -> None:
    for recording in recstore.open(corpus / "ogx", cache=False).recordings():
        request = recording.request
        if "file_id" in request:
            continue  # one recording of a kind that is no longer made
        for profile, key in oracle.all_keys(request, recording.test_id).items():
            assert recstore.request_key(request, test_id=recording.test_id, profile=profile) == key
        if "body" in request:
            assert_both_walks_see_the_same(request, recording.test_id)


def test_a_databricks_workspace_does_not_count() -> None:
    keys = {
        recstore.request_key({**REQUEST, "url": url})
        for url in ("https://adb-1.7.cloud.databricks.com/serving/v1/x", "__databricks__/serving/v1/x")
    }
    assert len(keys) == 1


def test_the_canonical_form_is_what_is_digested() -> None:
    form = recstore.canonical(REQUEST, test_id="t", profile="ogx-7")
    assert form == b'{"body": {"model": "m"}, "endpoint": "/v1/chat/completions", "method": "POST", "test_id": "t"}'
    assert hashlib.sha256(form).hexdigest() == recstore.request_key(REQUEST, test_id="t", profile="ogx-7")


@given(body=bodies, test_id=st.none() | st.text(st.characters(exclude_categories=["Cs"])))
@settings(max_examples=300, deadline=None)
def test_recstores_own_profile_is_rfc_8785_and_xxh3(body: Any, test_id: str | None) -> None:
    request = {**REQUEST, "body": body}
    form = {"body": body, "endpoint": "/v1/chat/completions", "method": "POST", "test_id": test_id}
    try:
        expected = rfc8785.dumps(form)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        return  # beyond what RFC 8785 covers
    assert recstore.canonical(request, test_id=test_id, profile="recstore-1") == expected
    key = recstore.request_key(request, test_id=test_id, profile="recstore-1")
    assert key == xxhash.xxh3_128_hexdigest(expected)


FROZEN = {
    "ogx-7": "72bed1951ac7e389028c880f7f6f8b518dac2d93242dd8c8c2c70a35ab0a0b3b",
    "ogx-6": "480d74f88f4283881a75d854eb2e3a07e3630ccbac76a663f994136de7c8f3d6",
    "ogx-5": "480d74f88f4283881a75d854eb2e3a07e3630ccbac76a663f994136de7c8f3d6",
    "ogx-4": "480d74f88f4283881a75d854eb2e3a07e3630ccbac76a663f994136de7c8f3d6",
    "ogx-3": "480d74f88f4283881a75d854eb2e3a07e3630ccbac76a663f994136de7c8f3d6",
    "ogx-2": "f791c3af3c0f6b3d49b2e61514c25def1b52c04e8b2f6f10e0f6e296f362fed9",
    "ogx-1": "c6315c3c92fea876b1de09f717fcfc78c09435c8a28c18161595137a475f23d4",
    "ogx-http-7": "9fea0bfad9d56c37414ee2de535d7d893e07545a98af6fbbad75826d4a1c2eca",
    "ogx-http-6": "3ccb3754e02dc0962112c60bb5305b0f551beb8625953a367a10449de7409181",
    "ogx-http-5": "3ccb3754e02dc0962112c60bb5305b0f551beb8625953a367a10449de7409181",
    "ogx-tool": "9e114818d1b6c471b74ae7741bb8ae3d543029fd637e8b2556d8817d414eccc4",
    "recstore-1": "b7ad2b6b70f3ad23825a6e1d7f0cfc1e",
    "recstore-http-1": "09e8fdf10b6c1daf2ac6b80474ab22fa",
    "recstore-tool-1": "5805c2b682c0d04dbef75948862c72af",
}


def test_a_released_profile_never_changes() -> None:
    messages = [{"role": "user", "content": "Grüße, score: 0.123456"}]
    body = {"model": "m", "messages": messages, "temperature": 0.1234567}
    for profile, key in FROZEN.items():
        request: dict[str, Any] = {**REQUEST, "body": body}
        if "http" in profile:
            request = {"method": "POST", "url": REQUEST["url"], "payload": body}
        if "tool" in profile:
            request = {"provider": "p", "tool_name": "t", "kwargs": body}
        assert recstore.request_key(request, test_id="tests/test_a.py::test", profile=profile) == key, profile
    assert list(FROZEN) == recstore.profiles(), "a new profile is frozen here when it is released"


class Color(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


def test_subclasses_count_as_what_they_are() -> None:
    body = {"color": Color.RED, "level": Level.LOW, "pair": (1, 2), "more": collections.OrderedDict(b=1, a=True)}
    plain = {"color": "red", "level": 1, "pair": [1, 2], "more": {"a": True, "b": 1}}
    assert recstore.request_key({**REQUEST, "body": body}) == recstore.request_key({**REQUEST, "body": plain})


class OwnEncode(str):
    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        raise AssertionError


def test_a_text_counts_with_its_characters_whatever_encode_of_its_class_makes_of_them() -> None:
    body = {OwnEncode("\ud800"): OwnEncode("\ud801")}
    assert recstore.request_key({**REQUEST, "body": body}) == oracle.inference_key(7, {**REQUEST, "body": body}, None)


class Shouting(dict[str, str]):
    def items(self) -> Any:
        return [(name, value.upper()) for name, value in super().items()]


class Broken(dict[str, int]):
    def items(self) -> Any:
        return ["no pair of two"]


def test_a_dict_of_a_class_of_its_own_is_asked_for_its_items_as_json_asks_it() -> None:
    for body in (Shouting(a="b", c="d"), {"a": [Shouting(a="b")]}, Shouting()):
        expected = json.dumps({"body": body}, sort_keys=True)[1:-1]
        assert expected in recstore.canonical({**REQUEST, "body": body}).decode()
    for write in (recstore.canonical, json.dumps):
        with pytest.raises((TypeError, ValueError)):
            write({**REQUEST, "body": Broken(a=1)})


class Model:
    def __repr__(self) -> str:
        return "Model()"


NOT_JSON = [
    ({"messages": [{"content": {1, 2}}]}, "body.messages[0].content", "set"),
    ({"when": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)}, "body.when", "datetime.datetime"),
    ({"a": [0, [b"bytes"]]}, "body.a[1][0]", "bytes"),
    ({"n": decimal.Decimal("1.5")}, "body.n", "decimal.Decimal"),
    ({"m": Model()}, "body.m", "Model"),
    ({"logit_bias": {50256: -100}}, "body.logit_bias", "int"),
    ({"seeds": [1, 10**5000]}, "body.seeds[1]", "int of too many digits to be written; pass it as a str"),
    (3 + 4j, "body", "complex"),
]


@pytest.mark.parametrize(("body", "path", "type_name"), NOT_JSON, ids=[case[1] for case in NOT_JSON])
def test_a_value_that_is_not_json_is_named_with_its_place(body: Any, path: str, type_name: str) -> None:
    for function in (recstore.request_key, recstore.canonical):
        with pytest.raises(TypeError) as error:
            function({**REQUEST, "body": body})
        assert isinstance(error.value, recstore.NotJson)
        assert error.value.path == path
        assert path in str(error.value)
        assert type_name in str(error.value)


def test_a_value_that_contains_itself_is_refused() -> None:
    body: dict[str, Any] = {}
    body["self"] = body
    with pytest.raises(recstore.NotJson, match="or contains itself"):
        recstore.request_key({**REQUEST, "body": body})


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "has none of 'body'"),
        ({"method": "POST", "body": {}}, "has no member 'url'"),
        ({"method": 1, "url": "x", "body": {}}, "'method' is not a string"),
        ({"tool_name": "t", "kwargs": {}}, "has no member 'provider'"),
        ({**REQUEST, "url": "http://h/\ud800"}, "'url' holds a lone surrogate"),
        ({**REQUEST, "method": "\ud800"}, "'method' holds a lone surrogate"),
        ([], "a request is an object"),
    ],
)
def test_what_is_no_request_is_told(request_: Any, message: str) -> None:
    with pytest.raises(recstore.InvalidRequest, match=message):
        recstore.request_key(request_)


def test_profiles_are_listed_where_one_is_unknown() -> None:
    with pytest.raises(recstore.UnknownProfile, match="no key profile 'ogx-8'; there are ogx-7, ogx-6"):
        recstore.request_key(REQUEST, profile="ogx-8")
    with pytest.raises(recstore.InvalidRequest, match="ogx-tool has no keys for requests of this kind"):
        recstore.request_key(REQUEST, profile="ogx-tool")
    assert recstore.profiles()[0] == "ogx-7"


@pytest.mark.parametrize(
    "pattern",
    [
        "9",
        " ",
        "score: ",
        ",\t",
        "<|",
        "attributes:{",
        "attributes: ",
        "1.",
        "-.",
        "\u0661",
        "\u2003",
        "score:1",
        "\n\ud800",
    ],
)
def test_hostile_text_takes_time_that_grows_with_its_length_only(pattern: str) -> None:
    # Python's own patterns take seconds for forty thousand digits.
    body = {"prompt": f"score:{pattern * 200_000}attributes:{pattern * 200_000}"}
    start = time.perf_counter()
    recstore.request_key({**REQUEST, "body": body})
    assert time.perf_counter() - start < 2
