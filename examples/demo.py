"""What recstore does, on a directory of recordings: `make demo`, or `make demo DIR=path`."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import recstore

if TYPE_CHECKING:
    from collections.abc import Callable


def milliseconds(work: Callable[[], Any], times: int = 5) -> float:
    """Return the median time that some work takes."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def heading(text: str) -> None:
    """Begin a part."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}")


def in_words(count: int) -> str:
    """Return a number of bytes as people say it."""
    return f"{count / 1000:,.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.2f} MB"


def index(root: Path) -> recstore.Store:
    """Open the directory twice: the first time, the pack is made."""
    heading(f"1. Index {root}")
    shutil.rmtree(root / ".recstore", ignore_errors=True)
    first = milliseconds(lambda: recstore.open(root), times=1)
    again = milliseconds(lambda: recstore.open(root))
    store = recstore.open(root)
    print(f"   opened the first time, every file read:     {first:9.2f} ms")
    print(f"   opened again, every file compared:          {again:9.2f} ms")
    print(f"   the pack beside the recordings:             {store.cache}")
    return store


def describe(store: recstore.Store, recordings: list[recstore.Recording]) -> None:
    """Say what is in it."""
    heading("2. What is in it")
    print(f"   {len(recordings)} recordings under {len(store)} keys, {sum(map(len, recordings))} chunks")
    types = Counter((r[0].type or "plain values").rpartition(".")[2] if len(r) else "nothing" for r in recordings)
    print("   answers:   " + ", ".join(f"{name} {count}" for name, count in types.most_common(8)))
    profiles = Counter(recording.profile or "none" for recording in recordings)
    print("   keyed by:  " + ", ".join(f"{name} {count}" for name, count in profiles.most_common()))


def example(recordings: list[recstore.Recording]) -> recstore.Recording:
    """Choose a stream that says something, of a size to be read."""
    said = [recording for recording in recordings if recording.is_streaming and recording.error is None]
    liked = [recording for recording in said if 20 < len(recording.text) < 600 and recording.profile is not None]
    return (liked or said or recordings)[0]


def find_and_replay(store: recstore.Store, recording: recstore.Recording) -> None:
    """Compute a key from a request, find its recording, and replay it."""
    heading("3. A key from a request, and the recording found by it")
    request, test_id = recording.request, recording.test_id
    key = recstore.request_key(request, test_id=test_id, profile=recording.profile or store.profile)
    print(f"   {request.get('method', 'tool')} {request.get('url', request.get('tool_name'))}")
    print(f"   test {test_id}")
    print(f"   key  {key}  ({recording.profile})")
    found = store.get(key, test_id=test_id) or recording
    print(f"   {found!r}")

    heading("4. Its stream, replayed as objects of the SDK")
    answer = found.replay()
    objects = list(answer) if found.is_streaming else answer if isinstance(answer, list) else [answer]
    for made in objects[:3]:
        print(f"   {str(made)[:110]}…")
    print(
        f"   … {len(objects)} objects of {type(objects[0]).__module__.partition('.')[0]}'s {type(objects[0]).__name__}"
    )
    for line in found.text.splitlines():
        print(f"   | {line}")


def pack_and_compare(root: Path, store: recstore.Store, keys: list[str]) -> None:
    """Pack it, and compare sizes and times with plain json."""
    heading("5. In one file")
    with tempfile.TemporaryDirectory() as folder:
        pack = Path(folder) / "recordings.pack"
        packing = milliseconds(lambda: store.pack(pack), times=3)
        files = [root / recording.path for recording in store.recordings()]
        loose = sum(path.stat().st_size for path in files)
        print(f"   as files {in_words(loose)}, as a pack {in_words(pack.stat().st_size)}, packed in {packing:.1f} ms")
        opening = milliseconds(lambda: recstore.open(pack))
        packed = recstore.open(pack)

        heading("6. Beside plain json")
        by_name = {path.stem: path for path in files}
        some = [key for key in keys if key in by_name][:500]

        def load_all() -> None:
            for path in files:
                json.loads(path.read_bytes())

        def find_some() -> None:
            for key in some:
                json.loads(by_name[key].read_bytes())["response"]["body"]

        def find_in_store() -> None:
            for key in some:
                _ = store[key].body

        def look_up() -> None:
            for key in some:
                packed.get(key)

        rows = [
            ("everything findable and readable", milliseconds(load_all, 3), milliseconds(lambda: recstore.open(root))),
            ("the same, from a pack", None, opening),
            (
                f"{len(some)} recordings found and their bodies read",
                milliseconds(find_some),
                milliseconds(find_in_store),
            ),
            (f"{len(some)} recordings found in a pack", None, milliseconds(look_up)),
        ]
        print(f"   {'':52}{'json':>10}{'recstore':>12}{'ratio':>8}")
        for what, plain, ours in rows:
            beside = f"{'':>10}" if plain is None else f"{plain:7.2f} ms"
            ratio = "" if plain is None else f"{plain / ours:6.1f}x"
            print(f"   {what:52}{beside}{ours:9.2f} ms{ratio:>8}")


def main(folder: str) -> int:
    """Show all of it."""
    root = Path(folder)
    warnings.simplefilter("ignore", recstore.RecstoreWarning)
    store = index(root)
    recordings = list(store.recordings())
    if not recordings:
        print(f"there are no recordings in {root}", file=sys.stderr)
        return 1
    describe(store, recordings)
    find_and_replay(store, example(recordings))
    pack_and_compare(root, store, list(store))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
