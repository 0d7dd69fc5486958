"""HTTP clients, answered from recordings: `httpx` and `httpx2`, by their transports.

The two families differ in nothing that is used here, so that everything takes the family, a module, as an argument.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from recstore._current import current
from recstore._http.answer import no_answer
from recstore._http.reply import to_reply
from recstore._http.request import asks_for_base64, is_host, to_request
from recstore._http.services import FIRST_SERVER_ERROR
from recstore._http.streams import Captured, recorded_failure, streams
from recstore.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from recstore._http.reply import Reply
    from recstore._recorder import Place
    from recstore._session import Session

__all__ = ["async_transport", "transport"]

FAMILIES: Final = ("httpx", "httpx2")

# Says that the request is on its way to the service already, through a transport below one that records.
_is_passing: ContextVar[bool] = ContextVar("recstore request is passing", default=False)

# A retry waits for as long as the service asks; a recorded service need not be waited for.
_RETRY_AT_ONCE: Final = {"retry-after-ms": "1"}
_RETRIED: Final = {408, 409, 429}


def transport(session: Session | None = None, *, family: str | None = None, wrapped: Any = None) -> Any:
    """Return a transport that answers from recordings, to pass to a client: `httpx2.Client(transport=…)`.

    It serves a client of either family, `httpx` or `httpx2`. `family` says of which family's base class it is (default:
    `httpx2` where it is installed). The session is that in which the request is made, unless one is given. What is
    recorded comes by way of `wrapped`, another transport of the client's family.

    Raises `InvalidRequest` for a family that is none of these, and for a session that is none.

    >>> import recstore
    >>> with recstore.session("examples/recordings") as session:
    ...     transport = recstore.transport(session)
    """
    return _classes(_family(family))[0](session, wrapped)


def async_transport(session: Session | None = None, *, family: str | None = None, wrapped: Any = None) -> Any:
    """Return a transport that answers from recordings, to pass to an asynchronous client; see `transport`."""
    return _classes(_family(family))[1](session, wrapped)


def _family(name: str | None) -> ModuleType:
    if name is not None:
        if name not in FAMILIES:
            raise InvalidRequest(f"family is {' or '.join(map(repr, FAMILIES))}, not {name!r}")
        return import_module(name)
    try:
        return import_module("httpx2")
    except ModuleNotFoundError:
        return import_module("httpx")


def _family_of(request: Any, default: ModuleType) -> ModuleType:
    """Return the family of the client that made a request: it takes responses of its own alone."""
    for name in FAMILIES:
        module = sys.modules.get(name)
        if module is not None and isinstance(request, getattr(module, "Request", ())):  # it may be half imported
            return module
    return default


class _Plan(NamedTuple):
    """What is to be done with a request."""

    request: dict[str, Any]
    """The request as recordings hold it."""
    reply: Reply | None = None
    """The recorded response; None where the request goes to the service."""
    place: Place | None = None
    """The place of the service's response in its recording; None where it is not recorded."""


def handle(family: ModuleType, session: Session | None, request: Any, send: Callable[[Any], Any]) -> Any:
    """Return the response to a request: from a recording, or by way of `send`, which is recorded or not."""
    session = session or current()
    if session is None or _is_passing.get() or _is_let_through(session, request):
        return send(request)
    plan = _plan(session, request, request.read())
    if plan.reply is not None:
        return _response(family, session, plan.reply, request)
    token = _is_passing.set(True)
    try:
        response = send(request)
    except family.TransportError as error:
        _record_failure(session, plan, error)
        raise
    finally:
        _is_passing.reset(token)
    return _capture(family, session, plan, response, streams(family).SyncCapture)


