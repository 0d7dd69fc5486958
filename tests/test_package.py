"""The package as it is installed: what it loads, and what it is made of."""

from __future__ import annotations

import json
import pydoc
import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import pytest

from support import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def python(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout


def test_importing_recstore_loads_nothing_else() -> None:
    script = """
import sys
before = set(sys.modules)
import recstore
print("\\n".join(sorted(set(sys.modules) - before)))
"""
    loaded = python(script).split()
    assert set(loaded) == {"__future__", "recstore", "recstore._core", "recstore._store", "recstore.errors"}


def test_what_is_imported_later_is_listed_and_has_types(tmp_path: Path) -> None:
    import recstore

    later = {"Session", "session", "transport", "async_transport"}
    modules = {"doctor", "registry", "rekey", "report", "secrets", "usage"}
    listed = dir(recstore)
    assert later | modules | {"open", "Store", "errors", "__doc__", "__version__"} <= set(listed)
    assert not {"TYPE_CHECKING", "annotations", "_LATER"} & set(listed)
    assert all(hasattr(recstore, name) for name in listed)
    shown = pydoc.plain(pydoc.render_doc(recstore))
    for name in later:
        assert re.search(rf"^    (class )?{name}\b", shown, re.MULTILINE), name
    program = tmp_path / "program.py"
    program.write_text(
        """\
import recstore

store = recstore.open("tests")
reveal_type(recstore.doctor.examine(store)["files"])
reveal_type(recstore.rekey.plan("tests", "ogx-7")["to"])
reveal_type(recstore.report.Report(store).html())
reveal_type(recstore.secrets.redact)
reveal_type(recstore.usage.load([]).files)
recstore.registry.register("a.B", int)
recstore.session(mode="none")
recstore.session(mode="recrod")
"""
    )
    command = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={tmp_path}", str(program)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert re.findall("type is (.*)", done.stdout) == [
        '"int"',
        '"str"',
        '"str"',
        '"def (value: Any) -> Any"',
        '"set[str]"',
    ], done.stdout
    assert re.findall("([0-9]+): error: (.*)", done.stdout) == [("11", ANY)], done.stdout
    assert 'Argument "mode"' in done.stdout


def test_the_plugin_loads_little_beside_pytest() -> None:
    script = """
import sys
import pytest
before = set(sys.modules)
import recstore.pytest_plugin
print("\\n".join(sorted(set(sys.modules) - before)))
"""
    assert set(python(script).split()) <= {
        *("__future__", "recstore", "recstore._core", "recstore._store", "recstore.errors"),
        *("recstore._pytest_options", "recstore.pytest_plugin"),
    }


def test_a_session_loads_no_http_library() -> None:
    script = """
import sys
import recstore
with recstore.session("examples/recordings"):
    pass
print("\\n".join(sorted(name.partition(".")[0] for name in sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=REPOSITORY)
    assert not {"openai", "anthropic", "ollama", "google", "pydantic", "httpx", "httpx2"} & set(done.stdout.split())


def test_reading_loads_no_sdk() -> None:
    script = """
import sys
import recstore
store = recstore.open("examples/recordings", cache=False)
for recording in store.recordings():
    recording.text, recording.request, [chunk.data for chunk in recording]
print("\\n".join(sorted(name.partition(".")[0] for name in sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=REPOSITORY)
    heavy = {"openai", "anthropic", "ollama", "google", "pydantic", "orjson", "json", "rich", "httpx", "httpx2"}
    assert not heavy & set(done.stdout.split())


def test_the_core_does_not_know_python() -> None:
    command = ["cargo", "tree", "--package", "recstore-core", "--edges", "normal,build", "--offline", "--locked"]
    done = subprocess.run(command, cwd=REPOSITORY, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        # Where nothing was fetched yet.
        command.remove("--offline")
        done = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    assert done.stdout.startswith("recstore-core")
    assert "pyo3" not in done.stdout
    binding = subprocess.run(
        [*command[:3], "recstore-py", *command[4:]], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    assert "pyo3" in binding.stdout, "where it is, it would be seen"


def test_unsafe_code_is_in_four_places_and_nowhere_else() -> None:
    sources = {
        path.relative_to(REPOSITORY).as_posix(): path.read_text() for path in (REPOSITORY / "rust").rglob("*.rs")
    }
    found = [path for path, text in sources.items() if re.search(r"\bunsafe\s*(\{|fn|impl)", text)]
    assert sorted(found) == [
        "rust/recstore-core/src/json/wide.rs",
        "rust/recstore-core/src/pack/map.rs",
        "rust/recstore-py/src/borrowed.rs",
        "rust/recstore-py/src/instance.rs",
    ]


def test_one_module_serves_all_later_versions_of_python() -> None:
    import recstore._core

    assert recstore._core.__file__ is not None
    assert ".abi3." in recstore._core.__file__
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11"
    assert project["dependencies"] == []


def test_the_types_are_for_everybody() -> None:
    import recstore

    assert recstore.__file__ is not None
    assert (REPOSITORY / "python" / "recstore" / "py.typed").is_file()
    assert (
        recstore.__version__
        == tomllib.loads((REPOSITORY / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    )


@pytest.mark.parametrize("path", ["Cargo.lock", "requirements.lock", "LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"])
def test_what_belongs_to_a_package_is_there(path: str) -> None:
    assert (REPOSITORY / path).stat().st_size > 0


def test_examples_hold_every_kind_of_body() -> None:
    bodies = [json.loads(path.read_bytes())["response"] for path in (REPOSITORY / "examples/recordings").glob("*.json")]
    assert len(bodies) >= 40
    kinds: dict[str, Callable[[Any], Any]] = {
        "stream of typed objects": lambda r: r["is_streaming"] and "__type__" in r["body"][0],
        "stream of plain objects": lambda r: r["is_streaming"] and "candidates" in r["body"][0],
        "stream of lines": lambda r: r["is_streaming"] and isinstance(r["body"][0], str),
        "typed object": lambda r: isinstance(r["body"], dict) and "__type__" in r["body"],
        "plain object": lambda r: isinstance(r["body"], dict) and "__type__" not in r["body"],
        "list of models": lambda r: (
            isinstance(r["body"], list) and not r["is_streaming"] and "__type__" in r["body"][0]
        ),
        "exception": lambda r: r.get("is_exception") and r["body"] is None,
        "stream that ends in an exception": lambda r: r.get("is_exception") and r["body"],
        "status": lambda r: "status" in r,
        "nothing": lambda r: r["body"] is None and not r.get("is_exception"),
    }
    for kind, fits in kinds.items():
        assert any(fits(body) for body in bodies), kind
