"""How many bytes all recordings take, in each form."""

from __future__ import annotations

import io
import lzma
import tarfile
from typing import TYPE_CHECKING

import zstandard

from measure import Other, Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inputs import Inputs

LEVEL = 19
"""Of zstd, the highest that asks for no more memory of the reader."""


def all_of(inputs: Inputs, level: int = LEVEL) -> Iterator[Row]:
    """Give the rows about size."""
    others = [
        Other("the loose files", inputs.size),
        Other("lmdb", size_of(inputs.lmdb)),
        Other("sqlite", size_of(inputs.sqlite)),
        Other("zstd, each file alone", each_alone(inputs.files)),
        *solid(inputs.files, level),
    ]
    small = inputs.scratch / "small.pack"
    inputs.store.pack(small, form="small")
    (solid_zstd, *_) = (other.value for other in others if other.name.startswith("tar.zst"))
    yield Row("size of a pack, fast form", "B", inputs.pack.stat().st_size, others)
    yield Row("size of a pack, small form", "B", small.stat().st_size, others, solid_zstd)


def size_of(path: Path) -> int:
    """Return the size of a file, or of all files in a folder."""
    return sum(size_of(child) for child in path.iterdir()) if path.is_dir() else path.stat().st_size


def each_alone(files: list[Path]) -> int:
    """Return the size of all files, each compressed alone."""
    compressor = zstandard.ZstdCompressor(level=3)
    return sum(len(compressor.compress(path.read_bytes())) for path in files)


def solid(files: list[Path], level: int) -> list[Other]:
    """Return the sizes of one archive of all files, compressed as one; nothing in it can be read alone."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path in files:
            archive.add(path, arcname="/".join(path.parts[-4:]))
    tar = out.getvalue()
    zstd = len(zstandard.ZstdCompressor(level=level, threads=-1).compress(tar))
    xz = len(lzma.compress(tar, preset=min(level, 6)))
    return [Other(f"tar.zst -{level}, solid", zstd), Other(f"tar.xz -{min(level, 6)}, solid", xz)]
