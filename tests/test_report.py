"""The report as numbers and as a page, without a browser; and stores in notebooks and terminals."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from collections import Counter
from hashlib import sha256
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zlib import decompress

import pytest
from rich.console import Console

import hostile
import recstore
from recstore import report
from support import EXAMPLES, key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Page(HTMLParser):
    """What a browser makes of a page: elements with their attributes, and the text of each kind of element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.text = ""
        self._open = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.setdefault(tag, []).append("")
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open:
            self.texts[self._open][-1] += data

    def unpacked(self, kind: str) -> list[Any]:
        """Return the data in the blocks of this kind."""
        scripts = [attributes for tag, attributes in self.elements if tag == "script"]
        texts = [
            text
            for text, attributes in zip(self.texts["script"], scripts, strict=True)
            if attributes.get("class") == kind
        ]
        return [json.loads(decompress(b64decode(text))) for text in texts if text]


def page_of(path: Path) -> Page:
    return Page(report.Report(recstore.open(path, cache=False)).html())


def counted(root: Path) -> dict[str, Any]:
    """Count what is in a directory, by CPython's json and nothing of ours."""
    totals: Counter[str] = Counter()
    shares: dict[str, dict[str, list[int]]] = {name: {} for name in ("folders", "tests", "endpoints", "models")}
    for path in root.rglob("*.json"):
        recording, size = json.loads(path.read_bytes()), path.stat().st_size
        request, response = recording["request"], recording["response"]
        body = response["body"]
        totals["recordings"] += 1
        totals["bytes"] += size
        totals["streams"] += response["is_streaming"]
        totals["errors"] += response.get("is_exception", False)
        totals["chunks"] += len(body) if isinstance(body, list) else body is not None
        asked = request.get("body") or request.get("payload") or {}
        found = {
            "folders": str(path.parent.relative_to(root)),
            "tests": recording.get("test_id"),
            "endpoints": request.get("endpoint", urlsplit(request.get("url", "")).path),
            "models": request.get("model", asked.get("model", request.get("tool_name"))),
        }
        for name, value in found.items():
            share = shares[name].setdefault(value or "none", [0, 0])
            share[0] += 1
            share[1] += size
    return {**totals, **shares}


def compare(root: Path) -> None:
    numbers = report.Report(recstore.open(root, cache=False)).numbers()
    expected = counted(root)
    for name in ("recordings", "bytes", "streams", "errors", "chunks"):
        assert numbers[name] == expected[name], name
    for name in ("folders", "tests", "endpoints", "models"):
        assert {value: [share["recordings"], share["bytes"]] for value, share in numbers[name].items()} == expected[
            name
        ]
    largest = sorted((path.stat().st_size for path in root.rglob("*.json")), reverse=True)
    assert [entry["size"] for entry in numbers["largest"]] == largest[: report.LARGEST]


def test_numbers_are_those_that_json_counts() -> None:
    compare(EXAMPLES)


def test_numbers_of_the_real_directory_are_those_that_json_counts(ogx: Path) -> None:
    compare(ogx)


def test_the_page_of_the_real_directory_is_small_and_holds_every_recording(ogx: Path) -> None:
    made = report.Report(recstore.open(ogx)).html()
    assert len(made) < 5_000_000
    page = Page(made)
    [index] = page.unpacked("index")
    assert (
        len(index["recordings"])
        == sum(map(len, page.unpacked("texts")))
        == sum(map(len, page.unpacked("chunks")))
        == 1588
    )
    assert len({recording["at"] for recording in index["recordings"]}) == 1588


def test_texts_of_recordings_never_become_elements(tmp_path: Path) -> None:
    ours = page_of(EXAMPLES)
    hostile.plant(tmp_path)
    planted = page_of(tmp_path)
    known = {"noscript", "code", *(tag for tag, _ in ours.elements)}
    assert {tag for tag, _ in planted.elements} <= known
    for _, attributes in planted.elements:
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "src", "action"}]
        href = attributes.get("href")
        assert href is None or href.startswith(("#", "data:image/svg+xml,")), href
    shown = planted.text
    assert "<script>window.pwned = 1</script>" in shown
    assert "\\x1b]0;title\\x07" in shown
    assert "\\u202eright to left" in shown
    assert not set(shown) & {"\x1b", "\x00", "\u202e", "\x9b"}


