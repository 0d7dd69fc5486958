"""The page, put together from its parts: nothing in it comes from elsewhere, and its policy lets nothing do so."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Final

from recstore import __version__
from recstore._html import text
from recstore.report._blocks import blocks
from recstore.report._overview import overview

if TYPE_CHECKING:
    from recstore.report import Report

_SCRIPTS: Final = ("text.js", "data.js", "search.js", "list.js", "recording.js", "main.js")
"""In this order they are one script."""


def page(report: Report) -> str:
    """Return the page."""
    parts = files("recstore.report") / "page"
    style = (parts / "page.css").read_text(encoding="utf-8")
    script = "\n".join((parts / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'"
    )
    store = report.store
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return Template((parts / "page.html").read_text(encoding="utf-8")).substitute(
        policy=policy,
        style=style,
        script=script,
        name=text(store.path.resolve().name),
        where=f"{text(store.path.resolve())} · keys by {text(store.profile)}",
        overview=overview(report),
        made=f"Made by recstore {text(__version__)} on {now}. It shows what was there then.",
        blocks="\n".join(blocks(report)),
    )


def _hash(source: str) -> str:
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"
