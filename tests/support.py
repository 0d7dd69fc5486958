"""What the tests share beside fixtures."""

from __future__ import annotations

import ctypes
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).parents[1]
EXAMPLES = REPOSITORY / "examples" / "recordings"


def key(digit: int | str) -> str:
    """Return a key that is easy to tell from others."""
    return f"{digit:0>4}" * 16 if isinstance(digit, str) else f"{digit:04x}" * 16


def in_forked_child(function: Callable[[], Any], *, as_nobody: bool = False) -> Any:
    """Return what a function returns in a process forked from this one, with the rights of nobody if asked."""
    nobody = 65534
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if as_nobody and os.geteuid() == 0:
                os.setuid(nobody)
            os.write(sender, json.dumps(function()).encode())
        finally:
            os._exit(0)
    os.close(sender)
    os.waitpid(child, 0)
    with os.fdopen(receiver, "rb") as pipe:
        return json.loads(pipe.read())


def obey_modes_of_files() -> None:
    """Let the program that this process executes next write only where the modes allow it, root's too."""
    drop_from_bounding_set, may_override_modes = 24, 1  # PR_CAPBSET_DROP and CAP_DAC_OVERRIDE of Linux
    if os.geteuid() == 0:
        assert ctypes.CDLL(None).prctl(drop_from_bounding_set, may_override_modes) == 0


def models(*names: str) -> dict[str, Any]:
    """Return a response that lists models."""
    body = [{"__type__": "openai.types.model.Model", "__data__": {"id": name, "object": "model"}} for name in names]
    return {"body": body, "is_streaming": False}
