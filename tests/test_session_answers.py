"""Answers of unusual services: what is recorded is what a client gets again, and one that cannot be spoils no other."""

from __future__ import annotations

import base64
import importlib
import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import pytest

import recstore
from recstore import _session
from recstore._dump import plain
from recstore._recorder import Recorder
from recstore.errors import SecretFound
from services import TEST, URL, Body, Service, both

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = "sk-" + 8 * "Ab1x"
EVENTS = {"content-type": "text/event-stream"}


def event(content: str, index: int = 0) -> bytes:
    chunk = {
        "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": index, "delta": {"content": content}, "finish_reason": None}],
    }  # fmt: skip
    return json.dumps(chunk).encode()


def streaming(*pieces: bytes) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda _: httpx2.Response(200, headers=EVENTS, stream=Body(*pieces))


@pytest.mark.parametrize(
    "pieces",
    [
        (b"data:" + event("a") + b"\n\ndata:[DONE]\n\n",),
        (b"data: " + event("a") + b"\n\ndata: [DONE]\n\n", b": and more\n\n"),
        (b"data: " + event("a") + b"\n\n",),
        (b"data: " + event("a") + b"\n",),
        (b"data: " + event("a") + b"\n\n", b'data: {"id":'),
    ],
    ids=["no space", "more after the end", "no end", "in the midst of an event", "in the midst of JSON"],
)
def test_a_stream_ends_in_replay_as_it_ended(tmp_path: Path, pieces: tuple[bytes, ...]) -> None:
    live, replayed, _ = both(tmp_path, streaming(*pieces), read)
    assert replayed == live
    assert live[0] == 200


def read(client: httpx2.Client) -> tuple[int, list[Any]]:
    """Return the events of a stream, read to where the SDKs stop."""
    events: list[Any] = []
    body = {"model": "m", "messages": [{"role": "user", "content": "a"}], "stream": True}
    with client.stream("POST", "http://service.example/v1/chat/completions", json=body) as response:
        for line in response.iter_lines():
            data = line.removeprefix("data:").strip()
            if data == "[DONE]":
                break
            if data and not line.startswith(":"):
                events.append(data)
    # Ids and times are not recorded as they came.
    parsed = (json.loads(data) if data.endswith("}") else data for data in events)
    return response.status_code, [data["choices"] if isinstance(data, dict) else data for data in parsed]


def test_lines_that_are_no_json_have_no_other_end(tmp_path: Path) -> None:
    def ask(client: httpx2.Client) -> bytes:
        body = {"model": "m", "messages": [], "stream": True}
        return client.post("http://service.example/v1/chat/completions", json=body).content

    live, replayed, _ = both(tmp_path, streaming(b"data: hello"), ask)
    assert replayed == live == b"data: hello"


