"""Credentials, kept out of recordings.

What is recorded is committed to git. So everything that is to be written is looked through for texts that have the
shape of a known provider's credential.
"""

from __future__ import annotations

import re
from base64 import b64decode
from contextlib import suppress

from recstore._core import Recording, loads
from recstore.errors import InvalidRequest, SecretFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final, Literal

    from recstore._core import Answer

__all__ = ["KINDS", "redact", "refuse"]

KINDS: Final[dict[str, str]] = {
    "Anthropic API key": r"sk-ant-[A-Za-z0-9_-]{20,}",
    "OpenRouter API key": r"sk-or-(?:v1-)?[A-Za-z0-9]{20,}",
    "OpenAI API key": r"sk-(?:proj-|svcacct-|admin-|None-)?(?=[A-Za-z_-]{0,200}[0-9])[A-Za-z0-9_-]{20,}",
    "Google API key": r"AIza[0-9A-Za-z_-]{35}",
    "Google OAuth token": r"ya29\.[0-9A-Za-z_-]{20,}",
    "AWS access key": r"(?:AKIA|ASIA)[0-9A-Z]{16}",
    "GitHub token": r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}",
    "GitLab token": r"glpat-[A-Za-z0-9_-]{20,}",
    "Hugging Face token": r"hf_[A-Za-z0-9]{30,}",
    "Groq API key": r"gsk_[A-Za-z0-9]{40,}",
    "xAI API key": r"xai-[A-Za-z0-9]{40,}",
    "Replicate token": r"r8_[A-Za-z0-9]{30,}",
    "Perplexity API key": r"pplx-[A-Za-z0-9]{40,}",
    "Fireworks API key": r"fw_[A-Za-z0-9]{20,}",
    "NVIDIA API key": r"nvapi-[A-Za-z0-9_-]{40,}",
    "Tavily API key": r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{20,}",
    "Databricks token": r"dapi[0-9a-f]{32}",
    "Slack token": r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
    "Stripe key": r"[rs]k_(?:live|test)_[A-Za-z0-9]{20,}",
    "npm token": r"npm_[A-Za-z0-9]{36}",
    "bearer token": r"[Bb]earer\s{1,9}[A-Za-z0-9._~+/-]{30,}=*",
    "JSON web token": r"eyJ[A-Za-z0-9_-]{10,2000}+\.eyJ[A-Za-z0-9_-]{10,4000}+\.[A-Za-z0-9_-]{10,}",
    "private key": r"-----BEGIN (?:[A-Z]+ ){0,3}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)",
}
"""For each kind of credential, the shape that its texts have."""

SIGNS: Final = (
    *("sk-", "AIza", "ya29.", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "hf_"),
    *("gsk_", "xai-", "r8_", "pplx-", "fw_", "nvapi-", "tvly-", "dapi", "xox", "k_live_", "k_test_", "npm_", "earer"),
    *(".eyJ", "PRIVATE KEY"),
)
"""Every such text holds one of these, which are found much faster."""

# It begins a word; or follows an escape of a URL or of a text, such as `%3A` or a backslash and `n`.
_START: Final = r"(?:(?<![A-Za-z0-9_])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrtbf]))"
_ANY: Final = re.compile(f"{_START}(?:{'|'.join(KINDS.values())})")
_EACH: Final = {kind: re.compile(f"{_START}(?:{shape})") for kind, shape in KINDS.items()}
_DEEPEST: Final = 128
# The strings in JSON that breaks off, as far as they go; of the text before them so much is looked at.
_BEGUN: Final = re.compile(r'"((?:[^"\\]|\\.){1,4000})')
_BEFORE: Final = 4000
_MANY: Final = 100


def refuse(value: Any, what: str) -> None:
    """Raise `SecretFound` where a text in a value has the shape of a credential.

    The error names the kind and the place, never the text. `what` says what the value is.

    >>> try:
    ...     refuse({"messages": [{"content": "my key is sk-" + 30 * "x7"}]}, "request")
    ... except SecretFound as error:
    ...     error.place, error.kind
    ('request: messages[0].content', 'OpenAI API key')
    """

    def found(text: str, path: str) -> str:
        raise _found(text, f"{what}: {path}" if path else what)

    _walk(value, "", found)


def redact(value: Any) -> Any:
    """Return a value with every text that has the shape of a credential replaced by `__REDACTED__`.

    >>> redact({"note": "my key is sk-" + 30 * "x7" + "."})
    {'note': 'my key is __REDACTED__.'}
    """
    return _walk(value, "", lambda text, _: _ANY.sub("__REDACTED__", text))


