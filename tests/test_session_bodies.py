"""Sessions and whatever else goes over HTTP: odd bodies, breaks, retries, and programs that do not behave."""

from __future__ import annotations

import asyncio
import base64
import contextvars
import gzip
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import pytest

import recstore
import recstore.secrets
from recstore._http.request import to_request, variants
from scripted_server import ScriptedServer
from services import TEST, URL, Body, Service, both

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def response(*pieces: bytes | Exception, status: int = 200, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, headers=named, stream=Body(*pieces))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'"hello"', "text/plain"),
        (b"1.50\n", "text/plain"),
        (b"null", "application/json"),
        (b'{"__type__": "a.B", "__data__": {"id": "abc", "created": 5}}', "application/json"),
        (b'{"a":   1}', "application/octet-stream"),
        (b"\xff\xfe", "application/octet-stream"),
        (b"<html>", "application/json"),
        ("Grüße".encode("latin-1"), "text/plain; charset=latin-1"),
        (b"", ""),
        (b"", "text/plain"),
        (b"id: 7\nevent: x\ndata: hello\n\n", "text/event-stream"),
        (b"data: 1\r\n\r\ndata: 2\r\n\r\n", "text/event-stream"),
        (b'data: {"a":1}\n\ndata: [DONE]\n\n', "text/event-stream"),
        (b'{"a":1}\n[2]\n"three"\n', "application/x-ndjson"),
        (b"not json\n", "application/x-ndjson"),
    ],
)
def test_any_bytes_replay_as_they_are(tmp_path: Path, content: bytes, kind: str) -> None:
    headers: dict[str, Any] = {"content_type": kind} if kind else {}
    live, again, _ = both(
        tmp_path,
        lambda _: response(content, **headers),
        lambda made: ((got := made.get(URL)).content, got.status_code, got.headers.get("content-type")),
    )
    assert live == again
    assert live[0] == content


def ask_at(path: str) -> Callable[[httpx2.Client], Any]:
    def ask(made: httpx2.Client) -> Any:
        got = made.post(f"http://service.example{path}", json={"model": "m"})
        return got.content, got.status_code, got.headers.get("content-type")

    return ask


@pytest.mark.parametrize("status", [204, 304, 500])
def test_a_response_without_a_body_replays_without_one(tmp_path: Path, status: int) -> None:
    for number, path in enumerate(("/x", "/v1/chat/completions")):
        live, again, _ = both(
            tmp_path / str(number),
            lambda _: response(status=status),
            ask_at(path),
        )
        assert live == again == (b"", status, None)


def test_damaged_compression_fails_again(tmp_path: Path) -> None:
    damaged = gzip.compress(b'{"a": 1}')[:-9] + b"damaged!!"
    live, again, _ = both(
        tmp_path,
        lambda _: response(damaged, content_type="application/json", content_encoding="gzip"),
        lambda made: made.get(URL).content,
    )
    assert live[0] is again[0] is httpx2.DecodingError


def test_a_request_without_a_response_fails_again(tmp_path: Path) -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectTimeout("too slow", request=request)

    live, again, session = both(tmp_path, refuse, lambda made: made.get(URL))
    assert live == again == (httpx2.ConnectTimeout, "too slow")
    assert session.stats.hits == 1


EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "a"}}], "object": "chat.completion.chunk"}\n\n'


