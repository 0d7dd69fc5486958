"""Recorded answers as the objects that the SDK returned."""

from __future__ import annotations

import sys
import warnings
from functools import partial

from recstore import registry
from recstore._core import Objects
from recstore.errors import RecstoreWarning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Any, Self

    from recstore._core import Chunk, Recording

__all__ = ["RecordedAsyncStream", "RecordedStream", "areplay", "replay"]


class RecordedStream:
    """The chunks of a recorded stream, as objects; at its end the recorded exception, if there was one.

    An iterator that can be closed and used in `with`, as the streams of SDKs can.
    """

    def __init__(self, recording: Recording) -> None:
        self._objects = _objects(recording)

    def __iter__(self) -> Iterator[Any]:
        return self._objects

    def __next__(self) -> Any:
        return next(self._objects)

    def close(self) -> None:
        """End the stream."""
        self._objects = iter(())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class RecordedAsyncStream:
    """The chunks of a recorded stream, as objects; at its end the recorded exception, if there was one.

    An asynchronous iterator that can be closed and used in `async with`, as the streams of SDKs can.
    """

    def __init__(self, recording: Recording) -> None:
        self._objects = _objects(recording)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        for chunk in self._objects:
            return chunk
        raise StopAsyncIteration

    async def close(self) -> None:
        """End the stream."""
        self._objects = iter(())

    async def aclose(self) -> None:
        """End the stream."""
        await self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


def replay(recording: Recording) -> Any:
    """Return what the recorded call returned, or raise what it raised.

    A stream comes as a `RecordedStream`, a list of models as a list, any other answer as the one object. Data of a
    known type is an object of the SDK's own class, validated; data that the installed SDK no longer validates is built
    as the SDK builds it on a live stream. Data of an unknown type is plain, with one warning for each type.
    """
    if recording.is_streaming:
        return RecordedStream(recording)
    return _answer(recording)


async def areplay(recording: Recording) -> Any:
    """Return what the recorded asynchronous call returned, or raise what it raised: `replay` for `await`."""
    if recording.is_streaming:
        return RecordedAsyncStream(recording)
    return _answer(recording)


def _answer(recording: Recording) -> Any:
    answer = list(_objects(recording))
    if recording.is_list:
        return answer
    return answer[0] if answer else None


def _objects(recording: Recording) -> Iterator[Any]:
    return Objects(recording, partial(_maker, recording))


def _maker(recording: Recording, tag: str | None) -> Callable[[Chunk], Any]:
    """Return what makes an object of a chunk with this tag."""
    if tag is not None:
        cls = registry.lookup(tag)
        if cls is None:
            _warn_of_unknown(tag)
    else:
        cls = registry.lookup_endpoint(recording.endpoint)
    if cls is None:
        return lambda chunk: chunk.data
    make = registry.maker(cls)
    if tag is None:
        # Without a tag, the data may also be an error of the server's, or a line of an event stream.
        return lambda chunk: make(chunk) if is_answer(data := chunk.data) else data
    return make


def is_answer(data: Any) -> bool:
    """Say whether data without a tag is an answer, and no error of the server's."""
    return isinstance(data, dict) and "error" not in data and data.get("type") != "error"


def _warn_of_unknown(tag: str) -> None:
    frame, level = sys._getframe(), 1  # noqa: SLF001  # where the caller is, as many frames of recstore's as there are
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "recstore":
        frame, level = frame.f_back, level + 1
    warnings.warn(
        f"no class is known for the type {tag!r}, so that its data is replayed as plain values; install its package, "
        "or name a class for it with recstore.registry.register",
        RecstoreWarning,
        stacklevel=level,
    )
