"""How recstore grows: packs of ten thousand, a hundred thousand and a million recordings, loose trees of the first two.

`make scale` runs this. It prints the tables, and writes them and a plot into docs/.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure import machine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

REPOSITORY = Path(__file__).parents[1]
DOCUMENT = REPOSITORY / "docs" / "scale.md"
PLOT = REPOSITORY / "docs" / "scale.svg"
BUILD = ["cargo", "build", "--quiet", "--release", "--locked", "--package", "recstore-core", "--example", "generate"]
GENERATE = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / "release" / "examples" / "generate"

SIZES = (10_000, 100_000, 1_000_000)
LARGEST_TREE = 100_000
"""Of more loose files, file systems and git are the measure, not recstore."""
SAMPLE = 3_000
"""So many keys are looked up, at every size."""
OPENS = 15


def measure(path: Path) -> dict[str, float]:
    """Return what a store costs: seconds, and bytes of private memory. To be called in a fresh process."""
    import recstore  # noqa: PLC0415

    before = private_bytes()
    first, store = timed(lambda: recstore.open(path))
    memory = private_bytes() - before
    keys = sorted(store)
    choose = random.Random(1)
    some = choose.sample(keys, SAMPLE)
    missing = [key[::-1] for key in some]
    get = store.get
    hit_first, found = timed(lambda: [get(key) for key in some])
    if not all(found):
        raise LookupError(f"{path} lacks recordings that it lists")
    del found
    iterate, count = timed(lambda: sum(1 for _ in store.recordings()))
    return {
        "recordings": count,
        "first_open": first,
        "open": statistics.median(timed(lambda: recstore.open(path))[0] for _ in range(OPENS)),
        "memory": memory,
        "hit_first": hit_first / SAMPLE,
        "hit": repeated(lambda: [get(key) for key in some]) / SAMPLE,
        "miss": repeated(lambda: [get(key) for key in missing]) / SAMPLE,
        "iterate": iterate / count,
    }


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how many seconds some work takes, and what came of it."""
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def repeated(work: Callable[[], Any]) -> float:
    """Return the median of the seconds that some work takes, done again and again."""
    return statistics.median(timed(work)[0] for _ in range(OPENS))


def private_bytes() -> int:
    """Return how many bytes of memory belong to this process alone; pages of a file that can be read again do not."""
    smaps = Path("/proc/self/smaps_rollup").read_text()
    return int(re.search(r"Private_Dirty: +(\d+) kB", smaps)[1]) * 1024  # type: ignore[index]


def run(command: Sequence[str | Path], output: Path) -> tuple[float, int]:
    """Run a program; return its seconds and its peak memory in bytes. What it prints goes to `output`.

    A process begins with the peak of the one that started it, so that this one must stay small.
    """
    start = time.perf_counter()
    with output.open("w") as file:
        process = subprocess.Popen(list(map(str, command)), stdout=file, cwd=REPOSITORY)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(map(str, command)))
    return time.perf_counter() - start, usage.ru_maxrss * 1024


def index_bytes(pack: Path) -> int:
    """Return how many bytes of a pack lead to its bodies: all but the blocks, the header and the checksums."""
    with pack.open("rb") as file:
        header = file.read(4096)
    (count,) = struct.unpack_from("<I", header, 32)
    sections = [struct.unpack_from("<4s4xQQ", header, 40 + 24 * number) for number in range(count)]
    return sum(length for name, _, length in sections if name not in {b"BLKS", b"SUMS"})


def measured(path: Path, scratch: Path) -> dict[str, float]:
    """Return what a store costs, from a fresh process."""
    output = scratch / "measured.json"
    run([sys.executable, __file__, "--measure", path], output)
    found: dict[str, float] = json.loads(output.read_text())
    return found


def packed(count: int, scratch: Path) -> dict[str, float]:
    """Build a pack of so many recordings and return what it costs."""
    pack = scratch / f"{count}.pack"
    seconds, peak = run([GENERATE, str(count), pack], scratch / "output")
    size = pack.stat().st_size
    built = {"build": seconds, "peak": peak, "size": size, "index": index_bytes(pack) / count}
    return {**built, **measured(pack, scratch)}


def loose(count: int, scratch: Path) -> dict[str, float]:
    """Unpack so many recordings into loose files and return what their tree costs."""
    tree, pack = scratch / f"{count}.tree", scratch / f"{count}.again"

    def python(work: str, *paths: Path) -> tuple[float, int]:
        return run([sys.executable, "-c", f"import recstore, sys; {work}", *paths], scratch / "output")

    python("recstore.unpack(*sys.argv[1:])", scratch / f"{count}.pack", tree)
    seconds, peak = python("recstore.open(sys.argv[1])", tree)
    export, _ = python("recstore.open(sys.argv[1]).pack(sys.argv[2])", tree, pack)
    found = {"build": seconds, "peak": peak, "pack": export, **measured(tree, scratch)}
    shutil.rmtree(tree)
    pack.unlink()
    return found


