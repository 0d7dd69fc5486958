"""What is measured: the recordings that the report, the micro-benchmarks and the tests share.

They are those of the folder `ogx` in `RECSTORE_CORPUS`, or, where that is not set, generated ones of the same shapes.
`python benches/inputs.py FOLDER` puts them into a folder, for the benchmarks of the core.
"""

from __future__ import annotations

import os
import shutil
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

import recstore
import rivals
import synthetic

if TYPE_CHECKING:
    from recstore import Store

CHUNK = "openai.types.chat.chat_completion_chunk.ChatCompletionChunk"


class Call(NamedTuple):
    """A streamed call of a chat completion, as a client makes it."""

    key: str
    test_id: str | None
    base_url: str
    body: dict[str, Any]


class Inputs:
    """A tree of recordings, and everything that is made of it once, in a folder of its own."""

    def __init__(self, scratch: Path, count: int = synthetic.DEFAULT_COUNT, *, generated: bool = False) -> None:
        self.scratch = scratch
        self.tree = scratch / "tree"
        corpus = os.environ.get("RECSTORE_CORPUS")
        self.is_real = corpus is not None and not generated
        if corpus is not None and self.is_real:
            shutil.rmtree(self.tree, ignore_errors=True)
            shutil.copytree(Path(corpus) / "ogx", self.tree, ignore=shutil.ignore_patterns(".recstore"))
        else:
            synthetic.write(self.tree, count)

    def __getstate__(self) -> dict[str, Any]:
        """Return where the files are: another process makes anew what this one holds in memory."""
        return {"scratch": self.scratch, "tree": self.tree, "is_real": self.is_real}

    def __str__(self) -> str:
        source = "of RECSTORE_CORPUS" if self.is_real else "generated"
        return f"{len(self.files):,} recordings ({source}), {self.size / 1e6:.1f} MB"

    # Files

    @cached_property
    def files(self) -> list[Path]:
        """All recording files."""
        return sorted(self.tree.rglob("recordings/*.json"))

    @cached_property
    def recordings(self) -> list[dict[str, Any]]:
        """What is in them."""
        return [orjson.loads(path.read_bytes()) for path in self.files]

    @cached_property
    def size(self) -> int:
        """Their size together."""
        return sum(path.stat().st_size for path in self.files)

    # Keys

    @cached_property
    def requests(self) -> list[tuple[dict[str, Any], str | None]]:
        """All requests for which `ogx-7` is the profile, with their tests."""
        return [(r["request"], r.get("test_id")) for r in self.recordings if {"url", "body"} <= set(r["request"])]

    @cached_property
    def by_key(self) -> dict[str, Path]:
        """The files that one whole key names alone, by it."""
        named: dict[str, list[Path]] = {}
        for path in self.files:
            named.setdefault(path.stem.removeprefix("models-")[:64], []).append(path)
        return {key: paths[0] for key, paths in named.items() if len(paths) == 1 and paths[0].stem == key}

    @cached_property
    def keys(self) -> list[str]:
        """Those keys, as strings that nothing else holds and nobody has hashed yet."""
        return ["".join(key) for key in self.by_key]

    @cached_property
    def misses(self) -> list[str]:
        """As many keys of nothing: the digits of those, the other way round."""
        return [key[::-1] for key in self.by_key]

    # Streams

    @cached_property
    def streams(self) -> dict[str, dict[str, Any]]:
        """The recorded streams of typed chat completion chunks, by key."""
        recordings = dict(zip(self.files, self.recordings, strict=True))
        found = {key: recordings[path] for key, path in self.by_key.items()}
        return {key: recording for key, recording in found.items() if _is_typed_stream(recording["response"])}

    @cached_property
    def asked(self) -> dict[str, tuple[dict[str, Any], str | None]]:
        """The requests of those that are found by them today, and their tests, by key."""
        asked = {key: (recording["request"], recording.get("test_id")) for key, recording in self.streams.items()}
        return {
            key: (r, test_id) for key, (r, test_id) in asked.items() if recstore.request_key(r, test_id=test_id) == key
        }

    @cached_property
    def calls(self) -> list[Call]:
        """Some of them as calls that a client makes."""
        calls = []
        for key, (request, test_id) in self.asked.items():
            base_url = request["url"].removesuffix("/v1/chat/completions")
            if base_url != request["url"] and "extra_body" not in request["body"]:
                calls.append(Call(key, test_id, base_url, request["body"]))
        return calls[:: max(1, len(calls) // 100)]

    # Stores

    @cached_property
    def store(self) -> Store:
        """The tree, opened, with its pack ready."""
        return recstore.open(self.tree)

    @cached_property
    def pack(self) -> Path:
        """A pack of the tree."""
        path = self.scratch / "recordings.pack"
        if not path.exists():
            self.store.pack(path)
        return path

    @cached_property
    def bodies(self) -> dict[str, bytes]:
        """The files by their keys, for the stores of others."""
        return {key: path.read_bytes() for key, path in self.by_key.items()}

    @cached_property
    def lmdb(self) -> Path:
        """An LMDB environment of them."""
        path = self.scratch / "lmdb"
        return path if path.exists() else rivals.write_lmdb(path, self.bodies)

    @cached_property
    def sqlite(self) -> Path:
        """An SQLite database of them."""
        path = self.scratch / "recordings.sqlite"
        return path if path.exists() else rivals.write_sqlite(path, self.bodies)


def _is_typed_stream(response: dict[str, Any]) -> bool:
    body = response.get("body")
    is_answer = response.get("is_streaming") and not response.get("is_exception") and isinstance(body, list)
    return bool(is_answer and body and all(isinstance(c, dict) and c.get("__type__") == CHUNK for c in body))


if __name__ == "__main__":
    Inputs(Path(sys.argv[1]))
