"""What is wrong with a directory of recordings, what it means and what to do.

docs/doctor.md lists all that is looked for.
"""

from __future__ import annotations

import os
from errno import ENOENT
from pathlib import Path

from recstore import _core, registry, secrets
from recstore._contents import readable
from recstore._core import finding_kinds, loads
from recstore.errors import SecretFound, StorageNotFound
from recstore.replay import is_answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Final, TypedDict

    from recstore import Recording, Store
    from recstore._core import DoctorFinding, DoctorFix, DoctorOptions

    class DoctorReport(TypedDict):
        """What `examine` found."""

        path: str
        """The root of the store."""
        files: int
        """How many files were looked at."""
        profiles: dict[str, int]
        """How many recordings have their key under which profile, the newest that fits; and under `none`."""
        findings: list[DoctorFinding]
        """What is not as it should be, in the order of paths."""


__all__ = ["LARGE", "SEVERITIES", "examine", "fix"]

SEVERITIES: Final = ("notice", "warning", "error")
"""How bad a finding is, from something to know to a file that is of no use or must not be there."""

LARGE: Final = 1 << 20
"""From how many bytes on a file is unusually large, if nothing else is said."""


def examine(store: Store, *, sdk: bool = False, history: bool = False, large: int = LARGE) -> DoctorReport:
    """Read every file of a store, and return what is not as it should be.

    Each finding has an `id` that does not change, a `severity` (one of `SEVERITIES`), the `path` of the file relative
    to the root and the `line` in it or None, a `message` that says what it means, the `remedy`, the `profile` under
    which the name is or last was the key of the request or None, and the paths of `related` files.

    With `sdk`, chunks are validated by the SDKs that are installed, which takes their import and some seconds. With
    `history`, git is asked when a name that fits no profile did. Files of more than `large` bytes are unusually large.

    Raises `UnusablePack` where the store is a pack that is damaged, and `StorageError` where `history` needs git and it
    cannot be run.

    >>> import recstore
    >>> report = examine(recstore.open("examples/recordings"))
    >>> report["files"], report["profiles"]
    (47, {'ogx-7': 39, 'ogx-http-7': 6, 'ogx-tool': 2, 'none': 0})
    >>> sorted({finding["id"] for finding in report["findings"]})
    ['recorded-error', 'unknown-type']
    """
    found = _core.examine(store, _options(large))
    if found["unmatched"]:
        from recstore._history import former_settings  # noqa: PLC0415  # it runs processes, which nothing else here does

        if former := former_settings(store):
            found = _core.examine(store, {**_options(large), "former_settings": former})
    findings = found["findings"]
    findings.extend(_secrets(found["suspects"]))
    if sdk:
        findings.extend(_invalid_chunks(store))
    if history:
        from recstore._history import last_matches  # noqa: PLC0415  # it runs processes, which nothing else here does

        findings.extend(last_matches(store, findings))
    order = {kind: number for number, kind in enumerate(finding_kinds())}
    findings.sort(key=lambda finding: (finding["path"], order[finding["id"]]))
    profiles = {**found["profiles"], "none": found["unmatched"]}
    return {"path": str(store.path), "files": found["files"], "profiles": profiles, "findings": findings}


def fix(store: Store, *, paths: Iterable[str] | None = None, dry_run: bool = False) -> list[DoctorFix]:
    r"""Repair what is safe to repair, and return what was: line ends, layout, and the tags of renamed packages.

    Strings, numbers and names stay as they are spelled, but for characters beyond ASCII, which are escaped. Each file
    is replaced as a whole, while nothing is recorded; a file that another program changes meanwhile is left as it is.
    `paths` says which, relative to the root; with `dry_run` nothing is written.

    Returns for each file its `path`, the `ids` of the findings that are repaired, how many type `tags` are renamed, and
    its size `before` and `after` in bytes. Raises `ReadOnlyStore` for a pack, and `StorageNotFound` for a path at which
    nothing is.

    >>> import recstore, tempfile
    >>> store = recstore.open(tempfile.mkdtemp())
    >>> put = store.put({"method": "POST", "url": "http://localhost/v1/x", "body": {}}, {"answer": 42})
    >>> path = store.path / put.path
    >>> path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n")) > 0
    True
    >>> [(fixed["ids"], fixed["before"] - fixed["after"]) for fixed in fix(store)]
    [(['line-ends'], 15)]
    """
    only = None if paths is None else set(paths)
    for path in () if only is None or store.is_read_only else sorted(only):
        if not os.path.lexists(store.path / path):
            message = f"there is no file {path} in {store.path}; name files as seen from there, as findings do"
            raise StorageNotFound(message, errno=ENOENT, filename=Path(path))
    return _core.fix(store, _options(LARGE), only, dry_run)


def finding(kind: str, path: str, message: str, *, profile: str | None = None) -> DoctorFinding:
    """Return a finding about a whole file."""
    severity, remedy = finding_kinds()[kind]
    return {
        "id": kind,
        "severity": severity,
        "path": path,
        "line": None,
        "message": message,
        "remedy": remedy,
        "profile": profile,
        "related": [],
    }


def _options(large: int) -> DoctorOptions:
    known = [f"{sdk}." for sdk in registry.MODULES]
    return {
        "large": large,
        "known_types": [*known, *registry.registered()],
        "renamed_types": list(registry.RENAMED.items()),
        "signs": list(secrets.SIGNS),
        "former_settings": [],
    }


def _secrets(suspects: dict[str, bytes]) -> Iterator[DoctorFinding]:
    """Look through the files that hold a sign of a credential."""
    for path, text in suspects.items():
        recorded = loads(text)
        response = recorded["response"]
        try:
            secrets.refuse(recorded, "it")
            if isinstance(response, dict) and isinstance(response.get("body"), list):
                secrets.refuse_split(response["body"])
        except SecretFound as error:
            yield finding("secret", path, f"{error.place.removeprefix('it: ')} looks like a credential ({error.kind})")


def _invalid_chunks(store: Store) -> Iterator[DoctorFinding]:
    for recording in readable(store):  # what is none is found anyway
        yield from _invalid(recording, str(recording.path))


def _invalid(recording: Recording, path: str) -> Iterator[DoctorFinding]:
    """Validate the chunks of a recording as `replay` does."""
    unknown: dict[str, int] = {}
    wrong: list[str] = []
    for chunk in recording:
        tag = chunk.type
        cls: Any = registry.lookup(tag) if tag else registry.lookup_endpoint(recording.endpoint)
        if cls is None:
            if tag and tag.startswith(tuple(f"{sdk}." for sdk in registry.MODULES)):
                unknown[tag] = unknown.get(tag, 0) + 1
            continue
        data = chunk.data
        if not tag and not is_answer(data):
            continue
        try:
            cls.model_validate(data)
        except registry.REFUSALS as error:
            wrong.append(f"{cls.__name__}: {' '.join(str(error).split()[:20])}")
    for tag, count in unknown.items():
        yield finding("unknown-type", path, f"the installed SDK has no class for {count} chunks of the type {tag}")
    if wrong:
        message = f"{len(wrong)} of {len(recording)} chunks are not what the installed SDK knows; the first: {wrong[0]}"
        yield finding("invalid-chunk", path, message)