def check_choice(on_secret: str) -> None:
    """Raise `InvalidRequest` where this is no choice of what happens to credentials."""
    if on_secret not in {"refuse", "redact", "allow"}:
        raise InvalidRequest(f'on_secret is "refuse", "redact" or "allow", not {on_secret!r}')


def cleared_request(request: Mapping[str, Any], on_secret: Literal["refuse", "redact", "allow"]) -> dict[str, Any]:
    """Return a request as it may be written; raise `SecretFound` where it may not."""
    if on_secret == "allow":
        return dict(request)
    cleared: dict[str, Any] = redact(request) if on_secret == "redact" else dict(request)
    refuse(cleared, "request")
    content = cleared.get("payload")
    if isinstance(content, dict) and isinstance(content.get("__content__"), dict):
        _refuse_base64(content["__content__"].get("base64"), "request: payload")
    return cleared


def cleared_answer(answer: Answer, on_secret: Literal["refuse", "redact", "allow"]) -> Answer:
    """Return an answer as it may be written; raise `SecretFound` where it may not."""
    if on_secret == "allow":
        return answer
    body = answer["body"]
    if isinstance(body, Recording):
        # It is copied as it is.
        for recorded in body.answers:
            refuse([recorded.request, recorded.body, recorded.error, recorded.details], "recording")
        return answer
    cleared: Answer = redact(answer) if on_secret == "redact" else answer
    refuse(cleared["body"], "response")
    refuse({"error": cleared["error"], "message": cleared["error_message"]}, "exception")
    refuse(cleared["details"], "response")
    if cleared["details"].get("encoding") == "base64":
        _refuse_base64(cleared["body"], "response")
    if cleared["is_streaming"] and isinstance(cleared["body"], list):
        refuse_split(cleared["body"], str(cleared["details"].get("tail", "")))
    return cleared


def _refuse_base64(text: Any, what: str) -> None:
    """Raise where bytes hold a credential; they cannot be redacted."""
    if isinstance(text, str):
        refuse(b64decode(text).decode("latin-1"), what)


def refuse_split(chunks: list[Any], tail: str = "") -> None:
    """Raise where the pieces of a text that the chunks of a stream bring make a credential only together."""
    pieces: dict[str, list[str]] = {}

    def gather(value: Any, path: str, depth: int = 0) -> None:
        if isinstance(value, str):
            pieces.setdefault(path, []).append(value)
        elif isinstance(value, dict) and depth < _DEEPEST:
            for name, item in value.items():
                gather(item, f"{path}.{name}" if path else name, depth + 1)
        elif isinstance(value, list) and depth < _DEEPEST:
            for index, item in enumerate(value):
                # A choice or a call says itself which one it is.
                own = item.get("index") if isinstance(item, dict) else None
                gather(item, f"{path}[{own if isinstance(own, int) else index}]", depth + 1)

    for chunk in chunks:
        gather(chunk, "")
        if isinstance(chunk, str) and chunk.startswith("data:"):
            with suppress(ValueError):
                gather(loads(chunk.removeprefix("data:").encode(errors="replace")), "event")
    begins = _BEGUN.findall(tail)[:_MANY]
    for path, texts in pieces.items():
        joined = "".join(texts)
        refuse(joined, f"response: {path} of all chunks")
        # What came of the chunk in which the stream broke off.
        for begun in begins:
            refuse(joined[-_BEFORE:] + begun, f"response: {path} of all chunks")


def _found(text: str, place: str) -> SecretFound:
    kind = next((kind for kind, shape in _EACH.items() if shape.search(text)), "credential")
    remedies = {
        "test id": "give the case another id (in pytest: ids=[…])",
        "request": 'take it out of the test, or record with on_secret="redact"',
    }
    remedy = remedies.get(place.partition(":")[0], 'record with on_secret="redact"')
    message = f"{place} looks like it holds a credential ({kind}), so that it was not recorded; {remedy}"
    return SecretFound(message, kind=kind, place=place)


def _walk(value: Any, path: str, found: Callable[[str, str], str], depth: int = 0) -> Any:
    """Return a value with each text that holds a credential replaced by what `found` returns for it and its place."""
    if isinstance(value, str):
        return found(value, path) if any(sign in value for sign in SIGNS) and _ANY.search(value) else value
    if depth > _DEEPEST:
        return value  # it cannot be recorded: it nests too deeply, or contains itself
    if isinstance(value, dict):
        places = ((name, item, f"{path}.{name}" if path else str(name)) for name, item in value.items())
        return {_walk(name, path, found): _walk(item, place, found, depth + 1) for name, item, place in places}
    if isinstance(value, (list, tuple)):
        return [_walk(item, f"{path}[{index}]", found, depth + 1) for index, item in enumerate(value)]
    return value
