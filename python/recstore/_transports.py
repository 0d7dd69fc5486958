"""HTTP clients, answered from recordings: `httpx` and `httpx2`, by their transports.

The two families differ in nothing that is used here, so that everything takes the family, a module, as an argument.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from recstore import _session, _wire
from recstore._wire import Piece, Reply
from recstore.errors import RequestBlocked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import ModuleType

    from recstore._session import Session

__all__ = ["async_transport", "patch", "transport", "unpatch"]

FAMILIES: Final = ("httpx", "httpx2")

# Says that the request is on its way to the service already, through a transport below one that records.
_is_passing: ContextVar[bool] = ContextVar("recstore request is passing", default=False)

# A retry waits for as long as the service asks; a recorded service need not be waited for.
_RETRY_AT_ONCE: Final = {"retry-after-ms": "1"}
_RETRIED: Final = {408, 409, 429}


class _Plan(NamedTuple):
    """What is to be done with a request."""

    session: Session
    request: dict[str, Any]
    """The request as recordings hold it."""
    reply: Reply | None
    """The recorded response; None where the request goes to the service."""
    is_recorded: bool
    """Whether the service's response is recorded."""


def transport(session: Session | None = None, *, family: str | None = None, wrapped: Any = None) -> Any:
    """Return a transport that answers from recordings, to pass to a client: `httpx2.Client(transport=…)`.

    `family` is `"httpx"` or `"httpx2"` (default: `httpx2` where it is installed). The session is that in which the
    request is made, unless one is given. What is recorded comes by way of `wrapped`, another transport of the family.

    >>> import recstore
    >>> with recstore.session("examples/recordings") as session:
    ...     transport = recstore.transport(session)
    """
    module = _family(family)
    return _classes(module).Sync(session, module.HTTPTransport() if wrapped is None else wrapped)


def async_transport(session: Session | None = None, *, family: str | None = None, wrapped: Any = None) -> Any:
    """Return a transport that answers from recordings, to pass to an asynchronous client; see `transport`."""
    module = _family(family)
    return _classes(module).Async(session, module.AsyncHTTPTransport() if wrapped is None else wrapped)


def _family(name: str | None) -> ModuleType:
    if name is not None:
        return import_module(name)
    try:
        return import_module("httpx2")
    except ModuleNotFoundError:
        return import_module("httpx")


# Patches, for as long as any session is open

_patched: dict[str, tuple[ModuleType, Callable[..., Any], Callable[..., Any]]] = {}
_sessions = 0
_patch_lock = Lock()


def patch() -> None:
    """Answer all clients of every family that is imported, or will be, while any session is open."""
    global _sessions  # noqa: PLW0603  # a count of the sessions of the whole process, as the patches are
    with _patch_lock:
        _sessions += 1
        for name in FAMILIES:
            # One that is not imported yet cannot have a client; its import is watched for.
            if name not in _patched and name in sys.modules:
                _patch_family(sys.modules[name])
        if _Watch.only not in sys.meta_path:
            sys.meta_path.insert(0, _Watch.only)


def unpatch() -> None:
    """Leave the clients alone when the last session has ended."""
    global _sessions  # noqa: PLW0603
    with _patch_lock:
        _sessions -= 1
        if _sessions:
            return
        for module, sync_original, async_original in _patched.values():
            module.HTTPTransport.handle_request = sync_original
            module.AsyncHTTPTransport.handle_async_request = async_original
        _patched.clear()
        if _Watch.only in sys.meta_path:
            sys.meta_path.remove(_Watch.only)


def _patch_family(module: ModuleType) -> None:
    sync_original = module.HTTPTransport.handle_request
    async_original = module.AsyncHTTPTransport.handle_async_request

    def handle_request(self: Any, request: Any) -> Any:
        return _handle(module, None, request, lambda request: sync_original(self, request))

    async def handle_async_request(self: Any, request: Any) -> Any:
        return await _handle_async(module, None, request, lambda request: async_original(self, request))

    module.HTTPTransport.handle_request = handle_request
    module.AsyncHTTPTransport.handle_async_request = handle_async_request
    _patched[module.__name__] = (module, sync_original, async_original)


