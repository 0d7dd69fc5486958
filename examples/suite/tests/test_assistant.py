"""A suite to copy: an assistant that calls language models, tested offline.

Run it with `pytest examples/suite`. It replays the answers in `recordings`, beside this file; with a key of OpenAI's,
`pytest --recstore-mode=record examples/suite` records them anew.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import openai
import pytest

if TYPE_CHECKING:
    from recstore import Session

KEY = os.environ.get("OPENAI_API_KEY", "unused when replaying")
WEATHER: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def say(text: str) -> list[Any]:
    """Return a conversation that begins with this."""
    return [{"role": "user", "content": text}]


def test_greeting(recstore: Session) -> None:
    """The fixture is all that a test needs."""
    with openai.OpenAI(api_key=KEY) as client:
        answer = client.chat.completions.create(model="gpt-4o-mini", messages=say("Say hello."))
    assert "hello" in (answer.choices[0].message.content or "").lower()
    assert recstore.stats.misses == 0


@pytest.mark.recstore
async def test_stream() -> None:
    """The marker does the same; asynchronous clients are answered too."""
    async with openai.AsyncOpenAI(api_key=KEY) as client:
        stream = await client.chat.completions.create(model="gpt-4o-mini", messages=say("Count to 5."), stream=True)
        said = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert len(said) > 1
    assert "5" in "".join(said)


@pytest.mark.parametrize("city", ["Zürich", "Bern"])
def test_tool(recstore: Session, city: str) -> None:
    """Each case of a test has recordings of its own."""
    with openai.OpenAI(api_key=KEY) as client:
        answer = client.chat.completions.create(
            model="gpt-4o-mini", messages=say(f"How is the weather in {city}?"), tools=[WEATHER]
        )
    calls = answer.choices[0].message.tool_calls or []
    assert [json.loads(call.function.arguments) for call in calls if call.type == "function"] == [{"city": city}]


def test_no_credit(recstore: Session) -> None:
    """Errors replay as they happened."""
    with (
        openai.OpenAI(api_key=KEY, max_retries=0) as client,
        pytest.raises(openai.RateLimitError, match="quota"),
    ):
        client.chat.completions.create(model="gpt-4o-mini", messages=say("Anything."), max_tokens=1)
