"""Say what is in a store: how many recordings, of what, from where, how large."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from recstore._contents import Contents, describe
from recstore._wording import size
from recstore.cli._output import say, say_json, table
from recstore.cli._stores import add_path, opened, readable

if TYPE_CHECKING:
    import argparse

    from recstore import Store

FACETS = ("folders", "endpoints", "models", "types", "profiles")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the path."""
    add_path(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print totals, and shares by folder, endpoint, model, type and profile."""
    store = opened(arguments.path)
    contents = Contents(map(describe, readable(store)))
    if arguments.json:
        say_json(_for_programs(store, contents))
        return 0
    pack_bytes = _pack_bytes(store)
    totals = [
        ("recordings", contents.recordings),
        ("keys", len(store)),
        ("streams", contents.streams),
        ("errors", contents.errors),
        ("chunks", contents.chunks),
        ("bytes of JSON", size(contents.bytes)),
        ("bytes of the pack", size(pack_bytes) if pack_bytes else "none"),
        ("cache", store.cache),
    ]
    say(table(("", "#"), totals))
    for facet in FACETS:
        rows = [(value, share.recordings, size(share.bytes)) for value, share in contents.shares[facet].items()]
        say("", table((facet, "#", "#bytes"), rows))
    return 0


def _for_programs(store: Store, contents: Contents) -> dict[str, Any]:
    return {
        "path": str(store.path),
        "keys": len(store),
        **{name: getattr(contents, name) for name in ("recordings", "streams", "errors", "chunks", "bytes")},
        "pack_bytes": _pack_bytes(store),
        "cache": store.cache,
        **{facet: {value: share.recordings for value, share in contents.shares[facet].items()} for facet in FACETS},
    }


def _pack_bytes(store: Store) -> int:
    pack = Path(store.path if store.is_read_only else store.path / ".recstore" / "pack")
    return pack.stat().st_size if pack.is_file() else 0
