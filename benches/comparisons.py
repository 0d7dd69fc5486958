"""The operations that are compared within one process, each with every way to do it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

import recstore
import rivals
from measure import Comparison, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from inputs import Call, Inputs

LONG = 100
"""A stream of so many chunks is long."""

SOME = 50
"""So many requests are looked up in a cassette, whose look-up reads all of it."""


# Keys


def key_of_a_request(inputs: Inputs) -> Comparison:
    """Compare the key under `ogx-7` of a request that is a dict."""
    requests = inputs.requests
    forms = [recstore.canonical(request, test_id=test_id) for request, test_id in requests]
    return Comparison(
        "key of a request (ogx-7)",
        [
            Way("recstore", lambda asked: recstore.request_key(asked[0], test_id=asked[1]), requests),
            Way("OGX: re, json.dumps, SHA-256", rivals.ogx_key, requests),
            Way("orjson sorted, SHA-256, no rules", rivals.orjson_key, requests, answer=None),
            Way("SHA-256 of the canonical bytes", rivals.sha256, forms, is_floor=True),
        ],
        per=len(requests),
        aim_part=("orjson sorted, SHA-256, no rules", 1),
    )


def verify(inputs: Inputs) -> Comparison:
    """Compare the check that each file is named by the key of its request."""
    store, files = inputs.store, inputs.files
    return Comparison(
        "verify: keys of all stored requests, from files",
        [
            Way("recstore", lambda _: store.verify()["profiles"], [None]),
            Way("json, OGX's keys", rivals.verify, [files]),
        ],
        per=1,
        aim_part=("json, OGX's keys", 1 / 20),
    )


# Loading


def first_load(inputs: Inputs) -> Comparison:
    """Compare the way from a fresh tree to everything findable and readable."""
    tree, files = inputs.scratch / "fresh", inputs.files
    if not tree.exists():
        shutil.copytree(inputs.tree, tree, ignore=shutil.ignore_patterns(".recstore"))

    def loads(load: Callable[[Path], Any]) -> Callable[[list[Path]], dict[Path, Any]]:
        return lambda paths: {path: load(path) for path in paths}

    def requests(loaded: dict[Path, Any]) -> dict[Path, Any]:
        return {path.relative_to(inputs.tree): recording["request"] for path, recording in loaded.items()}

    def own_requests(store: recstore.Store) -> dict[Path, Any]:
        return {recording.path: recording.request for recording in store.recordings()}

    cache = tree / ".recstore"
    return Comparison(
        "first load of a tree (recstore writes its pack)",
        [
            Way("recstore", recstore.open, [tree], own_requests, before=lambda: shutil.rmtree(cache, True)),
            Way("json to dicts", loads(rivals.load), [files], requests),
            Way("orjson to dicts", loads(rivals.load_orjson), [files], requests),
            Way("orjson to dicts, collector off", loads(rivals.load_orjson), [files], requests, is_collected=False),
            Way("OGX: json, typed", loads(rivals.load_typed), [files], requests),
            Way("reading the files", loads(rivals.read), [files], answer=None, is_floor=True),
        ],
        per=1,
        aim_part=("reading the files", 2),
    )


def later_open(inputs: Inputs) -> Comparison:
    """Compare opening a tree whose pack is there, with every file looked at."""
    folders = sorted({path.parent for path in inputs.files})
    _ = inputs.store  # makes the pack

    def stat_all(paths: list[Path]) -> int:
        return sum(entry.stat().st_size for path in paths for entry in os.scandir(path))

    def sizes(store: recstore.Store) -> int:
        return sum(len(recording.raw) for recording in store.recordings())

    return Comparison(
        "later open of a tree, every file checked",
        [
            Way("recstore", recstore.open, [inputs.tree], sizes),
            Way("os.scandir and stat of each file", stat_all, [folders], is_floor=True),
        ],
        per=1,
        aim_part=("os.scandir and stat of each file", 1),
    )


def open_a_pack(inputs: Inputs) -> Comparison:
    """Compare opening a file that is ready."""

    def open_and_close(open_store: Callable[[Path], Any]) -> Callable[[Path], None]:
        return lambda path: open_store(path).close()

    return Comparison(
        "open a ready pack",
        [
            Way("recstore", recstore.open, [inputs.pack] * SOME, answer=None),
            Way("lmdb", open_and_close(rivals.open_lmdb), [inputs.lmdb] * SOME, answer=None),
            Way("sqlite", open_and_close(rivals.open_sqlite), [inputs.sqlite] * SOME, answer=None),
        ],
        per=SOME,
        aim=0.2e-3,
    )


# Look-ups


def hit_in_a_pack(inputs: Inputs) -> Comparison:
    """Compare finding one recording by its key in a file of all."""
    return _look_up("find a key in a pack", recstore.open(inputs.pack), inputs, inputs.keys, "lmdb")


def miss_in_a_pack(inputs: Inputs) -> Comparison:
    """Compare learning that a file of all does not have a key."""
    return _look_up("miss a key in a pack", recstore.open(inputs.pack), inputs, inputs.misses, "lmdb")


def _look_up(operation: str, store: recstore.Store, inputs: Inputs, keys: list[str], below: str) -> Comparison:
    lasting = contextlib.ExitStack()
    environment = lasting.enter_context(rivals.open_lmdb(inputs.lmdb))
    transaction = lasting.enter_context(environment.begin(buffers=True))
    connection = lasting.enter_context(contextlib.closing(rivals.open_sqlite(inputs.sqlite)))
    mapped = rivals.MappedFile(inputs.scratch / "mapped", inputs.bodies)
    folder = flat(inputs)

    def query(key: str) -> bytes | None:
        row = connection.execute("select body from recordings where key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def file_by_name(key: str) -> bytes | None:
        try:
            return rivals.read(f"{folder}/{key}.json")
        except FileNotFoundError:
            return None

    def raw(recording: recstore.Recording | None) -> bytes | None:
        return None if recording is None else recording.raw

    def whole(body: Any) -> bytes | None:
        return None if body is None else bytes(body)

    return Comparison(
        operation,
        [
            Way("recstore", store.get, keys, raw),
            Way("lmdb", transaction.get, [key.encode() for key in keys], whole),
            Way("sqlite", query, keys),
            Way("file by its name", file_by_name, keys),
            Way("dict and one mapped file", mapped.get, keys, whole),
            Way("a dict alone", dict.fromkeys(inputs.bodies, True).get, keys, answer=None, is_floor=True),
        ],
        per=len(keys),
        aim_part=(below, 1),
        lasting=lasting,
    )


def flat(inputs: Inputs) -> Path:
    """Return a folder of all recordings that one key names."""
    folder = inputs.scratch / "flat"
    if not folder.exists():
        folder.mkdir()
        for key, body in inputs.bodies.items():
            (folder / f"{key}.json").write_bytes(body)
    return folder


def hit_in_a_tree(inputs: Inputs) -> Comparison:
    """Compare finding one recording in a tree: its file is looked at each time."""
    return _look_up_loose("find a key in a tree, its file checked", inputs, inputs.keys)


def miss_in_a_tree(inputs: Inputs) -> Comparison:
    """Compare learning that a tree does not have a key for a test."""
    return _look_up_loose("miss a key in a tree", inputs, inputs.misses)


def _look_up_loose(operation: str, inputs: Inputs, keys: list[str]) -> Comparison:
    store = inputs.store
    paths = {key: str(path) for key, path in inputs.by_key.items()}
    own = inputs.files[0].parent
    # Both look in the folder of the test, and then in that of the recordings that all tests share.
    places = [(paths.get(key, f"{own}/{key}.json"), f"{store.path / store.base}/{key}.json") for key in keys]
    folders = [Path(place).parent.relative_to(inputs.tree).parent for place, _ in places]
    asked = [(key, f"{folder.as_posix()}/test_it.py::test") for key, folder in zip(keys, folders, strict=True)]

    def raw(recording: recstore.Recording | None) -> bytes | None:
        return None if recording is None else recording.raw

    def search(paths: tuple[str, str]) -> bytes | None:
        for path in paths:
            try:
                return rivals.read(path)
            except FileNotFoundError:
                continue
        return None

    def stat(key: str) -> int | None:
        try:
            return os.stat(paths.get(key, key)).st_size  # noqa: PTH116  # the quicker of the two
        except FileNotFoundError:
            return None

    return Comparison(
        operation,
        [
            Way("recstore", lambda asked: store.get(asked[0], test_id=asked[1]), asked, raw),
            Way("OGX: file by its name, in two folders", search, places),
            Way("recstore, of no test: in all folders", store.get, keys, raw),
            Way("stat of the one file", stat, keys, answer=None, is_floor=True),
        ],
        per=len(keys),
    )


def bodies_in_a_cassette(inputs: Inputs) -> Comparison:
    """Compare finding the answer to a request that is not yet a key, where a cassette compares bodies."""
    # Requests that differ in their bodies, each once.
    asked_for = inputs.asked.values()
    different = {json.dumps(request["body"], sort_keys=True): (request, test_id) for request, test_id in asked_for}
    requests = list(different.values())
    store = recstore.open(inputs.pack)
    numbers = range(0, len(requests), max(1, len(requests) // SOME))
    some = [requests[number] for number in numbers]

    def number_of(recording: recstore.Recording | None) -> int | None:
        return None if recording is None else position[json.dumps(recording.request["body"], sort_keys=True)]

    position = {body: number for number, body in enumerate(different)}
    ways = [Way("recstore: key, look-up", lambda asked: store.find(asked[0], test_id=asked[1]), some, number_of)]
    missing = ["cassetter"]
    if rivals.cassetter is not None:
        path = rivals.write_cassetter(inputs.scratch / "all.yaml", (request["body"] for request, _ in requests))
        cassette, bodies = rivals.Cassetter(path), [request["body"] for request, _ in some]
        ways.append(Way("cassetter", cassette.get, bodies, before=cassette.rewind))
        missing = []
    return Comparison(f"find a request among {len(requests):,}", ways, per=len(some), missing=missing)


# What is in a recording


def replay(inputs: Inputs) -> Comparison:
    """Compare the way from a key to all chunks of a stream as objects of the SDK, recording by recording."""
    keys = list(inputs.streams)
    store = recstore.open(inputs.pack)
    paths = [str(inputs.by_key[key]) for key in keys]
    lasting = contextlib.ExitStack()
    environment = lasting.enter_context(rivals.open_lmdb(inputs.lmdb))
    transaction = lasting.enter_context(environment.begin(buffers=True))
    objects = {key: list(rivals.typed(inputs.streams[key]["response"]["body"])) for key in keys}
    return Comparison(
        "recording to SDK objects",
        [
            Way("recstore", lambda key: list(store[key].replay()), keys),
            Way("OGX: json, import by name, pydantic", rivals.replay, paths),
            Way(
                "lmdb, orjson, pydantic",
                lambda key: rivals.typed(orjson.loads(transaction.get(key) or b"")["response"]["body"]),
                [key.encode() for key in keys],
            ),
            Way("a dict of lists of objects", lambda key: list(objects[key]), keys, is_floor=True),
        ],
        per=len(keys),
        is_each=True,
        aim_part=("OGX: json, import by name, pydantic", 1 / 8),
        lasting=lasting,
    )


def replay_of_a_chunk(inputs: Inputs) -> Comparison:
    """Compare making one typed chunk, in long streams, where nothing else weighs: each dropped before the next."""
    return _replay_of_chunks("one typed chunk of a stream", inputs, last)


def replay_of_kept_chunks(inputs: Inputs) -> Comparison:
    """Compare the same where all chunks are kept, so that the collector has them to look at."""
    return _replay_of_chunks("one typed chunk of a list of all", inputs, list)


def last(chunks: Iterable[Any]) -> Any:
    """Return the last of some values, dropping the others one by one."""
    return deque(chunks, maxlen=1)[0]


def _replay_of_chunks(operation: str, inputs: Inputs, take: Callable[[Iterable[Any]], Any]) -> Comparison:
    from openai.types.chat import ChatCompletionChunk  # noqa: PLC0415

    streams = dict(sorted(inputs.streams.items(), key=lambda item: -len(item[1]["response"]["body"]))[:20])
    streams = {key: recording for key, recording in streams.items() if _is_valid(recording["response"]["body"])}
    store = recstore.open(inputs.pack)
    data = [[chunk["__data__"] for chunk in recording["response"]["body"]] for recording in streams.values()]
    raw = [[orjson.dumps(chunk) for chunk in chunks] for chunks in data]
    validate, validate_json = ChatCompletionChunk.model_validate, ChatCompletionChunk.model_validate_json
    return Comparison(
        operation,
        [
            Way("recstore", lambda recording: take(recording.replay()), [store[key] for key in streams]),
            Way("model_validate of a dict", lambda chunks: take(map(validate, chunks)), data),
            Way("model_validate_json of bytes", lambda chunks: take(map(validate_json, chunks)), raw),
        ],
        per=sum(map(len, data)),
        aim_part=("model_validate of a dict", 1 / 3),
    )


def _is_valid(body: Iterable[Any]) -> bool:
    from openai.types.chat import ChatCompletionChunk  # noqa: PLC0415

    try:
        return all(ChatCompletionChunk.model_validate(chunk["__data__"]) for chunk in body)
    except ValueError:
        return False


def text_of_a_chunk(inputs: Inputs) -> Comparison:
    """Compare reading the text of chunks without the SDK."""
    store = recstore.open(inputs.pack)
    recordings = [store[key] for key in inputs.streams]
    raws = [[chunk.raw for chunk in recording] for recording in recordings]
    return Comparison(
        "text of a chunk, with its Chunk",
        [
            Way("recstore", lambda recording: [chunk.text for chunk in recording], recordings),
            Way("orjson to a dict", lambda chunks: [rivals.text(chunk) for chunk in chunks], raws),
        ],
        per=sum(map(len, raws)),
        aim_part=("orjson to a dict", 1 / 5),
    )


def replay_over_http(inputs: Inputs) -> Comparison:
    """Compare a whole streamed call of the OpenAI client, with a session or a cassette for each, as tests have."""
    import httpx2  # noqa: PLC0415
    import openai  # noqa: PLC0415
    import vcr  # noqa: PLC0415

    calls = inputs.calls
    answers = {call.key: rivals.sse(inputs.streams[call.key]["response"]["body"]) for call in calls}
    cassettes = rivals.write_cassettes(inputs.scratch / "cassettes", calls, answers)
    in_memory, fetch_in_memory = rivals.client_in_memory(answers)
    store = recstore.open(inputs.pack)
    own = openai.OpenAI(api_key="none", http_client=httpx2.Client(transport=recstore.transport()))
    plain = openai.OpenAI(api_key="none")

    def fetch(call: Call) -> list[Any]:
        with recstore.session(store, test_id=call.test_id):
            return rivals.stream(own, call)

    def fetch_from_cassette(call: Call) -> list[Any]:
        with vcr.use_cassette(str(cassettes / f"{call.key}.yaml"), record_mode="none"):
            return rivals.stream(plain, call)

    lasting = contextlib.ExitStack()
    for client in (in_memory, own, plain):
        lasting.enter_context(client)
    return Comparison(
        "streamed call of the OpenAI client",
        [
            Way("recstore's transport, a session each", fetch, calls),
            Way("vcrpy, a cassette each", fetch_from_cassette, calls),
            Way("a transport in memory", fetch_in_memory, calls, is_floor=True),
        ],
        per=len(calls),
        lasting=lasting,
    )


ALL: tuple[Callable[[Inputs], Comparison], ...] = (
    key_of_a_request,
    first_load,
    later_open,
    verify,
    open_a_pack,
    hit_in_a_pack,
    miss_in_a_pack,
    hit_in_a_tree,
    miss_in_a_tree,
    bodies_in_a_cassette,
    replay,
    replay_of_a_chunk,
    replay_of_kept_chunks,
    text_of_a_chunk,
    replay_over_http,
)
"""Every comparison, to be made when it is its turn."""
