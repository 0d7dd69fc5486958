"""Tests that are recorded again, in real runs of pytest: what they no longer ask for goes, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import recstore
from recstore import usage
from suites import recordings, run, suite

if TYPE_CHECKING:
    from pathlib import Path

    from scripted_server import ScriptedServer

pytestmark = [pytest.mark.usefixtures("project")]

BEFORE = """
    import recstore as store

    def test_one(recstore):
        ask("one")
        ask("one more")
        len(list(client.models.list()))

    def test_two(recstore):
        ask("two")

    def test_three(recstore):
        with store.session(recstore.store, test_id=recstore.test_id):
            ask("three")
"""


def asked(pytester: pytest.Pytester) -> dict[str, str]:
    """Return what the recordings ask, each with its file."""
    found = {}
    for path in recordings(pytester):
        request = json.loads((pytester.path / path).read_text())["request"]
        found[request["body"].get("messages", [{"content": request["endpoint"]}])[0]["content"]] = path
    return found


@pytest.fixture
def before(pytester: pytest.Pytester, server: ScriptedServer) -> dict[str, str]:
    """Record a suite, and return what it asked."""
    suite(pytester, BEFORE)
    run(pytester, "--recstore-mode=record")[0].assert_outcomes(passed=3)
    found = asked(pytester)
    assert set(found) == {"one", "one more", "two", "three", "/v1/models"}
    return found


def record(pytester: pytest.Pytester, tests: str, *arguments: str) -> tuple[pytest.RunResult, str]:
    suite(pytester, "    import recstore as store\n" + tests)
    return run(pytester, "--recstore-mode=record", *arguments)


def test_a_test_that_passes_loses_what_it_no_longer_asks(pytester: pytest.Pytester, before: dict[str, str]) -> None:
    old = {text: (pytester.path / path).read_bytes() for text, path in before.items()}
    _, output = record(
        pytester,
        """
    def test_one(recstore):
        ask("one")
        ask("something else")
    """,
    )
    after = asked(pytester)
    assert set(after) == {"one", "something else", "two", "three", "/v1/models"}
    assert "2 recorded, 0 live, 1 old ones deleted, in 1 tests" in output
    now = {text: (pytester.path / path).read_bytes() for text, path in after.items()}
    assert now["one"] != old["one"], "it was recorded again"
    for other in ("two", "three", "/v1/models"):
        assert now[other] == old[other]


@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        ("assert False", "failed"),
        ("pytest.skip()", "skipped"),
        ("recstore.block = True; recstore.hosts = []; pytest.xfail()", "xfailed"),
    ],
)
def test_a_test_that_does_not_pass_keeps_all(
    pytester: pytest.Pytester, before: dict[str, str], how: str, outcome: str
) -> None:
    result, output = record(
        pytester,
        f"""
    def test_one(recstore):
        ask("one")
        {how}
    """,
    )
    result.assert_outcomes(**{outcome: 1})
    assert asked(pytester) == before
    assert "old ones deleted" not in output


def test_a_test_whose_end_fails_keeps_all(pytester: pytest.Pytester, before: dict[str, str]) -> None:
    result, _ = record(
        pytester,
        """
    @pytest.fixture
    def ending():
        yield
        assert False

    def test_one(recstore, ending):
        ask("one")
    """,
    )
    result.assert_outcomes(passed=1, errors=1)
    assert asked(pytester) == before


def test_what_was_asked_and_could_not_be_recorded_stays(pytester: pytest.Pytester, before: dict[str, str]) -> None:
    result, output = record(
        pytester,
        """
    import recstore.errors

    def test_one(recstore):
        ask("one")
        request = {"method": "POST", "url": str(client.base_url) + "chat/completions", "body": {
            "model": "whole", "messages": [{"role": "user", "content": "one more"}]}}
        place = recstore.reserve({**request, "url": request["url"].replace("/v1/", "/v1/v1/")})
    """,
    )
    result.assert_outcomes(passed=1)
    assert asked(pytester) == before, output


def test_what_another_session_of_the_test_uses_stays(pytester: pytest.Pytester, before: dict[str, str]) -> None:
    result, _ = record(
        pytester,
        """
    def test_three(recstore):
        ask("more")
        with store.session(recstore.store, mode="replay", test_id=recstore.test_id):
            ask("three")
    """,
    )
    result.assert_outcomes(passed=1)
    assert set(asked(pytester)) == {*before, "more"}


def test_tests_that_share_an_id_keep_each_other_s(pytester: pytest.Pytester, before: dict[str, str]) -> None:
    result, _ = record(
        pytester,
        """
    @pytest.mark.recstore(test_id="tests/test_ask.py::test_one")
    def test_first(recstore):
        ask("one")

    @pytest.mark.recstore(test_id="tests/test_ask.py::test_one")
    def test_second(recstore):
        ask("one more")
    """,
    )
    result.assert_outcomes(passed=2)
    assert asked(pytester) == before


def test_other_modes_delete_nothing(pytester: pytest.Pytester, before: dict[str, str]) -> None:
    for mode in ("replay", "record-if-missing", "live"):
        suite(pytester, "    def test_one(recstore):\n        ask('one')\n")
        run(pytester, f"--recstore-mode={mode}")[0].assert_outcomes(passed=1)
        assert asked(pytester) == before


def test_recordings_of_older_rules_and_edited_ones_go_with_the_test(
    pytester: pytest.Pytester, before: dict[str, str]
) -> None:
    path: Path = pytester.path / before["one more"]
    edited = json.loads(path.read_text())
    edited["request"]["body"]["messages"][0]["content"] = "edited"
    path.write_text(json.dumps(edited))
    request = json.loads((pytester.path / before["one"]).read_text())["request"]
    old = recstore.request_key(request, test_id="tests/test_ask.py::test_one", profile="ogx-2")
    for_all = recstore.request_key(request, profile="ogx-1")
    for key in (old, for_all):
        path.with_name(f"{key}.json").write_bytes((pytester.path / before["one"]).read_bytes())
    record(pytester, "    def test_one(recstore):\n        ask('new')\n")
    assert set(asked(pytester)) == {"new", "one", "two", "three", "/v1/models"}
    assert path.with_name(f"{for_all}.json").exists(), "other tests may be answered from it"


def test_a_file_that_cannot_be_read_stays(pytester: pytest.Pytester, before: dict[str, str]) -> None:
    path = pytester.path / before["one more"]
    path.write_text("<<<<<<< HEAD\n")
    result, _ = record(pytester, "    def test_one(recstore):\n        ask('one')\n")
    result.assert_outcomes(passed=1)
    assert path.exists()


def test_workers_in_parallel_leave_what_one_process_leaves(pytester: pytest.Pytester, before: dict[str, str]) -> None:
    tests = """
    @pytest.mark.parametrize("number", range(6))
    def test_many(recstore, number):
        ask(f"{number}")
        ask(f"{number} COUNT")
    """
    record(pytester, tests.replace("COUNT", "old"), "-n2")
    record(pytester, tests.replace("COUNT", "new"), "-n2")
    many = {f"{number}{what}" for number in range(6) for what in ("", " new")}
    assert set(asked(pytester)) == {*before, *many}


def test_what_fixtures_use_in_sessions_of_their_own_counts_as_used(
    pytester: pytest.Pytester, before: dict[str, str]
) -> None:
    tests = """
    @pytest.fixture(scope="module")
    def told():
        with store.session(test_id="tests/test_ask.py::module"):
            return ask("from a fixture")

    def test_one(recstore, told):
        ask("one")
    """
    record(pytester, tests)[0].assert_outcomes(passed=1)
    run(pytester)[0].assert_outcomes(passed=1)
    used = usage.load([pytester.path / ".recstore" / "used.json"])
    assert used.files == {asked(pytester)[text] for text in ("one", "from a fixture")}


def test_a_session_of_a_program_s_own_touches_no_folder_that_is_no_project(
    pytester: pytest.Pytester, before: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "test_it.py").write_text(f"""
import recstore

def test_it():
    store = recstore.open({str(pytester.path)!r})
    with recstore.session(store, test_id="tests/test_ask.py::test_two") as session:
        assert session.preload()
        [found] = [found for found in store.recordings() if found.test_id == session.test_id]
        assert session.find(found.request)
""")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:benchmark",
            "--rootdir",
            str(elsewhere),
            str(elsewhere),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=elsewhere,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stdout
    assert [path.name for path in elsewhere.iterdir()] == ["test_it.py"]
