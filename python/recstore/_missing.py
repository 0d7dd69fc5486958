"""What is said of a request that no recording answers."""

from __future__ import annotations

from recstore._http.request import place
from recstore.errors import RecordedError, RecordingNotFound, RecstoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from recstore._session import Session
    from recstore._store import Store


def not_found(session: Session, request: Mapping[str, Any], key: str) -> RecordingNotFound:
    """Return the error for a request: what was asked, where it was looked for, and how to record it."""
    endpoint, model = place(request)
    asked = f"{endpoint} of {model}" if model else endpoint
    test = "" if session.test_id is None else f" in {session.test_id}"
    store = session.store
    folders = "any folder" if session.test_id is None else _folders(store, session.test_id)
    message = (
        f"no recording answers {asked}{test}: there is none with the key {key} in {folders} of {store.path}. The key "
        "changes with the test's id, the path of the URL and the body of the request; record it by running the "
        "test with RECSTORE_MODE=record-if-missing (pytest: --recstore-mode=record-if-missing)"
    )
    return RecordingNotFound(message, key=key, endpoint=endpoint, model=model)


def _folders(store: Store, test_id: str) -> str:
    try:
        own = store.folder(test_id)
    except RecstoreError:  # the id leads outside, where nothing is looked for
        return str(store.base)
    return str(own) if own == store.base else f"{own} and {store.base}"


def find_own(error: BaseException | None) -> RecstoreError | None:
    """Return the exception of recstore's that one was made of, if it was: some SDKs take any for a failing service.

    What a program raises itself while it handles a miss is not made of it.
    """
    seen = set()
    while isinstance(error, Exception) and id(error) not in seen:
        if isinstance(error, RecstoreError) and not isinstance(error, RecordedError):
            return error
        seen.add(id(error))
        is_own = error.__suppress_context__ or type(error).__module__ == "builtins"
        error = error.__cause__ or (None if is_own else error.__context__)
    return None
