"""Sessions over HTTP: with the real SDKs, against a scripted service, recorded, and replayed without it."""

from __future__ import annotations

import asyncio
import inspect
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, cast

import anthropic
import httpx
import httpx2
import ollama
import openai
import pytest
from google import genai
from google.genai import types as genai_types

import recstore
import recstore.secrets
from scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

TEST = "tests/test_a.py::test"
SAY: list[Any] = [{"role": "user", "content": "Grüße 🎉"}]
TOOLS: list[Any] = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


# What is asked of each SDK. Each is a function of the clients that returns an object or an iterator; the asynchronous
# clients have the same methods.


def openai_chat(model: str, **more: Any) -> Any:
    return lambda clients: clients["openai"].chat.completions.create(model=model, messages=SAY, **more)


def anthropic_messages(model: str, **more: Any) -> Any:
    return lambda clients: clients["anthropic"].messages.create(model=model, messages=SAY, max_tokens=9, **more)


def ollama_chat(model: str, **more: Any) -> Any:
    return lambda clients: clients["ollama"].chat(model=model, messages=SAY, **more)


def gemini(model: str, *, stream: bool = False) -> Any:
    name = "generate_content_stream" if stream else "generate_content"
    return lambda clients: getattr(clients["gemini"].models, name)(model=model, contents="Grüße")


CASES: dict[str, Any] = {
    **{
        f"openai {model}": openai_chat(model)
        for model in ("whole", "tools", "gzip", "brotli", "error-400", "error-500")
    },
    **{
        f"openai {model} stream": openai_chat(model, stream=True)
        for model in ("whole", "tools", "gzip", "brotli", "broken", "slow", "comments", "bad-event", "error-429")
    },
    "openai retried": openai_chat("once-429"),
    "openai retried stream": openai_chat("once-500", stream=True),
    "openai completions": lambda clients: clients["openai"].completions.create(model="whole", prompt="Grüße"),
    "openai embeddings": lambda clients: clients["openai"].embeddings.create(model="whole", input="Grüße"),
    "openai embeddings of a service without base64": lambda clients: clients["openai"].embeddings.create(
        model="numbers", input="Grüße"
    ),
    "openai embeddings in base64": lambda clients: clients["openai"].embeddings.create(
        model="whole", input="Grüße", encoding_format="base64"
    ),
    "openai embeddings as numbers": lambda clients: clients["openai"].embeddings.create(
        model="whole", input="Grüße", encoding_format="float"
    ),
    "openai models": lambda clients: clients["openai"].models.list(),
    **{
        f"anthropic {model}": anthropic_messages(model) for model in ("whole", "tools", "gzip", "error-400", "once-529")
    },
    **{
        f"anthropic {model} stream": anthropic_messages(model, stream=True)
        for model in ("whole", "tools", "gzip", "broken", "slow", "bad-event")
    },
    **{f"ollama {model}": ollama_chat(model) for model in ("whole", "tools", "error-404", "error-500")},
    **{
        f"ollama {model} stream": ollama_chat(model, stream=True) for model in ("whole", "tools", "broken", "bad-event")
    },
    "ollama generate": lambda clients: clients["ollama"].generate(model="whole", prompt="Grüße"),
    "ollama embed": lambda clients: clients["ollama"].embed(model="whole", input="Grüße"),
    "ollama list": lambda clients: clients["ollama"].list(),
    **{f"gemini {model}": gemini(model) for model in ("whole", "tools", "gzip", "error-400", "error-503")},
    **{f"gemini {model} stream": gemini(model, stream=True) for model in ("whole", "tools", "gzip", "broken", "slow")},
    "gemini embeddings": lambda clients: clients["gemini"].models.embed_content(model="whole", contents="Grüße"),
}


@contextmanager
def client(name: str, url: str) -> Iterator[dict[str, Any]]:
    """Return the client that a case is for."""
    if name == "openai":
        with openai.OpenAI(api_key="x", base_url=f"{url}/v1") as made:
            yield {name: made}
    elif name == "anthropic":
        with anthropic.Anthropic(api_key="x", base_url=url) as made:
            yield {name: made}
    elif name == "ollama":
        with ollama.Client(host=url) as made:
            yield {name: made}
    else:
        with genai.Client(api_key="x", http_options=genai_types.HttpOptions(base_url=url)) as made:
            yield {name: made}


