"""What is said of a recording, without how it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Call:
    """A call of a tool."""

    name: str
    arguments: str
    """The arguments as text: JSON, unless the model said something else."""
    id: str | None = None


@dataclass(slots=True)
class Message:
    """A message of the request, or what stands in the place of one: a prompt, an input, a document."""

    role: str
    text: str = ""
    """The parts, each on lines of its own; pictures, sounds and files as what they are: `[image 34.0 kB]`."""
    reasoning: str = ""
    calls: list[Call] = field(default_factory=list)
    call_id: str | None = None
    """The call that it answers, where it is the result of a tool."""


@dataclass(slots=True)
class Tool:
    """A tool that the model may call."""

    name: str
    description: str = ""
    parameters: Any = None
    """The schema of its arguments, or what else describes it."""


@dataclass(slots=True)
class Answer:
    """What was answered."""

    text: str = ""
    reasoning: str = ""
    calls: list[Call] = field(default_factory=list)
    data: Any = None
    """What was answered where nobody said anything: the size of embeddings, names of models, the result of a tool."""
    usage: dict[str, int] = field(default_factory=dict)
    """The counts as the service names them; those of details behind a dot."""
    finish: str | None = None
    """Why it ended, as the service says it."""
    error: dict[str, Any] | None = None
    """What it failed with, as `category`, `type`, `message` and `status` where these are known."""


@dataclass(slots=True)
class Summary:
    """What a recording says to a person."""

    key: str | None
    path: str
    test_id: str | None
    profile: str | None
    method: str
    url: str
    endpoint: str
    model: str
    status: int | None
    is_streaming: bool
    size: int
    """The size of the file in bytes."""
    chunks: int
    parameters: dict[str, Any]
    """What else is asked: all that is no message, no tool and not the model."""
    messages: list[Message]
    tools: list[Tool]
    answer: Answer
    earlier: list[Answer]
    """The answers that equal requests of the test had before."""
    is_incomplete: bool
    """Whether its reader stopped before the end of the stream."""

    @property
    def error(self) -> dict[str, Any] | None:
        """What the answer failed with; None where it did not."""
        return self.answer.error
