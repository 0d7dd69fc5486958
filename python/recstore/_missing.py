"""What is said of a request that no recording answers."""

from __future__ import annotations

from recstore._http.request import place
from recstore.errors import RecordingNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from recstore._session import Session


def not_found(session: Session, request: Mapping[str, Any], key: str) -> RecordingNotFound:
    """Return the error for a request: what was asked, where it was looked for, and how to record it."""
    endpoint, model = place(request)
    asked = f"{endpoint} of {model}" if model else endpoint
    test = "" if session.test_id is None else f" in {session.test_id}"
    message = (
        f"no recording answers {asked}{test}: there is none with the key {key} in {session.store.path}; record it by "
        "running the test with RECSTORE_MODE=record-if-missing (pytest: --recstore-mode=record-if-missing)"
    )
    return RecordingNotFound(message, key=key, endpoint=endpoint, model=model)


def find_missed(error: BaseException | None) -> RecordingNotFound | None:
    """Return the miss that an exception was made of, if it was: some SDKs take any exception for a failing service.

    An assertion that fails while a miss is handled is not made of it.
    """
    while error is not None and not isinstance(error, RecordingNotFound):
        is_own = isinstance(error, AssertionError) or error.__suppress_context__
        error = error.__cause__ or (None if is_own else error.__context__)
    return error
