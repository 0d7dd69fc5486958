"""The text of a recording for `git diff`: git runs `python -m recstore._textconv FILE` for each version of a file.

A file that is no recording is given as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path

from recstore._core import parse_recording
from recstore.errors import MalformedRecording


def text_of(path: Path) -> bytes:
    """Return what a file holds as text, line by line; its bytes where it is no recording."""
    content = path.read_bytes()
    try:
        recording = parse_recording(content, path)
    except MalformedRecording:
        return content
    # Here, and not above: what passes through needs none of it.
    from hashlib import sha256  # noqa: PLC0415

    from recstore._summary import summarize  # noqa: PLC0415
    from recstore._summary.text import lines  # noqa: PLC0415

    # Git shows nothing of a file whose text is the same: what is not shown should still be seen to have changed.
    digest = f"bytes     {len(content):,}, sha256 {sha256(content).hexdigest()[:12]}"
    return "".join(f"{line}\n" for line in (digest, *lines(summarize(recording), full=True))).encode()


if __name__ == "__main__":
    sys.stdout.buffer.write(text_of(Path(sys.argv[-1])))
