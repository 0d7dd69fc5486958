"""Packs: what docs/format.md says, damage, and hostile bytes."""

from __future__ import annotations

import io
import json
import random
import resource
import struct
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal

import pytest
import zstandard

import pack_reader
import recstore
from support import in_forked_child, key

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
        for chunk, text in zip(recording, entry.texts, strict=True):
            assert text is None or chunk.text == json.loads(text or '""')
        if recording.key is not None:
            rows = read.find(bytes.fromhex(recording.key))
            assert str(recording.path) in {read.entries()[row].path for row in rows} if len(entries) < 100 else rows
    assert read.sections["KEYS"] == b"".join(sorted(entry.key.ljust(32, b"\0") for entry in read.entries()))
    return read


FORMS: tuple[Literal["fast", "small"], ...] = ("fast", "small")
in_both_forms = pytest.mark.parametrize("form", FORMS)


@in_both_forms
def test_packs_are_as_documented(examples: Path, tmp_path: Path, form: Literal["fast", "small"]) -> None:
    recstore.open(examples).pack(tmp_path / "a.pack", form=form)
    read = assert_same(tmp_path / "a.pack")
    assert read.count == 47
    recordings = {"BLKS"} if form == "fast" else {"TEXT", "FRMS"}
    assert set(read.sections) == {*recordings, "KEYS", "FANO", "ROWS", "DIRS", "NAMS", "META", "SUMS"}
    assert json.loads(read.sections["META"]) == {"profile": "ogx-7", "base": "", "root": "", "settings": ""}


