"""Contents of messages and answers: their parts, told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from recstore._summary.summary import Call, Message
from recstore._summary.values import compact, condensed, decoded_length, text_of
from recstore._wording import size

if TYPE_CHECKING:
    from collections.abc import Iterator

_REASONING: Final = {"thinking", "thinking_delta", "reasoning", "thought", "thought_summary", "redacted_thinking"}
_CALLS: Final = {"tool_use", "function_call", "server_tool_use", "mcp_tool_use", "mcp_call", "custom_tool_call"}
_RESULTS: Final = {
    "tool_result", "web_search_tool_result", "mcp_tool_result", "code_execution_tool_result", "function_call_output",
    "custom_tool_call_output", "function_response", "function_result",
}  # fmt: skip
_ATTACHMENTS: Final = {
    "image_url": "image", "input_image": "image", "image": "image", "input_audio": "audio", "audio": "audio",
    "video_url": "video", "video": "video", "document": "document", "file": "file", "input_file": "file",
}  # fmt: skip
REASONED: Final = ("reasoning", "reasoning_content", "thinking")
_OF_MESSAGE: Final = {
    "role", "content", "parts", "tool_calls", "function_call", "tool_call_id", "call_id", "images", "type", "id",
    "status", "annotations", "refusal", *REASONED,
}  # fmt: skip


class Content:
    """What a content holds, part by part. `texts` holds refusals and attached files too, in their place."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.refusals: list[str] = []
        self.attached: list[str] = []
        self.reasoning: list[str] = []
        self.calls: list[Call] = []
        self.results: list[Message] = []

    def add(self, part: Any) -> None:
        """Take a part, or a list of them."""
        if isinstance(part, list):
            for one in part:
                self.add(one)
        elif isinstance(part, dict):
            self._add_object(part)
        elif part is not None:
            self.texts.append(compact(condensed(part)))

    def _add_object(self, part: dict[str, Any]) -> None:
        kind = text_of(part, "type")
        call = _member(part, "function_call", "functionCall")
        result = part if kind in _RESULTS else _member(part, "function_response", "functionResponse")
        if kind in _REASONING or part.get("thought") is True:
            self.reasoning += filter(None, [_reasoning(part)])
        elif call is not None or kind in _CALLS:
            self.calls.append(call_of(part if call is None else call))
        elif result is not None:
            self.results.append(_result(result))
        elif (attached := _attached(part, kind)) is not None:
            self.texts.append(attached)
            self.attached.append(attached)
        elif refusal := text_of(part, "refusal"):
            self.texts.append(refusal)
            self.refusals.append(refusal)
        elif text := text_of(part, "text"):
            self.texts.append(text)
        elif kind == "message" or "parts" in part:
            self.add([part.get("content"), part.get("parts")])
        elif part.get("text") != "":
            self.texts.append(compact(condensed(part)))


def messages_of(item: Any, role: str) -> Iterator[Message]:
    """Give the messages that one element of a conversation makes; each result of a tool is one."""
    content = Content()
    call_id = None
    if isinstance(item, dict) and ("role" in item or "content" in item or "parts" in item) and not _is_result(item):
        role = text_of(item, "role") or role
        call_id = text_of(item, "tool_call_id") or None
        content.reasoning.extend(filter(None, [text_of(item, *REASONED)]))
        content.add([item.get("content"), item.get("parts"), item.get("refusal")])
        images = item.get("images")
        content.texts += [_image(image) for image in images] if isinstance(images, list) else []
        content.calls += calls_of(item)
        others = {name: value for name, value in item.items() if name not in _OF_MESSAGE and value}
        if others:
            content.texts.append(compact(condensed(others)))
    else:
        content.add(item)
        if content.calls or content.reasoning:
            role = "assistant"
    yield from content.results
    if content.texts or content.calls or content.reasoning or not content.results:
        text, reasoning = "\n".join(content.texts), "\n".join(content.reasoning)
        yield Message(role, text, reasoning, content.calls, call_id)


def calls_of(message: dict[str, Any]) -> list[Call]:
    """Return the calls that stand beside the content of a message."""
    calls = message.get("tool_calls")
    found = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    found += filter(None, [_member(message, "function_call")])
    return [call_of(call) for call in found]


def call_of(call: dict[str, Any]) -> Call:
    """Return a call, with its function inside (OpenAI, Ollama) or not."""
    function = _member(call, "function") or call
    arguments = next((function[name] for name in ("arguments", "args", "input") if name in function), None)
    text = "" if arguments is None else compact(arguments)
    return Call(text_of(function, "name"), text, text_of(call, "call_id", "id") or None)


def _is_result(item: dict[str, Any]) -> bool:
    return text_of(item, "type") in _RESULTS and "role" not in item


def _result(part: dict[str, Any]) -> Message:
    """Return the result of a tool as the message that it is."""
    value = next((part[name] for name in ("content", "output", "response", "result") if name in part), None)
    content = Content()
    content.add(value)
    call_id = text_of(part, "tool_use_id", "call_id", "id", "name") or None
    return Message("tool", "\n".join(content.texts), call_id=call_id)


def _reasoning(part: dict[str, Any]) -> str:
    text = text_of(part, "thinking", "text")
    if text:
        return text
    inside = Content()
    inside.add([part.get("summary"), part.get("content")])
    return "\n".join(inside.texts)


def _attached(part: dict[str, Any], kind: str) -> str | None:
    """Return what a picture, a sound or a file is: its kind, its name or address, and its size."""
    data = _member(part, "inline_data", "inlineData", "file_data", "fileData")
    if kind not in _ATTACHMENTS and data is None:
        return None
    mime = text_of(data, "mime_type", "mimeType")
    what, names = _ATTACHMENTS.get(kind) or mime or "file", []
    for name, value in _strings(part):
        if value.startswith("data:") or name in {"data", "file_data"}:
            names.append(size(decoded_length(value)))
        elif name in {"url", "uri", "file_uri", "fileUri", "image_url", "file_id", "filename", "title", "text"}:
            names.append(value)
    return f"[{' '.join([what, *names])}]"


def _image(image: Any) -> str:
    return f"[image {size(decoded_length(image))}]" if isinstance(image, str) else compact(condensed(image))


def _strings(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Give the texts in a value, with the name of the member that each is."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for inner, member in value.items():
            yield from _strings(member, inner)
    elif isinstance(value, list):
        for member in value:
            yield from _strings(member, name)


def _member(value: dict[str, Any], *names: str) -> dict[str, Any] | None:
    return next((value[name] for name in names if isinstance(value.get(name), dict)), None)
