"""How others do it: the recorder of OGX in plain Python, key-value stores, cassettes.

Each is written as its users would write it, and as well.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import mmap
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lmdb
import orjson

REPOSITORY = Path(__file__).parents[1]
sys.path.append(str(REPOSITORY / "tests"))
# Two plugins of pytest with one set of options cannot live in one environment, so that `make bench` installs this rival
# in a folder of its own.
sys.path.append(str(REPOSITORY / "target" / "rivals"))

import oracle  # noqa: E402

try:
    cassetter: Any = importlib.import_module("cassetter")
except ImportError:
    cassetter = None

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from inputs import Call

MAP_SIZE = 1 << 34
"""How large an LMDB environment may grow: address space, not memory."""


# Keys


def ogx_key(asked: tuple[dict[str, Any], str | None]) -> str:
    """Return the key of a request as OGX's recorder computes it: regular expressions, `json.dumps`, SHA-256."""
    return oracle.inference_key(7, *asked)


def orjson_key(asked: tuple[dict[str, Any], str | None]) -> str:
    """Return a digest of a request without any rule of normalisation: another key, for less work."""
    request, test_id = asked
    form = {"method": request["method"], "url": request["url"], "body": request["body"], "test_id": test_id}
    return hashlib.sha256(orjson.dumps(form, option=orjson.OPT_SORT_KEYS)).hexdigest()


def sha256(canonical: bytes) -> str:
    """Return the digest of a canonical form that is there already."""
    return hashlib.sha256(canonical).hexdigest()


def verify(files: Iterable[Path]) -> dict[str, int]:
    """Return how many files are named by the key of their request, by the newest profile that fits."""
    counts: dict[str, int] = {}
    for path in files:
        recording = load(path)
        request = recording["request"]
        name = path.stem.removeprefix("models-").partition("-")[0]
        test_id = recording.get("test_id", request.get("test_id"))
        profile = _profile(request, test_id, name)
        if profile is not None:
            counts[profile] = counts.get(profile, 0) + 1
    return counts


def _profile(request: dict[str, Any], test_id: str | None, name: str) -> str | None:
    if "tool_name" in request:
        return "ogx-tool" if oracle.tool_key(request).startswith(name) else None
    if "payload" in request:
        versions = range(7, 4, -1)
        fits = (v for v in versions if oracle.http_key(v, request, test_id).startswith(name))
        return next((f"ogx-http-{version}" for version in fits), None)
    if "body" not in request:
        return None
    fits = (v for v in range(7, 0, -1) if oracle.inference_key(v, request, test_id).startswith(name))
    return next((f"ogx-{version}" for version in fits), None)


# Loading and replaying


def read(path: str | Path) -> bytes:
    """Return a file."""
    with open(path, "rb") as file:  # noqa: PTH123  # the quicker of the two
        return file.read()


def load(path: str | Path) -> Any:
    """Return a recording as dicts."""
    with open(path) as file:  # noqa: PTH123
        return json.load(file)


def load_orjson(path: str | Path) -> Any:
    """Return a recording as dicts, by orjson."""
    return orjson.loads(read(path))


def typed(value: Any) -> Any:
    """Return a recorded value as OGX's recorder replays it: an object of the class that its tag names.

    Where data fails validation, that recorder takes `model_construct`, which leaves the inner objects dicts. Here it is
    `construct`, the SDK's own way, so that the answers are equal.
    """
    if isinstance(value, list):
        return [typed(element) for element in value]
    if not isinstance(value, dict) or "__type__" not in value:
        return value
    module, _, name = value["__type__"].rpartition(".")
    try:
        cls = getattr(importlib.import_module(module), name)
    except ImportError:
        return value["__data__"]
    data = value["__data__"]
    try:
        return cls.model_validate(data)
    except ValueError:
        return getattr(cls, "construct", cls.model_construct)(**data)


def replay(path: str | Path) -> Any:
    """Return the typed answer of a recording file."""
    return typed(load(path)["response"]["body"])


def load_typed(path: str | Path) -> Any:
    """Return a recording with its answer as typed objects."""
    recording = load(path)
    recording["response"]["body"] = typed(recording["response"].get("body"))
    return recording


def text(chunk: bytes) -> str:
    """Return the text that a chunk of a chat completion brings."""
    choices = orjson.loads(chunk)["choices"]
    return choices[0]["delta"]["content"] or "" if choices else ""


# Key-value stores