# One implementation for both families, once for threads and once for tasks


def _handle(family: ModuleType, session: Session | None, request: Any, send: Callable[[Any], Any]) -> Any:
    session = session or _session.current()
    if session is None or _is_passing.get():
        return send(request)
    plan = _plan(session, request, request.read())
    if plan.reply is not None:
        return _response(family, plan, request)
    token = _is_passing.set(True)
    try:
        response = send(request)
    finally:
        _is_passing.reset(token)
    if plan.is_recorded and not _is_recorded_whole(family, response, plan):
        response.stream = _classes(family).SyncCapture(response, plan)
    return response


async def _handle_async(family: ModuleType, session: Session | None, request: Any, send: Callable[[Any], Any]) -> Any:
    session = session or _session.current()
    if session is None or _is_passing.get():
        return await send(request)
    plan = _plan(session, request, await request.aread())
    if plan.reply is not None:
        return _response(family, plan, request)
    token = _is_passing.set(True)
    try:
        response = await send(request)
    finally:
        _is_passing.reset(token)
    if plan.is_recorded and not _is_recorded_whole(family, response, plan):
        response.stream = _classes(family).AsyncCapture(response, plan)
    return response


def _is_recorded_whole(family: ModuleType, response: Any, plan: _Plan) -> bool:
    """Record a response that was read before it was returned, as transports without a network do; say if it was one."""
    if not response.is_closed:
        return False
    captured = _Captured(family, response, plan)
    captured.headers = response.headers.copy()
    captured.headers.pop("content-encoding", None)  # it is decoded
    captured.take(response.content)
    captured.end()
    return True


def _plan(session: Session, request: Any, content: bytes) -> _Plan:
    url = str(request.url)
    recorded = _wire.to_request(request.method, url, request.headers, content, session.test_id)
    if not _wire.is_host(url, session.hosts):
        if session.block:
            session.stats.blocked += 1
            raise RequestBlocked(
                f"a request to {request.url.host} was refused, because it is none of the recorded hosts "
                f"({', '.join(session.hosts or ())}); name it in hosts, or say block=False to let others through"
            )
        session.stats.live += 1
        return _Plan(session, recorded, None, is_recorded=False)
    if session.mode == "live":
        session.stats.live += 1
        return _Plan(session, recorded, None, is_recorded=False)
    if session.records(recorded):
        return _Plan(session, recorded, None, is_recorded=True)
    found = session.find(recorded)
    if found is not None:
        asks_for_base64 = _wire.asks_for_base64(recorded, content)
        return _Plan(
            session, recorded, _wire.to_reply(found, recorded, asks_for_base64=asks_for_base64), is_recorded=False
        )
    if session.mode == "replay":
        raise session.missing(recorded)
    return _Plan(session, recorded, None, is_recorded=True)


def _response(family: ModuleType, plan: _Plan, request: Any) -> Any:
    reply = plan.reply
    assert reply is not None  # noqa: S101  # by whom this is called
    headers = {"content-type": reply.content_type, **({"location": reply.location} if reply.location else {})}
    if reply.status in _RETRIED or reply.status >= _wire.FIRST_SERVER_ERROR:
        headers |= _RETRY_AT_ONCE
    offsets = reply.offsets_ms if plan.session.timing else []
    stream = _classes(family).Replayed(reply, offsets, request)
    return family.Response(reply.status, headers=headers, stream=stream, request=request)


