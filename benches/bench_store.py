"""Each operation beside its rivals, in the same run; the ratios are what counts.

The name of a benchmark is `<rival>`, its group the operation, so that rivals stand together.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import sqlite3
import tarfile
from typing import TYPE_CHECKING, Any

import lmdb
import orjson
import pytest

import oracle
import recstore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

SOME = 200


@pytest.fixture(scope="session")
def requests(files: list[Path]) -> list[tuple[dict[str, Any], str]]:
    """Return some requests with their tests."""
    recordings = [json.loads(path.read_bytes()) for path in files[:SOME]]
    return [(recording["request"], recording["test_id"]) for recording in recordings]


# The key of a request that is held as a dict


@pytest.mark.benchmark(group=f"keys of {SOME} requests")
def test_key_recstore(benchmark: BenchmarkFixture, requests: list[tuple[dict[str, Any], str]]) -> None:
    keys = benchmark(lambda: [recstore.request_key(request, test_id=test_id) for request, test_id in requests])
    assert keys == [oracle.inference_key(7, *request) for request in requests]


@pytest.mark.benchmark(group=f"keys of {SOME} requests")
def test_key_rules_in_python(benchmark: BenchmarkFixture, requests: list[tuple[dict[str, Any], str]]) -> None:
    benchmark(lambda: [oracle.inference_key(7, *request) for request in requests])


@pytest.mark.benchmark(group=f"keys of {SOME} requests")
def test_key_orjson_without_rules(benchmark: BenchmarkFixture, requests: list[tuple[dict[str, Any], str]]) -> None:
    def key(request: dict[str, Any]) -> str:
        return hashlib.sha256(orjson.dumps(request["body"], option=orjson.OPT_SORT_KEYS)).hexdigest()

    benchmark(lambda: [key(request) for request, _ in requests])


# From a directory to everything findable and readable


@pytest.mark.benchmark(group="bulk load")
def test_load_recstore_first_time(benchmark: BenchmarkFixture, uncached: Path) -> None:
    def forget() -> None:
        shutil.rmtree(uncached / ".recstore", ignore_errors=True)

    benchmark.pedantic(lambda: recstore.open(uncached), setup=forget, rounds=10)


@pytest.mark.benchmark(group="bulk load")
def test_load_recstore_later(benchmark: BenchmarkFixture, tree: Path) -> None:
    benchmark(lambda: recstore.open(tree))


@pytest.mark.benchmark(group="bulk load")
@pytest.mark.parametrize("loads", [json.loads, orjson.loads], ids=["json", "orjson"])
def test_load(benchmark: BenchmarkFixture, files: list[Path], loads: Callable[[bytes], Any]) -> None:
    benchmark.pedantic(lambda: [loads(path.read_bytes()) for path in files], rounds=10)


@pytest.mark.benchmark(group="bulk load")
def test_load_floor_reading_alone(benchmark: BenchmarkFixture, files: list[Path]) -> None:
    benchmark.pedantic(lambda: [path.read_bytes() for path in files], rounds=10)


# Opening what is ready, and looking up


@pytest.fixture(scope="session")
def bodies(files: list[Path]) -> dict[str, bytes]:
    """Return the recordings by key, for other stores."""
    return {path.stem: path.read_bytes() for path in files}


@pytest.fixture(scope="session")
def lmdb_path(bodies: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return an LMDB store of them."""
    path = str(tmp_path_factory.mktemp("lmdb"))
    with lmdb.open(path, map_size=1 << 30) as environment, environment.begin(write=True) as transaction:
        for key, body in bodies.items():
            transaction.put(key.encode(), body)
    return path


