"""Record the suite's answers without a key and a network: run it against invented answers of OpenAI's API.

Run `python examples/suite/record.py`. A suite of your own needs nothing like it: `pytest --recstore-mode=record` asks
the service itself.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest


def answer(request: httpx2.Request) -> httpx2.Response:
    """Return what OpenAI's API could have answered."""
    body = json.loads(request.content)
    text = body["messages"][0]["content"]
    common: dict[str, Any] = {"id": "chatcmpl-1", "created": 1_760_000_000, "model": "gpt-4o-mini-2024-07-18"}
    if "max_tokens" in body:
        kind = "insufficient_quota"
        error = {"message": "You exceeded your current quota.", "type": kind, "param": None, "code": kind}
        return httpx2.Response(429, json={"error": error})
    if body.get("stream"):
        words = [str(number) for number in range(1, int(text.rstrip(".").rpartition(" ")[2]) + 1)]
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, {"content": words[0]}]
        deltas += [{"content": f" {word}"} for word in words[1:]]
        choices: list[dict[str, Any]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
        choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
        chunks = [{**common, "object": "chat.completion.chunk", "choices": [choice]} for choice in choices]
        events = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=events)
    message: dict[str, Any] = {"role": "assistant", "content": "Hello! How can I help you today?"}
    if "tools" in body:
        arguments = json.dumps({"city": text.rstrip("?").rpartition(" ")[2]})
        call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": arguments}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    usage = {"prompt_tokens": 10, "completion_tokens": 9, "total_tokens": 19}
    return httpx2.Response(200, json={**common, "object": "chat.completion", "choices": [choice], "usage": usage})


def main(folder: str) -> int:
    """Run the suite in a folder in the mode `record`; return pytest's exit code."""
    mock: Any = httpx2.MockTransport(answer)
    # Below the sessions, which patch the same methods.
    httpx2.HTTPTransport.handle_request = lambda _, request: mock.handle_request(request)  # type: ignore[assignment, method-assign]
    httpx2.AsyncHTTPTransport.handle_async_request = lambda _, request: mock.handle_async_request(request)  # type: ignore[assignment, method-assign]
    return pytest.main(["--recstore-mode=record", "--rootdir", folder, "-p", "no:cacheprovider", folder])


if __name__ == "__main__":
    sys.exit(main(str(Path(__file__).parent)))
