"""Which session answers here: that of the thread or the task."""

from __future__ import annotations

from contextvars import ContextVar
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from recstore.errors import RequestBlocked

if TYPE_CHECKING:
    from recstore._session import Session


class _Entered(NamedTuple):
    """A session that was entered, and what was around it."""

    session: Session
    around: _Entered | None


_current: ContextVar[_Entered | None] = ContextVar("recstore session", default=None)
# All that are entered anywhere in the process, for threads that did not inherit one: a plain `threading.Thread` starts
# with an empty context.
_open: list[_Entered] = []
_lock = Lock()


def enter(session: Session) -> None:
    """Let a session answer here."""
    entered = _Entered(session, _current.get())
    with _lock:
        _open.append(entered)
    _current.set(entered)


def leave(session: Session) -> None:
    """Let the session around it answer again."""
    with _lock:
        del _open[max(index for index, entered in enumerate(_open) if entered.session is session)]
    # Fixtures of event loops are left in another context than they were entered in; that one knows it by `is_open`.
    entered = _current.get()
    if entered is not None and entered.session is session:
        _current.set(entered.around)


def current() -> Session | None:
    """Return the session that answers here: that of the thread's or task's context, else the innermost that is open.

    A context may outlive its session: that of a task or a thread which a test has left running. Raises `RequestBlocked`
    where several sessions are open side by side, and one of them lets no request through unseen.
    """
    entered = _current.get()
    while entered is not None and not entered.session.is_open:
        entered = entered.around
    if entered is not None:
        return entered.session
    with _lock:
        around = {id(outer.session) for _, outer in _open if outer is not None}
        innermost = {id(entered.session): entered.session for entered in _open if id(entered.session) not in around}
    if len(innermost) > 1 and any(session.mode == "replay" for session in innermost.values()):
        raise RequestBlocked(
            "a request was refused, because several sessions are open and it belongs to none: its thread was started "
            "without a context; start it with contextvars.copy_context().run"
        )
    return next(iter(innermost.values())) if len(innermost) == 1 else None
