"""Packs: what docs/format.md says, damage, and hostile bytes."""

from __future__ import annotations

import json
import random
import struct
from typing import TYPE_CHECKING, Any

import pytest

import pack_reader
import recstore
from support import key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def assert_same(pack: Path) -> pack_reader.Pack:
    """Compare what both readers say of a pack."""
    store, read = recstore.open(pack), pack_reader.Pack(pack)
    entries = {entry.path: entry for entry in read.entries()}
    recordings = list(store.recordings())
    assert {str(recording.path) for recording in recordings} == set(entries)
    for recording in recordings:
        entry = entries[str(recording.path)]
        assert recording.raw == entry.file()
        assert json.loads(entry.json) == json.loads(recording.raw)
        assert recording.is_streaming == bool(entry.flags & 1)
        assert (recording.error is not None) == bool(entry.flags & 2)
        assert recording.request == json.loads(entry.request)
        assert recording.test_id == (json.loads(entry.test_id) if entry.test_id else None)
        assert [(chunk.raw, chunk.type) for chunk in recording] == [
            (data, json.loads(tag) if tag else None) for data, tag in entry.chunks
        ]
        if recording.key is not None:
            rows = read.find(bytes.fromhex(recording.key))
            assert str(recording.path) in {read.entries()[row].path for row in rows} if len(entries) < 100 else rows
    assert read.sections["KEYS"] == b"".join(sorted(entry.key.ljust(32, b"\0") for entry in read.entries()))
    return read


def test_packs_are_as_documented(examples: Path, tmp_path: Path) -> None:
    recstore.open(examples).pack(tmp_path / "a.pack")
    read = assert_same(tmp_path / "a.pack")
    assert read.count == 47
    assert set(read.sections) == {"BLKS", "KEYS", "FANO", "ROWS", "DIRS", "NAMS", "META", "SUMS"}
    assert json.loads(read.sections["META"]) == {"profile": "ogx-7", "base": "", "root": "", "settings": ""}


