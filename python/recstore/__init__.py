"""Storage for recorded language-model answers.

A tree of recordings, as test suites commit them to git, opened as a mapping from keys to recordings:

>>> import recstore
>>> store = recstore.open("examples/recordings")
>>> request = {
...     "method": "POST",
...     "url": "https://api.openai.com/v1/v1/chat/completions",
...     "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say hello."}], "stream": True},
... }
>>> recording = store.find(request, test_id="tests/test_chat.py::test_hello")
>>> recording.text
'Hello!'
>>> [chunk.text for chunk in recording]
['', 'Hel', 'lo!', '']
"""

from __future__ import annotations

from recstore import errors
from recstore._core import DEBUG_BUILD, Chunk, Recording, __version__, canonical, profiles, request_key, unpack
from recstore._store import PutResult, Store, open  # noqa: A004
from recstore.errors import (
    InvalidJson,
    InvalidRequest,
    InvalidSettings,
    MalformedRecording,
    NotJson,
    ReadOnlyStore,
    RecordedError,
    RecordingConflict,
    RecordingNotFound,
    RecstoreError,
    RecstoreWarning,
    RequestBlocked,
    SecretFound,
    StorageError,
    StorageNotFound,
    UnknownProfile,
    UnusablePack,
)

__all__ = [
    "Chunk",
    "InvalidJson",
    "InvalidRequest",
    "InvalidSettings",
    "MalformedRecording",
    "NotJson",
    "PutResult",
    "ReadOnlyStore",
    "RecordedError",
    "Recording",
    "RecordingConflict",
    "RecordingNotFound",
    "RecstoreError",
    "RecstoreWarning",
    "RequestBlocked",
    "SecretFound",
    "Session",
    "StorageError",
    "StorageNotFound",
    "Store",
    "UnknownProfile",
    "UnusablePack",
    "__version__",
    "async_transport",
    "canonical",
    "errors",
    "open",
    "profiles",
    "request_key",
    "session",
    "transport",
    "unpack",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from recstore import doctor as doctor
    from recstore import registry as registry
    from recstore import rekey as rekey
    from recstore import report as report
    from recstore import secrets as secrets
    from recstore import usage as usage
    from recstore._http.transport import async_transport, transport
    from recstore._session import Session, session

_LATER = {
    "Session": "recstore._session",
    "session": "recstore._session",
    "async_transport": "recstore._http.transport",
    "doctor": "recstore.doctor",
    "registry": "recstore.registry",
    "rekey": "recstore.rekey",
    "report": "recstore.report",
    "secrets": "recstore.secrets",
    "usage": "recstore.usage",
    "transport": "recstore._http.transport",
}


def __getattr__(name: str) -> object:
    # What replays over HTTP is imported when it is first asked for: a store needs none of it.
    if name not in _LATER:
        raise AttributeError(f"module 'recstore' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    module = import_module(_LATER[name])
    value: object = module if module.__name__ == f"recstore.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    # What is imported later is there too, for completion and `help`; what this file is written with is not.
    return sorted({*__all__, *_LATER, *(name for name in globals() if name.startswith("__"))})


if DEBUG_BUILD:
    import warnings

    warnings.warn(
        "recstore was built without optimisation and is slow; build it with `make build`", RecstoreWarning, stacklevel=2
    )
del DEBUG_BUILD
