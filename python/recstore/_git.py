"""What git says."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

from recstore.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

_OF_A_REPOSITORY: Final = {
    "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE",
}  # fmt: skip
"""Hooks set these for their repository; here the folder says which one is meant."""


def git(folder: Path, *arguments: str, stdin: bytes = b"", may_fail: bool = False) -> bytes:
    """Return what git prints in a folder; raise `StorageError` where it is not installed, or fails and may not."""
    environment = {name: value for name, value in os.environ.items() if name not in _OF_A_REPOSITORY}
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=stdin, capture_output=True, check=False, env={**environment, "LC_ALL": "C"}
        )
    except FileNotFoundError as error:
        raise StorageError("git is not installed, which knows of the recordings", errno=error.errno) from None
    if done.returncode and not may_fail:
        raise StorageError(f"git fails in {folder}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
