"""What is written down is what happens."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import recstore
from recstore import registry
from scripted_server import ScriptedServer
from support import REPOSITORY

if TYPE_CHECKING:
    from types import ModuleType

MODULES = [
    recstore,
    *(importlib.import_module(name) for _, name, _ in pkgutil.walk_packages(recstore.__path__, "recstore.")),
]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_examples_in_docstrings_run(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setattr(registry, "_registered", {})  # one of them registers a class
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    tests = finder.find(module, module.__name__)
    # Those of the extension module, which are less easily found: functions there, classes where they are exported.
    found = {test.name for test in tests if test.examples}
    if module.__name__ == "recstore._core":
        assert found >= {f"recstore._core.{name}" for name in ("canonical", "profiles", "request_key", "unpack")}
    if module is recstore:
        assert found >= {f"recstore.{name}" for name in ("Chunk", "Recording", "Recording.replay", "Recording.areplay")}
    for test in tests:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


def test_everything_public_is_described() -> None:
    for name in recstore.__all__:
        value = getattr(recstore, name)
        if not isinstance(value, str):
            assert inspect.getdoc(value), name
    for cls in (recstore.Store, recstore.Recording, recstore.Chunk):
        for name, value in vars(cls).items():
            if not name.startswith("_"):
                assert inspect.getdoc(value), f"{cls.__name__}.{name}"


def blocks(language: str) -> list[str]:
    text = (REPOSITORY / "README.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_readme_runs_as_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    found = blocks("pycon")
    assert found
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(parser.get_doctest("\n".join(found), {}, "README.md", "README.md", 0))
    assert runner.summarize(verbose=False).failed == 0


def test_what_docs_show_of_commands_is_what_they_print() -> None:
    text = (REPOSITORY / "docs" / "seeing.md").read_text()
    shown = re.findall(r"^\$ recstore (.*)\n((?:(?!\$ |```).*\n)+)", text, re.MULTILINE)
    assert len(shown) >= 2
    for command, output in shown:
        run = [sys.executable, "-m", "recstore", *shlex.split(command)]
        done = subprocess.run(run, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert done.stdout == output, command


def test_the_readme_says_the_two_commands_first() -> None:
    assert blocks("sh")[0].split() == ["make", "demo", "make", "test"]


def test_the_quick_start_of_the_readme_runs_as_printed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    [suite] = blocks("python")
    commands = [line.removeprefix("$ ").partition("#")[0].split() for line in blocks("console")[0].splitlines()]
    assert len(suite.splitlines()) + len(commands) <= 15
    path = suite.splitlines()[0].removeprefix("# ")
    (pytester.mkdir("tests") / path.rpartition("/")[2]).write_text(suite)
    (pytester.path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    monkeypatch.delenv("CI", raising=False)
    with ScriptedServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "a key")
        for command in commands:
            assert command[0] == "pytest"
            pytester.runpytest_subprocess(*command[1:]).assert_outcomes(passed=1)
            monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        assert server.calls == 1


def test_the_example_suite_replays_and_can_be_recorded(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    suite = REPOSITORY / "examples" / "suite"
    copied = shutil.copytree(suite, pytester.path / "suite", ignore=shutil.ignore_patterns(".recstore", "__pycache__"))
    kept = {path.name: path.read_bytes() for path in copied.rglob("recordings/*.json")}
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", copied)
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["* 0 misses, 0 recorded, 0 live, in 6 tests"])
    shutil.rmtree(copied / "tests" / "recordings")
    subprocess.run([sys.executable, copied / "record.py"], check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in copied.rglob("recordings/*.json")} == kept


def test_a_fixture_of_the_session_records_as_the_docs_show(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (REPOSITORY / "docs" / "sessions.md").read_text()
    [fixture] = re.findall(r"^```python\n(@pytest\.fixture.*?)^```", text, re.MULTILINE | re.DOTALL)
    tests = pytester.mkdir("tests")
    (tests / "conftest.py").write_text(f"import openai, os, pytest, recstore\n\n{fixture}")
    (tests / "test_a.py").write_text("def test_one(summary, recstore):\n    assert summary\n")
    (pytester.path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    monkeypatch.delenv("CI", raising=False)
    with ScriptedServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        for arguments in (("--recstore-mode=record",), (), ("-n1",)):
            pytester.runpytest_subprocess(*arguments).assert_outcomes(passed=1)
        assert server.calls == 1
    assert len(list((tests / "recordings").iterdir())) == 1


def test_every_target_of_the_readme_exists() -> None:
    listed = subprocess.run(["make", "help"], cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    targets = set(re.findall(r"make ([a-z-]+)", listed))
    assert {
        "help",
        "setup",
        "build",
        "demo",
        "test",
        "test-rust",
        "test-python",
        "lint",
        "types",
        "bench",
        "docs",
    } <= targets
    for path in (REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")):
        for target in re.findall(r"`make ([a-z-]+)", path.read_text()):
            assert target in targets, f"{path.name} names make {target}"


def test_every_file_that_is_linked_exists() -> None:
    for path in (REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *(REPOSITORY / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
            assert (path.parent / link).exists(), f"{path.name} links to {link}"


def test_every_profile_is_described() -> None:
    text = (REPOSITORY / "docs" / "keys.md").read_text()
    for profile in recstore.profiles():
        assert f"`{profile}`" in text, profile


def test_every_decided_case_of_json_is_described() -> None:
    from test_json import CASES, PYTHON_ONLY

    text = (REPOSITORY / "docs" / "json.md").read_text()
    for name, source, _ in CASES:
        assert f"| {name} | `{source.decode().strip()}`" in text.replace("\\|", "|"), name
    for source, _ in PYTHON_ONLY:
        assert f"`{source.decode()}`" in text
