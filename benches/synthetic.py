"""Recordings for benchmarks: made up, always the same, of the shapes and sizes of real ones.

What is where, and how often, was counted in the folder `ogx` of the corpus: streams whose number of chunks is
lognormal, some with calls of tools and a last chunk of usage; single completions; lists of models; embeddings; text
with escapes and other scripts; floats in requests, some with more digits than keys keep.
"""

from __future__ import annotations

import json
import random
import shutil
from typing import TYPE_CHECKING, Any

import rivals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEFAULT_COUNT = 1_588
"""As many as there are in the corpus."""

LENGTH_MU, LENGTH_SIGMA, LENGTH_MAX = 3.07, 1.17, 1_399
"""Of the logarithm of the number of chunks of a stream: median 22, mean 43."""

TEXT = """
the model answers with a stream of chunks that repeat each other in all but few values while tests read them again and
again from files which grow old in their folders "quoted" back\\slash tab\there café naïve 東京 Привет 🎉
"""
WORDS = TEXT.split(" ")
MODELS = ("gpt-4o", "gpt-4o-mini", "llama3.2:3b-instruct-fp16", "meta-llama/Llama-3.3-70B-Instruct")
BASES = ("https://api.openai.com/v1", "https://test.openai.azure.com/openai/v1", "http://0.0.0.0:11434/v1")
FOLDERS = ("responses",) * 6 + ("agents",) * 3 + ("inference",)