# The document

SECTIONS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("size", "size of the pack", lambda value: f"{value / 1e6:,.1f} MB"),
    ("index", "index, for each recording", lambda value: f"{value:.1f} B"),
    ("build", "build the pack", lambda value: f"{value:.2f} s"),
    ("peak", "peak memory of building", lambda value: f"{value / 1e6:,.0f} MB"),
    ("pack", "write it once more, to take elsewhere", lambda value: f"{value:.2f} s"),
    ("open", "open", lambda value: f"{value * 1e3:.3g} ms"),
    ("memory", "private memory of the open store", lambda value: f"{value / 1e6:.2f} MB"),
    ("hit_first", "find a key, for the first time", lambda value: f"{value * 1e6:.2f} µs"),
    ("hit", "find a key, again", lambda value: f"{value * 1e6:.2f} µs"),
    ("miss", "miss a key", lambda value: f"{value * 1e6:.2f} µs"),
    ("iterate", "iterate, for each recording", lambda value: f"{value * 1e6:.2f} µs"),
)


def table(columns: Sequence[dict[str, float]]) -> str:
    """Return measurements as a table of Markdown, a size a column."""
    head = ["", *(f"{column['recordings']:,.0f}" for column in columns)]
    lines = [head, ["---", *("---:" for _ in columns)]]
    for name, title, show in SECTIONS:
        if name in columns[0]:
            lines.append([title, *(show(column[name]) for column in columns)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def document(packs: Sequence[dict[str, float]], trees: Sequence[dict[str, float]]) -> str:
    """Return docs/scale.md."""
    return f"""# Scale

Made by `make scale`, which takes about two minutes and 3 GB of disk: made-up recordings of a request and a stream of
four chunks each. On {machine()}; medians, warm page cache.

![How look-ups and opening grow](scale.svg)

## Packs

{table(packs)}

The packs are built by `rust/recstore-core/examples/generate.rs`, which composes, keys and encodes the recordings on all
cores and writes them in order; they never exist as files. Its time includes all of that. {SAMPLE:,} keys, spread over
the pack, are looked up; the first time includes the check of the pages that are used. The index is all that is not
a block, the header or a checksum. Memory is `Private_Dirty`: mapped pages of the pack belong to all processes.

## Loose files

{table(trees)}

Opening compares every file with the pack beside the tree, and so does each look-up for its own file. *Build the
pack* is the first open of a tree, in a process of its own, with the interpreter's start.
"""


def plot(packs: Sequence[dict[str, float]], trees: Sequence[dict[str, float]], path: Path) -> None:
    """Draw how look-ups, opening and building grow with the number of recordings."""
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib import pyplot  # noqa: PLC0415

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "recstore", "svg.fonttype": "none", "font.family": "sans-serif"})
    figure, axes = pyplot.subplots(1, 3, figsize=(10.5, 3.2), layout="constrained")
    panels = (
        ("look-up, µs", 1e6, (("hit", "find"), ("miss", "miss")), False),
        ("open, ms", 1e3, (("open", "open"),), True),
        ("build the pack, s", 1.0, (("build", "build"),), True),
    )
    for axis, (title, scale, names, is_log) in zip(axes, panels, strict=True):
        for what, columns, style in (("pack", packs, "o-"), ("tree", trees, "s--")):
            for name, label in names:
                sizes = [column["recordings"] for column in columns]
                axis.plot(sizes, [column[name] * scale for column in columns], style, label=f"{label}, {what}")
        axis.set(title=title, xscale="log", xlabel="recordings")
        if is_log:
            axis.set_yscale("log")
        else:
            axis.set_ylim(bottom=0)
        axis.minorticks_off()
        axis.grid(alpha=0.3)
        axis.legend(frameon=False, fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure all sizes; print the document and write it with its plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", type=Path, metavar="STORE", help="measure one store and print it as JSON")
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    subprocess.run(BUILD, check=True, cwd=REPOSITORY)
    with tempfile.TemporaryDirectory(prefix="recstore-scale-") as folder:
        scratch = Path(folder)
        packs, trees = [], []
        for count in SIZES:
            packs.append(packed(count, scratch))
            if count <= LARGEST_TREE:
                trees.append(loose(count, scratch))
            (scratch / f"{count}.pack").unlink()
            print(f"measured: {count:,} recordings", file=sys.stderr)
    DOCUMENT.write_text(document(packs, trees))
    plot(packs, trees, PLOT)
    print(DOCUMENT.read_text())


if __name__ == "__main__":
    main()