async def handle_async(family: ModuleType, session: Session | None, request: Any, send: Callable[[Any], Any]) -> Any:
    """Return the response to a request: `handle` for tasks."""
    session = session or current()
    if session is None or _is_passing.get() or _is_let_through(session, request):
        return await send(request)
    plan = _plan(session, request, await request.aread())
    if plan.reply is not None:
        return _response(family, session, plan.reply, request)
    token = _is_passing.set(True)
    try:
        response = await send(request)
    except family.TransportError as error:
        _record_failure(session, plan, error)
        raise
    finally:
        _is_passing.reset(token)
    return _capture(family, session, plan, response, streams(family).AsyncCapture)


def _is_let_through(session: Session, request: Any) -> bool:
    """Say whether a request is none of the session's; raise `RequestBlocked` where it must not go to the service."""
    is_recorded = is_host(str(request.url), session.hosts)
    if not is_recorded and session.block:
        session.stats.blocked += 1
        raise session.refusal(request.url.host)
    if is_recorded and session.mode != "live":
        return False
    session.stats.live += 1
    return True


def _plan(session: Session, request: Any, content: bytes) -> _Plan:
    recorded = to_request(request.method, str(request.url), request.headers, content, session.test_id)
    if not session.records(recorded):
        found = session.find(recorded)
        if found is not None:
            wants_base64 = asks_for_base64(recorded, content)
            return _Plan(recorded, to_reply(found, recorded, asks_for_base64=wants_base64))
        if session.mode == "replay":
            raise session.missing(recorded)
    return _Plan(recorded, place=session.reserve(recorded))


def _record_failure(session: Session, plan: _Plan, error: BaseException) -> None:
    if plan.place is not None:
        session.fill(plan.place, no_answer(error))


def _capture(family: ModuleType, session: Session, plan: _Plan, response: Any, stream: Any) -> Any:
    """Return a response that is recorded as it is read."""
    if plan.place is None:
        return response
    captured = session.capture(Captured(family, response, session, plan.request, plan.place))
    if response.is_closed:
        # It was read before it was returned, as transports without a network do, and decompressed with that.
        captured.headers = response.headers.copy()
        captured.headers.pop("content-encoding", None)
        captured.take(response.content)
        captured.end()
    else:
        response.stream = stream(captured)
    return response


def _response(family: ModuleType, session: Session, reply: Reply, request: Any) -> Any:
    if not reply.has_response and reply.failure is not None:
        raise recorded_failure(family, reply.failure, request)
    headers = dict(reply.headers)
    if reply.status in _RETRIED or reply.status >= FIRST_SERVER_ERROR:
        headers |= _RETRY_AT_ONCE
    stream = streams(family).Replayed(reply, reply.offsets_ms if session.timing else [], request)
    return family.Response(reply.status, headers=headers, stream=stream, request=request)


@cache
def _classes(family: Any) -> tuple[Any, Any]:
    """Return the classes of transports, which need the base classes of the family."""

    class Base:
        def __init__(self, session: Session | None, wrapped: Any) -> None:
            from recstore._session import Session  # noqa: PLC0415  # it imports this

            if session is not None and not isinstance(session, Session):
                raise InvalidRequest(f"a transport takes a recstore.Session, not {type(session).__name__}")
            self._session, self._wrapped = session, wrapped

        def _send(self, make: Callable[[], Any], method: str) -> Callable[[Any], Any]:
            # Made when something is sent, which replay never does: it takes as long as many replays.
            def send(request: Any) -> Any:
                if self._wrapped is None:
                    self._wrapped = make()
                return getattr(self._wrapped, method)(request)

            return send

    class Sync(Base, family.BaseTransport):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:
            its = _family_of(request, family)
            return handle(its, self._session, request, self._send(its.HTTPTransport, "handle_request"))

        def close(self) -> None:
            if self._wrapped is not None:
                self._wrapped.close()

    class Async(Base, family.AsyncBaseTransport):  # type: ignore[misc]
        async def handle_async_request(self, request: Any) -> Any:
            its = _family_of(request, family)
            send = self._send(its.AsyncHTTPTransport, "handle_async_request")
            return await handle_async(its, self._session, request, send)

        async def aclose(self) -> None:
            if self._wrapped is not None:
                await self._wrapped.aclose()

    return Sync, Async
