"""What names and settings were before, as git knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recstore._core import loads
from recstore._git import git
from recstore.doctor import finding
from recstore.errors import InvalidJson, InvalidRequest, NotJson, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Final

    from recstore import Store
    from recstore._core import DoctorFinding

_MOST = 500
"""So many paths are named to one git."""
SETTINGS: Final = "recstore.toml"
_MOST_SETTINGS = 16
"""So many earlier settings are asked for."""
_DIGITS = 12
"""So many digits of a commit are said."""


def last_matches(store: Store, findings: list[DoctorFinding]) -> Iterator[DoctorFinding]:
    """Give a finding for each name that fitted its request in an earlier commit; note the profile at the old one."""
    unmatched = {
        found["path"]: found for found in findings if found["id"] == "key-mismatch" and found["profile"] is None
    }
    paths = list(unmatched)
    for start in range(0, len(paths), _MOST):
        versions = _versions(store.path, paths[start : start + _MOST])
        blobs = _blobs(store.path, [blob for older in versions.values() for _, blob in older])
        for path, older in versions.items():
            for commit, blob in older:
                profile = _profile(store, path, blobs.get(blob, b""))
                if profile is not None:
                    unmatched[path]["profile"] = profile
                    message = f"as commit {commit} left it, its name was the key of its request under {profile}"
                    yield finding("edited-request", path, message, profile=profile)
                    break


def former_settings(store: Store) -> list[str]:
    """Return what the settings file said in earlier commits, the newest first; nothing where git does not know."""
    if store.is_read_only or not (store.path / SETTINGS).is_file():
        return []
    try:
        older = _versions(store.path, [SETTINGS]).get(SETTINGS, [])[:_MOST_SETTINGS]
        blobs = _blobs(store.path, [blob for _, blob in older])
    except StorageError:
        return []
    return [blobs[blob].decode(errors="replace") for _, blob in older if blob in blobs]


def _versions(root: Path, paths: list[str]) -> dict[str, list[tuple[str, str]]]:
    """Return for each path the commits that changed it, the newest first, each with the blob that it left."""
    log = ("--literal-pathspecs", "log", "--raw", "--no-renames", "--no-abbrev", "--relative", "-z", "--format=%x00%H")
    versions: dict[str, list[tuple[str, str]]] = {}
    commit = ""
    fields = iter(git(root, *log, "--", *paths).decode(errors="surrogateescape").split("\0"))
    for field in fields:
        text = field.strip("\n")
        if text.startswith(":"):
            path, blob = next(fields), text.split(" ")[3]
            if blob.strip("0"):
                versions.setdefault(path, []).append((commit, blob))
        elif text:
            commit = text[:_DIGITS]
    return versions


def _blobs(root: Path, names: list[str]) -> dict[str, bytes]:
    """Return the bytes of blobs."""
    answer = git(root, "cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
    blobs, at = {}, 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        name, kind, *size = answer[at:end].decode().split(" ")
        at = end + 1
        if kind == "blob":
            blobs[name] = answer[at : at + int(size[0])]
            at += int(size[0]) + 1
    return blobs


def _profile(store: Store, path: str, text: bytes) -> str | None:
    """Return the newest profile under which a file with this text has its name."""
    try:
        recorded = loads(text)
    except InvalidJson:
        return None
    if not (isinstance(recorded, dict) and isinstance(recorded.get("request"), dict)):
        return None
    test_id = recorded.get("test_id")
    if not isinstance(test_id, str | None):
        return None
    stem = path.rpartition("/")[2].removesuffix(".json")
    name = stem.split("-")[1] if stem.startswith("models-") else stem
    for profile in store.profiles:
        try:
            key = store.request_key(recorded["request"], test_id=test_id, profile=profile)
        except (InvalidRequest, NotJson):
            continue
        if key.startswith(name):
            return profile
    return None
