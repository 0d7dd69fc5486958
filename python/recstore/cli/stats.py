"""Say what is in a store: how many recordings, of what, from where, how large."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recstore._wording import size
from recstore.cli._output import say, say_json, table
from recstore.cli._stores import add_path, opened, readable, type_name

if TYPE_CHECKING:
    import argparse

    from recstore import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the path."""
    add_path(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print totals, and counts by folder, endpoint, model, type and profile."""
    found = collect(opened(arguments.path))
    if arguments.json:
        say_json(found)
        return 0
    totals = [
        ("recordings", found["recordings"]),
        ("keys", found["keys"]),
        ("streams", found["streams"]),
        ("errors", found["errors"]),
        ("chunks", found["chunks"]),
        ("bytes of JSON", size(found["bytes"])),
        ("bytes of the pack", size(found["pack_bytes"]) if found["pack_bytes"] else "none"),
        ("cache", found["cache"]),
    ]
    say(table(("", "#"), totals))
    for what in ("folders", "endpoints", "models", "types", "profiles"):
        counts: dict[str, int] = found[what]
        say("", table((what, "#"), counts.items()))
    return 0


def collect(store: Store) -> dict[str, Any]:
    """Return what `stats` says."""
    counts: dict[str, Counter[str]] = {
        what: Counter() for what in ("folders", "endpoints", "models", "types", "profiles")
    }
    totals: Counter[str] = Counter(recordings=0, streams=0, errors=0, chunks=0, bytes=0)
    for recording in readable(store):
        totals.update(
            recordings=1,
            streams=recording.is_streaming,
            errors=recording.error is not None,
            chunks=len(recording),
            bytes=recording.size,
        )
        counts["folders"][str(recording.path.parent)] += 1
        counts["endpoints"][recording.endpoint or "none"] += 1
        counts["models"][recording.model or "none"] += 1
        counts["types"][type_name(recording)] += 1
        counts["profiles"][recording.profile or "none"] += 1
    pack = store.path if store.is_read_only else store.path / ".recstore" / "pack"
    return {
        "path": str(store.path),
        "keys": len(store),
        **totals,
        "pack_bytes": Path(pack).stat().st_size if Path(pack).is_file() else 0,
        "cache": store.cache,
        **{what: dict(counter.most_common()) for what, counter in counts.items()},
    }