@asynccontextmanager
async def aclient(name: str, url: str) -> AsyncIterator[dict[str, Any]]:
    if name == "openai":
        async with openai.AsyncOpenAI(api_key="x", base_url=f"{url}/v1") as made:
            yield {name: made}
    elif name == "anthropic":
        async with anthropic.AsyncAnthropic(api_key="x", base_url=url) as made:
            yield {name: made}
    elif name == "ollama":
        async with ollama.AsyncClient(host=url) as made:
            yield {name: made}
    else:
        google = genai.Client(api_key="x", http_options=genai_types.HttpOptions(base_url=url))
        with google:
            async with google.aio as made:
                yield {name: made}


def run(name: str, url: str) -> list[Any]:
    """Return what a call gives: its object or those of its stream, and what it raises."""
    got: list[Any] = []
    with client(name.partition(" ")[0], url) as made:
        try:
            answer = CASES[name](made)
            if inspect.isgenerator(answer) or isinstance(answer, (openai.Stream, anthropic.Stream)):
                got.extend(answer)
            else:
                got.append(answer)
        except Exception as error:  # noqa: BLE001  # whatever the SDK raises is part of the answer
            got.append(error)
    return got


async def arun(name: str, url: str) -> list[Any]:
    got: list[Any] = []
    async with aclient(name.partition(" ")[0], url) as made:
        try:
            answer = CASES[name](made)
            answer = await answer if inspect.isawaitable(answer) else answer
            if inspect.isasyncgen(answer) or isinstance(answer, (openai.AsyncStream, anthropic.AsyncStream)):
                async for item in answer:
                    got.append(item)  # noqa: PERF401  # what came before an error counts
            else:
                got.append(answer)
        except Exception as error:  # noqa: BLE001
            got.append(error)
    return got