@pytest.mark.parametrize(
    "body", [[{"name": "a", "type": "chat"}], {"object": "list", "data": [{"name": "a"}]}], ids=str
)
def test_a_list_of_models_keeps_its_shape(tmp_path: Path, body: Any) -> None:
    live, replayed, _ = both(
        tmp_path,
        lambda _: httpx2.Response(200, json=body),
        lambda client: client.get("http://service.example/v1/models").json(),
    )
    assert replayed == live == body


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (422, {"detail": "bad"}),
        (422, {"detail": "bad", "data": None}),
        (200, {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": "AQID"}]}),
        (200, {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": "?"}]}),
        (
            200,
            {
                "object": "list",
                "data": [{"object": "embedding", "embedding": base64.b64encode(b"\0\0\x80?").decode(), "index": 0}],
            },
        ),
    ],
    ids=["error", "no list", "bytes", "no base64", "floats"],
)
def test_answers_for_embeddings_are_not_altered(tmp_path: Path, status: int, body: Any) -> None:
    asked = {"model": "m", "input": "a", "encoding_format": "base64"}
    live, replayed, _ = both(
        tmp_path,
        lambda _: httpx2.Response(status, json=body),
        lambda client: client.post("http://service.example/v1/embeddings", json=asked).json(),
    )
    assert replayed == live == body


def test_an_error_that_breaks_off_unread_raises_no_more_than_without_recording(tmp_path: Path) -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(500, headers={"content-length": "9"}, stream=Body(b"a", httpx2.ReadError("broken")))

    def ask(client: httpx2.Client) -> int:
        with client.stream("GET", URL) as response:
            return response.status_code

    live, replayed, _ = both(tmp_path, answer, ask)
    assert replayed == live == 500


# Several answers


def test_an_answer_that_cannot_be_recorded_keeps_no_other_from_the_disk(tmp_path: Path) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/whole":
            return httpx2.Response(200, json={"a": 1})
        secret = KEY if request.url.path == "/bad" else "fine"
        pieces = b'data: {"a": "%s"}\n\n' % secret.encode(), b"data: {}\n\n"
        return httpx2.Response(200, headers=EVENTS, stream=Body(*pieces))

    session = recstore.session(tmp_path, mode="record", test_id=TEST)
    session.waits = True
    with session, httpx2.Client(transport=recstore.transport(session, wrapped=Service(answer))) as client:
        client.get("http://service.example/whole")
        readers = [begun(client, name) for name in ("good", "bad", "other")]
        with pytest.raises(SecretFound):
            session.commit()
        del readers
    written = [json.loads(path.read_text())["request"]["url"] for path in tmp_path.rglob("*.json")]
    assert sorted(url.rpartition("/")[2] for url in written) == ["good", "other", "whole"]


def begun(client: httpx2.Client, name: str) -> Iterator[bytes]:
    """Begin to read a stream, and return what reads on."""
    response = client.send(client.build_request("GET", f"http://service.example/{name}"), stream=True)
    reader = response.iter_raw()
    assert next(reader).startswith(b"data:")
    return reader


def test_those_who_are_told_of_sessions_hear_of_one_that_ends_in_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[recstore.Session] = []
    monkeypatch.setattr(_session, "observers", [told.append])
    session = recstore.session(tmp_path, mode="record", test_id=TEST)
    service = Service(streaming(b'data: {"a": "%s"}\n\n' % KEY.encode(), b"data: {}\n\n"))
    client = httpx2.Client(transport=recstore.transport(session, wrapped=service))
    readers = []
    with pytest.raises(SecretFound), session:
        readers.append(begun(client, "bad"))
    assert told == [session]


@pytest.mark.parametrize("secret_in", ["lines", "choices", "tail"])
def test_a_credential_over_several_chunks_is_found_wherever_its_pieces_are(tmp_path: Path, secret_in: str) -> None:
    one, other = KEY[:12], KEY[12:]
    pieces = {
        "lines": [b"id: 1\ndata: " + event(one) + b"\n\n", b"id: 2\ndata: " + event(other) + b"\n\n"],
        "choices": [b"data: " + event(text, index) + b"\n\n" for text, index in ((one, 0), ("x y", 1), (other, 0))],
        "tail": [b"data: " + event(one) + b"\n\n", b"data: " + event(other)],
    }[secret_in]
    live, _, _ = both(tmp_path, streaming(*pieces), read)
    assert live[0] is SecretFound
    assert not any(other.encode() in path.read_bytes() for path in tmp_path.rglob("*.json"))


# Modules


def test_a_session_opens_where_a_client_must_not_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    before = httpx2.HTTPTransport.handle_request
    with recstore.session(tmp_path, test_id=TEST):
        assert httpx2.HTTPTransport.handle_request is not before
    assert httpx2.HTTPTransport.handle_request is before


def test_a_client_that_is_imported_again_is_answered_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with recstore.session(tmp_path, test_id=TEST):
        for name in [name for name in sys.modules if name.partition(".")[0] == "httpx2"]:
            monkeypatch.delitem(sys.modules, name)
        again = importlib.import_module("httpx2")
        assert again is not httpx2
        with pytest.raises(recstore.RecordingNotFound), again.Client() as client:
            client.get("http://127.0.0.1:9/")
        # Executed anew, the same module has other classes.
        replaced = again.HTTPTransport
        importlib.reload(again._transports.default)
        importlib.reload(again._transports)
        importlib.reload(again)
        assert again.HTTPTransport is not replaced
        with pytest.raises(recstore.RecordingNotFound), again.Client(transport=again.HTTPTransport()) as client:
            client.get("http://127.0.0.1:9/")
    for transport in (replaced(), again.HTTPTransport()):
        with again.Client(transport=transport) as client, pytest.raises(Exception, match="refused"):
            client.get("http://127.0.0.1:9/")


def test_a_session_waits_for_a_client_that_another_thread_is_importing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["import time", "time.sleep(0.5)", "class HTTPTransport:", "    def handle_request(self, request): pass"]
    lines += ["class AsyncHTTPTransport:", "    def handle_async_request(self, request): pass"]
    (tmp_path / "slow_client.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("recstore._http.patch.FAMILIES", ("slow_client",))
    importing = threading.Thread(target=importlib.import_module, args=("slow_client",))
    importing.start()
    while "slow_client" not in sys.modules:
        time.sleep(0.001)
    with recstore.session(tmp_path, test_id=TEST):
        assert "recstore" in sys.modules["slow_client"].HTTPTransport.handle_request.__module__
    importing.join()
    assert sys.modules.pop("slow_client").HTTPTransport.handle_request.__module__ == "slow_client"


def test_an_answer_comes_too_late_for_what_another_process_has_recorded(tmp_path: Path) -> None:
    request = {"method": "POST", "url": URL, "body": {"model": "m"}}
    answers = [plain({"a": number}) for number in range(3)]
    store = recstore.open(tmp_path, create=True)
    recorder = Recorder(store, TEST, replaces=False)
    first, second = recorder.reserve(request), recorder.reserve(request)
    other = Recorder(recstore.open(tmp_path, cache=False), TEST, replaces=False)
    other.fill(other.reserve(request), answers[2], waits=False)
    recorder.fill(first, answers[0], waits=False)
    recorder.reserve(request)
    recorder.fill(second, answers[1], waits=False)
    found = store.find(request, test_id=TEST)
    assert found is not None
    assert [answer.body for answer in found.answers] == [{"a": 2}]


def test_the_id_of_a_recorded_answer_finds_no_later_request_but_that_of_a_response_does(tmp_path: Path) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        kind = (
            {"object": "response", "output": []} if "responses" in request.url.path else {"object": "chat.completion"}
        )
        return httpx2.Response(200, json={"id": "id-1", "created": 5, "model": "m", "choices": [], **kind})

    def ask(client: httpx2.Client) -> list[str]:
        with openai.OpenAI(api_key="x", base_url="http://service.example/v1", http_client=client, max_retries=0) as sdk:
            first = sdk.responses.create(model="m", input="x")
            ids = [first.id, sdk.responses.create(model="m", input="y", previous_response_id=first.id).id]
            ids.append(sdk.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}]).id)
            try:
                ids.append(sdk.chat.completions.retrieve(ids[-1]).id)
            except recstore.RecordingNotFound as error:
                ids.append(error.endpoint)
            return ids

    live, replayed, _ = both(tmp_path, answer, ask)
    assert live == ["id-1"] * 4
    assert replayed[:2] == ["id-1"] * 2
    assert replayed[2].startswith("rec-")
    assert replayed[3].endswith(f"/chat/completions/{replayed[2]}")