def write_lmdb(path: Path, bodies: Mapping[str, bytes]) -> Path:
    """Write an LMDB environment; return its path."""
    with lmdb.open(str(path), map_size=MAP_SIZE) as environment, environment.begin(write=True) as transaction:
        for key, body in bodies.items():
            transaction.put(key.encode(), body)
    return path


def open_lmdb(path: Path) -> lmdb.Environment:
    """Return an LMDB environment, opened to read."""
    return lmdb.open(str(path), readonly=True, lock=False, map_size=MAP_SIZE)


def write_sqlite(path: Path, bodies: Mapping[str, bytes]) -> Path:
    """Write an SQLite database; return its path."""
    with sqlite3.connect(path) as connection:
        connection.execute("create table recordings (key text primary key, body blob)")
        connection.executemany("insert into recordings values (?, ?)", bodies.items())
    connection.close()
    return path


def open_sqlite(path: Path) -> sqlite3.Connection:
    """Return an SQLite database, opened; that reads no byte of it before the first query."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.execute("select 1 from recordings limit 1").fetchone()
    return connection


class MappedFile:
    """All bodies in one mapped file, and a dict of where they are: what a look-up costs at least."""

    def __init__(self, path: Path, bodies: Mapping[str, bytes]) -> None:
        path.write_bytes(b"".join(bodies.values()))
        self._spans: dict[str, slice] = {}
        at = 0
        for key, body in bodies.items():
            self._spans[key] = slice(at, at + len(body))
            at += len(body)
        with path.open("rb") as file:
            self._map = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def get(self, key: str) -> memoryview | None:
        """Return a body, or None."""
        span = self._spans.get(key)
        return None if span is None else self._map[span]


# Cassettes


def sse(body: list[dict[str, Any]]) -> bytes:
    """Return a recorded stream as the service sent it."""
    events = [b"data: " + orjson.dumps(chunk["__data__"]) + b"\n\n" for chunk in body]
    return b"".join(events) + b"data: [DONE]\n\n"


def write_cassetter(path: Path, bodies: Iterable[Any]) -> Path:
    """Write a cassette of requests that differ in their bodies; each is answered with its number. Return the path."""
    cassette = cassetter._core.Cassette()  # noqa: SLF001
    for number, body in enumerate(bodies):
        answer = cassetter.HttpResponse(200, {}, cassetter.Body("json", number))
        cassette.add_interaction(cassetter.HttpInteraction(_cassetter_request(body), answer, "2026-01-01T00:00:00Z"))
    cassette.save(str(path))
    return path


class Cassetter:
    """A cassette of cassetter's, of which requests are answered by their bodies."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._config = cassetter.MatchConfig(["method", "uri", "json_body"])
        self.rewind()

    def rewind(self) -> None:
        """Load it again, so that none of its answers has been given."""
        self._cassette = cassetter._core.Cassette.load(self._path)  # noqa: SLF001

    def get(self, body: Any) -> int | None:
        """Return the number of a request, or None."""
        found = self._cassette.take_match(_cassetter_request(body), self._config)
        return None if found is None else found[1].response.body.content


def _cassetter_request(body: Any) -> Any:
    url = "https://api.openai.com/v1/chat/completions"
    return cassetter.HttpRequest("POST", url, {}, cassetter.Body("json", body))


# Clients


def client_in_memory(answers: Mapping[str, bytes]) -> tuple[Any, Any]:
    """Return an OpenAI client whose requests go nowhere, and what reads the stream of a call with it."""
    import httpx2  # noqa: PLC0415
    import openai  # noqa: PLC0415

    now = {"key": ""}

    def answer(_request: Any) -> Any:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=answers[now["key"]])

    client = openai.OpenAI(api_key="none", http_client=httpx2.Client(transport=httpx2.MockTransport(answer)))

    def fetch(call: Call) -> list[Any]:
        now["key"] = call.key
        return stream(client, call)

    return client, fetch


def stream(client: Any, call: Call) -> list[Any]:
    """Return all chunks of a call that a client makes."""
    client.base_url = call.base_url
    return list(client.chat.completions.create(**call.body))


def write_cassettes(folder: Path, calls: Iterable[Call], answers: Mapping[str, bytes]) -> Path:
    """Record a cassette of vcrpy's for each call; return the folder."""
    import vcr  # noqa: PLC0415

    client, fetch = client_in_memory(answers)
    with client:
        for call in calls:
            with vcr.use_cassette(str(folder / f"{call.key}.yaml"), record_mode="all"):
                fetch(call)
    return folder