@pytest.mark.parametrize("tail", [b"", b'data: {"cho', b"data: \xc3", b": wai"])
def test_a_stream_that_breaks_off_in_an_event_keeps_its_chunks(tmp_path: Path, tail: bytes) -> None:
    def ask(made: httpx2.Client) -> Any:
        got = b""
        with made.stream("POST", "http://h/v1/chat/completions", json={"model": "m", "stream": True}) as answer:
            try:
                for piece in answer.iter_raw():
                    got += piece
            except httpx2.ReadError as error:
                return got, str(error)

    live, again, session = both(
        tmp_path,
        lambda _: response(EVENT, EVENT + tail, httpx2.ReadError("broken"), content_type="text/event-stream"),
        ask,
    )
    assert live[1] == again[1] == "broken"
    assert again[0].replace(b" ", b"").endswith(tail.replace(b" ", b""))
    [recording] = session.store.recordings()
    assert [chunk.text for chunk in recording] == ["a", "a"]
    assert recording[0].type == "openai.types.chat.chat_completion_chunk.ChatCompletionChunk"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_events_are_told_apart_whatever_ends_their_lines(tmp_path: Path, end: str) -> None:
    events = [f'event: a{end}data: {{"type": "a", "n": {number}}}{end}{end}'.encode() for number in range(3)]
    _, _, session = both(
        tmp_path, lambda _: response(*events, content_type="text/event-stream"), lambda made: made.get(URL).content
    )
    [recording] = session.store.recordings()
    assert [chunk.data for chunk in recording] == [{"type": "a", "n": number} for number in range(3)]


def test_lines_that_break_off_keep_the_whole_ones(tmp_path: Path) -> None:
    def ask(made: httpx2.Client) -> Any:
        got = b""
        with made.stream("POST", "http://h/api/chat", json={"model": "m", "stream": True}) as answer:
            try:
                for piece in answer.iter_raw():
                    got += piece
            except httpx2.ReadError:
                return got

    line = b'{"message":{"content":"a"},"done":false}\n'
    live, again, session = both(
        tmp_path,
        lambda _: response(line, line[:20], httpx2.ReadError("broken"), content_type="application/x-ndjson"),
        ask,
    )
    assert live == again == line + line[:20]
    [recording] = session.store.recordings()
    assert recording[0].type == "ollama._types.ChatResponse"


def test_the_end_of_a_stream_that_nobody_read_is_not_made_up(tmp_path: Path) -> None:
    def ask(number: int) -> Callable[[httpx2.Client], Any]:
        def ask(made: httpx2.Client) -> Any:
            with made.stream("POST", "http://h/v1/chat/completions", json={"stream": True}) as answer:
                pieces = answer.iter_raw()
                return len([next(pieces) for _ in range(number)])

        return ask

    def answer(_: httpx2.Request) -> httpx2.Response:
        return response(EVENT, EVENT, EVENT, content_type="text/event-stream")

    assert both(tmp_path, answer, ask(2))[:2] == (2, 2)
    session = recstore.session(tmp_path, test_id=TEST)
    with (
        httpx2.Client(transport=recstore.transport(session)) as made,
        pytest.raises(recstore.RecordingNotFound, match="the recording ends here, because its reader stopped here"),
    ):
        ask(3)(made)


def test_a_whole_answer_that_nobody_read_is_not_recorded(tmp_path: Path) -> None:
    def ask(made: httpx2.Client) -> Any:
        with made.stream("GET", URL) as answer:
            next(answer.iter_raw())

    session = recstore.session(tmp_path, mode="record")
    service = Service(lambda _: response(b'{"a":', b"1}", content_type="application/json"))
    with session, httpx2.Client(transport=recstore.transport(session, wrapped=service)) as made:
        ask(made)
    assert session.stats.recorded == 0


def test_what_an_sdk_is_told_about_retries_is_kept(tmp_path: Path) -> None:
    live, again, _ = both(
        tmp_path,
        lambda _: response(b"{}", status=500, x_should_retry="false", x_request_id="secret"),
        lambda made: [(name, value) for name, value in made.get(URL).headers.items() if name.startswith("x-")],
    )
    assert ("x-should-retry", "false") in live
    assert again == [("x-should-retry", "false")]


def test_lists_of_models_come_after_the_error_that_came_before(tmp_path: Path) -> None:
    models = {"object": "list", "data": [{"id": "m", "object": "model"}]}
    answers = iter(
        [response(b"{}", status=500), response(json.dumps(models).encode(), content_type="application/json")]
    )
    live, again, session = both(
        tmp_path, lambda _: next(answers), lambda made: [made.get("http://h/v1/models").status_code for _ in range(2)]
    )
    assert live == again == [500, 200]
    assert [path.name[:7] for path in session.store.path.rglob("*.json")] == ["models-"]


