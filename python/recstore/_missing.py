"""What is said of a request that no recording answers."""

from __future__ import annotations

from recstore import _wire
from recstore.errors import RecordingNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from recstore._session import Session


def not_found(session: Session, request: Mapping[str, Any], key: str) -> RecordingNotFound:
    """Return the error for a request: what was asked, where it was looked for, and how to record it."""
    endpoint, model = _wire.place(request)
    asked = f"{endpoint} of {model}" if model else endpoint
    test = "" if session.test_id is None else f" in {session.test_id}"
    message = (
        f"no recording answers {asked}{test}: there is none with the key {key} in {session.store.path}; record it by "
        "running the test with RECSTORE_MODE=record-if-missing (pytest: --recstore-mode=record-if-missing)"
    )
    return RecordingNotFound(message, key=key, endpoint=endpoint, model=model)
