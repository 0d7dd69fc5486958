"""Requests as they drift away from their recordings: each mutation of a real one, and what should be told of it."""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from recstore import Recording, Store


@dataclass
class Mutation:
    """A request that is not found any more, and what differs."""

    kind: str
    source: Recording
    request: dict[str, Any]
    test_id: str | None
    obstacles: list[str] = field(default_factory=list)
    differences: list[tuple[Any, ...]] = field(default_factory=list)
    """Of each the kind and the path; of a changed value also what must be shown of the old and the new one."""
    volatile: list[str] = field(default_factory=list)


def changed_word(choose: random.Random, source: Recording, body: Any) -> Mutation | None:
    texts = [
        (at, message["content"])
        for at, message in enumerate(body.get("messages", ()))
        if isinstance(message.get("content"), str) and len(message["content"].split(" ")) > 2
    ]
    if not texts:
        return None
    at, text = choose.choice(texts)
    words = text.split(" ")
    place = choose.choice([index for index, word in enumerate(words) if word.isalpha()] or [-1])
    if place < 0:
        return None
    old, words[place] = words[place], "walrus"
    body["messages"][at]["content"] = " ".join(words)
    difference = ("changed", f"body.messages[{at}].content", old, "walrus")
    return Mutation("changed word", source, {}, source.test_id, differences=[difference])


def inserted_message(choose: random.Random, source: Recording, body: Any) -> Mutation | None:
    if "messages" not in body:
        return None
    at = choose.randint(0, len(body["messages"]))
    body["messages"].insert(at, {"role": "system", "content": "Answer in the language of walruses."})
    difference = ("inserted", f"body.messages[{at}]")
    return Mutation("inserted message", source, {}, source.test_id, differences=[difference])


def other_model(choose: random.Random, source: Recording, body: Any) -> Mutation | None:
    if not body.get("model"):
        return None
    old, body["model"] = body["model"], choose.choice(["gpt-6-walrus", "llama-9:1b", f"{body['model']}-2027-01-01"])
    difference = ("changed", "body.model", old, body["model"])
    return Mutation("other model", source, {}, source.test_id, differences=[difference])


def float_jitter(choose: random.Random, source: Recording, body: Any) -> Mutation | None:
    names = [name for name, value in body.items() if isinstance(value, float)]
    if not names:
        return None
    name = choose.choice(names)
    old, body[name] = body[name], body[name] + choose.choice([0.001, 0.03, 1e-4])
    difference = ("changed", f"body.{name}", repr(old), "")
    return Mutation("float jitter", source, {}, source.test_id, [], [difference], ["numbers"])


def new_id(choose: random.Random, source: Recording, body: Any) -> Mutation | None:
    found = [message["tool_call_id"] for message in body.get("messages", ()) if "tool_call_id" in message]
    if not found:
        return None
    old, new = choose.choice(found), "call_" + "".join(choose.choices("0123456789abcdef", k=12))
    differences = []
    for at, message in enumerate(body["messages"]):
        for number, call in enumerate(message.get("tool_calls") or ()):
            if call.get("id") == old:
                call["id"] = new
                differences.append(("changed", f"body.messages[{at}].tool_calls[{number}].id", old, new))
        if message.get("tool_call_id") == old:
            message["tool_call_id"] = new
            differences.append(("changed", f"body.messages[{at}].tool_call_id", old, new))
    return Mutation("new id", source, {}, source.test_id, [], differences, ["ids"])


def reordered_tools(choose: random.Random, source: Recording, body: Any) -> Mutation | None:
    tools = body.get("tools") or []
    if len({repr(tool) for tool in tools}) < 2:
        return None
    tools.append(tools.pop(0))
    return Mutation("reordered tools", source, {}, source.test_id, differences=[("moved", "body.tools[")])


def other_test(choose: random.Random, source: Recording, body: Any) -> Mutation | None:
    test_id = str(source.test_id).partition("::")[0] + "::test_that_has_another_name"
    return Mutation("other test id", source, {}, test_id, obstacles=["test_id"])


def other_folder(choose: random.Random, source: Recording, body: Any) -> Mutation | None:
    return Mutation("other folder", source, {}, source.test_id, obstacles=["folder"])


def other_profile(choose: random.Random, source: Recording, body: Any) -> Mutation | None:
    return Mutation("other profile", source, {}, source.test_id, obstacles=["profile"])


ALL: tuple[Callable[[random.Random, Any, Any], Mutation | None], ...] = (
    changed_word,
    inserted_message,
    other_model,
    float_jitter,
    new_id,
    reordered_tools,
    other_test,
    other_folder,
    other_profile,
)


def mutations(store: Store, count: int) -> Iterator[Mutation]:
    """Give so many mutations of recordings that are found as they are, of each kind as many; each time the same."""
    choose = random.Random(20_260_401)
    found = [
        recording
        for recording in store.recordings()
        if recording.test_id is not None
        and recording.profile == "ogx-7"
        and (answer := store.get(str(recording.key), test_id=recording.test_id)) is not None
        and answer.path == recording.path
    ]
    choose.shuffle(found)
    sources = iter(found)
    made = 0
    while made < count:
        mutate = ALL[made % len(ALL)]
        request = None
        while request is None:
            source = next(sources)
            copied = copy.deepcopy(source.request)
            mutation = mutate(choose, source, copied["body"])
            if mutation is not None and (copied != source.request or mutation.obstacles):
                request = mutation.request = copied
                yield mutation
                made += 1
