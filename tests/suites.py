"""Suites of a small project, run by real processes of pytest. The fixtures `project` and `server` go with them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

LOOP = "asyncio_default_fixture_loop_scope = function\n"

SUITE = """
    import openai, os, pytest

    client = openai.OpenAI(api_key="x", base_url=os.environ["SERVICE"] + "/v1", max_retries=0)

    def ask(text, model="whole"):
        messages = [{"role": "user", "content": text}]
        return client.chat.completions.create(model=model, messages=messages).choices[0].message.content
"""


def suite(pytester: pytest.Pytester, tests: str, folder: str = "tests") -> Path:
    """Write a suite into a folder."""
    path = pytester.mkdir(folder) / "test_ask.py" if not (pytester.path / folder).exists() else None
    path = path or pytester.path / folder / "test_ask.py"
    path.write_text(textwrap.dedent(SUITE) + textwrap.dedent(tests))
    return path


def run(pytester: pytest.Pytester, *arguments: str) -> tuple[pytest.RunResult, str]:
    result = pytester.runpytest_subprocess(*arguments)
    return result, result.stdout.str() + result.stderr.str()


def recordings(pytester: pytest.Pytester) -> list[str]:
    return sorted(str(path.relative_to(pytester.path)) for path in pytester.path.rglob("recordings/*.json"))
