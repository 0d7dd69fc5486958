"""Credentials, kept out of recordings.

What is recorded is committed to git. So everything that is to be written is looked through for texts that have the
shape of a known provider's credential.
"""

from __future__ import annotations

import re

from recstore.errors import SecretFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final, Literal

    from recstore._core import Answer

__all__ = ["KINDS", "redact", "refuse"]

KINDS: Final[dict[str, str]] = {
    "Anthropic API key": r"sk-ant-[A-Za-z0-9_-]{20,}",
    "OpenRouter API key": r"sk-or-(?:v1-)?[A-Za-z0-9]{20,}",
    "OpenAI API key": r"sk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_-]{20,}",
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
    "bearer token": r"[Bb]earer\s+[A-Za-z0-9._~+/-]{30,}=*",
    "JSON web token": r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
}
"""For each kind of credential, the shape that its texts have."""

_DEEPEST: Final = 128

_WORD = r"(?<![A-Za-z0-9_])"
_ANY: Final = re.compile("|".join(f"{_WORD}(?:{shape})" for shape in KINDS.values()))
_EACH: Final = {kind: re.compile(_WORD + f"(?:{shape})") for kind, shape in KINDS.items()}


def refuse(value: Any, what: str) -> None:
    """Raise `SecretFound` where a text in a value has the shape of a credential.

    The error names the kind and the place, never the text. `what` says what the value is.

    >>> try:
    ...     refuse({"messages": [{"content": "my key is sk-" + 30 * "x"}]}, "request")
    ... except SecretFound as error:
    ...     error.place, error.kind
    ('request: messages[0].content', 'OpenAI API key')
    """

    def found(text: str, path: str) -> str:
        kind = next((kind for kind, shape in _EACH.items() if shape.search(text)), "credential")
        place = f"{what}: {path}" if path else what
        raise SecretFound(
            f"{place} looks like it holds a credential ({kind}), so that nothing was recorded; take it out of the "
            'test, or record with on_secret="redact"',
            kind=kind,
            place=place,
        )

    _walk(value, "", found)


def cleared(
    request: Mapping[str, Any], answer: Answer, on_secret: Literal["refuse", "redact", "allow"]
) -> tuple[dict[str, Any], Answer]:
    """Return a request and its answer as they may be written; raise `SecretFound` where they may not."""
    if on_secret == "redact":
        return redact(request), redact(answer)
    if on_secret == "refuse":
        refuse({name: value for name, value in request.items() if name != "test_id"}, "request")
        refuse(answer["body"], "response")
        refuse({"error": answer["error"], "message": answer["error_message"]}, "exception")
    return dict(request), answer


def redact(value: Any) -> Any:
    """Return a value with every text that has the shape of a credential replaced by `__REDACTED__`.

    >>> redact({"note": "my key is sk-" + 30 * "x" + "."})
    {'note': 'my key is __REDACTED__.'}
    """
    return _walk(value, "", lambda text, _: _ANY.sub("__REDACTED__", text))


def _walk(value: Any, path: str, found: Callable[[str, str], str], depth: int = 0) -> Any:
    """Return a value with each text that holds a credential replaced by what `found` returns for it and its place."""
    if isinstance(value, str):
        return found(value, path) if _ANY.search(value) else value
    if depth > _DEEPEST:
        return value  # it cannot be recorded: it nests too deeply, or contains itself
    if isinstance(value, dict):
        places = ((name, item, f"{path}.{name}" if path else str(name)) for name, item in value.items())
        return {_walk(name, path, found): _walk(item, place, found, depth + 1) for name, item, place in places}
    if isinstance(value, (list, tuple)):
        return [_walk(item, f"{path}[{index}]", found, depth + 1) for index, item in enumerate(value)]
    return value
