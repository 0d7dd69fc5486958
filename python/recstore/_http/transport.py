"""HTTP clients, answered from recordings: `httpx` and `httpx2`, by their transports.

The two families differ in nothing that is used here, so that everything takes the family, a module, as an argument.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from recstore._current import current
from recstore._http.reply import to_reply
from recstore._http.request import asks_for_base64, is_host, to_request
from recstore._http.services import FIRST_SERVER_ERROR
from recstore._http.streams import Captured, streams
from recstore.errors import RequestBlocked

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from recstore._http.reply import Reply
    from recstore._session import Session

__all__ = ["async_transport", "transport"]

# Says that the request is on its way to the service already, through a transport below one that records.
_is_passing: ContextVar[bool] = ContextVar("recstore request is passing", default=False)

# A retry waits for as long as the service asks; a recorded service need not be waited for.
_RETRY_AT_ONCE: Final = {"retry-after-ms": "1"}
_RETRIED: Final = {408, 409, 429}


def transport(session: Session | None = None, *, family: str | None = None, wrapped: Any = None) -> Any:
    """Return a transport that answers from recordings, to pass to a client: `httpx2.Client(transport=…)`.

    `family` is `"httpx"` or `"httpx2"` (default: `httpx2` where it is installed). The session is that in which the
    request is made, unless one is given. What is recorded comes by way of `wrapped`, another transport of the family.

    >>> import recstore
    >>> with recstore.session("examples/recordings") as session:
    ...     transport = recstore.transport(session)
    """
    module = _family(family)
    return _classes(module)[0](session, module.HTTPTransport() if wrapped is None else wrapped)


def async_transport(session: Session | None = None, *, family: str | None = None, wrapped: Any = None) -> Any:
    """Return a transport that answers from recordings, to pass to an asynchronous client; see `transport`."""
    module = _family(family)
    return _classes(module)[1](session, module.AsyncHTTPTransport() if wrapped is None else wrapped)


def _family(name: str | None) -> ModuleType:
    if name is not None:
        return import_module(name)
    try:
        return import_module("httpx2")
    except ModuleNotFoundError:
        return import_module("httpx")


class _Plan(NamedTuple):
    """What is to be done with a request."""

    session: Session
    request: dict[str, Any]
    """The request as recordings hold it."""
    reply: Reply | None
    """The recorded response; None where the request goes to the service."""
    is_recorded: bool
    """Whether the service's response is recorded."""


def handle(family: ModuleType, session: Session | None, request: Any, send: Callable[[Any], Any]) -> Any:
    """Return the response to a request: from a recording, or by way of `send`, which is recorded or not."""
    session = session or current()
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
        response.stream = streams(family).SyncCapture(Captured(family, response, plan.session, plan.request))
    return response


async def handle_async(family: ModuleType, session: Session | None, request: Any, send: Callable[[Any], Any]) -> Any:
    """Return the response to a request: `handle` for tasks."""
    session = session or current()
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
        response.stream = streams(family).AsyncCapture(Captured(family, response, plan.session, plan.request))
    return response


def _is_recorded_whole(family: ModuleType, response: Any, plan: _Plan) -> bool:
    """Record a response that was read before it was returned, as transports without a network do; say if it was one."""
    if not response.is_closed:
        return False
    captured = Captured(family, response, plan.session, plan.request)
    captured.headers = response.headers.copy()
    captured.headers.pop("content-encoding", None)  # it is decoded
    captured.take(response.content)
    captured.end()
    return True


def _plan(session: Session, request: Any, content: bytes) -> _Plan:
    url = str(request.url)
    recorded = to_request(request.method, url, request.headers, content, session.test_id)
    if not is_host(url, session.hosts):
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
        wants_base64 = asks_for_base64(recorded, content)
        return _Plan(session, recorded, to_reply(found, recorded, asks_for_base64=wants_base64), is_recorded=False)
    if session.mode == "replay":
        raise session.missing(recorded)
    return _Plan(session, recorded, None, is_recorded=True)


def _response(family: ModuleType, plan: _Plan, request: Any) -> Any:
    reply = plan.reply
    assert reply is not None  # noqa: S101  # by whom this is called
    headers = {"content-type": reply.content_type, **({"location": reply.location} if reply.location else {})}
    if reply.status in _RETRIED or reply.status >= FIRST_SERVER_ERROR:
        headers |= _RETRY_AT_ONCE
    offsets = reply.offsets_ms if plan.session.timing else []
    stream = streams(family).Replayed(reply, offsets, request)
    return family.Response(reply.status, headers=headers, stream=stream, request=request)


@cache
def _classes(family: Any) -> tuple[Any, Any]:
    """Return the classes of transports, which need the base classes of the family."""

    class Sync(family.BaseTransport):  # type: ignore[misc]
        def __init__(self, session: Session | None, wrapped: Any) -> None:
            self._session, self._wrapped = session, wrapped

        def handle_request(self, request: Any) -> Any:
            return handle(family, self._session, request, self._wrapped.handle_request)

        def close(self) -> None:
            self._wrapped.close()

    class Async(family.AsyncBaseTransport):  # type: ignore[misc]
        def __init__(self, session: Session | None, wrapped: Any) -> None:
            self._session, self._wrapped = session, wrapped

        async def handle_async_request(self, request: Any) -> Any:
            return await handle_async(family, self._session, request, self._wrapped.handle_async_request)

        async def aclose(self) -> None:
            await self._wrapped.aclose()

    return Sync, Async