def comparable(item: Any) -> Any:
    """Return an object without what recording makes the same for every run, or what an exception says."""
    if isinstance(item, Exception):
        return type(item), str(item), getattr(item, "status_code", None), getattr(item, "body", None)
    module = type(item).__module__
    if module.startswith(("openai", "ollama")):
        item = item.model_copy()
        # Lists of models are replayed in the order of their names.
        if hasattr(item, "models"):
            item.models = sorted(item.models, key=lambda model: model.model)
        if type(item).__name__.endswith("Page[Model]"):
            return sorted(item.data, key=lambda model: model.id)
        if getattr(item, "object", "") != "model" and hasattr(item, "id"):
            item.id = ""
        for name in ("created", "created_at", "total_duration"):
            if getattr(item, name, None) is not None and name in type(item).model_fields:
                setattr(item, name, None)
    if module.startswith("google"):
        item = item.model_copy(update={"sdk_http_response": None})
    return item


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that forbids connections from then on."""

    def forbid() -> None:
        def refuse(*arguments: Any) -> None:
            pytest.fail(f"a socket was opened: {arguments}")

        for name in ("connect", "connect_ex"):
            monkeypatch.setattr(socket.socket, name, refuse)
        monkeypatch.setattr(socket, "create_connection", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)

    return forbid


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_what_was_recorded_replays_as_it_happened(
    name: str, is_async: bool, server: ScriptedServer, tmp_path: Path, no_sockets: Callable[[], None]
) -> None:
    def go(*, is_async: bool) -> list[Any]:
        return asyncio.run(arun(name, server.url)) if is_async else run(name, server.url)

    with recstore.session(tmp_path, mode="record", test_id=TEST) as session:
        live = go(is_async=is_async)
    calls = server.calls
    assert session.stats.recorded == calls > 0
    no_sockets()
    for replays_async in (False, True):
        with recstore.session(tmp_path, test_id=TEST) as session:
            again = go(is_async=replays_async)
        assert session.stats.hits == calls
        assert [comparable(item) for item in again] == [comparable(item) for item in live]
    assert server.calls == calls


def test_the_scripted_service_says_what_it_should() -> None:
    """Without this, two equal failures would pass for a replay."""
    with ScriptedServer() as server:
        got = {name: run(name, server.url) for name in CASES}
    for name, items in got.items():
        is_failing = any(word in name for word in ("error-", "broken", "bad-event"))
        assert isinstance(items[-1], Exception) == is_failing, (name, items[-1])
        if "stream" in name and "error-" not in name:
            assert len(items) > 1, name


# Requests of which recordings already exist


def test_the_seeds_replay_through_an_unmodified_client(corpus: Path, no_sockets: Callable[[], None]) -> None:
    no_sockets()
    store = recstore.open(corpus / "seeds", cache=False)
    count = 0
    for recording in store.recordings():
        request = recording.request
        base = request["url"].removesuffix("/v1/chat/completions")
        with (
            recstore.session(store, test_id=recording.test_id),
            openai.OpenAI(api_key="x", base_url=base) as made,
        ):
            assert list(made.chat.completions.create(**request["body"])) == list(recording.replay())
        count += 1
    assert count == 5


def test_the_chat_recordings_of_the_corpus_replay_through_an_unmodified_client(
    ogx: Path, no_sockets: Callable[[], None]
) -> None:
    no_sockets()
    counts: dict[str, int] = {}
    made = openai.OpenAI(api_key="x", base_url="http://x", max_retries=0)
    stores = {name: recstore.open(ogx, profile=name) for name in ("ogx-7", "ogx-6", "ogx-2")}
    with made:
        for recording in stores["ogx-7"].recordings():
            if recording.endpoint != "/v1/chat/completions":
                continue
            outcome = replayed(recording, stores, made) if recording.profile else "keyed by no known profile"
            counts[outcome] = counts.get(outcome, 0) + 1
    # What no known profile keys cannot be asked for: its request was edited after it was recorded.
    assert counts == {"equal": 1_261, "keyed by no known profile": 62}


def replayed(recording: recstore.Recording, stores: dict[str, recstore.Store], made: openai.OpenAI) -> str:
    """Ask a client for what a recording answers; say how that went."""
    request = recording.request
    made.base_url = request["url"].removesuffix("/v1/chat/completions")
    with recstore.session(stores[recording.profile or ""], test_id=recording.test_id):
        try:
            answer = made.chat.completions.create(**request["body"])
            got = list(answer) if recording.is_streaming else answer
        except openai.APIStatusError as error:
            expected = recording.error
            assert expected is not None
            assert (error.status_code, error.body) == (expected["status_code"], expected["body"])
            return "equal"
    expected_answer = recording.replay()
    return "equal" if got == (list(expected_answer) if recording.is_streaming else expected_answer) else "different"


@pytest.mark.parametrize("is_streaming", [False, True])
def test_what_an_sdk_level_recorder_wrote_and_what_http_wrote_answer_each_other(
    server: ScriptedServer, tmp_path: Path, is_streaming: bool
) -> None:
    body: dict[str, Any] = {"model": "tools", "messages": SAY, **({"stream": True} if is_streaming else {})}
    request = {"method": "POST", "url": f"{server.url}/v1/v1/chat/completions", "headers": {}, "body": body}
    request |= {"endpoint": "/v1/chat/completions", "model": "tools"}
    name = "openai tools stream" if is_streaming else "openai tools"
    with recstore.session(tmp_path / "http", mode="record", test_id=TEST) as session:
        live = run(name, server.url)
        again = session.store.find(request, test_id=TEST)
    assert again is not None
    assert {name: value for name, value in again.request.items() if name != "url"} == {
        name: value for name, value in request.items() if name != "url"
    }
    typed = list(again) if is_streaming else [again[0]]
    objects = list(again.replay()) if is_streaming else [again.replay()]
    assert [comparable(item) for item in objects] == [comparable(item) for item in live]
    assert {chunk.type for chunk in typed} == {f"{type(live[0]).__module__}.{type(live[0]).__qualname__}"}
    with recstore.session(tmp_path / "sdk", mode="record", test_id=TEST) as session:
        session.record(request, live if is_streaming else live[0])
    with recstore.session(tmp_path / "sdk", test_id=TEST):
        assert [comparable(item) for item in run(name, server.url)] == [comparable(item) for item in live]


# Modes, hosts, order


def test_a_mode_is_what_it_is_called(server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def go(mode: str | None) -> tuple[str, recstore.Session]:
        with recstore.session(tmp_path, mode=cast("Any", mode), test_id=TEST) as session:
            return run("openai whole", server.url)[0].choices[0].message.content, session

    assert go("live")[0] == "Grüße 1 🎉"
    assert list(tmp_path.iterdir()) == []
    assert go("once")[0] == "Grüße 2 🎉"
    for mode in ("once", "record-if-missing", "new_episodes", "replay", "none", None):
        said, session = go(mode)
        assert (said, session.stats.hits) == ("Grüße 2 🎉", 1)
    assert go("record")[0] == "Grüße 3 🎉"
    monkeypatch.setenv("RECSTORE_MODE", "rewrite")
    assert go(None)[0] == "Grüße 4 🎉"
    assert go("replay")[0] == "Grüße 4 🎉", "what is said in the code counts first"
    monkeypatch.setenv("RECSTORE_DIR", str(tmp_path))
    with recstore.session(test_id=TEST) as session:
        assert (session.mode, session.store.path) == ("record", tmp_path)
    with pytest.raises(recstore.InvalidRequest, match="there is no mode 'twice'; there are live, record, replay"):
        recstore.session(tmp_path, mode=cast("Any", "twice"))


def test_a_miss_is_told_and_every_sdk_lets_it_through(tmp_path: Path, no_sockets: Callable[[], None]) -> None:
    no_sockets()
    for name, place in (
        ("openai whole", "/v1/chat/completions of whole"),
        ("ollama whole", "/api/chat of whole"),
        ("gemini whole", "/v1/models/whole:generateContent"),
        ("anthropic whole", "/v1/messages of whole"),
    ):
        session = recstore.session(tmp_path, test_id=TEST)
        with pytest.raises(recstore.RecordingNotFound) as error, session:
            raise run(name, "http://localhost:1")[0]
        assert str(error.value).startswith(f"no recording answers {place} in {TEST}: there is none with the key ")
        assert error.value.key in str(error.value)
        assert "To record it: pytest --recstore-mode=record-if-missing" in str(error.value)
        assert session.stats.misses >= 1
        assert error.value.endpoint == place.partition(" ")[0]


def test_equal_requests_get_their_answers_in_order_and_the_last_again(server: ScriptedServer, tmp_path: Path) -> None:
    def said() -> str:
        return str(run("openai whole", server.url)[0].choices[0].message.content)

    with recstore.session(tmp_path, mode="record-if-missing", test_id=TEST) as session:
        live = [said() for _ in range(3)]
        [path] = tmp_path.rglob("recordings/*.json")
    assert live == ["Grüße 1 🎉", "Grüße 2 🎉", "Grüße 3 🎉"]
    with recstore.session(tmp_path, test_id=TEST) as session:
        assert [said() for _ in range(5)] == [*live, live[2], live[2]]
    recording = next(session.store.recordings())
    assert [answer.text for answer in recording.answers] == live
    assert recording.text == live[2], "readers that know of one answer get the last"
    put_back = recstore.open(tmp_path / "copy", create=True).put(recording.request, recording, test_id=TEST)
    assert (tmp_path / "copy" / put_back.path).read_bytes() == path.read_bytes()


def test_other_hosts_are_refused_or_let_through(server: ScriptedServer, tmp_path: Path) -> None:
    with recstore.session(tmp_path, mode="record", hosts=["*.openai.com"]) as session:
        assert httpx.get(f"{server.url}/image").content == b"\x89PNG\r\n\xff\x00"
        assert (session.stats.live, session.stats.recorded) == (1, 0)
    with (
        recstore.session(tmp_path, hosts=["*.openai.com"]) as session,
        pytest.raises(
            recstore.RequestBlocked, match=r"127\.0\.0\.1 was refused, because it is none of the recorded hosts"
        ),
    ):
        httpx.get(f"{server.url}/image")
    with recstore.session(tmp_path, hosts=["*.openai.com"], block=False):
        httpx2.get(f"{server.url}/image")
    with recstore.session(tmp_path, mode="record", hosts=["127.0.0.*"]) as session:
        httpx2.get(f"{server.url}/image")
        assert session.stats.recorded == 1


def test_any_body_replays(server: ScriptedServer, tmp_path: Path, no_sockets: Callable[[], None]) -> None:
    def get() -> tuple[int, bytes, str]:
        answer = httpx2.get(f"{server.url}/image?size=1")
        return answer.status_code, answer.content, answer.headers["content-type"]

    with recstore.session(tmp_path, mode="record"):
        live = get()
    no_sockets()
    with recstore.session(tmp_path):
        assert get() == live
    assert live[1] == b"\x89PNG\r\n\xff\x00"


def test_redirects_replay(server: ScriptedServer, tmp_path: Path, no_sockets: Callable[[], None]) -> None:
    def get() -> list[Any]:
        answer = httpx2.get(f"{server.url}/elsewhere", follow_redirects=True)
        return [answer.content, *((step.status_code, step.headers["location"]) for step in answer.history)]

    with recstore.session(tmp_path, mode="record") as session:
        live = get()
    assert session.stats.recorded == 2
    no_sockets()
    with recstore.session(tmp_path):
        assert get() == live == [b"\x89PNG\r\n\xff\x00", (307, "/image")]


def test_comments_between_events_leave_the_chunks_typed(server: ScriptedServer, tmp_path: Path) -> None:
    with recstore.session(tmp_path, mode="record", test_id=TEST) as session:
        run("openai comments stream", server.url)
    [recording] = session.store.recordings()
    assert {chunk.type for chunk in recording} == {"openai.types.chat.chat_completion_chunk.ChatCompletionChunk"}


def test_a_reader_that_stops_early_leaves_what_came(server: ScriptedServer, tmp_path: Path) -> None:
    def first_two() -> list[str | None]:
        with openai.OpenAI(api_key="x", base_url=f"{server.url}/v1") as made:
            stream = made.chat.completions.create(model="slow", messages=SAY, stream=True)
            said = [next(stream).choices[0].delta.content for _ in range(2)]
            stream.close()
        return said

    with recstore.session(tmp_path, mode="record", test_id=TEST) as session:
        live = first_two()
    [recording] = session.store.recordings()
    assert recording.details == {"is_incomplete": True}
    assert [chunk.text for chunk in recording] == live
    with recstore.session(tmp_path, test_id=TEST):
        assert first_two() == live


def test_the_pace_is_recorded_and_replayed_if_asked_for(server: ScriptedServer, tmp_path: Path) -> None:
    def seconds(name: str) -> float:
        began = time.perf_counter()
        assert len(run(name, server.url)) > 2
        return time.perf_counter() - began

    for name in ("openai slow stream", "gemini slow stream"):
        root = tmp_path / name
        with recstore.session(root, mode="record", test_id=TEST, timing="recorded") as session:
            live = seconds(name)
        [recording] = session.store.recordings()
        came = recording.details["offsets_ms"]
        assert came == sorted(came)
        assert came[-1] > 90
        with recstore.session(root, test_id=TEST, timing="recorded"):
            assert seconds(name) > live / 2
        with recstore.session(root, test_id=TEST):
            run(name, server.url)
            assert seconds(name) < live


# Where a session answers


def test_sessions_nest_and_belong_to_their_context(server: ScriptedServer, tmp_path: Path) -> None:
    def said() -> str:
        return str(run("openai whole", server.url)[0].choices[0].message.content)

    with recstore.session(tmp_path / "a", mode="record") as outer:
        assert said() == "Grüße 1 🎉"
        with recstore.session(tmp_path / "b", mode="record") as inner:
            assert said() == "Grüße 2 🎉"
        assert said() == "Grüße 3 🎉"
    assert (outer.stats.recorded, inner.stats.recorded) == (2, 1)

    async def task(name: str) -> Any:
        async with recstore.session(tmp_path / name, mode="record") as session:
            await asyncio.sleep(0.01)
            await arun("openai whole", server.url)
            return session.stats.recorded

    async def both() -> list[Any]:
        return list(await asyncio.gather(task("c"), task("d")))

    assert asyncio.run(both()) == [1, 1]


def test_a_thread_is_answered_by_the_only_session(server: ScriptedServer, tmp_path: Path) -> None:
    with recstore.session(tmp_path, mode="record") as session:
        threads = [threading.Thread(target=run, args=("openai whole", server.url)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert session.stats.recorded == 4
    assert httpx2.HTTPTransport.handle_request.__module__ == "httpx2._transports.default", "and nothing stays patched"


def test_a_thread_goes_by_no_session_unseen(server: ScriptedServer, tmp_path: Path) -> None:
    seen: list[Any] = []

    def ask() -> None:
        seen.extend(run("openai whole", server.url))

    def in_thread() -> Any:
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        return seen.pop()

    for name in ("outer", "one", "two"):
        (tmp_path / name).mkdir()
    with recstore.session(tmp_path / "outer"), recstore.session(tmp_path / "inner", mode="record") as inner:
        in_thread()
    assert inner.stats.recorded == 1, "of nested sessions, the innermost"

    async def beside() -> Any:
        async def other(is_open: asyncio.Event, is_done: asyncio.Event) -> None:
            with recstore.session(tmp_path / "one"):
                is_open.set()
                await is_done.wait()

        is_open, is_done = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(other(is_open, is_done))
        await is_open.wait()
        with recstore.session(tmp_path / "two"):
            raised = in_thread()
        is_done.set()
        await task
        return raised

    raised = asyncio.run(beside())
    assert isinstance(raised, recstore.RequestBlocked)
    assert "several sessions are open and it belongs to none" in str(raised)
    assert server.calls == 1


def test_an_assertion_that_fails_while_a_miss_is_handled_is_its_own(tmp_path: Path) -> None:
    session = recstore.session(tmp_path)

    def go() -> None:
        with session:
            try:
                session.fetch({"method": "POST", "url": "http://h/x", "body": {}})
            except recstore.RecordingNotFound:
                raise AssertionError("mine")  # noqa: B904  # as a failing `assert` would

    with pytest.raises(AssertionError, match="mine"):
        go()


def test_clients_can_be_given_a_transport(server: ScriptedServer, tmp_path: Path) -> None:
    for family in (httpx, httpx2):
        session = recstore.session(tmp_path / family.__name__, mode="record")
        with family.Client(transport=recstore.transport(session, family=family.__name__)) as made:
            live = made.get(f"{server.url}/v1/models").json()
        assert session.stats.recorded == 1
        session = recstore.session(tmp_path / family.__name__)

        async def get(family: Any = family, session: Any = session) -> Any:
            transport = recstore.async_transport(session, family=family.__name__)
            async with family.AsyncClient(transport=transport) as made:
                return (await made.get(f"{server.url}/v1/models")).json()

        assert {model["id"] for model in asyncio.run(get())["data"]} == {model["id"] for model in live["data"]}
    with recstore.session(tmp_path / "both", mode="record") as session:
        with httpx2.Client(transport=recstore.transport()) as made:
            made.get(f"{server.url}/v1/models")
        assert session.stats.recorded == 1, "once, though the transport below is patched too"


@pytest.mark.parametrize("given", [{}, {"family": "httpx"}, {"family": "httpx2"}], ids=str)
@pytest.mark.parametrize("family", [httpx, httpx2])
def test_a_transport_serves_clients_of_either_family(
    server: ScriptedServer, tmp_path: Path, family: Any, given: dict[str, Any]
) -> None:
    async def get(transport: Any) -> Any:
        async with family.AsyncClient(transport=transport) as made:
            return (await made.get(f"{server.url}/v1/models")).json()

    session = recstore.session(tmp_path, mode="record")
    with family.Client(transport=recstore.transport(session, **given)) as made:
        live = made.get(f"{server.url}/v1/models").json()
    asyncio.run(get(recstore.async_transport(session, **given)))
    assert session.stats.recorded == 2
    replaying = recstore.session(tmp_path)
    with family.Client(transport=recstore.transport(replaying, **given)) as made:
        assert made.get(f"{server.url}/v1/models").json()["data"][0].keys() == live["data"][0].keys()
        with pytest.raises(recstore.RecordingNotFound):
            made.get(f"{server.url}/other")
    assert asyncio.run(get(recstore.async_transport(replaying, **given)))["object"] == "list"
    assert (replaying.stats.hits, server.calls) == (2, 2)


def test_wrong_arguments_of_a_transport_are_told() -> None:
    wrong: Any
    for make in (recstore.transport, recstore.async_transport):
        for wrong in ("requests", "x", "httpx.Client"):
            with pytest.raises(recstore.InvalidRequest, match=f"family is 'httpx' or 'httpx2', not '{wrong}'"):
                make(family=wrong)
        for wrong in (3, "tests", recstore.session):
            with pytest.raises(recstore.InvalidRequest, match=r"a transport takes a recstore\.Session, not "):
                make(wrong)


def test_a_family_that_is_imported_later_is_answered_too(server: ScriptedServer, tmp_path: Path) -> None:
    script = """
