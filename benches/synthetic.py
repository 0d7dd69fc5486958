"""Recordings for benchmarks: made up, always the same, of the shapes and sizes of real ones.

`python benches/synthetic.py FOLDER [COUNT]` writes them. The benchmarks of the package and of the core use the same.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_COUNT = 500
TEXT = """
the model answers with a stream of chunks that repeat each other in all but few values while tests read them again and
again from files which grow old in their folders
"""
WORDS = TEXT.split()


def request(choose: random.Random, number: int) -> dict[str, Any]:
    """Return a request: a conversation of a few turns, some with tools."""
    turns = choose.choice([1, 1, 2, 3, 5])
    messages = [
        {"role": "user" if turn % 2 == 0 else "assistant", "content": text(choose, choose.randrange(5, 120))}
        for turn in range(turns)
    ]
    body: dict[str, Any] = {"model": "gpt-4o", "messages": messages, "stream": True, "temperature": 0.7}
    if number % 3 == 0:
        function = {
            "name": "search",
            "description": text(choose, 20),
            "parameters": {"type": "object", "properties": {}},
        }
        body["tools"] = [{"type": "function", "function": function}] * 3
    return {
        "method": "POST",
        "url": "https://api.openai.com/v1/v1/chat/completions",
        "headers": {},
        "body": body,
        "endpoint": "/v1/chat/completions",
        "model": "gpt-4o",
    }


def text(choose: random.Random, words: int) -> str:
    """Return so many words."""
    return " ".join(choose.choices(WORDS, k=words))


def chunk(key: str, content: str | None, reason: str | None = None) -> dict[str, Any]:
    """Return a chunk of a chat completion, as it is recorded."""
    delta = {"content": content, "function_call": None, "refusal": None, "role": "assistant", "tool_calls": None}
    data = {
        "id": f"rec-{key[:12]}",
        "choices": [{"delta": delta, "finish_reason": reason, "index": 0, "logprobs": None}],
        "created": 0,
        "model": "gpt-4o",
        "object": "chat.completion.chunk",
        "service_tier": "default",
        "system_fingerprint": "fp_1",
        "usage": None,
    }
    return {"__type__": "openai.types.chat.chat_completion_chunk.ChatCompletionChunk", "__data__": data}


def recordings(count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give so many recordings, each with its key under ogx-7."""
    choose = random.Random(20_260_401)  # the same ones each time
    for number in range(count):
        test_id = f"tests/suite_{number % 10}/test_{number % 40}.py::test_{number}"
        asked = request(choose, number)
        # No text of these is one that the rules of ogx-7 change.
        form = {"method": "POST", "endpoint": "/v1/v1/chat/completions", "body": asked["body"], "test_id": test_id}
        key = hashlib.sha256(json.dumps(form, sort_keys=True).encode()).hexdigest()
        length = min(1000, int(choose.lognormvariate(2.9, 0.9)) + 2)
        chunks = [chunk(key, f"{choose.choice(WORDS)} ") for _ in range(length)]
        response = {"body": [*chunks, chunk(key, None, "stop")], "is_streaming": True}
        yield key, {"test_id": test_id, "request": asked, "response": response, "id_normalization_mapping": {}}


def write(folder: Path, count: int) -> None:
    """Write so many recordings into a tree, unless they are there."""
    stamp = folder / "made"
    if stamp.exists() and stamp.read_text() == str(count):
        return
    shutil.rmtree(folder, ignore_errors=True)
    for number, (key, recording) in enumerate(recordings(count)):
        path = folder / "tests" / f"suite_{number % 10}" / "recordings" / f"{key}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(recording, indent=2) + "\n")
    stamp.write_text(str(count))


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else DEFAULT_COUNT)
