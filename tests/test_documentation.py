"""What is written down is what happens."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

import recstore
from support import REPOSITORY

if TYPE_CHECKING:
    from types import ModuleType

MODULES = [
    recstore,
    *(importlib.import_module(f"recstore.{name}") for _, name, _ in pkgutil.iter_modules(recstore.__path__)),
]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_examples_in_docstrings_run(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
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


def test_the_readme_says_the_two_commands_first() -> None:
    assert blocks("sh")[0].split() == ["make", "demo", "make", "test"]


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