import sys, recstore
with recstore.session(sys.argv[1], mode="record") as session:
    assert "httpx2" not in sys.modules
    import httpx2
    httpx2.get(sys.argv[2] + "/v1/models")
    print(session.stats.recorded)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path, server.url], check=True, capture_output=True, text=True
    )
    assert done.stdout == "1\n"


def test_preloaded_recordings_are_replayed_without_a_file(server: ScriptedServer, tmp_path: Path) -> None:
    with recstore.session(tmp_path, mode="record", test_id=TEST):
        live = run("openai whole stream", server.url)
    assert recstore.open(tmp_path).preload() == 1
    with recstore.session(tmp_path, test_id=TEST) as session:
        assert session.preload() == 1
        shutil.rmtree(tmp_path)
        again = run("openai whole stream", server.url)
    assert [comparable(item) for item in again] == [comparable(item) for item in live]


def test_objects_of_an_sdk_are_fetched_and_recorded(tmp_path: Path) -> None:
    body = {"model": "m", "messages": SAY}
    request = {"method": "POST", "url": "http://h/v1/v1/chat/completions", "body": body}
    choice = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
    members = {"id": "x", "object": "chat.completion", "created": 7, "model": "m", "choices": [choice]}
    answer = openai.types.chat.ChatCompletion.model_validate(members)
    with recstore.session(tmp_path, mode="record", test_id=TEST) as session:
        session.record(request, answer)
    with recstore.session(tmp_path, test_id=TEST) as session:
        for fetched in (session.fetch(request), asyncio.run(session.afetch(request))):
            assert comparable(fetched) == comparable(answer)
        with pytest.raises(recstore.RecordingNotFound, match="no recording answers /v1/v1/chat/completions of other"):
            session.fetch({**request, "body": {**body, "model": "other"}})


