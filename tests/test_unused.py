"""`recstore unused`, on what real runs of pytest have used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

import recstore
from recstore import usage
from scripted_server import ScriptedServer

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """
    import openai, os

    client = openai.OpenAI(api_key="x", base_url=os.environ["SERVICE"] + "/v1", max_retries=0)

    def ask(text):
        messages = [{"role": "user", "content": text}]
        return client.chat.completions.create(model="whole", messages=messages)

    def test_lists(recstore):
        assert len(list(client.models.list())) > 0
"""
TWO = """
    def test_one(recstore):
        ask("one")
        ask("one more")

    def test_two(recstore):
        ask("two")
"""
ONE = """
    def test_one(recstore):
        ask("one")
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project whose suite was recorded, and has become smaller since."""
    for name in [name for name in os.environ if name.startswith(("RECSTORE_", "PYTEST_XDIST"))] + ["CI"]:
        monkeypatch.delenv(name, raising=False)
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider\nasyncio_default_fixture_loop_scope = function\n")
    pytester.mkdir("tests")
    with ScriptedServer() as server:
        monkeypatch.setenv("SERVICE", server.url)
        rewrite(pytester.path, TWO)
        assert pytester.runpytest_subprocess("--recstore-mode=record").ret == 0
    monkeypatch.setenv("SERVICE", "http://127.0.0.1:9")
    rewrite(pytester.path, ONE)
    return pytester.path


def rewrite(project: Path, tests: str) -> None:
    (project / "tests" / "test_ask.py").write_text(textwrap.dedent(SUITE) + textwrap.dedent(tests))


def unused(project: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, "-m", "recstore", "unused", str(project), "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=project)
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def files(project: Path) -> set[str]:
    return {str(path.relative_to(project)) for path in project.rglob("recordings/*.json")}


def test_serial_and_parallel_runs_leave_the_same_unused(pytester: pytest.Pytester, project: Path) -> None:
    found = []
    for options in ([], ["-n4"]):
        assert pytester.runpytest_subprocess(*options).ret == 0
        code, report, _ = unused(project)
        assert code == 1
        found.append(report)
    assert found[0] == found[1]
    assert {entry["test"] for entry in found[0]["unused"]} == {
        "tests/test_ask.py::test_one",
        "tests/test_ask.py::test_two",
    }
    assert found[0]["in_part"] == [{"test": "tests/test_ask.py::test_one", "used": 1, "of": 2}]
    assert len(files(project)) == 4, "nothing was deleted that was not asked for"


def test_what_no_test_used_is_deleted_and_the_rest_replays(pytester: pytest.Pytester, project: Path) -> None:
    pytester.runpytest_subprocess()
    before = files(project)
    code, report, _ = unused(project, "--delete")
    assert code == 0
    assert set(report["deleted"]) == before - files(project)
    assert len(report["deleted"]) == 2
    assert pytester.runpytest_subprocess().ret == 0
    assert unused(project)[:2] == (0, {**unused(project)[1], "unused": [], "in_part": []})


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["-k", "test_one"], "narrowed by -k"),
        (["tests/test_ask.py::test_one"], "narrowed by arguments"),
        (["--maxfail=1"], "-x or --maxfail"),
    ],
)
def test_a_run_that_was_narrowed_deletes_nothing(
    pytester: pytest.Pytester, project: Path, options: list[str], why: str
) -> None:
    pytester.runpytest_subprocess(*options)
    before = files(project)
    code, report, error = unused(project, "--delete")
    assert code == 2
    assert why in error
    assert report["deleted"] == []
    assert files(project) == before


def test_a_run_that_failed_or_broke_off_deletes_nothing(pytester: pytest.Pytester, project: Path) -> None:
    before = files(project)
    for tests, why in [
        (ONE + "\n    def test_fails(recstore):\n        assert False\n", "1 test failed"),
        (ONE + "\n    def test_breaks_off(recstore):\n        raise KeyboardInterrupt\n", "exit code 2"),
        (ONE + "\n    def test_skips(recstore):\n        import pytest; pytest.skip()\n", "skipped"),
    ]:
        rewrite(project, tests)
        pytester.runpytest_subprocess()
        code, _, error = unused(project, "--delete")
        assert code == 2, why
        assert why in error
        assert files(project) == before


def test_shards_are_taken_together(pytester: pytest.Pytester, project: Path) -> None:
    rewrite(project, TWO)
    pytester.runpytest_subprocess("--recstore-used=one.json")
    rewrite(project, ONE)
    pytester.runpytest_subprocess("--recstore-used=two.json")
    code, report, _ = unused(project, "--used", "one.json", "two.json")
    assert (code, report["unused"]) == (0, [])
    assert len(unused(project, "--used", "two.json")[1]["unused"]) == 2
    code, _, error = unused(project, "--used", "none.json")
    assert code == 2
    assert "none.json" in error
    assert "--recstore-used" in error


def test_a_run_that_is_killed_leaves_no_usage_of_an_earlier_one(pytester: pytest.Pytester, project: Path) -> None:
    pytester.runpytest_subprocess()
    assert (project / ".recstore" / "used.json").exists()
    rewrite(project, ONE + "\n    def test_is_killed(recstore):\n        os.kill(os.getpid(), 9)\n")
    for options in ([], ["-n2"]):
        before = files(project)
        pytester.runpytest_subprocess(*options)
        code, _, error = unused(project, "--delete")
        assert code == 2
        assert "--recstore-used" in error or "ended before its end" in error
        assert files(project) == before


def test_what_was_recorded_after_the_runs_is_not_deleted(pytester: pytest.Pytester, project: Path) -> None:
    pytester.runpytest_subprocess()
    request = {"method": "POST", "url": "http://h/v1/x", "body": {"later": True}}
    put = recstore.open(project).put(request, 1, test_id="tests/test_ask.py::test_new")
    code, report, _ = unused(project, "--delete")
    assert code == 0
    assert len(report["deleted"]) == 2
    assert (project / put.path).exists()


def test_a_test_that_failed_in_one_run_has_failed() -> None:
    for outcomes in (["passed", "failed"], ["failed", "passed"]):
        runs = usage.Usage()
        for outcome in outcomes:
            shard = usage.Usage()
            shard.add("t.py::t", outcome, [])
            runs.merge(shard)
        assert runs.tests["t.py::t"]["outcome"] == "failed"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"version": 2}',
        '{"version": 1, "partial": [], "keys": [], "tests": []}',
        '{"version": 1, "partial": "no", "keys": [], "tests": {}}',
        '{"version": 1, "partial": [], "keys": [], "tests": {"t": {"outcome": "passed", "used": "abc"}}}',
        '{"version": 1, "partial": [], "keys": [], "tests": {"t": {"outcome": "passed", "used": [1]}}}',
    ],
)
def test_what_is_no_usage_file_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "used.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"used\.json: .*; name files that the pytest plugin wrote"):
        usage.load([path])


def test_a_part_is_counted_of_the_recordings_of_the_test_itself(tmp_path: Path) -> None:
    store = recstore.open(tmp_path, create=True)
    paths = []
    for number in range(2):
        request = {"method": "POST", "url": "http://h/v1/x", "body": {"number": number}}
        paths.append(str(store.put(request, 1, test_id="tests/test_ask.py::test_one").path))
    runs = usage.Usage()
    runs.add("tests/test_ask.py::test_one", "passed", [paths[0], "recordings/shared.json"])
    runs.keys = set(store)
    runs.write(tmp_path / "used.json")
    report = unused(tmp_path, "--used", str(tmp_path / "used.json"))[1]
    assert report["in_part"] == [{"test": "tests/test_ask.py::test_one", "used": 1, "of": 2}]


def test_a_folder_that_is_not_the_root_of_the_runs_loses_nothing(pytester: pytest.Pytester, project: Path) -> None:
    pytester.runpytest_subprocess()
    before = files(project)
    used = project / ".recstore" / "used.json"
    code, report, error = unused(project / "tests", "--used", str(used), "--delete")
    assert code == 2
    assert "2 files that the runs used are not here, such as tests/recordings/" in error
    assert report["deleted"] == []
    assert files(project) == before
