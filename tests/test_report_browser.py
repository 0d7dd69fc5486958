"""The report as its readers see it: opened in Chromium from a file, with every request and message of the page seen."""

from __future__ import annotations

import importlib
import json
import os
import shutil
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest

import hostile
import recstore
from recstore import report
from recstore._wording import visible
from support import EXAMPLES, REPOSITORY, key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

SCREENSHOTS = REPOSITORY / "target" / "screenshots"
MANY = 3_000
READY = "html[data-ready=yes]"
MOST_MS = 100
"""So long may a search take, from the typed character to the list laid out."""

UNFOLD = """() => {
    const folds = [...document.querySelectorAll("#recording details:not([open])")];
    folds.forEach(fold => { fold.open = true });
    return !folds.length && document.querySelectorAll("details.chunks details pre").length;
}"""
"""Unfolds all there is, until there is no more, down to the JSON of the chunks."""

SEARCH = """query => {
    const field = document.querySelector("#search");
    const start = performance.now();
    field.value = query;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    document.querySelector("#list").getBoundingClientRect();
    return performance.now() - start;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Chromium; for this module alone, as its loop of events must be gone when other tests have theirs."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=path)
        yield chromium
        chromium.close()


@contextmanager
def opened(browser: Browser, page: Path, place: str = "", **options: Any) -> Iterator[Page]:
    """Open a page; at the end, nothing but it was requested, and the console is empty."""
    context = browser.new_context(viewport=options.pop("viewport", {"width": 1280, "height": 900}), **options)
    tab = context.new_page()
    said: list[str] = []
    requested: list[str] = []
    tab.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("dialog", lambda dialog: said.append(dialog.message))
    context.on("request", lambda request: requested.append(request.url.partition("#")[0]))
    tab.goto(page.as_uri() + place)
    if options.get("java_script_enabled", True):
        tab.wait_for_selector(READY)
    yield tab
    assert said == []
    assert requested == [page.as_uri()]
    assert context.pages == [tab]
    context.close()


def written(store: Path, page: Path) -> Path:
    page.write_text(report.Report(recstore.open(store, cache=False)).html(), encoding="utf-8")
    return page


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of the real directory; of the examples where there is none."""
    corpus = os.environ.get("RECSTORE_CORPUS")
    store = REPOSITORY / corpus / "ogx" if corpus else EXAMPLES
    return written(store, tmp_path_factory.mktemp("real") / "report.html")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of as many recordings as a real suite has."""
    pytest.importorskip("lmdb", reason="what makes recordings up stands beside the rivals")
    folder = tmp_path_factory.mktemp("many")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(REPOSITORY / "benches"))
        importlib.import_module("synthetic").write(folder / "store", MANY)
    return written(folder / "store", folder / "report.html")


def shoot(tab: Page, name: str, *, whole: bool = False) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=whole)


def number_of_results(tab: Page) -> int:
    return int(tab.inner_text("#list h1").split()[0].replace(",", ""))


def search(tab: Page, query: str) -> int:
    tab.fill("#search", query)
    return number_of_results(tab)


def test_the_page_leads_from_a_search_to_a_recording_and_back(browser: Browser, real: Path) -> None:
    with opened(browser, real) as tab:
        shoot(tab, "overview", whole=True)
        tab.keyboard.press("/")
        tab.keyboard.type("weather")
        assert number_of_results(tab) > 0
        assert tab.locator("#list mark").first.inner_text().lower() == "weather"
        shoot(tab, "search")
        tab.keyboard.press("ArrowDown")
        title = tab.locator("#list .row").first.inner_text()
        tab.keyboard.press("Enter")
        tab.wait_for_selector("#recording h1")
        assert tab.inner_text("#recording h1") == title
        assert not tab.is_visible("#list")
        shoot(tab, "recording", whole=True)
        tab.go_back()
        tab.wait_for_selector("#list .row")
        assert tab.input_value("#search") == "weather"
        tab.go_back()
        tab.wait_for_selector("#overview h1")
        assert tab.url == real.as_uri()
        tab.go_forward()
        tab.wait_for_selector("#list .row")


def test_every_row_of_a_table_leads_to_as_many_recordings_as_it_says(browser: Browser, real: Path) -> None:
    with opened(browser, real) as tab:
        said = tab.locator("#overview .shares tr:has(.row)").evaluate_all(
            "rows => rows.map(row => [row.querySelector('a').getAttribute('href'), row.cells[2].textContent])"
        )
        assert len(said) > 20
        for href, count in said[:: max(1, len(said) // 60)]:
            tab.evaluate("href => { location.hash = href }", href)
            tab.wait_for_function("href => document.querySelector('#list .chip') && location.hash === href", arg=href)
            assert number_of_results(tab) == int(count.replace(",", "")), href
        tab.locator(".chip").first.click()
        tab.wait_for_selector("#overview h1")
        tab.locator("#overview .findings tr:has(.row)").first.click()
        tab.wait_for_selector("#list .chip")
        assert number_of_results(tab) > 0
        shoot(tab, "finding")


@pytest.mark.parametrize("store", ["real", "many"])
def test_search_answers_at_once(browser: Browser, store: str, request: pytest.FixtureRequest) -> None:
    with opened(browser, request.getfixturevalue(store)) as tab:
        for query in ("a", "e", "the", "weather", "the model answers", '"says nobody"', "gpt-4o", "test_1", "東京"):
            took = [tab.evaluate(SEARCH, query) for _ in range(3)]
            assert median(took) < MOST_MS, f"{query}: {took} ms"


def test_search_finds_what_the_files_hold(browser: Browser, many: Path) -> None:
    texts = [
        path.read_text().encode().decode("unicode_escape").lower() for path in many.parent.rglob("store/**/*.json")
    ]
    with opened(browser, many) as tab:
        for word in ("naïve", "gpt-4o-mini", "test_12", "/v1/embeddings"):
            assert search(tab, word) == sum(word in text for text in texts), word
        both = sum("naïve" in text and "test_12" in text for text in texts)
        assert 0 < both < MANY / 10
        assert search(tab, "test_12 naïve") == both
        tab.fill("#search", "nothing has this")
        assert "No recording" in tab.inner_text("#list")


def test_many_results_come_as_they_are_asked_for(browser: Browser, many: Path) -> None:
    with opened(browser, many, "#?order=largest") as tab:
        assert number_of_results(tab) == MANY
        rows = tab.locator("#list .row")
        few = rows.count()
        assert few < 100
        tab.click("button.more")
        rows.nth(few).wait_for()
        rows.nth(few).click()
        tab.wait_for_selector("#recording h1")
        tab.go_back()
        rows.nth(few).wait_for()
        assert tab.evaluate("scrollY") > 0


def test_what_is_planted_in_recordings_stays_text(browser: Browser, tmp_path: Path) -> None:
    paths = hostile.plant(tmp_path / "store")
    page = written(tmp_path / "store", tmp_path / "report.html")
    with opened(browser, page) as tab:
        assert tab.title() == "store: recordings"
        tab.evaluate("location.hash = '#?order=path'")
        tab.wait_for_selector("#list .row")
        links = tab.locator("#list .row").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        assert len(links) == len(paths)
        shown = {}
        for link in links:
            tab.evaluate("link => { location.hash = link }", link)
            tab.wait_for_function(
                "link => location.hash === link && !document.querySelector('#recording').hidden", arg=link
            )
            tab.wait_for_function(UNFOLD)
            shown[tab.locator("dt:text-is('file') + dd code").text_content()] = tab.locator("#recording").text_content()
        assert len(shown) == len(paths)
        for text, path in zip([*hostile.PLANTED, *hostile.NAMES], paths, strict=True):
            # In the test, the endpoint, the model, the url; as role, content, reasoning, result, call and arguments;
            # as a parameter; as the name, the text and the schema of a tool; in the answer, its end, usage and error.
            assert str(shown[visible(path)]).count(visible(text)) > 15, text
        shoot(tab, "hostile", whole=True)
        assert search(tab, "window.pwned") == sum("window.pwned" in text for text in [*hostile.PLANTED, *hostile.NAMES])
        assert tab.evaluate("window.pwned") is None
        assert tab.locator("#list img, #list b, #list script, #recording img, #recording script").count() == 0


@pytest.fixture
def paced(tmp_path: Path, write: Callable[..., Path]) -> Path:
    """Return the report of a stream whose pace was recorded, and which is one of two answers."""
    text = "Chunks come one after the other, and each brings a word or two of what a model says."
    words = text.split()
    chunks: list[Any] = [
        {"choices": [{"index": 0, "delta": {"content": f"{word} "}, "finish_reason": None}]} for word in words
    ]
    chunks[-1]["choices"][0]["finish_reason"] = "stop"
    offsets = [210 + 35 * number + 200 * (number > 8) for number in range(len(words))]
    asked = {"method": "POST", "url": "http://localhost/v1/x", "endpoint": "/v1/x", "model": "m"}
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "Say it. " * 5000}],
        "seed": 12345678901234567890,
        "x": 1.0,
    }
    response = {"body": chunks, "is_streaming": True, "offsets_ms": offsets}
    earlier = [{"body": [chunks[0]], "is_streaming": True, "is_incomplete": True}]
    write(
        f"{key(1)}.json",
        response,
        request={**asked, "body": body},
        test_id="tests/test_a.py::test_b",
        earlier_responses=earlier,
    )
    return written(tmp_path / "recordings", tmp_path / "report.html")


def test_strings_are_kept_as_they_are_and_no_role_covers_the_page(
    browser: Browser, tmp_path: Path, write: Callable[..., Path]
) -> None:
    said = {"pattern": "{ }", "empty": {}, "list": [[], [" ] "]]}
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": json.dumps(said)}}
    messages = [{"role": "row", "content": "a"}, {"role": "assistant", "tool_calls": [call]}]
    write(f"{key(1)}.json", {"body": {}, "is_streaming": False}, request={"body": {"messages": messages}})
    with opened(browser, written(tmp_path, tmp_path / "report.html")) as tab:
        tab.evaluate("location.hash = '#?order=path'")
        tab.locator("#list .row").first.click()
        shown = tab.locator("div.call pre").inner_text()
        assert shown == json.dumps(said, indent=2)
        tab.locator("nav.path a").first.click(timeout=3000)


def test_a_recording_is_shown_with_its_pace_and_all_its_chunks(browser: Browser, paced: Path) -> None:
    with opened(browser, paced, f"#{key(1)[:12]}") as tab:
        assert tab.inner_text("#recording h1") == "test_b"
        assert tab.inner_text("figcaption :nth-child(2)") == "18 chunks in 1,005 ms, the first after 210 ms"
        assert tab.locator("svg.pace path").count() == 2
        text = tab.inner_text("#recording")
        assert "Answer 1 of 2 to equal requests" in text
        assert "its reader stopped before the end" in text
        assert "Chunks come one after the other" in text
        assert "20,000 more characters: recstore show" in text
        tab.click("button.unclip")
        tab.click("summary:text-is('2 parameters')")
        assert {"12345678901234567890", "1.0"} <= set(tab.locator("#recording dd pre").all_inner_texts())
        tab.click("summary:text-is('18 chunks')")
        chunks = tab.locator("details.chunks").last.locator("details")
        chunks.last.wait_for()
        assert chunks.count() == 18
        assert chunks.nth(1).inner_text().split() == ["1", "245", "ms", '"come', '"']
        chunks.nth(1).locator("summary").click()
        chunks.nth(1).locator("pre").wait_for()
        assert '"content": "come "' in chunks.nth(1).inner_text()
        shoot(tab, "pace", whole=True)


def test_what_the_page_has_no_room_for_is_named(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recstore.report._blocks.PAGE", 1000)
    page = written(EXAMPLES, tmp_path / "report.html")
    with opened(browser, page, "#997bcd1de70f") as tab:
        assert "There was no room on this page" in tab.inner_text("#recording")
        assert search(tab, "test_hello") > 0


def test_the_page_fits_dark_schemes_and_narrow_windows(browser: Browser, real: Path) -> None:
    with opened(browser, real, color_scheme="dark") as tab:
        red, green, blue = map(
            int, tab.evaluate("getComputedStyle(document.body).backgroundColor").strip("rgb()").split(",")
        )
        assert max(red, green, blue) < 64
        shoot(tab, "dark")
    with opened(browser, real, viewport={"width": 390, "height": 844}) as tab:
        for place in ("", "#?order=largest"):
            tab.evaluate("place => { location.hash = place }", place)
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
            shoot(tab, f"narrow{len(place)}")
        tab.wait_for_selector("#list .row")
        tab.locator("#list .row").first.click()
        tab.wait_for_selector("#recording h1")
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        shoot(tab, "narrow-recording")


def test_the_tables_need_no_scripts(browser: Browser, real: Path) -> None:
    with opened(browser, real, java_script_enabled=False) as tab:
        assert "Endpoints" in tab.inner_text("#overview")
        assert "need scripts" in tab.inner_text("#overview")
        assert not tab.is_visible("#search")
