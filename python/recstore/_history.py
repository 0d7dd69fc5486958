"""When names that fit no profile did, as git knows it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import recstore
from recstore._core import loads
from recstore.doctor import finding
from recstore.errors import InvalidJson, InvalidRequest, NotJson, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recstore import Store
    from recstore._core import DoctorFinding

_MOST = 500
"""So many paths are named to one git."""
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
                profile = _profile(path, blobs.get(blob, b""))
                if profile is not None:
                    unmatched[path]["profile"] = profile
                    message = f"as commit {commit} left it, its name was the key of its request under {profile}"
                    yield finding("edited-request", path, message, profile=profile)
                    break


def _git(root: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    try:
        command = ["git", "--literal-pathspecs", "-C", str(root), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, check=False)  # noqa: S603
    except FileNotFoundError as error:
        raise StorageError(
            "git is not installed, which knows the history of the recordings", errno=error.errno
        ) from None
    if done.returncode:
        raise StorageError(f"git cannot tell the history of {root}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _versions(root: Path, paths: list[str]) -> dict[str, list[tuple[str, str]]]:
    """Return for each path the commits that changed it, the newest first, each with the blob that it left."""
    log = ("log", "--raw", "--no-renames", "--no-abbrev", "--relative", "-z", "--format=%x00%H")
    versions: dict[str, list[tuple[str, str]]] = {}
    commit = ""
    fields = iter(_git(root, *log, "--", *paths).decode(errors="surrogateescape").split("\0"))
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
    answer = _git(root, "cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
    blobs, at = {}, 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        name, kind, *size = answer[at:end].decode().split(" ")
        at = end + 1
        if kind == "blob":
            blobs[name] = answer[at : at + int(size[0])]
            at += int(size[0]) + 1
    return blobs


def _profile(path: str, text: bytes) -> str | None:
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
    for profile in recstore.profiles():
        try:
            key = recstore.request_key(recorded["request"], test_id=test_id, profile=profile)
        except (InvalidRequest, NotJson):
            continue
        if key.startswith(name):
            return profile
    return None
