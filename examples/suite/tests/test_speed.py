"""A benchmark of a program's own work, without the network's: with `pytest-benchmark`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import openai
import pytest

if TYPE_CHECKING:
    from recstore import Session

pytest.importorskip("pytest_benchmark", reason="this example needs pytest-benchmark")
KEY = os.environ.get("OPENAI_API_KEY", "unused when replaying")


def test_reading_a_stream(recstore: Session, benchmark: Any) -> None:
    """What is preloaded is replayed without a file; nothing is done in threads."""
    with openai.OpenAI(api_key=KEY) as client:

        def read() -> str:
            stream = client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": "Count to 50."}], stream=True
            )
            return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

        if recstore.mode == "replay":
            recstore.preload()
            said = benchmark(read)
        else:  # recorded once, not as often as a benchmark runs
            said = benchmark.pedantic(read, rounds=1)
    assert said.startswith("1 2 3")
    assert said.endswith(" 50")