class _Captured:
    """What came of a response so far; records it when it ends, however it ends."""

    def __init__(self, family: ModuleType, response: Any, plan: _Plan) -> None:
        self.family, self.plan = family, plan
        self.status: int = response.status_code
        self.headers = response.headers
        self.stream = response.stream
        self.began = time.perf_counter()
        self.pieces: list[Piece] = []
        self.is_done = False

    def take(self, data: bytes) -> None:
        self.pieces.append(Piece((time.perf_counter() - self.began) * 1000, data))

    def end(self, failure: BaseException | None = None, *, is_complete: bool = True) -> None:
        if self.is_done:
            return
        self.is_done = True
        content_type = self.headers.get("content-type", "")
        answer = _wire.to_answer(
            self.plan.request, self.status, content_type, self._decoded(), failure, is_complete=is_complete
        )
        if "location" in self.headers:
            answer["details"].setdefault("headers", {})["location"] = self.headers["location"]
        self.plan.session.add(self.plan.request, answer)

    @property
    def is_error(self) -> bool:
        """Whether it is an error, the body of which is small and read to its end though its reader does not."""
        return self.status >= _wire.FIRST_ERROR

    def _decoded(self) -> list[Piece]:
        """Return the pieces decompressed."""
        if "content-encoding" not in self.headers:
            return self.pieces
        offset = 0.0

        def stream() -> Iterator[bytes]:
            nonlocal offset
            for piece in self.pieces:
                offset = piece.offset_ms
                yield piece.data

        encoding = {"content-encoding": self.headers["content-encoding"]}
        response = self.family.Response(self.status, headers=encoding, content=stream())
        decoded = []
        try:
            for data in response.iter_bytes():
                decoded.append(Piece(offset, data))  # noqa: PERF401  # the offset changes as the stream is read
        except self.family.DecodingError:  # it broke off in the middle
            pass
        return decoded


class _Classes(NamedTuple):
    """The classes of one family: of its transports and of its streams."""

    Sync: Any
    Async: Any
    SyncCapture: Any
    AsyncCapture: Any
    Replayed: Any


@cache
def _classes(family: Any) -> _Classes:  # five small classes that need the base classes of the family
    class Sync(family.BaseTransport):  # type: ignore[misc]
        def __init__(self, session: Session | None, wrapped: Any) -> None:
            self._session, self._wrapped = session, wrapped

        def handle_request(self, request: Any) -> Any:
            return _handle(family, self._session, request, self._wrapped.handle_request)

        def close(self) -> None:
            self._wrapped.close()

    class Async(family.AsyncBaseTransport):  # type: ignore[misc]
        def __init__(self, session: Session | None, wrapped: Any) -> None:
            self._session, self._wrapped = session, wrapped

        async def handle_async_request(self, request: Any) -> Any:
            return await _handle_async(family, self._session, request, self._wrapped.handle_async_request)

        async def aclose(self) -> None:
            await self._wrapped.aclose()

    class SyncCapture(family.SyncByteStream):  # type: ignore[misc]
        def __init__(self, response: Any, plan: _Plan) -> None:
            self._captured = _Captured(family, response, plan)

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
                    for _ in self:
                        pass
            finally:
                captured.stream.close()
                captured.end(is_complete=False)

    class AsyncCapture(family.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, response: Any, plan: _Plan) -> None:
            self._captured = _Captured(family, response, plan)

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
                name, message = self._reply.failure
                # `vars`, not `getattr`: nothing that is named in a file is imported.
                named = vars(family).get(name)
                is_known = isinstance(named, type) and issubclass(named, family.TransportError)
                raise (named if is_known else family.ReadError)(message, request=self._request)

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

    return _Classes(Sync, Async, SyncCapture, AsyncCapture, Replayed)


async def _sleep(seconds: float) -> None:
    if "trio" in sys.modules:
        import anyio  # noqa: PLC0415  # httpx has it; it knows whose loop this is

        await anyio.sleep(seconds)
    else:
        await asyncio.sleep(seconds)


class _Watch:
    """Patches a family that is imported while a session is open."""

    only: _Watch

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in FAMILIES:
            return None
        from importlib.machinery import PathFinder  # noqa: PLC0415

        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Patching(spec.loader)  # type: ignore[assignment]
        return spec


_Watch.only = _Watch()


class _Patching:
    """Loads a module as another loader does, and patches it."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        with _patch_lock:
            if _sessions and module.__name__ not in _patched:
                _patch_family(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
