"""When each recording was last committed, as git knows it; else when its file was written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from recstore._git import git
from recstore.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recstore import Store

_MARK: Final = "\x01"
"""Begins a commit in the log, as no path of a recording does."""

_MANY_DAYS: Final = 730
"""Where recordings lie further apart, they are told apart by years and not by months."""


class Ages:
    """When recordings were made, in seconds since 1970, by path, and who says so."""

    def __init__(self, times: dict[str, int], source: str) -> None:
        self.source = source
        self._dates = {path: datetime.fromtimestamp(time, UTC).date() for path, time in times.items()}
        is_long = bool(times) and (max(self._dates.values()) - min(self._dates.values())).days > _MANY_DAYS
        self._period = "%Y" if is_long else "%Y-%m"

    def date(self, path: str) -> str:
        """Return the day of a recording in UTC, as 2000-01-31; empty where it is not known."""
        return self._dates[path].isoformat() if path in self._dates else ""

    def period(self, path: str) -> str:
        """Return the month of a recording, or its year: the beginning of its date."""
        return self._dates[path].strftime(self._period) if path in self._dates else ""


def ages(store: Store, paths: Iterable[str]) -> Ages:
    """Return when each of these files was last committed; in one call of git, whatever their number.

    Of files that no commit holds, and where there is no git, the time at which the file was written. A pack knows
    neither.
    """
    if store.is_read_only:
        return Ages({}, "not known: a pack keeps no times")
    written = {path: int((store.path / path).stat().st_mtime) for path in paths if (store.path / path).is_file()}
    try:
        committed = _committed(store)
    except StorageError:
        return Ages(written, "when its file was written, as git knows no commit here")
    source = "when it was last committed to git"
    if git(store.path, "rev-parse", "--is-shallow-repository").strip() == b"true":
        source += ", of which only the newest commits are here"
    missing = len(written.keys() - committed.keys())
    if missing:
        source += f"; of {missing} that are not committed, when the file was written"
    return Ages({path: committed.get(path, time) for path, time in written.items()}, source)


def _committed(store: Store) -> dict[str, int]:
    """Return when each file below the root was last committed."""
    log = git(store.path, "log", "-z", "--name-only", "--no-renames", "--relative", f"--format={_MARK}%ct", "--", ".")
    times: dict[str, int] = {}
    time = 0
    for field in log.decode(errors="surrogateescape").split("\0"):
        text = field.removeprefix("\n")
        if text.startswith(_MARK):
            time = int(text[1:].strip())
        elif text:
            times.setdefault(text, time)  # the newest commit comes first
    return times
