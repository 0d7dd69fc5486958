"""Sessions over HTTP: with the real SDKs, against a scripted service, recorded, and replayed without it."""

from __future__ import annotations

import asyncio
import inspect
import socket
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import anthropic
import ollama
import openai
import pytest
from google import genai
from google.genai import types as genai_types

import recstore
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
    **{f"openai {model}": openai_chat(model) for model in ("whole", "tools", "gzip", "error-400", "error-500")},
    **{
        f"openai {model} stream": openai_chat(model, stream=True)
        for model in ("whole", "tools", "gzip", "broken", "slow", "bad-event", "error-429")
    },
    "openai retried": openai_chat("once-429"),
    "openai retried stream": openai_chat("once-500", stream=True),
    "openai completions": lambda clients: clients["openai"].completions.create(model="whole", prompt="Grüße"),
    "openai embeddings": lambda clients: clients["openai"].embeddings.create(model="whole", input="Grüße"),
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
    **{f"gemini {model} stream": gemini(model, stream=True) for model in ("whole", "tools", "gzip", "slow")},
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
