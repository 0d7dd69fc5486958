"""Services in this process, asked by a client that is recorded, and again in replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2

import recstore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TEST = "tests/test_a.py::test"
URL = "http://service.example/x"


class Body(httpx2.SyncByteStream):
    """A body in pieces, the last of which may be an exception."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


class Service(httpx2.BaseTransport):
    """A service in this process, whose responses are read as those of a network are."""

    def __init__(self, answer: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self.answer, self.calls = answer, 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.calls += 1
        return self.answer(request)


def both(
    tmp_path: Path,
    answer: Callable[[httpx2.Request], httpx2.Response],
    ask: Callable[[httpx2.Client], Any],
    **options: Any,
) -> tuple[Any, Any, recstore.Session]:
    """Return what is got live, and what replay gives."""
    got = []
    service = Service(answer)
    for mode in ("record", "replay"):
        session = recstore.session(tmp_path, mode=mode, test_id=TEST, **options)
        transport = recstore.transport(session, wrapped=service)
        calls = service.calls
        with session, httpx2.Client(transport=transport) as made:
            try:
                got.append(ask(made))
            except Exception as error:  # noqa: BLE001  # is part of the answer
                got.append((type(error), str(error)))
        assert mode == "record" or service.calls == calls
    return got[0], got[1], session
