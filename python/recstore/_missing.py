"""What is said of a request that no recording answers."""

from __future__ import annotations

from recstore._http.request import place
from recstore.errors import RecordingNotFound, RequestBlocked, SecretFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from recstore._session import Session
    from recstore.errors import RecstoreError


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


def find_own(error: BaseException | None) -> RecstoreError | None:
    """Return the miss or refusal that an exception was made of, if it was: some SDKs take any for a failing service.

    What a program raises itself while it handles a miss is not made of it.
    """
    seen = set()
    while isinstance(error, Exception) and id(error) not in seen:
        if isinstance(error, (RecordingNotFound, RequestBlocked, SecretFound)):
            return error
        seen.add(id(error))
        is_own = error.__suppress_context__ or type(error).__module__ == "builtins"
        error = error.__cause__ or (None if is_own else error.__context__)
    return None