def test_only_the_pages_own_script_and_style_may_run(tmp_path: Path) -> None:
    hostile.plant(tmp_path)
    page = page_of(tmp_path)
    [policy] = [
        str(found["content"]) for _, found in page.elements if found.get("http-equiv") == "Content-Security-Policy"
    ]
    directives = dict(directive.split(" ", 1) for directive in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["require-trusted-types-for"] == "'script'"

    def hashed(source: str) -> str:
        return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"

    [script] = [text for text in page.texts["script"] if not re.fullmatch(r"[A-Za-z0-9+/=]*", text)]
    [style] = page.texts["style"]
    assert directives["script-src"] == hashed(script)
    assert directives["style-src"] == hashed(style)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|https?://(?!www\.w3\.org/2000/svg)", script
    )


def test_what_is_too_long_is_cut_and_the_page_says_how_much_is_missing(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    long = "word " * 1_000_000
    chunks = [{"choices": [{"delta": {"content": "x" * 1000}}]} for _ in range(5000)]
    write(
        f"{key(1)}.json",
        {"body": chunks, "is_streaming": True},
        request={"body": {"messages": [{"role": "user", "content": long}]}},
    )
    made = report.Report(recstore.open(tmp_path, cache=False)).html()
    assert len(made) < 200_000
    page = Page(made)
    [[texts]] = page.unpacked("texts")
    shown, missing = texts["messages"][0]["text"]
    assert long.startswith(shown)
    assert len(shown) + missing == len(long)
    [[[shown_chunks]]] = page.unpacked("chunks")
    assert 100 < len(shown_chunks) < 1000
    assert json.loads(shown_chunks[0][2]) == chunks[0]


def test_files_that_are_no_recordings_are_named(examples: Path) -> None:
    (examples / f"{key(1)}.json").write_text("<<<<<<< ours\n{}\n")
    numbers = report.Report(recstore.open(examples, cache=False)).numbers()
    assert numbers["recordings"] == 47
    assert numbers["findings"]["conflict-markers"] == 1
    shown = "".join(page_of(examples).texts["td"])
    assert f"{key(1)}.json" in shown


def test_recordings_with_one_key_are_told_apart(tmp_path: Path, write: Callable[..., Path]) -> None:
    for folder in ("a/recordings", "b/recordings"):
        write(f"{key(1)}.json", {"body": {"a": folder}, "is_streaming": False}, folder=folder)
    write("no key é.json", {"body": {}, "is_streaming": False})
    [index] = page_of(tmp_path).unpacked("index")
    anchors = [recording["at"] for recording in index["recordings"]]
    assert anchors == [
        f"a/recordings/{key(1)}.json",
        f"b/recordings/{key(1)}.json",
        "recordings/no%20key%20%C3%A9.json",
    ]


def test_an_empty_store_and_a_pack_have_pages_too(tmp_path: Path) -> None:
    empty = recstore.open(tmp_path / "empty", create=True)
    assert "Nothing: all is as it should be." in report.Report(empty).html()
    recstore.open(EXAMPLES, cache=False).pack(tmp_path / "a.pack")
    packed = report.Report(recstore.open(tmp_path / "a.pack"))
    assert packed.numbers()["endpoints"] == report.Report(recstore.open(EXAMPLES, cache=False)).numbers()["endpoints"]
    assert packed.numbers()["ages"] == {"source": "not known: a pack keeps no times", "periods": {}}
    assert "not known: a pack keeps no times" in packed.html().lower()


def git(root: Path, *arguments: str, date: str = "2024-01-01T00:00:00Z") -> None:
    settings = ("-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false")
    when = {"GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date}
    subprocess.run(
        ["git", *settings, *arguments], cwd=root, env={**os.environ, **when}, check=True, capture_output=True
    )


def test_ages_are_those_of_the_last_commits(tmp_path: Path, write: Callable[..., Path]) -> None:
    answer = {"body": {"a": 1}, "is_streaming": False}
    paths = [write(f"{name}.json", answer, folder="suite ü/recordings") for name in (key(1), key(2), "new\nline")]
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--message", "a", date="2024-03-05T12:00:00Z")
    paths[0].write_text(paths[0].read_text().replace("1", "2"))
    git(tmp_path, "commit", "--all", "--message", "b", date="2025-06-07T12:00:00Z")
    for root in (tmp_path, tmp_path / "suite ü"):
        ages = report.Report(recstore.open(root, cache=False)).numbers()["ages"]
        assert ages["source"] == "when it was last committed to git"
        assert {period: share["recordings"] for period, share in ages["periods"].items()} == {
            "2025-06": 1,
            "2024-03": 2,
        }
    os.utime(write(f"{key(3)}.json", answer), (0, 0))
    ages = report.Report(recstore.open(tmp_path, cache=False)).numbers()["ages"]
    assert ages["source"] == "when it was last committed to git; of 1 that are not committed, when the file was written"
    assert list(ages["periods"]) == ["2025", "2024", "1970"]


def test_ages_say_that_a_clone_knows_only_the_newest_commits(tmp_path: Path, write: Callable[..., Path]) -> None:
    write(f"{key(1)}.json", {"body": {"a": 1}, "is_streaming": False}, folder="origin/recordings")
    git(tmp_path, "init", "--quiet", "origin")
    for message in ("a", "b"):
        git(tmp_path / "origin", "add", ".")
        git(tmp_path / "origin", "commit", "--allow-empty", "--message", message)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{tmp_path}/origin", "shallow")
    numbers = report.Report(recstore.open(tmp_path / "shallow", cache=False)).numbers()
    assert numbers["ages"]["source"].endswith("of which only the newest commits are here")


def test_ages_are_those_of_files_where_there_is_no_git(examples: Path) -> None:
    for path in examples.glob("*.json"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    ages = report.Report(recstore.open(examples, cache=False)).numbers()["ages"]
    assert ages["source"] == "when its file was written, as git knows no commit here"
    assert {period: share["recordings"] for period, share in ages["periods"].items()} == {"2001-09": 47}


def run(*arguments: Any, code: int = 0) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "recstore", "report", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def test_the_command_writes_the_page_and_prints_the_numbers(examples: Path, tmp_path: Path) -> None:
    out, errors = run(examples, "-o", tmp_path / "report.html")
    assert out == ""
    assert "47 recordings of" in errors
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    numbers = json.loads(run(examples, "--json")[0])
    assert numbers == report.Report(recstore.open(examples)).numbers()
    assert "-o report.html" in run(examples, code=2)[1]


def test_notebooks_show_stores_and_recordings_as_text(tmp_path: Path) -> None:
    hostile.plant(tmp_path)
    store = recstore.open(tmp_path, cache=False)
    known = {"div", "style", "table", "thead", "tbody", "tr", "th", "td"}
    for shown in (store._repr_html_(), *(recording._repr_html_() for recording in store.recordings())):
        page = Page(shown)
        assert {tag for tag, _ in page.elements} - {"p"} == known
        assert all(not attributes or list(attributes) == ["class"] for _, attributes in page.elements)
    examples = recstore.open(EXAMPLES, cache=False)
    models = counted(EXAMPLES)["models"]["gpt-4o"][0]
    assert f"<td>gpt-4o</td><td class=number>{models}</td>" in examples._repr_html_()
    assert "<td>Say hello.</td>" in examples["997bcd1de70f"]._repr_html_()
    assert "<td>Hello!</td>" in examples["997bcd1de70f"]._repr_html_()


def test_rich_prints_a_store_as_tables_in_which_text_stays_text(tmp_path: Path) -> None:
    hostile.plant(tmp_path)
    out = io.StringIO()
    Console(file=out, width=120).print(recstore.open(EXAMPLES, cache=False), recstore.open(tmp_path, cache=False))
    models = counted(EXAMPLES)["models"]["gpt-4o"][0]
    assert re.search(rf"^gpt-4o +{models} ", out.getvalue(), re.MULTILINE)
    assert not set(out.getvalue()) & {"\x1b", "\x07", "\u202e"}


def test_rich_is_asked_for_only_by_those_who_have_it() -> None:
    script = """
import sys
import recstore
recstore.open("examples/recordings", cache=False)._repr_html_()
print("rich" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=EXAMPLES.parents[1]
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize("value", [["a", {"b": 1}], 12, True], ids=str)
def test_models_that_are_no_text_are_counted(tmp_path: Path, write: Callable[..., Path], value: Any) -> None:
    write(f"{key(1)}.json", {"body": {}, "is_streaming": False}, request={"endpoint": value, "model": value})
    store = recstore.open(tmp_path, cache=False)
    assert report.Report(store).numbers()["models"] == {
        str(value): {"recordings": 1, "bytes": (tmp_path / "recordings" / f"{key(1)}.json").stat().st_size}
    }
    assert str(value)[:3] in Page(store._repr_html_()).texts["td"][0]
