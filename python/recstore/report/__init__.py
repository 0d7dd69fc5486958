"""A store as one page of HTML, and as numbers: what is in it, how old, how large, what is wrong, every recording.

docs/report.md says what the page holds and what it leaves out.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from recstore import doctor
from recstore._ages import ages
from recstore._contents import Contents, Share, describe, readable
from recstore._store import Store
from recstore.errors import InvalidRequest
from recstore.report._page import page

if TYPE_CHECKING:
    from recstore import Recording

__all__ = ["LARGEST", "Report"]

LARGEST: Final = 20
"""So many of the largest recordings are named."""


class Report:
    """What is in a store: every recording, the shares of folders, tests, endpoints and models, ages and findings.

    Every recording is read. Raises `UnusablePack` where the store is a pack that is damaged, and `InvalidRequest` for
    what is no store.

    >>> import recstore
    >>> report = Report(recstore.open("examples/recordings"))
    >>> report.contents.recordings, report.numbers()["profiles"]["ogx-7"]["recordings"]
    (47, 39)
    >>> report.html()[:15]
    '<!doctype html>'
    """

    def __init__(self, store: Store) -> None:
        if not isinstance(store, Store):
            raise InvalidRequest(f"a report is of a store, as recstore.open gives it, not of {store!r}")
        self.store = store
        self.recordings: list[Recording] = list(readable(store))
        self.descriptions = [describe(recording) for recording in self.recordings]
        self.contents = Contents(self.descriptions)
        self.ages = ages(store, [found["path"] for found in self.descriptions])
        self.findings = doctor.examine(store)["findings"]
        self._with_key = Counter(found["key"] for found in self.descriptions)

    @cached_property
    def periods(self) -> dict[str, Share]:
        """The share of each month, or of each year where that were too many months; the newest first."""
        shares: dict[str, Share] = {}
        for found in self.descriptions:
            if period := self.ages.period(found["path"]):
                shares.setdefault(period, Share()).add(found["size"])
        return dict(sorted(shares.items(), reverse=True))

    def anchor(self, number: int) -> str:
        """Return where on the page a recording is: at its key, or at its path where that is not its alone."""
        found = self.descriptions[number]
        key = found["key"]
        return key if key and self._with_key[key] == 1 else quote(found["path"], errors="surrogatepass")

    def largest(self) -> list[int]:
        """Return the numbers of the largest recordings."""
        order = sorted(range(len(self.descriptions)), key=lambda number: -self.descriptions[number]["size"])
        return order[:LARGEST]

    def numbers(self) -> dict[str, Any]:
        """Return the summary for programs: totals, shares, ages, the largest recordings, and findings by id."""
        contents = self.contents
        return {
            "path": str(self.store.path),
            "profile": self.store.profile,
            "keys": len(self.store),
            **{name: getattr(contents, name) for name in ("recordings", "streams", "errors", "chunks", "bytes")},
            **{
                facet: {value: share.numbers() for value, share in shares.items()}
                for facet, shares in contents.shares.items()
            },
            "ages": {
                "source": self.ages.source,
                "periods": {period: share.numbers() for period, share in self.periods.items()},
            },
            "largest": [
                {name: found[name] for name in ("path", "key", "size")}
                for found in (self.descriptions[number] for number in self.largest())
            ],
            "findings": dict(Counter(found["id"] for found in self.findings).most_common()),
        }

    def html(self) -> str:
        """Return the page: it needs nothing beside itself, and holds all that it shows."""
        return page(self)