def test_the_pack_beside_a_tree_is_as_documented_with_stamps(examples: Path) -> None:
    recstore.open(examples)
    read = pack_reader.Pack(examples / ".recstore" / "pack")
    assert len(read.sections["STMP"]) == 32 * 47
    for row, entry in enumerate(read.entries()):
        stat = (examples / entry.path).stat()
        stamp = struct.unpack_from("<QqqQ", read.sections["STMP"], row * 32)
        assert stamp == (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


@in_both_forms
def test_the_pack_of_the_real_directory_is_as_documented(
    ogx: Path, tmp_path: Path, form: Literal["fast", "small"]
) -> None:
    recstore.open(ogx).pack(tmp_path / "a.pack", form=form)
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
        for form in FORMS:
            pack = tmp_path / f"{count}.{form}"
            recstore.open(tmp_path / str(count), cache=False).pack(pack, form=form)
            assert assert_same(pack).count == count
            assert recstore.unpack(pack, tmp_path / f"{count}-{form}-unpacked") == count


# Damage


@pytest.fixture
def little(tmp_path: Path, write: Callable[..., Path]) -> tuple[Path, dict[str, bytes]]:
    """Return a pack of few recordings and the bytes of the files in it."""
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
    little: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    pack, files = little
    whole = pack.read_bytes()
    assert look_at_everything(pack) == files
    choose = random.Random(1)
    # The header bit by bit, the rest sampled; the core's own tests flip them all.
    positions = [(byte, bit) for byte in range(300) for bit in range(8)]
    positions += [(choose.randrange(len(whole)), choose.randrange(8)) for _ in range(3000)]
    assert flipped(whole, positions, files, tmp_path) > 0.9 * len(positions)


def flipped(whole: bytes, positions: list[tuple[int, int]], files: dict[str, bytes], folder: Path) -> int:
    """Flip bits, one after another; return how often that gave an error. Otherwise, all answers are right."""
    refused = 0
    for number, (byte, bit) in enumerate(positions):
        damaged = bytearray(whole)
        damaged[byte] ^= 1 << bit
        path = folder / f"{number}.damaged"
        path.write_bytes(damaged)
        try:
            assert look_at_everything(path) == files, (byte, bit)
        except recstore.UnusablePack as error:
            refused += 1
            assert str(path) in str(error)
            assert "recstore" in str(error), "the remedy is told"
        path.unlink()
    return refused


def test_any_length_gives_an_error(little: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    whole = little[0].read_bytes()
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
        (
            b"\x89RSP\r\n\x1a\n" + struct.pack("<I", 1),
            "the pack has format 1, and this release reads the formats 2 and 3",
        ),
        (b"\x89RSP\r\n\x1a\n" + struct.pack("<I", 3), "the pack is 12 bytes long and should be 4096"),
    ],
)
def test_what_is_no_pack_is_told(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "a.pack"
    path.write_bytes(text)
    with pytest.raises(recstore.RecstoreError, match=message):
        recstore.open(path)


# Packs made to deceive, with right checksums


def rebuilt(pack: Path, change: Callable[[dict[str, bytearray]], Any], *, behind: str = "") -> bytes:
    """Return a pack with changed sections and right checksums; `behind` is a section to put behind these."""
    read = pack_reader.Pack(pack)
    sections = {name: bytearray(data) for name, data in read.sections.items() if name != "SUMS"}
    change(sections)
    last = sections.pop(behind, b"")
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
    if last:
        table.append((behind.encode(), len(out), len(last)))
        out += last
    struct.pack_into(
        "<8sIIQQII", out, 0, b"\x89RSP\r\n\x1a\n", 2 if read.is_small else 3, 0, len(out), root, len(table), 0
    )
    for index, (name, offset, length) in enumerate(table):
        struct.pack_into("<4sIQQ", out, 40 + 24 * index, name, 0, offset, length)
    struct.pack_into("<Q", out, 4088, pack_reader.page_sum(bytes(out[:4088]), 0))
    return bytes(out)


def test_a_rebuilt_pack_is_the_same(little: tuple[Path, dict[str, bytes]]) -> None:
    assert rebuilt(little[0], lambda sections: None) == little[0].read_bytes()


def test_no_section_escapes_the_checksums(little: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    # On the page behind so many pages of data, a section would have to vouch for itself, again and again.
    pages = 511
    size = len(rebuilt(little[0], lambda sections: None, behind="META")) // pack_reader.PAGE - 2

    def fill(sections: dict[str, bytearray]) -> None:
        sections["BLKS"] += bytes((pages - size) * pack_reader.PAGE)
        sections["META"] = sections["META"].ljust(pack_reader.PAGE)

    path = tmp_path / "lying.pack"
    path.write_bytes(rebuilt(little[0], fill, behind="META"))
    assert path.stat().st_size == (1 + pages + 2) * pack_reader.PAGE

    def message() -> str:
        with pytest.raises(recstore.UnusablePack) as error:
            recstore.open(path)
        return str(error.value)

    assert "the checksums are not the last section" in in_forked_child(message)


def test_every_number_of_a_pack_may_lie(little: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    pack, _ = little
    sizes = {name: len(data) for name, data in pack_reader.Pack(pack).sections.items()}
    lies = [0, 1, 2**31, 2**32 - 1]
    places = [(name, at) for name in ("FANO", "ROWS", "DIRS", "NAMS") for at in range(0, sizes[name] - 3, 4)]
    places += [("BLKS", at) for at in range(0, 64 + 3 * 24, 4)]
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


def test_the_index_of_a_cache_hides_no_file_that_is_newer(tmp_path: Path, write: Callable[..., Path]) -> None:
    paths = [write(f"{key(number)}.json", {"body": number, "is_streaming": False}) for number in range(5)]
    time.sleep(0.05)  # so that the files are settled
    recstore.open(tmp_path)
    pack = tmp_path / ".recstore" / "pack"

    def lie(sections: dict[str, bytearray]) -> None:
        sections["FANO"][:] = bytes(len(sections["FANO"]))

    pack.write_bytes(rebuilt(pack, lie))
    for path in paths:
        path.write_bytes(path.read_bytes())
    store = recstore.open(tmp_path)
    assert store.cache == "ready, but for 5 files that are newer"
    assert [store[key(number)].body for number in range(5)] == list(range(5))


def texts(*values: bytes) -> bytearray:
    """Return a table of texts."""
    ends = [sum(map(len, values[: index + 1])) for index in range(len(values))]
    return bytearray(struct.pack(f"<{1 + len(ends)}I", len(values), *ends) + b"".join(values))


@pytest.mark.parametrize(
    "folder",
    [
        *[b"../outside", b"/tmp/outside", b"a/../../outside", b".", b"..", b"a//b", b"a/./b", b"a\0b", b"\xff", b"/"],
        *[b".vscode", b"a/.recstore/rekey", b"node_modules/x"],
    ],
)
def test_a_folder_cannot_lead_outside(little: tuple[Path, dict[str, bytes]], tmp_path: Path, folder: bytes) -> None:
    path = tmp_path / "lying.pack"
    path.write_bytes(rebuilt(little[0], lambda sections: sections.update(DIRS=texts(folder))))
    with pytest.raises(recstore.UnusablePack):
        recstore.unpack(path, tmp_path / "new")
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(
    "name", [b"../x.json", b"/tmp/x.json", b"a/b.json", b".x.json", b"x.py", b"", b"a\0.json", b".json"]
)
def test_a_file_name_cannot_lead_outside(little: tuple[Path, dict[str, bytes]], tmp_path: Path, name: bytes) -> None:
    path = tmp_path / "lying.pack"
    path.write_bytes(rebuilt(little[0], lambda sections: sections.update(NAMS=texts(name))))
    with pytest.raises(recstore.UnusablePack):
        recstore.unpack(path, tmp_path / "new")
    written = [found for found in (tmp_path / "new").rglob("*") if found.is_file()]
    assert all(found.parent == tmp_path / "new" / "recordings" for found in written)


def test_unpacking_overwrites_nothing(little: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    target = tmp_path / "new"
    target.mkdir()
    (target / "mine").touch()
    with pytest.raises(
        recstore.RecstoreError, match="is not empty; unpack into a new folder, so that nothing is overwritten"
    ):
        recstore.unpack(little[0], target)
    assert [path.name for path in target.iterdir()] == ["mine"]


def test_blocks_cannot_share_their_bytes(little: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    def share(sections: dict[str, bytearray]) -> None:
        for row in range(24, len(sections["ROWS"]), 24):
            sections["ROWS"][row : row + 12] = sections["ROWS"][:12]

    path = tmp_path / "lying.pack"
    path.write_bytes(rebuilt(little[0], share))
    with pytest.raises(recstore.UnusablePack, match="a block begins inside of another"):
        recstore.unpack(path, tmp_path / "new")
    assert [finding["kind"] for finding in recstore.open(path).verify()["findings"]].count("damaged-pack") == 1


def test_files_cannot_share_their_path(little: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    def share(sections: dict[str, bytearray]) -> None:
        sections["KEYS"][-32:] = sections["KEYS"][-64:-32]

    path = tmp_path / "lying.pack"
    path.write_bytes(rebuilt(little[0], share))
    with pytest.raises(recstore.UnusablePack, match="two of its files have one path"):
        recstore.unpack(path, tmp_path / "new")


def test_verification_looks_at_every_span(little: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    for field in (24, 32, 40, 48, 56, 64, 72, 80):

        def lie(sections: dict[str, bytearray], field: int = field) -> None:
            struct.pack_into("<II", sections["BLKS"], field, 2**31, 2**31 - 1)

        path = tmp_path / "lying.pack"
        path.write_bytes(rebuilt(little[0], lie))
        kinds = [finding["kind"] for finding in recstore.open(path).verify()["findings"]]
        assert "damaged-pack" in kinds, field


@pytest.mark.parametrize("indent", [2, 3])  # a layout that is made again, and one that is kept
def test_verification_notices_a_text_that_the_chunk_does_not_say(
    tmp_path: Path, write: Callable[..., Path], indent: int
) -> None:
    path = write(f"{key(1)}.json", {"body": [{"n": 1, "text": "x"}] * 3, "is_streaming": True})
    path.write_text(json.dumps(json.loads(path.read_text()), indent=indent))
    recstore.open(tmp_path, cache=False).pack(tmp_path / "a.pack")

    def lie(sections: dict[str, bytearray]) -> None:
        (block,) = struct.unpack_from("<Q", sections["ROWS"], len(sections["ROWS"]) - 24)
        first = block + 64
        text = first + 3 * 24
        start, length = struct.unpack_from("<II", sections["BLKS"], first)
        name = sections["BLKS"].index(b'"text"', text + start, text + start + length) - text
        struct.pack_into("<II", sections["BLKS"], first + 16, name, len('"text"'))

    path = tmp_path / "lying.pack"
    path.write_bytes(rebuilt(tmp_path / "a.pack", lie))
    findings = recstore.open(path).verify()["findings"]
    (message,) = (finding["message"] for finding in findings if finding["kind"] == "damaged-pack")
    assert "text of a chunk" in message


def test_a_small_pack_cannot_unpack_to_a_large_file(little: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    def nest(sections: dict[str, bytearray]) -> None:
        (block,) = struct.unpack_from("<Q", sections["ROWS"], len(sections["ROWS"]) - 24)
        length, chunks = struct.unpack_from("<II", sections["BLKS"], block)
        start = block + 64 + 24 * chunks
        # Every comma on the 128th level is followed by a line's end and 256 spaces.
        sections["BLKS"][start : start + length] = b"[" * 128 + b"," * (length - 256) + b"]" * 128

    path = tmp_path / "lying.pack"
    path.write_bytes(rebuilt(little[0], nest))
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


# The small form


def test_both_forms_unpack_to_the_same_bytes(examples: Path, tmp_path: Path) -> None:
    (examples / "odd.json").write_bytes(b"no recording")
    (examples / "empty.json").touch()
    files = {path.name: path.read_bytes() for path in examples.glob("*.json")}
    for form in FORMS:
        recstore.open(examples, cache=False).pack(tmp_path / form, form=form)
        assert recstore.unpack(tmp_path / form, tmp_path / f"{form}-new") == len(files)
        assert {path.name: path.read_bytes() for path in (tmp_path / f"{form}-new").rglob("*.json")} == files


def test_both_forms_answer_alike(examples: Path, tmp_path: Path) -> None:
    stores = []
    for form in FORMS:
        recstore.open(examples).pack(tmp_path / form, form=form)
        stores.append(recstore.open(tmp_path / form))
    fast, small = stores
    assert list(fast) == list(small)
    for one, other in zip(fast.recordings(), small.recordings(), strict=True):
        assert one.is_packed
        assert other.is_packed
        for name in (
            "key",
            "path",
            "profile",
            "test_id",
            "request",
            "body",
            "details",
            "error",
            "raw",
            "status",
            "text",
        ):
            assert getattr(one, name) == getattr(other, name), name
        assert [(chunk.type, chunk.raw) for chunk in one] == [(chunk.type, chunk.raw) for chunk in other]
        assert [answer.body for answer in one.answers] == [answer.body for answer in other.answers]
    assert small.verify()["profiles"] == fast.verify()["profiles"]
    assert small.verify()["findings"] == fast.verify()["findings"]
    assert small.preload() == fast.preload()


@in_both_forms
def test_a_tree_gives_one_pack(examples: Path, tmp_path: Path, form: Literal["fast", "small"]) -> None:
    for number in range(2):
        recstore.open(examples, cache=bool(number)).pack(tmp_path / f"{number}.pack", form=form)
    assert (tmp_path / "0.pack").read_bytes() == (tmp_path / "1.pack").read_bytes()


def test_a_form_that_there_is_not_is_told(examples: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='form is "fast" or "small", not "tiny"'):
        recstore.open(examples).pack(tmp_path / "a.pack", form="tiny")  # type: ignore[arg-type]
    assert not (tmp_path / "a.pack").exists()


def test_the_pack_beside_a_tree_is_never_of_the_small_form(examples: Path, tmp_path: Path) -> None:
    store = recstore.open(examples)
    store.pack(tmp_path / "a.pack", form="small")
    (tmp_path / "a.pack").replace(examples / ".recstore" / "pack")
    assert recstore.open(examples).cache == "ready"
    assert not pack_reader.Pack(examples / ".recstore" / "pack").is_small


def noise(seed: int, count: int) -> str:
    """Return text that no compressor makes small."""
    return "".join(random.Random(seed).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=count))


@pytest.fixture
def grouped(tmp_path: Path, write: Callable[..., Path]) -> tuple[Path, dict[str, bytes]]:
    """Return a pack in the small form with several groups, a dictionary, and a recording too long for a group."""
    for number in range(7):
        body = [f"alone {noise(number, 1000)}", noise(-1, 1000), "filled up " * 30_000]
        write(f"{key(number)}.json", {"body": body, "is_streaming": False}, test_id=f"t/test_a.py::t{number}")
    write(f"{key(7)}.json", {"body": "long " * 200_000 + noise(-1, 1000), "is_streaming": False})
    pack = tmp_path / "a.pack"
    store = recstore.open(tmp_path, cache=False)
    store.pack(pack, form="small")
    return pack, {str(recording.path): recording.raw for recording in store.recordings()}


def frames(pack: Path) -> list[tuple[int, int]]:
    """Return for each frame the length of its text, and one more than the number of its dictionary."""
    rows = list(struct.iter_unpack("<QQII", pack_reader.Pack(pack).sections["FRMS"]))
    ends = [0, *(row[0] for row in rows)]
    return [(end - start, row[2]) for start, end, row in zip(ends, ends[1:], rows, strict=False)]


def test_groups_are_of_bounded_size_and_share_a_dictionary(grouped: tuple[Path, dict[str, bytes]]) -> None:
    pack, files = grouped
    assert look_at_everything(pack) == files
    assert_same(pack)
    *groups, (dictionary, none) = frames(pack)
    assert none == 0
    assert 1000 <= dictionary <= 4 << 20
    assert {number for _, number in groups} == {len(groups) + 1}
    # To read a recording, no more than its group and the dictionary is decompressed; only what is longer is alone.
    assert [length > 512 << 10 for length, _ in groups].count(True) == 1
    assert len(groups) == 1 + 7
    assert pack.stat().st_size < 40_000


def test_any_flipped_bit_of_a_small_pack_gives_an_error_or_the_right_answer(
    grouped: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    pack, files = grouped
    whole = pack.read_bytes()
    choose = random.Random(3)
    positions = [(choose.randrange(len(whole)), choose.randrange(8)) for _ in range(200)]
    assert flipped(whole, positions, files, tmp_path) > 0.7 * len(positions)


def test_any_length_of_a_small_pack_gives_an_error(grouped: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    whole = grouped[0].read_bytes()
    path = tmp_path / "a.cut"
    for length in [*range(0, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(recstore.RecstoreError):
            recstore.open(path)


def test_every_number_of_a_frame_may_lie(grouped: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    pack, files = grouped
    size = len(pack_reader.Pack(pack).sections["FRMS"])
    lies = [("<Q", at, lie) for at in range(0, size, 24) for lie in (0, 1, 2**31, 2**32, 2**63, 2**64 - 1)]
    lies += [("<Q", at + 8, lie) for _, at, lie in lies]
    lies += [("<I", at, lie) for at in range(16, size, 24) for lie in (0, 1, 2, 9, 10, 2**31, 2**32 - 1)]
    path = tmp_path / "lying.pack"
    refused = 0
    for form, at, lie in lies:

        def change(sections: dict[str, bytearray], form: str = form, at: int = at, lie: int = lie) -> None:
            struct.pack_into(form, sections["FRMS"], at, lie)

        path.write_bytes(rebuilt(pack, change))
        try:
            assert look_at_everything(path) == files, (form, at, lie)
        except recstore.RecstoreError:
            refused += 1
            assert recstore.open(path).verify()["findings"]
    assert refused > 0.8 * len(lies)


@pytest.mark.parametrize(
    ("length", "error", "message"),
    [
        # More than a group may hold, for a recording that is not alone in its own.
        (1 << 40, recstore.UnusablePack, "does not lie in a group as groups are"),
        # More than the row of the frame says.
        (1000, recstore.UnusablePack, "a frame does not hold the text that it should"),
        # More than the limits allow, for a recording alone in its frame.
        (None, recstore.MalformedRecording, "more than the limit of 67108864 bytes"),
    ],
)
def test_a_small_pack_cannot_take_more_memory_than_the_limits(
    tmp_path: Path, write: Callable[..., Path], length: int | None, error: type[Exception], message: str
) -> None:
    write(f"{key(1)}.json", {"body": "bomb", "is_streaming": False})
    recstore.open(tmp_path, cache=False).pack(tmp_path / "a.pack", form="small")

    def lie(sections: dict[str, bytearray]) -> None:
        bomb = zstandard.ZstdCompressor().compress(bytes(1 << 30))
        assert len(bomb) < 1 << 20
        sections["TEXT"] = bytearray(bomb)
        sections["FRMS"] = bytearray(struct.pack("<QQII", length or 1 << 30, len(bomb), 0, 0))
        struct.pack_into("<QI", sections["ROWS"], 0, 0, 900 if length else 1 << 30)

    path = tmp_path / "bomb.pack"
    path.write_bytes(rebuilt(tmp_path / "a.pack", lie))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(error, match=message):
        recstore.open(path)[key(1)]
    with pytest.raises(error, match=message):
        recstore.unpack(path, tmp_path / "new")
    assert recstore.open(path).verify()["findings"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "kB"


def test_threads_share_a_small_pack(grouped: tuple[Path, dict[str, bytes]]) -> None:
    pack, files = grouped
    store = recstore.open(pack)

    def read(number: int) -> bool:
        recording = store[key(number % 8)]
        return recording.raw == files[str(recording.path)]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(read, range(400)))


def test_a_recording_outlives_its_store(grouped: tuple[Path, dict[str, bytes]]) -> None:
    pack, files = grouped
    store = recstore.open(pack)
    recording = store[key(3)]
    path = str(recording.path)
    del store
    pack.unlink()
    assert recording.raw == files[path]


def test_the_small_form_is_smaller_than_a_solid_archive(ogx: Path, tmp_path: Path) -> None:
    recstore.open(ogx, cache=False).pack(tmp_path / "a.pack", form="small")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in sorted(path for path in ogx.rglob("*.json") if path.parent.name == "recordings"):
            tar.add(path, path.relative_to(ogx).as_posix())
    solid = zstandard.ZstdCompressor(level=19).compress(archive.getbuffer())
    assert (tmp_path / "a.pack").stat().st_size <= len(solid)