def test_the_pack_beside_a_tree_is_as_documented_with_stamps(examples: Path) -> None:
    recstore.open(examples)
    read = pack_reader.Pack(examples / ".recstore" / "pack")
    assert len(read.sections["STMP"]) == 32 * 47
    for row, entry in enumerate(read.entries()):
        stat = (examples / entry.path).stat()
        stamp = struct.unpack_from("<QqqQ", read.sections["STMP"], row * 32)
        assert stamp == (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def test_the_pack_of_the_real_directory_is_as_documented(ogx: Path, tmp_path: Path) -> None:
    recstore.open(ogx).pack(tmp_path / "a.pack")
    read = assert_same(tmp_path / "a.pack")
    assert json.loads(read.sections["META"])["base"] == "tests/integration/common/recordings"
    index = sum(len(read.sections[name]) for name in ("KEYS", "FANO", "ROWS"))
    assert index / read.count <= 64, "bytes of index a recording"


def test_packs_of_any_number_of_recordings_are_as_documented(tmp_path: Path, write: Callable[..., Path]) -> None:
    for count in (0, 1, 2, 3, 5, 600):
        root = f"{count}/a/recordings"
        (tmp_path / root).mkdir(parents=True)
        choose = random.Random(count)
        for number in range(count):
            name = "".join(choose.choices("0123456789abcdef", k=choose.choice([12, 32, 64])))
            name = choose.choice([name, name, f"models-{name}-{number:08x}", f"note-{number}"])
            write(f"{name}.json", {"body": number, "is_streaming": False}, folder=root)
        pack = tmp_path / f"{count}.pack"
        recstore.open(tmp_path / str(count), cache=False).pack(pack)
        assert assert_same(pack).count == count
        assert recstore.unpack(pack, tmp_path / f"{count}-unpacked") == count


# Damage


@pytest.fixture
def small(tmp_path: Path, write: Callable[..., Path]) -> tuple[Path, dict[str, bytes]]:
    """Return a small pack and the bytes of the files in it."""
    for number in range(6):
        body = [{"__type__": "a.B", "__data__": {"n": number, "text": "x" * 700}}] * 3
        write(f"{key(number * 7919)}.json", {"body": body, "is_streaming": True}, test_id=f"t/test_a.py::t{number}")
    write("odd.json", {"body": 1}, folder="recordings")
    pack = tmp_path / "a.pack"
    store = recstore.open(tmp_path, cache=False)
    store.pack(pack)
    return pack, {str(recording.path): recording.raw for recording in store.recordings()}


def look_at_everything(pack: Path, *, is_honest: bool = True) -> dict[str, bytes]:
    """Return the bytes of all files in a pack, looking at every part of each."""
    store = recstore.open(pack)
    found = {}
    for recording in store.recordings():
        found[str(recording.path)] = recording.raw
        parts: list[Any] = [recording.request, recording.test_id, recording.text, recording.error, recording.profile]
        parts += [part for chunk in recording for part in (chunk.type, chunk.data, chunk.raw)]
        assert len(parts) == 5 + 3 * len(recording)
        if recording.key is not None:
            found_again = store.get(recording.key)
            if is_honest:
                assert found_again is not None
                assert found_again.raw == recording.raw
    return found


def test_any_flipped_bit_gives_an_error_or_the_right_answer(
    small: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    pack, files = small
    whole = pack.read_bytes()
    assert look_at_everything(pack) == files
    choose = random.Random(1)
    # The header bit by bit, the rest sampled; the core's own tests flip them all.
    positions = [(byte, bit) for byte in range(300) for bit in range(8)]
    positions += [(choose.randrange(len(whole)), choose.randrange(8)) for _ in range(3000)]
    refused = 0
    for number, (byte, bit) in enumerate(positions):
        damaged = bytearray(whole)
        damaged[byte] ^= 1 << bit
        path = tmp_path / f"{number}.damaged"
        path.write_bytes(damaged)
        try:
            assert look_at_everything(path) == files, (byte, bit)
        except recstore.UnusablePack as error:
            refused += 1
            assert str(path) in str(error)
            assert "recstore" in str(error), "the remedy is told"
        path.unlink()
    assert refused > 0.9 * len(positions)


def test_any_length_gives_an_error(small: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    whole = small[0].read_bytes()
    lengths = [*range(50), *range(50, len(whole), 97), len(whole) - 1]
    for number, text in enumerate([whole[:length] for length in lengths] + [whole + b"\0", whole + whole]):
        path = tmp_path / f"{number}.cut"
        path.write_bytes(text)
        with pytest.raises(recstore.RecstoreError) as error:
            recstore.open(path)
        assert str(path) in str(error.value)


def test_a_damaged_cache_gives_the_files_answers(examples: Path) -> None:
    files = {str(recording.path): recording.raw for recording in recstore.open(examples).recordings()}
    pack = examples / ".recstore" / "pack"
    whole = pack.read_bytes()
    choose = random.Random(2)
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[choose.randrange(len(whole))] ^= 1 << choose.randrange(8)
        copy = pack.with_name("copy")
        copy.write_bytes(damaged)
        copy.replace(pack)
        store = recstore.open(examples)
        assert {str(recording.path): recording.raw for recording in store.recordings()} == files
        for recording in store.recordings():
            found = store.get(str(recording.key), test_id=recording.test_id)
            assert found is not None
            assert found.key == recording.key


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "this is no pack of recstore's"),
        (b"{}", "this is no pack of recstore's; `recstore pack` makes one from a folder of recordings"),
        (b"\x89RSP\r\n\x1a\n" + struct.pack("<I", 2), "the pack has format 2, and this release reads format 1"),
        (b"\x89RSP\r\n\x1a\n" + struct.pack("<I", 1), "the pack is 12 bytes long and should be 4096"),
    ],
)
def test_what_is_no_pack_is_told(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "a.pack"
    path.write_bytes(text)
    with pytest.raises(recstore.RecstoreError, match=message):
        recstore.open(path)


# Packs made to deceive, with right checksums


def rebuilt(pack: Path, change: Callable[[dict[str, bytearray]], Any]) -> bytes:
    """Return a pack with changed sections and right checksums."""
    read = pack_reader.Pack(pack)
    sections = {name: bytearray(data) for name, data in read.sections.items() if name != "SUMS"}
    change(sections)
    table, out = [], bytearray(pack_reader.PAGE)
    for name, data in sections.items():
        out += bytes(-len(out) % 8)
        table.append((name.encode(), len(out), len(data)))
        out += data
    out += bytes(-len(out) % pack_reader.PAGE)
    start = len(out)
    pages = range(1, start // pack_reader.PAGE)
    root = 0
    while root == 0 or len(pages) > 1:
        sums = [
            pack_reader.page_sum(bytes(out[page * pack_reader.PAGE : (page + 1) * pack_reader.PAGE]), page)
            for page in pages
        ]
        first = len(out) // pack_reader.PAGE
        out += struct.pack(f"<{len(sums)}Q", *sums)
        out += bytes(-len(out) % pack_reader.PAGE)
        pages = range(first, len(out) // pack_reader.PAGE)
        root = pack_reader.page_sum(bytes(out[-pack_reader.PAGE :]), pages.stop - 1)
    table.append((b"SUMS", start, len(out) - start))
    struct.pack_into("<8sIIQQII", out, 0, b"\x89RSP\r\n\x1a\n", 1, 0, len(out), root, len(table), 0)
    for index, (name, offset, length) in enumerate(table):
        struct.pack_into("<4sIQQ", out, 40 + 24 * index, name, 0, offset, length)
    struct.pack_into("<Q", out, 4088, pack_reader.page_sum(bytes(out[:4088]), 0))
    return bytes(out)


def test_a_rebuilt_pack_is_the_same(small: tuple[Path, dict[str, bytes]]) -> None:
    assert rebuilt(small[0], lambda sections: None) == small[0].read_bytes()


def test_every_number_of_a_pack_may_lie(small: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    pack, _ = small
    sizes = {name: len(data) for name, data in pack_reader.Pack(pack).sections.items()}
    lies = [0, 1, 2**31, 2**32 - 1]
    places = [(name, at) for name in ("FANO", "ROWS", "DIRS", "NAMS") for at in range(0, sizes[name] - 3, 4)]
    places += [("BLKS", at) for at in range(0, 64 + 3 * 16, 4)]
    for name, at in places:
        for lie in lies:

            def change(sections: dict[str, bytearray], name: str = name, at: int = at, lie: int = lie) -> None:
                struct.pack_into("<I", sections[name], at, lie)

            path = tmp_path / "lying.pack"
            path.write_bytes(rebuilt(pack, change))
            try:
                store = recstore.open(path)
                store.verify()
                look_at_everything(path, is_honest=False)
            except recstore.RecstoreError as error:
                assert str(error)
            try:
                recstore.unpack(path, tmp_path / "out" / f"{name}-{at}-{lie}")
            except recstore.RecstoreError as error:
                assert str(error)
    allowed = {"a.pack", "lying.pack", "out", "recordings"}
    assert {entry.name for entry in tmp_path.iterdir()} == allowed


def texts(*values: bytes) -> bytearray:
    """Return a table of texts."""
    ends = [sum(map(len, values[: index + 1])) for index in range(len(values))]
    return bytearray(struct.pack(f"<{1 + len(ends)}I", len(values), *ends) + b"".join(values))


@pytest.mark.parametrize(
    "folder",
    [b"../outside", b"/tmp/outside", b"a/../../outside", b".", b"..", b"a//b", b"a/./b", b"a\0b", b"\xff", b"/"],
)
def test_a_folder_cannot_lead_outside(small: tuple[Path, dict[str, bytes]], tmp_path: Path, folder: bytes) -> None:
    path = tmp_path / "lying.pack"
    path.write_bytes(rebuilt(small[0], lambda sections: sections.update(DIRS=texts(folder))))
    with pytest.raises(recstore.UnusablePack):
        recstore.unpack(path, tmp_path / "new")
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(
    "name", [b"../x.json", b"/tmp/x.json", b"a/b.json", b".x.json", b"x.py", b"", b"a\0.json", b".json"]
)
def test_a_file_name_cannot_lead_outside(small: tuple[Path, dict[str, bytes]], tmp_path: Path, name: bytes) -> None:
    path = tmp_path / "lying.pack"
    path.write_bytes(rebuilt(small[0], lambda sections: sections.update(NAMS=texts(name))))
    with pytest.raises(recstore.UnusablePack):
        recstore.unpack(path, tmp_path / "new")
    written = [found for found in (tmp_path / "new").rglob("*") if found.is_file()]
    assert all(found.parent == tmp_path / "new" / "recordings" for found in written)


def test_unpacking_overwrites_nothing(small: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    target = tmp_path / "new"
    target.mkdir()
    (target / "mine").touch()
    with pytest.raises(
        recstore.RecstoreError, match="is not empty; unpack into a new folder, so that nothing is overwritten"
    ):
        recstore.unpack(small[0], target)
    assert [path.name for path in target.iterdir()] == ["mine"]


def test_blocks_cannot_share_their_bytes(small: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    def share(sections: dict[str, bytearray]) -> None:
        for row in range(24, len(sections["ROWS"]), 24):
            sections["ROWS"][row : row + 12] = sections["ROWS"][:12]

    path = tmp_path / "lying.pack"
    path.write_bytes(rebuilt(small[0], share))
    with pytest.raises(recstore.UnusablePack, match="a block begins inside of another"):
        recstore.unpack(path, tmp_path / "new")
    assert [finding["kind"] for finding in recstore.open(path).verify()["findings"]].count("damaged-pack") == 1


def test_files_cannot_share_their_path(small: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    def share(sections: dict[str, bytearray]) -> None:
        sections["KEYS"][-32:] = sections["KEYS"][-64:-32]

    path = tmp_path / "lying.pack"
    path.write_bytes(rebuilt(small[0], share))
    with pytest.raises(recstore.UnusablePack, match="two of its files have one path"):
        recstore.unpack(path, tmp_path / "new")


def test_verification_looks_at_every_span(small: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    for field in (24, 32, 40, 48, 56, 64, 72):

        def lie(sections: dict[str, bytearray], field: int = field) -> None:
            struct.pack_into("<II", sections["BLKS"], field, 2**31, 2**31 - 1)

        path = tmp_path / "lying.pack"
        path.write_bytes(rebuilt(small[0], lie))
        kinds = [finding["kind"] for finding in recstore.open(path).verify()["findings"]]
        assert "damaged-pack" in kinds, field


def test_a_small_pack_cannot_unpack_to_a_large_file(small: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    def nest(sections: dict[str, bytearray]) -> None:
        (block,) = struct.unpack_from("<Q", sections["ROWS"], len(sections["ROWS"]) - 24)
        length, chunks = struct.unpack_from("<II", sections["BLKS"], block)
        start = block + 64 + 16 * chunks
        # Every comma on the 128th level is followed by a line's end and 256 spaces.
        sections["BLKS"][start : start + length] = b"[" * 128 + b"," * (length - 256) + b"]" * 128

    path = tmp_path / "lying.pack"
    path.write_bytes(rebuilt(small[0], nest))
    with pytest.raises(recstore.MalformedRecording, match="more than the limit of 100000 bytes"):
        recstore.unpack(path, tmp_path / "new", max_file_size=100_000)


def test_keys_that_all_fall_together_are_found(tmp_path: Path, write: Callable[..., Path]) -> None:
    keys = [f"{'a' * 40}{number:024x}" for number in range(200)]
    for name in keys:
        write(f"{name}.json", {"body": name, "is_streaming": False})
    recstore.open(tmp_path).pack(tmp_path / "a.pack")
    store = recstore.open(tmp_path / "a.pack")
    for name in keys:
        assert store[name].body == name
    assert store.get("a" * 64) is None
