"""A store of recordings that mean harm to whoever shows them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support import key

if TYPE_CHECKING:
    from pathlib import Path

PLANTED = [
    "<script>window.pwned = 1</script>",
    "</script><script>window.pwned = 2</script>",
    '<img src=x onerror="window.pwned = 3">',
    "javascript:window.pwned = 4",
    "<!--<script>",
    "\"'><svg onload=window.pwned=5>",
    "</pre></td></table></title></style><b>",
    "$policy ${window.pwned = 6} {{window.pwned = 7}} &lt;b&gt; &#60;",
    "line\u2028separator\u2029s",
    "\x1b]0;title\x07\x1b[2J\x00\x9b31m\x7f",
    "\u202eright to left\u2066 isolated",
    "half \ud83d a character",
    "__proto__",
]

NAMES = ["<img src=x onerror=window.pwned=8>", "javascript:window.pwned=9", "\u202eé\x1b", "?q=a#b%25", "__proto__"]
"""What may be the name of a file."""


def plant(root: Path) -> list[str]:
    """Write a recording for each text, which has it wherever a text can be, and for each name; return their paths."""
    paths = []
    for number, text in enumerate(PLANTED):
        paths.append(f"recordings/{key(number)}.json")
        _write(root / paths[-1], text)
    for name in NAMES:
        paths.append(f"{name}/recordings/{name}.json")
        _write(root / paths[-1], name)
    return paths


def _write(path: Path, text: str) -> None:
    function = {"name": text, "description": text, "parameters": {"type": text, text: [text]}}
    call = {"id": text, "type": "function", "function": {"name": text, "arguments": json.dumps({text: text})}}
    body = {
        "model": text,
        "messages": [
            {"role": text, "content": text},
            {"role": "assistant", "content": None, "tool_calls": [call], "reasoning": text},
            {"role": "tool", "content": [{"type": "text", "text": text}], "tool_call_id": text},
        ],
        "tools": [{"type": "function", "function": function}],
        text: {text: text},
    }
    delta = {"role": "assistant", "content": text, "tool_calls": [{"index": 0, **call}], "reasoning_content": text}
    chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": text}], "usage": {text: 1}}
    recording: dict[str, Any] = {
        "test_id": text,
        "request": {"method": text, "url": text, "headers": {}, "body": body, "endpoint": text, "model": text},
        "response": {
            "body": [{"__type__": text, "__data__": chunk}],
            "is_streaming": True,
            "is_exception": True,
            "exception_data": {"type": text, "message": text},
            "exception_message": text,
        },
        "id_normalization_mapping": {},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(recording, indent=2) + "\n")