@pytest.fixture(scope="session")
def sqlite_path(bodies: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return an SQLite store of them."""
    path = str(tmp_path_factory.mktemp("sqlite") / "a.db")
    with sqlite3.connect(path) as connection:
        connection.execute("create table recordings (key text primary key, body blob)")
        connection.executemany("insert into recordings values (?, ?)", bodies.items())
    return path


@pytest.mark.benchmark(group="open a ready store")
def test_open_recstore_pack(benchmark: BenchmarkFixture, pack: Path) -> None:
    benchmark(lambda: recstore.open(pack))


@pytest.mark.benchmark(group="open a ready store")
def test_open_lmdb(benchmark: BenchmarkFixture, lmdb_path: str) -> None:
    benchmark(lambda: lmdb.open(lmdb_path, readonly=True, lock=False).close())


@pytest.mark.benchmark(group="open a ready store")
def test_open_sqlite(benchmark: BenchmarkFixture, sqlite_path: str) -> None:
    def look() -> None:
        connection = sqlite3.connect(sqlite_path)
        connection.execute("select count(*) from sqlite_master").fetchone()
        connection.close()

    benchmark(look)


@pytest.mark.benchmark(group="look up every key")
def test_find_recstore_pack(benchmark: BenchmarkFixture, pack: Path, bodies: dict[str, bytes]) -> None:
    store = recstore.open(pack)
    assert all(benchmark(lambda: [store.get(key) for key in bodies]))


@pytest.mark.benchmark(group="look up every key")
def test_find_recstore_tree_with_every_file_looked_at(
    benchmark: BenchmarkFixture, tree: Path, bodies: dict[str, bytes]
) -> None:
    store = recstore.open(tree)
    assert all(benchmark(lambda: [store.get(key) for key in bodies]))


@pytest.mark.benchmark(group="look up every key")
def test_find_lmdb(benchmark: BenchmarkFixture, lmdb_path: str, bodies: dict[str, bytes]) -> None:
    keys = [key.encode() for key in bodies]
    with lmdb.open(lmdb_path, readonly=True, lock=False) as environment, environment.begin(buffers=True) as transaction:
        assert all(benchmark(lambda: [transaction.get(key) for key in keys]))


@pytest.mark.benchmark(group="look up every key")
def test_find_sqlite(benchmark: BenchmarkFixture, sqlite_path: str, bodies: dict[str, bytes]) -> None:
    connection = sqlite3.connect(sqlite_path)
    query = "select body from recordings where key = ?"
    assert all(benchmark(lambda: [connection.execute(query, (key,)).fetchone() for key in bodies]))
    connection.close()


@pytest.mark.benchmark(group="look up every key")
def test_find_file_by_name(benchmark: BenchmarkFixture, files: list[Path]) -> None:
    assert all(benchmark(lambda: [path.read_bytes() for path in files]))


@pytest.mark.benchmark(group="look up every key")
def test_find_floor_dict(benchmark: BenchmarkFixture, bodies: dict[str, bytes]) -> None:
    keys = ["".join(key) for key in bodies]
    assert all(benchmark(lambda: [bodies.get(key) for key in keys]))


# What is in a recording


@pytest.mark.benchmark(group=f"text of all chunks of {SOME} recordings")
def test_text_recstore(benchmark: BenchmarkFixture, pack: Path) -> None:
    recordings = list(recstore.open(pack).recordings())[:SOME]
    texts = benchmark(lambda: [chunk.text for recording in recordings for chunk in recording])
    assert texts == [c.data["choices"][0]["delta"]["content"] or "" for r in recordings for c in r]


@pytest.mark.benchmark(group=f"text of all chunks of {SOME} recordings")
def test_text_orjson(benchmark: BenchmarkFixture, pack: Path) -> None:
    chunks = [chunk.raw for recording in list(recstore.open(pack).recordings())[:SOME] for chunk in recording]
    benchmark(lambda: [orjson.loads(chunk)["choices"][0]["delta"]["content"] for chunk in chunks])


@pytest.mark.benchmark(group=f"replay {SOME} recordings as objects of the SDK")
def test_replay_recstore(benchmark: BenchmarkFixture, pack: Path) -> None:
    store = recstore.open(pack)
    keys = list(store)[:SOME]
    benchmark.pedantic(lambda: [list(store[key].replay()) for key in keys], rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group=f"replay {SOME} recordings as objects of the SDK")
def test_replay_ogx(benchmark: BenchmarkFixture, pack: Path, files: list[Path]) -> None:
    by_key = {path.stem: path for path in files}
    paths = [by_key[key] for key in list(recstore.open(pack))[:SOME]]

    def replay(path: Path) -> list[Any]:
        made = []
        for chunk in json.loads(path.read_bytes())["response"]["body"]:
            module, _, name = chunk["__type__"].rpartition(".")
            cls = getattr(importlib.import_module(module), name)
            made.append(cls.model_validate(chunk["__data__"]))
        return made

    benchmark.pedantic(lambda: [replay(path) for path in paths], rounds=5, warmup_rounds=1)


# Packing


@pytest.mark.benchmark(group="put all into one file")
def test_pack_recstore(benchmark: BenchmarkFixture, tree: Path, tmp_path: Path) -> None:
    store = recstore.open(tree)
    benchmark.pedantic(lambda: store.pack(tmp_path / "a.pack"), rounds=10)
    benchmark.extra_info["bytes"] = (tmp_path / "a.pack").stat().st_size


@pytest.mark.benchmark(group="put all into one file")
def test_pack_tar(benchmark: BenchmarkFixture, tree: Path, tmp_path: Path) -> None:
    def tar() -> None:
        with tarfile.open(tmp_path / "a.tar", "w") as archive:
            archive.add(tree / "tests")

    benchmark.pedantic(tar, rounds=10)
    benchmark.extra_info["bytes"] = (tmp_path / "a.tar").stat().st_size