def test_requests_of_other_services_are_told_apart() -> None:
    def of(method: str, url: str, content: bytes = b"", **headers: Any) -> Any:
        return to_request(method, url, headers, content, TEST)

    for url in (
        "https://hub.example/api/models?search=bert",
        "https://generativelanguage.googleapis.com/v1beta/models?pageToken=2",
        "https://generativelanguage.googleapis.com/v1beta/models",
        "https://api.example/v1/models?after=x",
    ):
        assert of("GET", url)["url"] == url
    assert "payload" in of("DELETE", "https://api.example/v1/models")
    assert "payload" in to_request("GET", "https://api.anthropic.com/v1/models", {"anthropic-version": "1"}, b"")
    assert of("GET", "https://api.openai.com/v1/models")["url"] == "https://api.openai.com/v1/v1/models"
    assert of("GET", "http://user:pass@localhost:11434/api/tags")["url"] == "http://localhost:11434/api/tags"
    chat = of(
        "POST", "http://localhost:11434/api/chat", b'{"model": "m", "keep_alive": 0, "stream": false, "tools": []}'
    )
    assert [form["body"] for form in variants(chat)] == [chat["body"], {"model": "m", "keep_alive": 0}]


def test_concurrent_equal_requests_get_the_answers_that_they_got(tmp_path: Path) -> None:
    # The first request is answered last.
    order = iter([(0.06, 1), (0.01, 2)])

    class Slow(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            wait, number = next(order)
            await asyncio.sleep(wait)
            return httpx2.Response(200, json=number)

    async def ask(session: recstore.Session) -> list[Any]:
        async with httpx2.AsyncClient(transport=recstore.async_transport(session, wrapped=Slow())) as made:
            return [answer.json() for answer in await asyncio.gather(made.get(URL), made.get(URL))]

    assert asyncio.run(ask(recstore.session(tmp_path, mode="record"))) == [1, 2]
    assert asyncio.run(ask(recstore.session(tmp_path))) == [1, 2]


def test_many_equal_requests_are_recorded_without_writing_each_time_all(tmp_path: Path) -> None:
    def seconds(count: int) -> float:
        numbers = iter(range(count))
        session = recstore.session(tmp_path / str(count), mode="record")
        service = Service(lambda _: httpx2.Response(200, json=[next(numbers)] * 100))
        began = time.perf_counter()
        with session, httpx2.Client(transport=recstore.transport(session, wrapped=service)) as made:
            for _ in range(count):
                made.get(URL)
        taken = time.perf_counter() - began
        [recording] = recstore.open(tmp_path / str(count)).recordings()
        assert len(recording.answers) == count
        return taken

    seconds(10)
    assert seconds(800) < 8 * seconds(200)


def test_an_answer_that_another_process_recorded_meanwhile_stays(tmp_path: Path) -> None:
    request = {"method": "POST", "url": "http://h/x", "body": {}}
    with recstore.session(tmp_path, mode="record-if-missing") as session:
        recstore.open(tmp_path).put(request, {"n": 2})
        session.record(request, {"n": 1})
        assert session.fetch(request) == {"n": 2}
    [recording] = session.store.recordings()
    assert [answer.body for answer in recording.answers] == [{"n": 2}]


def test_a_stream_that_is_left_by_break_is_recorded(tmp_path: Path) -> None:
    with ScriptedServer() as server, openai.OpenAI(api_key="x", base_url=f"{server.url}/v1") as made:
        with recstore.session(tmp_path, mode="record", test_id=TEST) as session:
            stream = made.chat.completions.create(model="slow", messages=[], stream=True)
            for _ in stream:
                break
        stream.close()
    assert session.stats.recorded == 1
    assert len(next(session.store.recordings())) >= 1


# Programs that do not behave


def test_a_context_that_outlives_its_session_is_answered_by_the_next(tmp_path: Path) -> None:
    def ask(into: list[Any]) -> None:
        with ScriptedServer() as server:
            into.append(httpx2.get(f"{server.url}/v1/models").status_code)

    asked: list[Any] = []
    with recstore.session(tmp_path / "a", mode="record") as one:
        left = contextvars.copy_context()
    with recstore.session(tmp_path / "b", mode="record") as two:
        left.run(ask, asked)
    assert (one.stats.recorded, two.stats.recorded) == (0, 1)
    left.run(ask, asked)
    assert asked == [200, 200]
    assert (one.stats.recorded, two.stats.recorded) == (0, 1)
    with pytest.raises(recstore.InvalidRequest, match="a session that is over records nothing"):
        one.record({"method": "POST", "url": "http://h/x", "body": {}}, 1)
    with recstore.session(tmp_path / "a") as replaying, pytest.raises(recstore.InvalidRequest, match="replays records"):
        replaying.record({"method": "POST", "url": "http://h/x", "body": {}}, 1)


def test_a_session_may_be_entered_in_two_threads(tmp_path: Path) -> None:
    session = recstore.session(tmp_path, mode="record")
    inside, leave = threading.Event(), threading.Event()

    def enter() -> None:
        with session:
            inside.set()
            leave.wait()

    thread = threading.Thread(target=enter)
    thread.start()
    inside.wait()
    with session:
        pass
    assert session.is_open
    leave.set()
    thread.join()
    assert not session.is_open
    with ScriptedServer() as server:
        httpx2.get(f"{server.url}/v1/models")
    assert session.stats.recorded == 0


def test_exceptions_of_the_program_itself_are_left_alone(tmp_path: Path) -> None:
    request = {"method": "POST", "url": "http://h/x", "body": {}}

    def go(error: BaseException) -> None:
        with recstore.session(tmp_path) as session:
            try:
                session.fetch(request)
            except recstore.RecordingNotFound:
                raise error  # noqa: B904  # as programs do

    for error in (ValueError("mine"), KeyboardInterrupt(), pytest.skip.Exception("mine")):
        with pytest.raises(type(error)):
            go(error)
    circle = RuntimeError("circle")
    with pytest.raises(RuntimeError, match="circle"), recstore.session(tmp_path):
        raise circle from circle


def test_wrong_options_are_refused(tmp_path: Path) -> None:
    for options, message in (
        ({"on_secret": "redcat"}, 'on_secret is "refuse", "redact" or "allow", not \'redcat\''),
        ({"timing": True}, 'timing is None or "recorded", not True'),
        ({"mode": "twice"}, "there is no mode 'twice'"),
    ):
        with pytest.raises(recstore.InvalidRequest, match=message):
            recstore.session(tmp_path, **options)
    assert recstore.session(tmp_path, hosts="*.openai.com").hosts == ["*.openai.com"]


# Secrets in odd places

TOKEN = "sk-proj-" + "aB3" * 16
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\ndefghi\n-----END RSA PRIVATE KEY-----"


def always(answer: httpx2.Response) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda _: answer


def with_token(name: str) -> tuple[httpx2.Request, httpx2.Response]:
    request = httpx2.Request("POST", URL, json={"a": 1})
    answer = response(b"{}", content_type="application/json")
    if name == "location":
        answer = response(status=302, location=f"/y?key={TOKEN}")
    elif name == "content type":
        answer = response(b"x", content_type=f"text/plain; x={TOKEN}")
    elif name == "escaped in the URL":
        request = httpx2.Request("POST", f"{URL}?q=key%3A{TOKEN}")
    elif name == "behind an escape":
        request = httpx2.Request("POST", URL, json={"arguments": json.dumps({"text": f"a\n{TOKEN}"})})
    elif name == "binary":
        answer = response(b"\xff\x00 " + TOKEN.encode(), content_type="application/octet-stream")
    elif name == "multipart":
        request = httpx2.Request("POST", URL, files={"file": ("a.bin", b"\xff " + TOKEN.encode())})
    elif name == "split over chunks":
        pieces = [json.dumps({"delta": TOKEN[:9]}), json.dumps({"delta": TOKEN[9:]})]
        answer = response(*(f"data: {piece}\n\n".encode() for piece in pieces), content_type="text/event-stream")
    elif name == "private key":
        request = httpx2.Request("POST", URL, json={"text": PEM})
    return request, answer


@pytest.mark.parametrize(
    "name",
    [
        *("location", "content type", "escaped in the URL", "behind an escape", "binary", "multipart"),
        *("split over chunks", "private key"),
    ],
)
def test_credentials_in_odd_places_never_reach_the_disk(tmp_path: Path, name: str) -> None:
    for on_secret in ("refuse", "redact"):
        request, answer = with_token(name)
        session = recstore.session(tmp_path / on_secret, mode="record", on_secret=on_secret)
        service = Service(always(answer))
        with session, httpx2.Client(transport=recstore.transport(session, wrapped=service)) as made:
            try:
                made.send(request)
            except recstore.SecretFound as error:
                assert TOKEN not in str(error)
                is_refused = True
            else:
                is_refused = False
        assert is_refused or on_secret == "redact", name
        is_of_request = name in {"escaped in the URL", "behind an escape", "multipart", "private key"}
        assert service.calls == (0 if is_refused and is_of_request else 1), "refused before it is sent"
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (TOKEN.encode(), base64.b64encode(TOKEN.encode())[4:-4], b"MIIEabc", TOKEN[9:].encode()):
        assert secret not in written


def test_user_and_password_of_a_url_are_not_recorded(tmp_path: Path) -> None:
    _, _, session = both(tmp_path, lambda _: response(b"{}"), lambda made: made.get("http://me:hunter2@h/x").content)
    assert b"hunter2" not in next(session.store.recordings()).raw


def test_credentials_in_test_ids_and_copied_recordings_are_refused(tmp_path: Path) -> None:
    request = {"method": "POST", "url": "http://h/x", "body": {}}
    store = recstore.open(tmp_path)
    with pytest.raises(recstore.SecretFound, match="test id looks like it holds a credential"):
        store.put(request, 1, test_id=f"t.py::t[{TOKEN}]", on_secret="redact")
    put = store.put(request, {"text": TOKEN}, on_secret="allow")
    with pytest.raises(recstore.SecretFound):
        recstore.open(tmp_path / "copy", create=True).put(request, store[put.key])


def test_long_texts_are_looked_through_quickly() -> None:
    texts = {
        "prose": "The quick brown fox. " * 500_000,
        "base64": base64.b64encode(bytes(range(256)) * 30_000).decode(),
        "almost tokens": "-eyJ" * 200_000 + ".eyJ",
        "almost keys": "sk-" + "a" * 400_000,
    }
    for name, text in texts.items():
        began = time.perf_counter()
        recstore.secrets.refuse(text, "text")
        assert time.perf_counter() - began < 5, name  # minutes, where it is quadratic
    recstore.secrets.refuse('class="sk-toggleable__label-arrow"', "html")


def test_an_answer_that_cannot_be_recorded_spoils_no_other(tmp_path: Path) -> None:
    good, bad = ({"method": "POST", "url": "http://h/x", "body": {"n": n}} for n in (1, 2))
    with recstore.session(tmp_path, mode="record") as session:
        with pytest.raises(recstore.NotJson, match="response is of type object"):
            session.record(bad, object())
        session.record(bad, {"now": "fine"})
        for answer in ("one", "two"):
            session.record(good, {"n": answer})
            with pytest.raises(recstore.NotJson, match=r"n is of type object"):
                session.record(good, {"n": object()})
    with recstore.session(tmp_path) as session:
        assert session.fetch(bad) == {"now": "fine"}
        assert [session.fetch(good)["n"] for _ in range(2)] == ["one", "two"]


def test_modules_of_the_package_are_there_without_an_import_of_their_own() -> None:
    assert "OpenAI API key" in recstore.secrets.KINDS
    for name in ("usage", "registry"):
        assert getattr(recstore, name).__name__ == f"recstore.{name}"
