"""Stores: the core's, as Python mappings, and recording into them."""

from __future__ import annotations

# `collections.abc` by the name under which the interpreter has loaded it already: importing `collections` costs as much
# as the rest of recstore.
from _collections_abc import Mapping

from recstore import _core
from recstore.errors import InvalidRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path
    from typing import Any, Literal


class PutResult:
    """What became of a recording.

    `key` names it, `path` is its file relative to the root of the store, and `outcome` says whether the file was
    `"created"`, was there with the same bytes (`"unchanged"`), or held another answer, which was `"kept"` or
    `"replaced"`.
    """

    __slots__ = ("key", "outcome", "path")

    def __init__(self, key: str, path: Path, outcome: Literal["created", "unchanged", "kept", "replaced"]) -> None:
        self.key = key
        self.path = path
        self.outcome = outcome

    def __repr__(self) -> str:
        return f"<PutResult {self.outcome} {self.path}>"


class Store(_core.Store, Mapping[str, _core.Recording]):
    """Recordings by key: those of a tree of folders, or those of a pack."""

    # Two stores are one only if they are the same object; comparing all recordings is nobody's wish.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def put(
        self,
        request: Mapping[str, Any],
        response: Any = None,
        *,
        test_id: str | None = None,
        on_conflict: Literal["error", "keep", "replace"] = "error",
        error: BaseException | None = None,
        is_streaming: bool | None = None,
        status: int | None = None,
        on_secret: Literal["refuse", "redact", "allow"] = "refuse",
    ) -> PutResult:
        """Record the answer to a request; return where it went and what became of it.

        `request` holds `method`, `url` and `body` (and what else should be kept), `response` is what the call returned:
        plain values, an object of an SDK, for a stream the list of its chunks, or another recording. `error` is the
        exception that the call raised, after the chunks in `response` if there are any.

        The file lies beside the test's own, in the form that OGX's recorder writes. When this returns, it is complete
        and on the disk. Ids and times of typed objects are made the same for every run.

        Where another answer is already recorded, `on_conflict` decides: `"error"` raises `RecordingConflict` and is the
        default, because an answer that was paid for should not be lost unasked; `"keep"` leaves the old one;
        `"replace"` takes the new one.

        What looks like a credential raises `SecretFound` before anything is written; with `on_secret="redact"` it is
        replaced, in the request before its key is computed, and with `"allow"` written.

        >>> import recstore, tempfile
        >>> store = recstore.open(tempfile.mkdtemp())
        >>> request = {"method": "POST", "url": "http://localhost/v1/chat/completions", "body": {"model": "m"}}
        >>> store.put(request, {"answer": 42}, test_id="tests/test_a.py::test").outcome
        'created'
        >>> store.find(request, test_id="tests/test_a.py::test").body
        {'answer': 42}
        """
        from recstore import _dump, secrets  # noqa: PLC0415  # not needed for reading

        secrets.check_choice(on_secret)
        if not isinstance(test_id, str | None):
            raise InvalidRequest(f"test_id is a text, not {test_id!r}")
        answer = _dump.answer(request, response, error, is_streaming, status)
        if test_id is not None and on_secret != "allow":
            secrets.refuse(test_id, "test id")
        request, answer = secrets.cleared_request(request, on_secret), secrets.cleared_answer(answer, on_secret)
        return PutResult(*self._put(request, [answer], test_id, on_conflict))

    def _repr_html_(self) -> str:
        """Return what notebooks show: shares by endpoint, model and profile."""
        from recstore._notebook import store_html  # noqa: PLC0415  # not needed for reading

        return store_html(self)

    def __rich__(self) -> object:
        """Return what rich prints: the same shares as tables."""
        from recstore._notebook import store_tables  # noqa: PLC0415  # whoever asks has rich

        return store_tables(self)

    def __repr__(self) -> str:
        kind = "pack" if self.is_read_only else "store"
        return f"<recstore {kind} {self.path}: {len(self)} keys, {self.profile}, cache {self.cache}>"


def open(  # noqa: A001
    path: str | PathLike[str],
    *,
    profile: str | None = None,
    base: str | None = None,
    cache: bool | Literal["use"] = True,
    create: bool = False,
    max_file_size: int = 64 << 20,
) -> Store:
    """Open a tree of recordings, or a pack; return a mapping from keys to recordings.

    `path` is the root of the tree, or any folder in it, or a pack file. Every folder called `recordings` below it is
    part of the store. `profile` and `base` stand in the place of the settings in `recstore.toml`: under which rules
    keys are made (default `"ogx-7"`), and beside which tests the recordings lie that all tests share (default
    `"tests/integration/common"` where that holds any, else the root).

    With `cache`, a pack of all recordings is kept in the folder `.recstore` in the root, which ignores itself in git,
    and every file is compared with it at each look-up. Where that folder cannot be written, the store works without.
    With `cache="use"` the pack is used as it is, if it is there, and never made.
    With `create`, the root is made where it is missing. Files of more than `max_file_size` bytes are refused.

    Raises `StorageNotFound` where there is nothing at `path`, `UnusablePack` for a pack that cannot be used,
    `InvalidSettings` and `UnknownProfile`.
    """
    if max_file_size < 0:
        raise ValueError(f"max_file_size is a number of bytes, not {max_file_size}")
    return Store(path, profile=profile, base=base, cache=cache, create=create, max_file_size=max_file_size)
