"""Bodies of responses on their way: recorded as they pass, and replayed."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from recstore._http.answer import Piece, is_streamed, to_answer
from recstore._http.services import FIRST_ERROR
from recstore.errors import RecordingNotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import ModuleType

    from recstore._http.reply import Reply
    from recstore._recorder import Place
    from recstore._session import Session


# The only headers that are recorded, besides a type of the content that is not the usual one.
RECORDED_HEADERS: Final = ("location", "x-should-retry")


class Captured:
    """What came of a response so far; records it when it ends, however it ends."""

    def __init__(
        self, family: ModuleType, response: Any, session: Session, request: dict[str, Any], place: Place
    ) -> None:
        self.family, self.session, self.request, self.place = family, session, request, place
        self.status: int = response.status_code
        self.headers = response.headers
        self.stream = response.stream
        self.began = time.perf_counter()
        self.pieces: list[Piece] = []
        self.is_done = False

    def take(self, data: bytes) -> None:
        """Note a piece."""
        self.pieces.append(Piece((time.perf_counter() - self.began) * 1000, data))

    def end(self, failure: BaseException | None = None, *, is_complete: bool = True) -> None:
        """Record what came, unless that was done. A whole answer that nobody read to its end is none."""
        if self.is_done:
            return
        content_type = self.headers.get("content-type", "")
        is_part = not is_complete and is_streamed(content_type)
        pieces, undone = self._decoded()
        # A reader stops at what it cannot decompress; where it stopped by itself, the end is missing of course.
        failure = failure or (None if is_part else undone)
        if not (is_complete or is_part or self.is_error or failure):
            return
        self.is_done = True
        self.session.release(self)
        answer = to_answer(self.request, self.status, content_type, pieces, failure, is_complete=is_complete)
        for name in RECORDED_HEADERS:
            if name in self.headers:
                answer["details"].setdefault("headers", {})[name] = self.headers[name]
        self.session.fill(self.place, answer)

    @property
    def is_error(self) -> bool:
        """Whether it is an error, the body of which is small and read to its end though its reader does not."""
        return self.status >= FIRST_ERROR

    def _decoded(self) -> tuple[list[Piece], BaseException | None]:
        """Return the pieces decompressed, as far as that goes, and why it goes no further."""
        if "content-encoding" not in self.headers:
            return self.pieces, None
        offset = 0.0

        def stream() -> Iterator[bytes]:
            nonlocal offset
            for piece in self.pieces:
                offset = piece.offset_ms
                yield piece.data

        encoding = {"content-encoding": self.headers["content-encoding"]}
        response = self.family.Response(self.status, headers=encoding, content=stream())
        decoded: list[Piece] = []
        try:
            for data in response.iter_bytes():
                decoded.append(Piece(offset, data))  # noqa: PERF401  # the offset changes as the stream is read
        except self.family.DecodingError as error:
            return decoded, error
        return decoded, None


class Streams(NamedTuple):
    """The classes of the bodies of one family."""

    SyncCapture: Any
    AsyncCapture: Any
    Replayed: Any


@cache
def streams(family: Any) -> Streams:
    """Return the classes of bodies, which need the base classes of the family."""

    class SyncCapture(family.SyncByteStream):  # type: ignore[misc]
        def __init__(self, captured: Captured) -> None:
            self._captured = captured

        def __iter__(self) -> Iterator[bytes]:
            captured = self._captured
            try:
                for data in captured.stream:
                    captured.take(data)
                    yield data
            except family.TransportError as error:
                captured.end(error)
                raise
            captured.end()

        def close(self) -> None:
            captured = self._captured
            try:
                if captured.is_error and not captured.is_done and not captured.pieces:
                    with suppress(family.TransportError):  # which nobody who does not read it would see
                        for _ in self:
                            pass
            finally:
                captured.stream.close()
                captured.end(is_complete=False)

    class AsyncCapture(family.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, captured: Captured) -> None:
            self._captured = captured

        async def __aiter__(self) -> AsyncIterator[bytes]:
            captured = self._captured
            try:
                async for data in captured.stream:
                    captured.take(data)
                    yield data
            except family.TransportError as error:
                captured.end(error)
                raise
            captured.end()

        async def aclose(self) -> None:
            captured = self._captured
            try:
                if captured.is_error and not captured.is_done and not captured.pieces:
                    with suppress(family.TransportError):  # which nobody who does not read it would see
                        async for _ in self:
                            pass
            finally:
                await captured.stream.aclose()
                captured.end(is_complete=False)

    class Replayed(family.SyncByteStream, family.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, reply: Reply, offsets: list[float], request: Any) -> None:
            self._reply, self._offsets, self._request = reply, offsets, request

        def _waits(self) -> Iterator[tuple[float, bytes]]:
            """Return the pieces, each after how many seconds from the one before it comes."""
            before = 0.0
            for index, piece in enumerate(self._reply.pieces):
                at = self._offsets[index] if index < len(self._offsets) else before
                yield (at - before) / 1000, piece
                before = at

        def _fail(self) -> None:
            if self._reply.failure is not None:
                raise recorded_failure(family, self._reply.failure, self._request)
            if self._reply.is_incomplete:
                raise RecordingNotFound(
                    "the recording ends here, because its reader stopped here when it was recorded; record it again"
                )

        def __iter__(self) -> Iterator[bytes]:
            for wait, piece in self._waits():
                if wait > 0:
                    time.sleep(wait)
                yield piece
            self._fail()

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for wait, piece in self._waits():
                if wait > 0:
                    await _sleep(wait)
                yield piece
            self._fail()

    return Streams(SyncCapture, AsyncCapture, Replayed)


def recorded_failure(family: Any, failure: tuple[str, str], request: Any) -> Exception:
    """Return the transport's exception that was recorded."""
    name, message = failure
    # `vars`, not `getattr`: nothing that is named in a file is imported.
    named = vars(family).get(name)
    is_known = isinstance(named, type) and issubclass(named, family.RequestError)
    made: Exception = (named if is_known else family.ReadError)(message, request=request)
    return made


async def _sleep(seconds: float) -> None:
    if "trio" in sys.modules:
        import anyio  # noqa: PLC0415  # httpx has it; it knows whose loop this is

        await anyio.sleep(seconds)
    else:
        await asyncio.sleep(seconds)
