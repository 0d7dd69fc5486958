"""JSON as CPython means it."""

from __future__ import annotations

import json
import math
import struct
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
import rfc8785
from hypothesis import given, settings

import recstore
from recstore._core import dumps, loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Any code point, lone surrogates too.
texts = st.text(st.characters(codec=None, exclude_categories=[]), max_size=40)
numbers = st.integers() | st.floats() | st.integers(-(10**40), 10**40)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=30,
)
doubles = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])

STYLES: dict[str, Callable[[Any], str]] = {
    "indented": lambda value: json.dumps(value, indent=2),
    "sorted": lambda value: json.dumps(value, sort_keys=True),
    "python": json.dumps,
    "compact": lambda value: json.dumps(value, separators=(",", ":")),
}


def same(a: Any, b: Any) -> bool:
    """Compare values with their types, and floats with the sign of zero and NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return struct.pack("<d", a) == struct.pack("<d", b) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[name], b[name]) for name in a)
    return bool(a == b)


@given(values)
@settings(max_examples=1000)
def test_every_value_is_written_as_cpython_writes_it(value: Any) -> None:
    for style, expected in STYLES.items():
        assert dumps(value, style).decode() == expected(value)  # type: ignore[arg-type]


@given(values)
@settings(max_examples=500)
def test_every_text_of_cpythons_is_read_as_cpython_reads_it(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, indent=3)):
        assert same(loads(text.encode()), json.loads(text))


@given(st.text(st.sampled_from('{}[]:,"\\u0123456789abcdefx -+.eEnultrfsNaIity\n\t\x00é\U0001f600'), max_size=30))
@settings(max_examples=5000)
def test_any_text_is_read_or_refused_as_cpython_does(text: str) -> None:
    try:
        expected = json.loads(text)
    except (ValueError, RecursionError):
        with pytest.raises(recstore.InvalidJson) as refused:
            loads(text.encode())
        assert 0 <= refused.value.position <= len(text.encode())
    else:
        assert same(loads(text.encode()), expected)


@given(doubles)
@settings(max_examples=20_000)
def test_every_double_is_spelled_as_repr_spells_it(number: float) -> None:
    assert dumps(number, "python").decode() == json.dumps(number)


def test_the_edges_of_doubles_are_spelled_as_repr_spells_them() -> None:
    edges = [
        sign * mantissa * 10.0**exponent
        for exponent in range(-323, 309)
        for mantissa in (1, 1.5, 9.999999999999999)
        for sign in (1, -1)
    ]
    edges += [2.0**power for power in range(-1074, 1024)] + [
        math.nextafter(2.0**power, 0) for power in range(-1022, 1024)
    ]
    for number in edges:
        assert dumps(number, "python").decode() == json.dumps(number)


CASES: list[tuple[str, bytes, Any]] = [
    # What is decided of each case: also in docs/json.md, in this order.
    ("an integer of any size", b"123456789012345678901234567890", 123456789012345678901234567890),
    ("minus zero as an integer", b"-0", 0),
    ("minus zero as a float", b"-0.0", -0.0),
    ("a float that looks like an integer", b"1.0", 1.0),
    ("a float too small for a double", b"1e-400", 0.0),
    ("the largest double", b"1.7976931348623157e308", 1.7976931348623157e308),
    ("an escape for every character", rb'"\u0041\/\b\f\n\r\t\"\\"', 'A/\b\f\n\r\t"\\'),
    ("a surrogate pair", rb'"\ud83d\ude00"', "\U0001f600"),
    ("a lone high surrogate", rb'"\ud83d"', "\ud83d"),
    ("a lone low surrogate", rb'"\ude00x"', "\ude00x"),
    ("surrogates in the wrong order", rb'"\ude00\ud83d"', "\ude00\ud83d"),
    ("two high surrogates and a low one", rb'"\ud83d\ud83d\ude00"', "\ud83d\U0001f600"),
    ("a null character", rb'"\u0000"', "\0"),
    ("DEL unescaped", b'"\x7f"', "\x7f"),
    ("UTF-8 unescaped", '"é😀"'.encode(), "é😀"),
    ("a name that comes twice", b'{"a": 1, "b": 2, "a": 3}', {"a": 3, "b": 2}),
    ("an empty name", b'{"": 1}', {"": 1}),
    ("a value that is no object", b" null\n", None),
]


@pytest.mark.parametrize(("text", "value"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_decided_cases_are_read_as_cpython_reads_them(text: bytes, value: Any) -> None:
    assert same(loads(text), value)
    assert same(loads(text, strict=True), value)
    assert same(json.loads(text), value)


PYTHON_ONLY = [(b"NaN", math.nan), (b"[Infinity]", [math.inf]), (b"-Infinity", -math.inf), (b"1e400", math.inf)]


@pytest.mark.parametrize(("text", "value"), PYTHON_ONLY)
def test_what_only_python_accepts_is_read_unless_strict(text: bytes, value: Any) -> None:
    assert same(loads(text), value)
    assert same(json.loads(text), value)
    with pytest.raises(recstore.InvalidJson):
        loads(text, strict=True)


REFUSED = [
    (b"", 0, 1, 1, "the text ends inside a value"),
    (b'{"a": 1,\n "b" 2}', 14, 2, 6, "expected ':' after a member name"),
    (b"[1, 2,]", 6, 1, 7, "a comma before a closing bracket"),
    (b"[1 2]", 3, 1, 4, "expected ',' or ']'"),
    (b'{"a": 1 "b": 2}', 8, 1, 9, "expected ',' or '}'"),
    (b"{a: 1}", 1, 1, 2, "expected a member name in double quotes"),
    (b"01", 1, 1, 2, "not a JSON number"),
    (b"+1", 0, 1, 1, "expected a value"),
    (b"1.", 2, 1, 3, "the text ends inside a value"),
    (b'"a\nb"', 2, 1, 3, "an unescaped control character in a string"),
    (rb'"\x41"', 1, 1, 2, "not a JSON escape"),
    (rb'"\u12g4"', 1, 1, 2, "not a JSON escape"),
    (b"1 1", 2, 1, 3, "something follows the document"),
    (b'"\xff"', 1, 1, 2, "not UTF-8"),
    (b'"\xed\xa0\x80"', 1, 1, 2, "not UTF-8"),
    (b"\xef\xbb\xbf1", 0, 1, 1, "byte order mark"),
    (b"[" * 129, 128, 1, 129, "nested deeper than the limit"),
    ('{"é": nul}'.encode(), 7, 1, 7, "expected a value"),
]


@pytest.mark.parametrize(("text", "position", "line", "column", "message"), REFUSED)
def test_what_is_no_json_is_refused_with_its_place(
    text: bytes, position: int, line: int, column: int, message: str
) -> None:
    with pytest.raises(recstore.InvalidJson, match=message.replace("'", ".")) as refused:
        loads(text)
    assert (refused.value.position, refused.value.line, refused.value.column) == (position, line, column)


def test_the_public_suite_is_read_or_refused(corpus: Path) -> None:
    accepted = refused = 0
    for path in sorted((corpus / "json" / "JSONTestSuite" / "test_parsing").glob("[yn]_*.json")):
        text = path.read_bytes()
        if path.name.startswith("y_"):
            accepted += 1
            assert same(loads(text, strict=True), json.loads(text)), path.name
        else:
            refused += 1
            with pytest.raises(recstore.InvalidJson) as error:
                loads(text, strict=True)
            assert 0 <= error.value.position <= len(text), path.name
    assert (accepted, refused) == (95, 188)


@given(values)
@settings(max_examples=500)
def test_canonical_json_is_that_of_an_independent_implementation(value: Any) -> None:
    try:
        expected = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        return  # beyond what RFC 8785 covers: large integers, NaN, lone surrogates
    assert dumps(value, "rfc8785") == expected


@given(doubles.filter(math.isfinite))
@settings(max_examples=5000)
def test_canonical_doubles_are_those_of_an_independent_implementation(number: float) -> None:
    assert dumps(number, "rfc8785") == rfc8785.dumps(number)


def test_integers_keep_their_digits_where_rfc_8785_has_no_say() -> None:
    assert dumps(2**53 + 1, "rfc8785") == b"9007199254740993"
    assert dumps(10**30, "rfc8785") == b"1" + b"0" * 30


@pytest.mark.parametrize("value", [math.nan, math.inf, "\ud800", {"\ud800": 1}])
def test_what_rfc_8785_cannot_express_is_refused(value: Any) -> None:
    with pytest.raises(recstore.NotJson, match="which RFC 8785 cannot express"):
        dumps([value], "rfc8785")


def test_rfc_8785_vectors(corpus: Path) -> None:
    folder = corpus / "json" / "rfc8785" / "testdata"
    inputs = sorted((folder / "input").glob("*.json"))
    assert len(inputs) == 6
    for path in inputs:
        written = dumps(json.loads(path.read_bytes()), "rfc8785")
        assert written == (folder / "output" / path.name).read_bytes(), path.name
        assert written.hex(" ") == " ".join((folder / "outhex" / f"{path.stem}.txt").read_text().split()), path.name
