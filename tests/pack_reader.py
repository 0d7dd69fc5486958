"""Packs read in plain Python, by docs/format.md alone: what recstore's own reader is compared with."""

from __future__ import annotations

import itertools
import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import xxhash
import zstandard

if TYPE_CHECKING:
    from pathlib import Path

PAGE = 4096


@dataclass
class Entry:
    """One recording of a pack."""

    path: str
    key: bytes
    json: bytes
    flags: int
    chunks: list[tuple[bytes, bytes]]
    texts: list[bytes | None]
    test_id: bytes
    request: bytes
    body: bytes
    verbatim: bytes

    def file(self) -> bytes:
        """Return the bytes of the file."""
        layout = self.flags >> 8
        if layout == 0:
            return self.verbatim
        return json.dumps(json.loads(self.json), indent=2).encode() + (b"\n" if layout == 2 else b"")


class Pack:
    """A pack, read whole and verified."""

    def __init__(self, path: Path) -> None:
        self.data = data = path.read_bytes()
        assert data[:8] == b"\x89RSP\r\n\x1a\n"
        version, _, length, self.root, count, _ = struct.unpack_from("<IIQQII", data, 8)
        assert version in (2, 3)
        assert length == len(data)
        self.is_small = version == 2
        assert length % PAGE == 0
        assert page_sum(data[:4088], 0) == struct.unpack_from("<Q", data, 4088)[0]
        self.sections = {}
        self.offsets = {}
        end = PAGE
        for index in range(count):
            name, _, offset, size = struct.unpack_from("<4sIQQ", data, 40 + 24 * index)
            alignment = PAGE if name == b"SUMS" else 8
            assert offset == -(-end // alignment) * alignment
            assert not any(data[end:offset])
            self.sections[name.decode()] = data[offset : offset + size]
            self.offsets[name.decode()] = offset
            end = offset + size
            if name == b"SUMS":
                self.verify(offset)
        assert end == length
        assert name == b"SUMS"
        self.count = len(self.sections["KEYS"]) // 32

    def verify(self, start: int) -> None:
        """Compare every page with its checksum, level by level."""
        pages, is_data = range(1, start // PAGE), True
        while True:
            sums = [page_sum(self.data[page * PAGE : (page + 1) * PAGE], page) for page in pages]
            if len(pages) == 1 and not is_data:
                assert sums == [self.root]
                return
            size = max(1, -(-len(sums) // 512)) * PAGE
            assert self.data[start : start + size] == struct.pack(f"<{len(sums)}Q", *sums).ljust(size, b"\0")
            pages, is_data = range(start // PAGE, (start + size) // PAGE), False
            start += size

    def texts(self, section: str) -> list[str]:
        """Return a table of texts."""
        data = self.sections[section]
        (count,) = struct.unpack_from("<I", data)
        ends = [0, *struct.unpack_from(f"<{count}I", data, 4)]
        base = 4 + 4 * count
        return [data[base + start : base + end].decode() for start, end in itertools.pairwise(ends)]

    def entries(self) -> list[Entry]:
        """Return every recording, in the order of keys."""
        folders, names = self.texts("DIRS"), self.texts("NAMS")
        texts = self.texts_of_frames() if self.is_small else b""
        found = []
        for row in range(self.count):
            offset, length, folder, detail, kind, key_length, layout, _ = struct.unpack_from(
                "<QII4sBBBB", self.sections["ROWS"], row * 24
            )
            key = self.sections["KEYS"][row * 32 : row * 32 + key_length]
            name = {
                0: f"{key.hex()}.json",
                1: f"models-{key.hex()}-{detail.hex()}.json",
                2: names[int.from_bytes(detail, "little")] if kind == 2 else "",
            }[kind]
            path = f"{folders[folder]}/{name}" if folders[folder] else name
            if self.is_small:
                found.append(self.rebuilt(path, key, texts[offset : offset + length], layout))
            else:
                assert layout == 0
                found.append(self.entry(path, key, self.sections["BLKS"][offset : offset + length]))
        return found

    def texts_of_frames(self) -> bytes:
        """Return the texts of all frames of the small form, one after another."""
        rows = list(struct.iter_unpack("<QQII", self.sections["FRMS"]))
        starts = [(0, 0), *((text_end, end) for text_end, end, _, _ in rows)]

        def frame(number: int) -> bytes:
            (text_start, start), (text_end, end, dictionary, zero) = starts[number], rows[number]
            assert zero == 0
            known = None
            if dictionary:
                assert rows[dictionary - 1][2] == 0, "a dictionary has none itself"
                known = zstandard.ZstdCompressionDict(frame(dictionary - 1), dict_type=zstandard.DICT_TYPE_RAWCONTENT)
            text = zstandard.ZstdDecompressor(dict_data=known).decompress(self.sections["TEXT"][start:end])
            assert len(text) == text_end - text_start
            return text

        return b"".join(map(frame, range(len(rows))))

    @staticmethod
    def rebuilt(path: str, key: bytes, text: bytes, layout: int) -> Entry:
        """Return one recording of the small form, as far as it can be told without knowing what a recording is."""
        try:
            recording = json.loads(text)
            response = recording["response"]
        except (ValueError, KeyError, TypeError):
            return Entry(path, key, b"", 4, [], [], b"", b"", b"", text)
        if recording.get("id_normalization_mapping"):
            return Entry(path, key, text, 0, [], [], b"", b"", b"", text)

        def compact(value: object) -> bytes:
            return json.dumps(value, separators=(",", ":")).encode()

        flags = bool(response.get("is_streaming")) | bool(response.get("is_exception")) << 1 | layout << 8
        body, test_id = response.get("body"), recording.get("test_id")
        chunks = []
        for item in body if isinstance(body, list) else [] if body is None else [body]:
            is_tagged = isinstance(item, dict) and set(item) == {"__type__", "__data__"}
            tag, data = (compact(item["__type__"]), item["__data__"]) if is_tagged else (b"", item)
            chunks.append((compact(data), tag))
        named = b"" if test_id is None else compact(test_id)
        texts: list[bytes | None] = [None] * len(chunks)
        return Entry(path, key, text, flags, chunks, texts, named, compact(recording["request"]), compact(body), text)

    @staticmethod
    def entry(path: str, key: bytes, block: bytes) -> Entry:
        """Return one recording."""
        json_length, chunk_count, flags, _, verbatim_length, _ = struct.unpack_from("<6I", block)
        text_start = 64 + 24 * chunk_count
        text = block[text_start : text_start + json_length]
        assert len(block) == text_start + json_length + verbatim_length

        def span(at: int) -> bytes:
            offset, length = struct.unpack_from("<II", block, at)
            assert offset + length <= len(text)
            return text[offset : offset + length]

        at = range(64, text_start, 24)
        chunks = [(span(entry), span(entry + 8)) for entry in at]
        texts = [span(entry + 16) if any(block[entry + 16 : entry + 24]) else None for entry in at]
        verbatim = block[text_start + json_length :]
        return Entry(path, key, text, flags, chunks, texts, span(24), span(32), span(40), verbatim)

    def find(self, key: bytes) -> list[int]:
        """Return the rows with a key, by the index."""
        fan = struct.unpack(f"<{len(self.sections['FANO']) // 4}I", self.sections["FANO"])
        bits = (len(fan) - 1).bit_length() - 1
        bucket = int.from_bytes(key[:4], "big") >> (32 - bits)
        rows = range(fan[bucket], fan[bucket + 1])
        return [row for row in rows if self.sections["KEYS"][row * 32 : row * 32 + len(key)] == key]


def page_sum(page: bytes, number: int) -> int:
    """Return the checksum of a page."""
    return int(xxhash.xxh3_64_intdigest(page, seed=number))