# Secrets

TOKENS = {
    "OpenAI API key": "sk-proj-" + "aB3" * 16,
    "Anthropic API key": "sk-ant-api03-" + "aB3_" * 10,
    "Google API key": "AIza" + "aB3-x" * 7,
    "AWS access key": "AKIA" + "ABCD2345" * 2,
    "GitHub token": "ghp_" + "aB3" * 12,
    "Hugging Face token": "hf_" + "aBc" * 11,
    "Groq API key": "gsk_" + "aB34" * 13,
    "xAI API key": "xai-" + "aB34" * 20,
    "Replicate token": "r8_" + "aB3" * 12,
    "Slack token": "xoxb-" + "123456789012-" * 2 + "aBcD",
    "Databricks token": "dapi" + "0123456789abcdef" * 2,
    "JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r",
}


@pytest.mark.parametrize("kind", TOKENS)
def test_credentials_never_reach_the_disk(kind: str, server: ScriptedServer, tmp_path: Path) -> None:
    token = TOKENS[kind]
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": f'{{"key": "{token}"}}'}}
    failing = RuntimeError(f"denied for {token}")
    url = f"{server.url}/v1/chat/completions"
    ask: dict[str, Callable[[recstore.Session], Any]] = {
        "header": lambda _: httpx2.get(f"{server.url}/v1/models", headers={"authorization": f"Bearer {token}"}),
        "query": lambda _: httpx2.get(f"{server.url}/image", params={"key": token}),
        "body": lambda _: httpx2.post(url, json={"model": "whole", "messages": [{"content": f"use {token}."}]}),
        "tool arguments": lambda _: httpx2.post(url, json={"model": "whole", "messages": [{"tool_calls": [call]}]}),
        "answer": lambda session: session.record(
            {"method": "POST", "url": "http://h/x", "body": {}}, {"choices": [{"message": {"tool_calls": [call]}}]}
        ),
        "error text": lambda session: session.record(
            {"method": "POST", "url": "http://h/x", "body": {}}, error=failing
        ),
    }
    for name, go in ask.items():
        root = tmp_path / name
        if name == "header":
            with recstore.session(root, mode="record") as session:
                go(session)
            assert session.stats.recorded == 1, "headers are not recorded, so that they hide nothing"
        else:
            with (
                recstore.session(root, mode="record") as session,
                pytest.raises(recstore.SecretFound) as error,
            ):
                go(session)
            assert token not in str(error.value)
            assert error.value.kind == kind
            assert error.value.place.startswith(("request: ", "response: ", "exception: "))
        for redacted in (root / "redacted",):
            with recstore.session(redacted, mode="record", on_secret="redact") as session:
                go(session)
            with recstore.session(redacted, on_secret="redact") as session:
                if name not in {"answer", "error text"}:
                    go(session)
                    assert session.stats.hits == 1, "a redacted request still finds its answer"
        written = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
        assert written
        assert token.encode() not in written


def test_no_ordinary_text_is_taken_for_a_credential(corpus: Path) -> None:
    found = []
    for path in (corpus / "ogx").rglob("*.json"):
        try:
            recstore.secrets.refuse(json.loads(path.read_text()), path.name)
        except recstore.SecretFound as error:
            found.append(str(error))
    assert found == []