def recordings(count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give so many recordings, each with the name of its file."""
    choose = random.Random(20_260_401)  # the same ones each time
    for number in range(count):
        (kind,) = choose.choices((stream, completion, models, embedding), (57, 34, 6, 3))
        yield kind(choose, number)


def words(choose: random.Random, count: int) -> str:
    """Return so many words."""
    return " ".join(choose.choices(WORDS, k=count))


# Requests


def asked(choose: random.Random, endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return a request as it is recorded."""
    url = choose.choice(BASES) + endpoint
    return {"method": "POST", "url": url, "headers": {}, "body": body, "endpoint": endpoint, "model": body["model"]}


def conversation(choose: random.Random, *, is_streaming: bool) -> dict[str, Any]:
    """Return the body of a request for a chat completion: a few turns, some with tools."""
    turns = choose.choice([1, 1, 2, 3, 5])
    messages = [
        {"role": "user" if turn % 2 == 0 else "assistant", "content": words(choose, choose.randrange(5, 90))}
        for turn in range(turns)
    ]
    body: dict[str, Any] = {"model": choose.choice(MODELS), "messages": messages, "stream": is_streaming}
    if choose.random() < 0.3:
        body["temperature"] = choose.choice([0.7, 1.0, 0.123456789, choose.random()])
    if is_streaming and choose.random() < 0.8:
        body["stream_options"] = {"include_usage": True}
    if choose.random() < 0.6:
        place = {"type": "string", "description": words(choose, 5)}
        parameters = {"type": "object", "properties": {"place": place}, "required": ["place"]}
        function = {"name": "search", "description": words(choose, 12), "parameters": parameters}
        body["tools"] = [{"type": "function", "function": function}] * choose.choice([1, 1, 3])
    return body


def recorded(request: dict[str, Any], number: int, answer: Any, *, is_streaming: bool) -> tuple[str, dict[str, Any]]:
    """Return a whole recording, of which the data still lacks its id, with its key."""
    test_id = f"tests/{FOLDERS[number % len(FOLDERS)]}/test_{number % 40}.py::test_{number}"
    key = rivals.ogx_key((request, test_id))
    typed = answer if isinstance(answer, list) else [answer]
    for value in typed:
        if "id" in value["__data__"]:
            value["__data__"]["id"] = f"rec-{key[:12]}"
    response = {"body": answer, "is_streaming": is_streaming}
    return key, {"test_id": test_id, "request": request, "response": response, "id_normalization_mapping": {}}


# Answers


def stream(choose: random.Random, number: int) -> tuple[str, dict[str, Any]]:
    """Return a streamed chat completion: text or calls of a tool, and its usage if that was asked for."""
    body = conversation(choose, is_streaming=True)
    length = min(LENGTH_MAX, max(2, round(choose.lognormvariate(LENGTH_MU, LENGTH_SIGMA))))
    model, calls = body["model"], "tools" in body and choose.random() < 0.4
    chunks = [chunk(model, {"role": "assistant", "content": None if calls else ""})]
    for at in range(length - 2):
        if calls:
            function = {"arguments": choose.choice(['{"', 'place": "', "東京", '"}']), "name": None if at else "search"}
            call = {"index": 0, "id": None if at else "call_1", "function": function, "type": None}
            chunks.append(chunk(model, {"tool_calls": [call if at else {**call, "type": "function"}]}))
        else:
            chunks.append(chunk(model, {"content": choose.choice(WORDS) + " "}))
    chunks.append(chunk(model, {}, "tool_calls" if calls else "stop"))
    if "stream_options" in body:
        chunks.append(chunk(model, None, usage(choose.randrange(1000), length)))
    return recorded(asked(choose, "/v1/chat/completions", body), number, chunks, is_streaming=True)


def chunk(model: str, delta: dict[str, Any] | None, end: Any = None) -> dict[str, Any]:
    """Return a chunk of a chat completion; `end` is why it ends, or, without a delta, the usage."""
    empty = {"content": None, "function_call": None, "refusal": None, "role": None, "tool_calls": None}
    choice = {"delta": {**empty, **(delta or {})}, "finish_reason": end, "index": 0, "logprobs": None}
    data = {
        "id": "",
        "choices": [] if delta is None else [choice],
        "created": 0,
        "model": model,
        "object": "chat.completion.chunk",
        "service_tier": "default",
        "system_fingerprint": "fp_44709d6fcb",
        "usage": end if delta is None else None,
    }
    return {"__type__": "openai.types.chat.chat_completion_chunk.ChatCompletionChunk", "__data__": data}


def usage(prompt: int, completion: int) -> dict[str, Any]:
    """Return how many tokens were counted."""
    details = {"audio_tokens": 0, "cached_tokens": 0}
    counts = {"completion_tokens": completion, "prompt_tokens": prompt, "total_tokens": prompt + completion}
    return {**counts, "completion_tokens_details": None, "prompt_tokens_details": details}


def completion(choose: random.Random, number: int) -> tuple[str, dict[str, Any]]:
    """Return a chat completion that came whole."""
    body = conversation(choose, is_streaming=False)
    said = words(choose, max(1, round(choose.lognormvariate(3, 1))))
    message: dict[str, Any] = {"content": said, "refusal": None, "role": "assistant", "annotations": [], "audio": None}
    message |= {"function_call": None, "tool_calls": None}
    data = {
        "id": "",
        "choices": [{"finish_reason": "stop", "index": 0, "logprobs": None, "message": message}],
        "created": 0,
        "model": body["model"],
        "object": "chat.completion",
        "service_tier": "default",
        "system_fingerprint": None,
        "usage": usage(choose.randrange(1000), len(said)),
    }
    answer = {"__type__": "openai.types.chat.chat_completion.ChatCompletion", "__data__": data}
    return recorded(asked(choose, "/v1/chat/completions", body), number, answer, is_streaming=False)


def models(choose: random.Random, number: int) -> tuple[str, dict[str, Any]]:
    """Return a list of models; of several under one key, the name has a number in the place of the digest."""
    request = {**asked(choose, "/v1/models", {"model": ""}), "body": {}}
    count = choose.choice([20, 98, 98, 120])
    data = [
        {"id": f"model-{at}", "created": 1_686_588_896 + at, "object": "model", "owned_by": "system"}
        for at in range(count)
    ]
    answer = [{"__type__": "openai.types.model.Model", "__data__": model} for model in data]
    key = rivals.ogx_key((request, None))
    response = {"body": answer, "is_streaming": False}
    recording = {"test_id": None, "request": request, "response": response, "id_normalization_mapping": {}}
    return f"models-{key}-{number:08x}", recording


def embedding(choose: random.Random, number: int) -> tuple[str, dict[str, Any]]:
    """Return an embedding: 768 floats."""
    body = {"model": "nomic-embed-text", "input": words(choose, 12), "encoding_format": "float"}
    vector = [choose.uniform(-0.1, 0.1) for _ in range(768)]
    data = {
        "data": [{"embedding": vector, "index": 0, "object": "embedding"}],
        "model": body["model"],
        "object": "list",
        "usage": {"prompt_tokens": 14, "total_tokens": 14},
    }
    tag = "openai.types.create_embedding_response.CreateEmbeddingResponse"
    request = asked(choose, "/v1/embeddings", body)
    return recorded(request, number, {"__type__": tag, "__data__": data}, is_streaming=False)


def write(root: Path, count: int) -> None:
    """Write so many recordings into a tree that is not there yet."""
    shutil.rmtree(root, ignore_errors=True)
    for number, (name, recording) in enumerate(recordings(count)):
        path = root / "tests" / FOLDERS[number % len(FOLDERS)] / "recordings" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(recording, indent=2) + "\n")
