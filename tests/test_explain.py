"""Why a request is not found: the right recording first, the true difference, and how to record it."""

from __future__ import annotations

import copy
import json
import pickle
import shutil
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import recstore
from mutations import Mutation, mutations
from recstore import rekey
from recstore._missing import LINES, report
from support import REPOSITORY
from test_cli import run, run_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from recstore._core import Explanation, Near

TEST = "tests/test_a.py::test_b[x y]"
ENOUGH = 95
HUNDRED = 100
TIME_OF_5_000 = 0.05
"""The promise, in seconds, on a machine with two cores that does nothing else."""
PATIENCE = 100
"""Tests run beside others: so often a quiet moment is waited for."""


def asked(*texts: str, **members: Any) -> dict[str, Any]:
    roles = ("user", "assistant")
    messages = [{"role": roles[at % 2], "content": text} for at, text in enumerate(texts)]
    body = {"model": "m", "messages": messages, **members}
    return {"method": "POST", "url": "http://localhost/v1/v1/chat/completions", "body": body}


@pytest.fixture
def store(tmp_path: Path) -> recstore.Store:
    return recstore.open(tmp_path / "project", create=True)


def put(store: recstore.Store, request: dict[str, Any], test_id: str | None = TEST) -> str:
    return store.put(request, {"choices": []}, test_id=test_id).key


def nearest(store: recstore.Store, request: dict[str, Any], test_id: str | None = TEST, **options: Any) -> Near:
    return store.explain(request, test_id=test_id, **options)["nearest"][0]


def message(store: recstore.Store, request: dict[str, Any], test_id: str | None = TEST) -> str:
    with recstore.session(store, test_id=test_id) as session, pytest.raises(recstore.RecordingNotFound) as error:
        session.fetch(request)
    return str(error.value)


# A hundred mutations of real requests


def is_told(mutation: Mutation, near: Near) -> bool:
    """Say whether the true difference is shown, and no other."""
    if near["obstacles"] != mutation.obstacles or near["volatile"] != mutation.volatile:
        return False
    if mutation.kind == "reordered tools":
        return {difference["kind"] for difference in near["differences"]} == {"moved"}
    if len(near["differences"]) != len(mutation.differences):
        return False
    told = {(found["kind"], found["path"]): found for found in near["differences"]}
    for kind, path, *values in mutation.differences:
        found = told.get((kind, path))
        if found is None:
            return False
        shown = found["places"] or [(str(found["recorded"]), str(found["requested"]))]
        if values and not any(values[0] in old and values[1] in new for old, new in shown):
            return False
    return True


