"""What is in a store, counted in one place for all who tell it: `recstore stats`, the report, notebooks."""

from __future__ import annotations

from recstore.errors import MalformedRecording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import Final, TypedDict

    from recstore import Recording, Store

    class Description(TypedDict):
        """What a list says of a recording."""

        key: str | None
        path: str
        """The file, relative to the root of the store."""
        test_id: str | None
        endpoint: str
        model: str
        type: str
        profile: str | None
        """The newest profile under which the name is the key of the request."""
        is_streaming: bool
        is_error: bool
        status: int | None
        chunks: int
        size: int
        """The size of the file in bytes."""


class Share:
    """How many recordings, and how many bytes their files have."""

    __slots__ = ("bytes", "recordings")

    def __init__(self) -> None:
        self.recordings = self.bytes = 0

    def add(self, size: int) -> None:
        """Count one more, of so many bytes."""
        self.recordings += 1
        self.bytes += size

    def numbers(self) -> dict[str, int]:
        """Return both, for programs."""
        return {"recordings": self.recordings, "bytes": self.bytes}


NONE: Final = "none"
"""What stands for a test, an endpoint, a model or a profile where a recording has none."""

FACETS: Final[Mapping[str, Callable[[Description], str]]] = {
    "folders": lambda found: folder(found["path"]),
    "tests": lambda found: found["test_id"] or NONE,
    "endpoints": lambda found: found["endpoint"] or NONE,
    "models": lambda found: found["model"] or NONE,
    "types": lambda found: found["type"],
    "profiles": lambda found: found["profile"] or NONE,
}
"""By what recordings are counted, each with the value that a recording has."""


class Contents:
    """Totals, and for each of `FACETS` the share of each of its values, the most frequent first."""

    __slots__ = ("bytes", "chunks", "errors", "recordings", "shares", "streams")

    def __init__(self, descriptions: Iterable[Description]) -> None:
        self.recordings = self.streams = self.errors = self.chunks = self.bytes = 0
        self.shares: dict[str, dict[str, Share]] = {facet: {} for facet in FACETS}
        for found in descriptions:
            self.recordings += 1
            self.streams += found["is_streaming"]
            self.errors += found["is_error"]
            self.chunks += found["chunks"]
            self.bytes += found["size"]
            for facet, value in FACETS.items():
                self.shares[facet].setdefault(value(found), Share()).add(found["size"])
        for facet, shares in self.shares.items():
            self.shares[facet] = dict(sorted(shares.items(), key=lambda item: (-item[1].recordings, item[0])))


def readable(
    store: Store, skipped: Callable[[MalformedRecording], None] = lambda _: None, *, folder: Path | None = None
) -> Iterator[Recording]:
    """Give every recording of a store, or of one of its folders, in the order of paths; tell of files that are none."""
    recordings = store.recordings(folder)
    while True:
        try:
            yield next(recordings)
        except StopIteration:
            return
        except MalformedRecording as error:
            skipped(error)


def describe(recording: Recording) -> Description:
    """Return what a list says of a recording."""
    return {
        "key": recording.key,
        "path": str(recording.path),
        "test_id": recording.test_id,
        "endpoint": str(recording.endpoint or ""),  # a strange file may hold any value there
        "model": str(recording.model or ""),
        "type": type_name(recording),
        "profile": recording.profile,
        "is_streaming": recording.is_streaming,
        "is_error": recording.error is not None,
        "status": recording.status,
        "chunks": len(recording),
        "size": recording.size,
    }


def type_name(recording: Recording) -> str:
    """Return what the chunks are: the name of their class, or of their kind."""
    if not len(recording):
        return "-"
    tag = recording[0].type
    return tag.rpartition(".")[2] if tag else "plain"


def folder(path: str) -> str:
    """Return the folder of a file, relative to the root as the file is; `.` for the root."""
    return path.rpartition("/")[0] or "."
