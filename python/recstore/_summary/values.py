"""Values of recordings, made fit to be read."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from recstore._wording import size

_MANY_NUMBERS: Final = 16
"""Lists of more numbers are said by their length: nobody reads vectors."""
_BASE64: Final = re.compile(r"(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])(?=[^0-9]*[0-9])[A-Za-z0-9+/_-]{256,}={0,2}")
"""A long word of letters of both cases and digits."""
_DATA_URL: Final = re.compile(r"data:(?:([\w.+-]{1,60}/[\w.+-]{1,60})(?:;[^,\s]{0,100})?|;[^,\s]{1,100}),(?=\S*\Z)")
"""The beginning of a URL that holds what it is of; prose may begin so, but goes on in words."""


def compact(value: Any) -> str:
    """Return a value on one line: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def indented(value: Any) -> str:
    """Return a value as JSON on lines of its own."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def condensed(value: Any) -> Any:
    """Return a value with its vectors and its base64 replaced by what they are."""
    match value:
        case str():
            return attachment(value) or value
        case list() if is_vector(value) and len(value) > _MANY_NUMBERS:
            return f"[{len(value)} numbers]"
        case list():
            return [condensed(item) for item in value]
        case dict():
            return {name: condensed(item) for name, item in value.items()}
    return value


def attachment(text: str) -> str | None:
    """Return what a text is that holds a file: its type, where that is said, and its size."""
    url = _DATA_URL.match(text)
    if url is not None:
        return f"[{url[1] or 'data'} {size(decoded_length(text[url.end() :]))}]"
    return f"[base64 {size(decoded_length(text))}]" if _BASE64.fullmatch(text) else None


def decoded_length(base64: str) -> int:
    """Return how many bytes a text in base64, or the end of a `data:` URL, stands for."""
    return len(base64.rpartition(",")[2].rstrip("=")) * 3 // 4


def is_vector(value: Any) -> bool:
    """Say whether a value is a list of numbers."""
    return isinstance(value, list) and bool(value) and all(type(item) in {int, float} for item in value)


def text_of(value: Any, *names: str) -> str:
    """Return the first of the members of an object that is a text and not empty; else an empty text."""
    if isinstance(value, dict):
        for name in names:
            if isinstance(member := value.get(name), str) and member:
                return member
    return ""


def objects(value: Any, name: str) -> list[dict[str, Any]]:
    """Return the objects in the list that is a member of an object."""
    found = value.get(name) if isinstance(value, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