def test_a_hundred_mutations_are_explained(
    ogx: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    store = recstore.open(ogx)
    moved = tmp_path / "moved"
    shutil.copytree(ogx, moved)
    all_of_them = list(mutations(store, HUNDRED))
    for mutation in all_of_them:
        if mutation.kind == "other folder":
            (moved / "tests" / "elsewhere" / "recordings").mkdir(parents=True, exist_ok=True)
            (moved / mutation.source.path).rename(moved / "tests/elsewhere/recordings" / mutation.source.path.name)
    stores = {"other folder": recstore.open(moved), "other profile": recstore.open(ogx, profile="recstore-1")}
    hits: Counter[str] = Counter({mutation.kind: 0 for mutation in all_of_them})
    wrong = []
    for mutation in all_of_them:
        asked_of = stores.get(mutation.kind, store)
        assert asked_of.find(mutation.request, test_id=mutation.test_id) is None, mutation.kind
        explanation = asked_of.explain(mutation.request, test_id=mutation.test_id)
        near = explanation["nearest"][0]
        first = asked_of[str(near["key"])]
        # Two tests that ask the same are equally near to a third that asks it too. Nothing else is let pass.
        is_right = near["key"] == mutation.source.key or (
            mutation.kind == "other test id"
            and recstore.canonical(first.request) == recstore.canonical(mutation.source.request)
        )
        if is_right and is_told(mutation, near):
            hits[mutation.kind] += 1
        else:
            wrong.append((mutation.kind, mutation.source.key, near))
        text = report(asked_of, explanation)
        assert len(text.splitlines()) <= LINES, text
    record_property("hits", dict(hits))
    assert len(all_of_them) == HUNDRED
    assert sum(hits.values()) >= ENOUGH, wrong
    assert min(hits.values()) > 0


# Each kind of difference


def test_a_changed_word_is_shown_with_a_little_around_it(store: recstore.Store) -> None:
    long = "The same words again and again. " * 40
    put(store, asked(long + "Say hello. " + long))
    text = message(store, asked(long + "Say hullo. " + long))
    assert "  body.messages[0].content was changed:\n" in text
    assert 'recorded   "…ds again and again. Say hello. The same words again an…"' in text
    assert 'requested  "…ds again and again. Say hullo. The same words again an…"' in text
    assert "of the same test" in text
    assert len(text) < 1_000, "no whole prompts"


@pytest.mark.parametrize(
    ("recorded", "requested", "shown"),
    [
        ("one two", "one  two", ('"one·two"', '"one··two"')),
        ("one", "one\n", ('"one"', '"one\\n"')),
        ("one\r\ntwo", "one\ntwo", ('"one\\r\\ntwo"', '"one\\ntwo"')),
        ("a b", "a\u00a0b", ('"a·b" (U+0020)', '"a<U+00A0>b" (U+00A0)')),
        ("café", "cafe\u0301", ('"café" (U+00E9)', '"cafe\u0301" (U+0065 U+0301)')),
        ("don't", "don\u2019t", ('"don\'t" (U+0027)', '"don\u2019t" (U+2019)')),
        ("ab", "a\u200bb", ('"ab"', '"a<U+200B>b" (U+200B)')),
        ("ab", "a\ud800b", ('"ab"', '"a<U+D800>b"')),
        ("日本語の文", "日木語の文", ('"日本語の文" (U+672C)', '"日木語の文" (U+6728)')),
    ],
)
def test_what_cannot_be_seen_is_made_visible(
    store: recstore.Store, recorded: str, requested: str, shown: tuple[str, str]
) -> None:
    put(store, asked(recorded))
    [difference] = nearest(store, asked(requested))["differences"]
    assert difference["places"] == [shown]


def told(near: Near) -> list[tuple[str, ...]]:
    return [
        (found["kind"], found["path"], *([found["from"]] if found["from"] else [])) for found in near["differences"]
    ]


def test_messages_are_inserted_removed_and_moved(store: recstore.Store) -> None:
    talk = ("Which planet has rings?", "Saturn has rings.", "And which has moons?")
    put(store, asked(*talk))
    request = asked(*talk)
    request["body"]["messages"].insert(1, {"role": "system", "content": "Be brief."})
    assert told(nearest(store, request)) == [("inserted", "body.messages[1]")]
    assert 'body.messages[1] was inserted: {"content": "Be brief.", "role": "system"}' in message(store, request)
    request = asked(*talk)
    del request["body"]["messages"][1]
    assert told(nearest(store, request)) == [("removed", "body.messages[1]")]
    request = asked(*talk)
    request["body"]["messages"].insert(0, request["body"]["messages"].pop())
    assert told(nearest(store, request)) == [("moved", "body.messages[0]", "body.messages[2]")]
    assert "body.messages[0] was moved from body.messages[2]: {" in message(store, request)


def test_members_and_values_are_compared_in_the_canonical_form(store: recstore.Store) -> None:
    put(store, asked("x", temperature=0.5, seed=1, stop=None))
    near = nearest(store, asked("x", temperature=0.500000001, seed=1.0, tools=[{"a": 1}]))
    assert told(near) == [("changed", "body.seed"), ("removed", "body.stop"), ("added", "body.tools")]
    put(store, asked("found score: 0.51 in it", user="a"), "tests/test_a.py::test_c")
    near = nearest(store, asked("found score: 0.77 in it", user="b"), "tests/test_a.py::test_c")
    assert told(near) == [("changed", "body.user")], "what the profile masks is no difference"


BASE_URL = "compare the base URL of the client with that of the recording"


@pytest.mark.parametrize(
    ("path", "is_near"),
    [
        ("/v1/chat/completions", True),
        ("/v1/v1/v1/chat/completions", True),
        ("/chat/completions", True),
        ("/v1/responses", False),
    ],
)
def test_another_endpoint_is_a_difference(store: recstore.Store, path: str, *, is_near: bool) -> None:
    put(store, asked("x"))
    request = {**asked("x"), "url": f"http://localhost{path}"}
    near = nearest(store, request)
    assert told(near) == [("changed", "endpoint")]
    assert near["is_same_test"]
    assert near["volatile"] == [], "nobody asks another endpoint by himself"
    text = message(store, request)
    assert "Another endpoint was asked than is recorded." in text
    assert (BASE_URL in text) == is_near
    assert "change by themselves" not in text


def test_another_url_is_a_difference_and_an_id_in_it_changes_by_itself(store: recstore.Store) -> None:
    http = {"method": "GET", "url": "https://api.example/v1/runs/run_68af2c1e9b7d4a03", "payload": {}}
    put(store, http)
    other = {**http, "url": "https://api.example/v1/v1/runs/run_68af2c1e9b7d4a03"}
    assert nearest(store, other)["volatile"] == []
    assert "Another URL was asked than is recorded." in message(store, other)
    assert BASE_URL in message(store, other)
    other = {**http, "url": "https://api.example/v1/runs/run_77af2c1e9b7d4a03"}
    assert nearest(store, other)["volatile"] == ["ids"]
    assert "Another URL" not in message(store, other)


# What would have matched


def test_another_test_folder_profile_or_name_is_told(store: recstore.Store) -> None:
    root = store.path
    key = put(store, asked("x"))
    near = nearest(store, asked("x"), "tests/test_a.py::test_new")
    assert (near["key"], near["obstacles"], near["differences"]) == (key, ["test_id"], [])
    text = message(store, asked("x"), "tests/test_a.py::test_new")
    assert f"The same request is recorded in tests/recordings/{key}.json, of {TEST}:" in text
    assert "the id of the test is part of the key" in text

    (root / "other" / "recordings").mkdir(parents=True)
    (root / "tests" / "recordings" / f"{key}.json").rename(root / "other" / "recordings" / f"{key}.json")
    store.refresh()
    assert nearest(store, asked("x"))["obstacles"] == ["folder"]
    assert "this test is answered from tests/recordings and recordings alone; move the file" in message(
        store, asked("x")
    )
    (root / "other" / "recordings" / f"{key}.json").rename(root / "tests" / "recordings" / f"{'ab' * 32}.json")
    store.refresh()
    assert nearest(store, asked("x"))["obstacles"] == ["name"]
    assert f"rename it to {key}.json" in message(store, asked("x"))

    old = recstore.open(root, profile="ogx-2")
    put(old, asked("at 0.123456 degrees"), TEST)
    near = nearest(store, asked("at 0.123456 degrees"))
    assert (near["obstacles"], near["profile"]) == (["profile"], "ogx-2")
    assert 'say profile = "ogx-2" in recstore.toml' in message(store, asked("at 0.123456 degrees"))


def test_a_recording_that_new_rules_left_behind_is_told_and_rekey_finds_it(store: recstore.Store) -> None:
    root = store.path
    put(store, asked("Is it 2026-04-01?"))
    (root / "recstore.toml").write_text('profile = "ours-1"\n\n[profiles.ours-1]\nfrom = "ogx-7"\nmask = ["date"]\n')
    store = recstore.open(root)
    request = asked("Is it 2026-04-02?")
    for test_id, obstacles in ((TEST, ["profile"]), ("tests/test_a.py::test_new", ["test_id", "profile"])):
        near = nearest(store, request, test_id)
        assert (near["obstacles"], near["profile"], near["differences"]) == (obstacles, "ogx-7", [])
    text = message(store, request)
    assert "its name is its key under ogx-7, and here keys are made under ours-1" in text
    assert "rename all with recstore rekey --to ours-1, or record it anew" in text
    rekey.rekey(root, "ours-1")
    assert recstore.open(root).find(request, test_id=TEST) is not None


def test_an_answer_is_told_where_there_is_one(store: recstore.Store) -> None:
    key = put(store, asked("x"))
    explanation = store.explain(asked("x"), test_id=TEST)
    assert explanation["answer"] == f"tests/recordings/{key}.json"


# What changes by itself


@pytest.mark.parametrize(
    ("recorded", "requested", "rules"),
    [
        ("file 0b1c2d3e-0000-4000-8000-000000000001", "file 0b1c2d3e-0000-4000-8000-00000000000f", ["ids"]),
        ("Today is 2026-04-01.", "Today is 2026-04-02.", ["dates"]),
        ("Today is Monday, 6 April 2026", "Today is Tuesday, 7 April 2026", ["dates"]),
        ("read /tmp/pytest-1/a.txt", "read /tmp/pytest-22/a.txt", ["absolute-paths"]),
        ("relevance: 0.81", "relevance: 0.79", ["scores"]),
        ("took 12 steps, /tmp/a", "took 13 steps, /tmp/b", ["absolute-paths", "numbers"]),
        ("took 12 steps", "took twelve steps", []),
    ],
)
def test_only_a_volatile_value_differs(store: recstore.Store, recorded: str, requested: str, rules: list[str]) -> None:
    put(store, asked(recorded))
    assert nearest(store, asked(requested))["volatile"] == rules
    text = message(store, asked(requested))
    assert (f"Only {' and '.join(rules)} differ, which change by themselves" in text) == bool(rules)


def test_the_profile_that_would_close_a_difference_is_named(tmp_path: Path) -> None:
    store = recstore.open(tmp_path, profile="recstore-1")
    put(store, asked("score: 0.12", temperature=0.70000001))
    near = nearest(store, asked("score: 0.99", temperature=0.7))
    assert (near["volatile"], near["closed_by"]) == (["scores", "numbers"], "ogx-7")
    text = message(store, asked("score: 0.99", temperature=0.7))
    assert "Under the profile ogx-7 nothing differs: only scores and numbers do." in text


# The order


def test_the_same_test_comes_first_then_the_same_endpoint_and_model(store: recstore.Store) -> None:
    own = put(store, asked("Which planet has many large moons?", "Saturn"))
    same_model = put(store, asked("What is a planet?"), "tests/test_z.py::test")
    other_model = put(store, asked("Which planet has rings?", model="n"), "tests/test_z.py::test")
    found = store.explain(asked("Which planet has rings, really?"), test_id=TEST)["nearest"]
    assert [near["key"] for near in found] == [own, same_model, other_model]
    assert [near["key"] for near in store.explain(asked("Which planet has rings?"), limit=1)["nearest"]] == [same_model]


def test_other_kinds_of_requests_are_explained(store: recstore.Store) -> None:
    http = {"method": "POST", "url": "https://api.example/v1/messages", "payload": {"model": "c", "x": ["a b c"]}}
    tool = {"provider": "tavily", "tool_name": "search", "kwargs": {"query": "rings of Saturn"}}
    put(store, http)
    put(store, tool)
    near = nearest(store, {**http, "payload": {"model": "c", "x": ["a b d"]}})
    assert told(near) == [("changed", "payload.x[0]")]
    near = nearest(store, {**tool, "kwargs": {"query": "moons of Saturn"}})
    assert told(near) == [("changed", "kwargs.query")]
    assert near["model"] == "search"


# The text


def test_little_is_said_of_much(store: recstore.Store) -> None:
    words = " ".join(f"word{number}" for number in range(2_000))
    for number in range(5):
        put(store, asked(*(f"{words} {number} {at}" for at in range(40)), a=number), f"tests/test_a.py::test_{number}")
    request = asked(*(f"{words.replace('7', '8')} {at}" for at in range(40)), a="other")
    text = message(store, request, "tests/test_a.py::test_0")
    lines = text.splitlines()
    assert 10 < len(lines) <= LINES
    assert max(map(len, lines)) < 300
    assert "more differences; recstore explain --full shows all" in text
    full = report(store, store.explain(request, test_id="tests/test_a.py::test_0", full=True), full=True)
    assert len(full.splitlines()) > 100
    assert "more differences" not in full


def test_nothing_in_a_request_plays_with_the_terminal(store: recstore.Store) -> None:
    evil = "\x1b]0;pwned\x07\x1b[2J\x9b31m\u202e\u2066\r\n\u2028"
    put(store, asked(evil, **{evil: evil}), f"tests/test_a.py::test[{evil}]")
    for test_id in (f"tests/test_a.py::test[{evil}]", TEST):
        text = message(store, asked(evil + "x", **{evil: 1}, model=evil), test_id)
        assert all(line.isprintable() for line in text.splitlines()), ascii(text)
        assert len(text.splitlines()) <= LINES
        assert "<U+202E>" in text


def test_no_credential_is_shown(store: recstore.Store) -> None:
    put(store, asked("the key is not here"))
    secret = "sk-proj-" + "aB3xY9kQ" * 12
    text = message(store, asked(f"the key is {secret} here"))
    assert "aB3xY9kQ" not in text
    assert 'requested  "the key is __REDACTED__ here"' in text


def test_the_command_records_the_very_test(store: recstore.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    running = "tests/test_explain.py::test_the_command_records_the_very_test"
    assert message(store, asked("x")).endswith(f"To record it: pytest --recstore-mode=record-if-missing {running}"), (
        "the test that runs, whatever the session is called"
    )
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    assert message(store, asked("x")).endswith(
        "To record it: pytest --recstore-mode=record-if-missing 'tests/test_a.py::test_b[x y]'"
    )
    assert "To record it: RECSTORE_MODE=record-if-missing python " in message(store, asked("x"), None)
    assert "No recording is near: there are none." in message(store, asked("x"))


def test_a_pack_is_not_recorded_into(store: recstore.Store, tmp_path: Path) -> None:
    key = put(store, asked("x"))
    for form in ("fast", "small"):
        store.pack(tmp_path / f"{form}.pack", form=form)
        pack = recstore.open(tmp_path / f"{form}.pack")
        assert nearest(pack, asked("y"))["key"] == key
        assert "This store is a pack, which is never changed: record in the tree" in message(pack, asked("y"))


# The error


def test_the_error_is_explained_when_it_is_asked(store: recstore.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    key = put(store, asked("x"))
    calls: list[Any] = []
    explain = recstore.Store.explain

    def counted(self: recstore.Store, *arguments: Any, **options: Any) -> Explanation:
        calls.append(arguments)
        return explain(self, *arguments, **options)

    monkeypatch.setattr(recstore.Store, "explain", counted)
    with recstore.session(store, test_id=TEST) as session, pytest.raises(recstore.RecordingNotFound) as error:
        session.fetch(asked("y"))
    assert not calls, "a program that goes on pays nothing"
    explanation = error.value.explanation
    assert explanation is not None
    assert explanation["nearest"][0]["key"] == key
    assert str(error.value) == str(error.value)
    assert len(calls) == 1
    again = pickle.loads(pickle.dumps(error.value))
    assert (str(again), again.explanation, again.key) == (str(error.value), explanation, error.value.key)
    assert str(copy.copy(error.value)) == str(error.value)
    assert recstore.RecordingNotFound("x").explanation is None


def test_recordings_that_cannot_be_read_do_not_hide_the_miss(store: recstore.Store) -> None:
    key = put(store, asked("x"))
    (store.path / "tests" / "recordings" / f"{'cd' * 32}.json").write_text("<<<<<<< HEAD\n")
    store.refresh()
    assert nearest(store, asked("y"))["key"] == key
    shutil.rmtree(store.path)
    assert "no recording answers" in message(store, asked("y"))


def test_what_was_edited_since_is_compared_as_it_is_now(store: recstore.Store) -> None:
    key = put(store, asked("Say hello."))
    store.refresh()
    path = store.path / "tests" / "recordings" / f"{key}.json"
    path.write_bytes(path.read_bytes().replace(b"Say hello.", b"Say hallo."))
    [difference] = nearest(store, asked("Say hullo."))["differences"]
    assert difference["places"] == [('"Say hallo."', '"Say hullo."')]


# The command line


def test_the_command_explains(store: recstore.Store, tmp_path: Path) -> None:
    key = put(store, asked("Say hello."))
    path = tmp_path / "request.json"
    path.write_text(json.dumps(asked("Say hullo.")))
    out, errors = run("explain", store.path, "--request", path, "--test-id", TEST, code=1)
    assert errors == ""
    assert out.startswith(f"no recording answers /v1/v1/chat/completions of m in {TEST}: there is none with the key ")
    assert '    recorded   "Say hello."\n    requested  "Say hullo."\n' in out
    assert "To record it: pytest --recstore-mode=record-if-missing 'tests/test_a.py::test_b[x y]'\n" in out
    found = run_json("explain", store.path, "--request", path, "--test-id", TEST, code=1)
    assert found == json.loads(json.dumps(store.explain(asked("Say hullo."), test_id=TEST)))
    assert set(found) == {
        *("key", "profile", "test_id", "endpoint", "model", "folders", "answer", "compared", "nearest"),
    }
    assert set(found["nearest"][0]) == {
        *("key", "path", "test_id", "endpoint", "model", "is_same_test", "obstacles", "profile", "differences"),
        *("more_differences", "volatile", "closed_by", "remedy"),
    }
    assert set(found["nearest"][0]["differences"][0]) == {
        *("kind", "path", "from", "recorded", "requested", "places", "more_places", "volatile"),
    }
    full = run_json("explain", store.path, "--request", path, "--test-id", TEST, "--full", "--limit", 1, code=1)
    assert full["nearest"][0]["differences"][0]["recorded"] == '"Say hello."'
    recording = store.path / "tests" / "recordings" / f"{key}.json"
    assert (
        run("explain", store.path, "--request", recording)[0] == f"tests/recordings/{key}.json answers this request\n"
    )
    text = json.dumps(asked("Say hullo.")).encode()
    assert "Say hullo." in run("explain", store.path, "--request", "-", "--full", stdin=text, code=1)[0]
    assert "the request has none of 'body'" in run("explain", store.path, "--request", "-", stdin=b"{}", code=2)[1]


# The time


def test_the_time_that_an_explanation_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "benches"))
    synthetic = pytest.importorskip("synthetic")
    count = 5_000
    synthetic.write(tmp_path / "tree", count)
    store = recstore.open(tmp_path / "tree")
    recording = next(one for one in store.recordings() if "messages" in one.request["body"])
    request = recording.request
    request["body"]["messages"][0]["content"] += " walrus"
    times: list[float] = []
    while len(times) < PATIENCE and min(times, default=1) > TIME_OF_5_000:
        start = time.perf_counter()
        explanation = store.explain(request, test_id=recording.test_id)
        times.append(time.perf_counter() - start)
    assert explanation["compared"] == count
    assert explanation["nearest"][0]["key"] == recording.key
    record_property("seconds", min(times))
    assert min(times) <= TIME_OF_5_000
