"""Which session answers here: that of the thread or the task."""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar
from threading import Lock
from typing import TYPE_CHECKING

from recstore.errors import RequestBlocked

if TYPE_CHECKING:
    from contextvars import Token

    from recstore._session import Session

_current: ContextVar[Session | None] = ContextVar("recstore session", default=None)
# The sessions that are open anywhere in the process, each with the one around it, for threads that did not inherit one:
# a plain `threading.Thread` starts with an empty context.
_open: list[tuple[Session, Session | None]] = []
_lock = Lock()


def enter(session: Session) -> Token[Session | None]:
    """Let a session answer here; return what `leave` needs."""
    with _lock:
        _open.append((session, _current.get()))
    return _current.set(session)


def leave(session: Session, token: Token[Session | None]) -> None:
    """Let the session around it answer again."""
    with _lock:
        del _open[max(index for index, (known, _) in enumerate(_open) if known is session)]
    # Fixtures of event loops are left in another context than they were entered in.
    with suppress(ValueError):
        _current.reset(token)


def current() -> Session | None:
    """Return the session that answers here: that of the thread's or task's context, else the innermost that is open.

    Raises `RequestBlocked` where several are open side by side, and one of them lets no request through unseen.
    """
    found = _current.get()
    if found is not None:
        return found
    with _lock:
        around = [outer for _, outer in _open]
        innermost = {session for session, _ in _open if session not in around}
    if len(innermost) > 1 and any(session.mode == "replay" for session in innermost):
        raise RequestBlocked(
            "a request was refused, because several sessions are open and it belongs to none: its thread was started "
            "without a context; start it with contextvars.copy_context().run"
        )
    return innermost.pop() if len(innermost) == 1 else None
