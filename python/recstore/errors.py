"""Everything that recstore raises and warns of.

All exceptions have one base class, `RecstoreError`, and beside it the built-in class that fits, so that
`except KeyError` and `except OSError` catch what they should. Messages name the file, the place in it and the remedy.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from recstore._core import Explanation
    from recstore._missing import Miss

__all__ = [
    "InvalidJson",
    "InvalidRequest",
    "InvalidSettings",
    "MalformedRecording",
    "NotJson",
    "ReadOnlyStore",
    "RecordedError",
    "RecordingConflict",
    "RecordingNotFound",
    "RecstoreError",
    "RecstoreWarning",
    "RequestBlocked",
    "SecretFound",
    "StorageError",
    "StorageNotFound",
    "UnknownProfile",
    "UnusablePack",
]


class RecstoreError(Exception):
    """The base class of all exceptions of recstore's."""


class RecordingNotFound(RecstoreError, KeyError):
    """No recording has this key, or answers this request.

    Of a request, the text says which recordings are nearest and what differs, and how to record it. That is worked out
    when the error is printed or asked for its `explanation`, so that a program that goes on without pays nothing.
    """

    key: str
    """The key that was looked up."""
    endpoint: str
    """The endpoint of the request, where one was looked up."""
    model: str
    """The model that was asked."""

    def __init__(
        self, message: str, *, key: str = "", endpoint: str = "", model: str = "", miss: Miss | None = None
    ) -> None:
        super().__init__(message)
        self.key, self.endpoint, self.model = key, endpoint, model
        self._miss = miss

    @property
    def explanation(self) -> Explanation | None:
        """What `Store.explain` says of the request, as plain values; None for a key without a request."""
        return None if self._miss is None else self._miss.explanation

    # KeyError shows the repr of its argument, which is for keys and not for sentences.
    def __str__(self) -> str:
        text = Exception.__str__(self)
        return text if self._miss is None else f"{text}{self._miss.text}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process has no store to look into.
        miss = None if self._miss is None else self._miss.settled()
        return type(self), self.args, {**vars(self), "_miss": miss}


class MalformedRecording(RecstoreError, ValueError):
    """A file is no recording."""

    path: Path | None
    """The file."""
    line: int | None
    """The line at which it stops being JSON, counted from 1; None where it is JSON of another shape."""
    column: int | None
    """The column, in characters, counted from 1."""

    def __init__(
        self, message: str, *, path: Path | None = None, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message)
        self.path, self.line, self.column = path, line, column


class InvalidJson(RecstoreError, ValueError):
    """A text is not JSON."""

    position: int
    """Offset of the offending byte, counted from 0."""
    line: int
    """Its line, counted from 1."""
    column: int
    """Its column, in characters, counted from 1."""

    def __init__(self, message: str, *, position: int = 0, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.position, self.line, self.column = position, line, column


class NotJson(RecstoreError, TypeError):
    """A Python value is not JSON."""

    path: str
    """Where in what was passed, such as `body.messages[0].content`."""

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class InvalidRequest(RecstoreError, ValueError):
    """A value is JSON, but no request, or none that can be recorded."""


class UnknownProfile(RecstoreError, ValueError):
    """There is no key profile of this name."""


class InvalidSettings(RecstoreError, ValueError):
    """The file recstore.toml says something that cannot be."""

    path: Path | None
    """The file."""

    def __init__(self, message: str, *, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class UnusablePack(RecstoreError, ValueError):
    """A pack is damaged, of another release, or no pack."""

    path: Path | None
    """The file."""

    def __init__(self, message: str, *, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class RecordingConflict(RecstoreError, FileExistsError):
    """Another answer to the same request is already recorded; it was left as it is."""

    path: Path | None
    """The file that holds it."""

    def __init__(self, message: str, *, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class SecretFound(RecstoreError, ValueError):
    """What was to be recorded holds a credential; nothing was written."""

    kind: str
    """What kind of credential it looks like."""
    place: str
    """Where it is, such as `request: body.messages[0].content`."""

    def __init__(self, message: str, *, kind: str = "", place: str = "") -> None:
        super().__init__(message)
        self.kind, self.place = kind, place


class RequestBlocked(RecstoreError, ConnectionError):
    """A request to a host that is not recorded was refused."""


class ReadOnlyStore(RecstoreError, PermissionError):
    """Nothing can be recorded into a pack."""


class StorageError(RecstoreError, OSError):
    """The operating system refused."""

    def __init__(self, message: str, *, errno: int | None = None, filename: Path | None = None) -> None:
        super().__init__(message)
        self.errno, self.filename = errno, filename

    # OSError composes its text of errno and filename; the message already says both.
    __str__ = Exception.__str__


class StorageNotFound(StorageError, FileNotFoundError):
    """A file or folder is not there."""


class RecordedError(RecstoreError):
    """An exception was recorded whose class is not known here; this stands for it.

    Raised by `Recording.replay` where the SDK is not installed or the class is none of its own.
    """

    type: str
    """The name of the recorded class."""
    status_code: int | None
    """The HTTP status."""
    body: Any
    """The body of the error response."""

    def __init__(self, message: str, *, type: str = "", status_code: int | None = None, body: Any = None) -> None:  # noqa: A002
        super().__init__(message)
        self.type, self.status_code, self.body = type, status_code, body


class RecstoreWarning(UserWarning):
    """Something works, but not as well as it should."""
