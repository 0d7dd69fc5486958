"""What is asked: messages, tools and parameters of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from recstore._summary.content import messages_of
from recstore._summary.summary import Message, Tool
from recstore._summary.values import compact, condensed, is_vector, objects, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_SYSTEM: Final = ("instructions", "system", "system_instruction", "systemInstruction")
_CONVERSATIONS: Final = ("messages", "contents")
_TEXTS: Final = {
    "prompt": "prompt", "input": "input", "inputs": "input", "query": "query", "passages": "passage",
    "documents": "document", "__content__": "body",
}  # fmt: skip
"""Members that are a text or a list of them, and as what role each is shown."""
_BODIES: Final = ("body", "payload", "kwargs")
_ELSEWHERE: Final = {
    *_BODIES, "method", "url", "headers", "endpoint", "model", "test_id", "tool_name", "provider_metadata",
}  # fmt: skip
"""Members of a request around its body that are said elsewhere, or that say nothing of what is asked."""


def read_request(request: dict[str, Any]) -> tuple[dict[str, Any], list[Message], list[Tool]]:
    """Return parameters, messages and tools of a request."""
    around = {name: value for name, value in request.items() if name not in _ELSEWHERE}
    name = next((name for name in _BODIES if name in request), None)
    body = None if name is None else request[name]
    if not isinstance(body, dict):
        return condensed(around), [] if body is None else [Message("body", compact(condensed(body)))], []
    rest = dict(body)
    if name == "kwargs":
        return condensed({**around, **rest}), [], []
    if rest.get("model") == request.get("model", rest.get("model")):
        rest.pop("model", None)
    config = rest.get("config")
    inner = dict(config) if isinstance(config, dict) else {}
    messages = [*_messages(rest, _SYSTEM), *_messages(inner, _SYSTEM)]
    messages += [*_texts(rest), *_messages(rest, _CONVERSATIONS)]
    tools = [*_tools(rest), *_tools(inner)]
    if isinstance(config, dict):
        rest = {**rest, "config": inner} if inner else {name: rest[name] for name in rest if name != "config"}
    return condensed({**around, **rest}), messages, tools


def _messages(rest: dict[str, Any], names: tuple[str, ...]) -> Iterator[Message]:
    """Take the members that hold messages out of a body, and give these."""
    role = "system" if names is _SYSTEM else "user"
    for name in names:
        value = rest.get(name)
        if not isinstance(value, str | list | dict) or not value:
            continue
        del rest[name]
        # The parts of one message, or a list of messages.
        items = value if isinstance(value, list) and names is _CONVERSATIONS else [value]
        for item in items:
            for message in messages_of({"content": item} if isinstance(item, list) else item, role):
                message.role = role if names is _SYSTEM else message.role
                yield message


def _texts(rest: dict[str, Any]) -> Iterator[Message]:
    """Take the members that hold texts out of a body, and give them as messages."""
    for name, role in _TEXTS.items():
        value = rest.get(name)
        if not isinstance(value, str | list) or value == []:
            continue
        del rest[name]
        for item in [value] if isinstance(value, str) or is_vector(value) else value:
            if is_vector(item):
                yield Message(role, f"[{len(item)} tokens]")
            else:
                yield from messages_of(item, role)
    if isinstance(rest.get("images"), list):
        yield from messages_of({"role": "images", "images": rest.pop("images")}, "images")


def _tools(rest: dict[str, Any]) -> Iterator[Tool]:
    """Take the tools out of a body, and give them."""
    for name in ("tools", "functions"):
        if found := objects(rest, name):
            del rest[name]
            for tool in found:
                yield from _tools_of(tool)


def _tools_of(tool: dict[str, Any]) -> Iterator[Tool]:
    for name in ("function_declarations", "functionDeclarations"):
        if declared := objects(tool, name):
            for function in declared:
                yield _tool(function)
            return
    inside = tool.get("function")
    yield _tool(inside if isinstance(inside, dict) else tool)


def _tool(tool: dict[str, Any]) -> Tool:
    rest = dict(tool)
    name = text_of(rest, "name", "type") or next(iter(rest), "")
    is_function = rest.pop("name", None) == name
    if text_of(rest, "type") in {name, "function", "custom"}:
        rest.pop("type", None)
    description = text_of(rest, "description")
    rest.pop("description", None)
    schemas = ("parameters", "input_schema", "parameters_json_schema", "parametersJsonSchema")
    schema = next((member for member in schemas if member in rest), None)
    if is_function and schema is not None and not any(value for other, value in rest.items() if other != schema):
        return Tool(name, description, rest[schema])
    return Tool(name, description, condensed(rest) or None)
