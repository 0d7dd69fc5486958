"""Recordings as real git shows them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from recstore import _git_install
from recstore._textconv import text_of
from support import EXAMPLES, key
from test_cli import run, run_json

if TYPE_CHECKING:
    from pathlib import Path

TOKYO = "57ea4063028304834e2fed31dcec3f3bde8691f189a138c0e008cd0468f27702.json"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with recordings in tests/recordings, and no other settings than its own."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "gitconfig").write_text("[user]\n\tname = Nobody\n\temail = nobody@example.com\n")
    folder = tmp_path / "project"
    (folder / "tests").mkdir(parents=True)
    shutil.copytree(EXAMPLES, folder / "tests" / "recordings", ignore=shutil.ignore_patterns(".recstore"))
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=Record")
    return folder


def git(folder: Path, *arguments: str, **environment: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode(errors="replace")


def change(folder: Path, old: str, new: str, name: str = TOKYO) -> Path:
    path = folder / "tests" / "recordings" / name
    path.write_text(path.read_text().replace(old, new))
    return path


def test_git_shows_what_was_said_and_no_json(repository: Path) -> None:
    change(repository, "Tokyo", "Kyoto")
    assert '"content"' in git(repository, "diff")
    run("git", "install", repository)
    shown = git(repository, "diff")
    for line in ("-  Weather in Tokyo?", "+  Weather in Kyoto?", '+  -> get_weather({"city": "Kyoto"}) [call_1]'):
        assert line in shown.splitlines()
    assert '"content"' not in shown
    assert len([line for line in shown.splitlines() if line[0] in "+-"]) == 2 + 2 * 4, "and only what changed"
    git(repository, "commit", "--all", "--quiet", "--message=Ask for Kyoto")
    assert "+  Weather in Kyoto?" in git(repository, "log", "-p", "-1", "--", "tests")
    assert "+  Say hello." in git(repository, "log", "-p", "--", "tests"), "what was new is shown whole"
    patch = git(repository, "format-patch", "-1", "--stdout")
    assert '"content"' in patch, "patches that are applied stay what they are"


def test_a_change_that_is_not_shown_is_seen(repository: Path) -> None:
    run("git", "install", repository)
    change(repository, '"created": 0', '"created": 1')
    added = [line for line in git(repository, "diff", "--", "tests").splitlines() if line.startswith("+")]
    assert len(added) == 2
    assert added[1].startswith("+bytes     7,144, sha256 ")


def test_install_says_what_it_writes_and_writes_nothing_twice(repository: Path) -> None:
    status = git(repository, "status", "--porcelain")
    planned, _ = run("git", "install", repository, "--dry-run")
    assert git(repository, "status", "--porcelain") == status
    assert "diff.recstore" not in git(repository, "config", "--local", "--list")
    out, errors = run("git", "install", repository)
    assert out.replace("added to", "would be added to") == planned
    attributes, ignored = repository / ".gitattributes", repository / ".gitignore"
    assert attributes.read_text() == f"{_git_install.COMMENT}\n**/recordings/*.json diff=recstore\n"
    assert ignored.read_text() == ".recstore-*.tmp\n"
    for line in (
        *attributes.read_text().splitlines(),
        ".recstore-*.tmp",
        f"diff.recstore.textconv = {_git_install.command()}",
    ):
        assert f"  {line}" in out.splitlines()
    assert f"added to {repository}/.git/config, which is of this clone alone" in out
    assert "every other clone needs `recstore git install` once" in errors
    before = [attributes.read_bytes(), ignored.read_bytes(), (repository / ".git/config").read_bytes()]
    assert run("git", "install", repository) == ("", "nothing to write: all is as it should be\n")
    assert before == [attributes.read_bytes(), ignored.read_bytes(), (repository / ".git/config").read_bytes()]
    assert run_json("git", "install", repository) == []


def test_undo_takes_back_what_install_wrote_and_nothing_else(repository: Path) -> None:
    config = (repository / ".git/config").read_bytes()
    (repository / ".gitattributes").write_bytes(b"*.py text\r\n*.json -diff\r\n")
    (repository / ".gitattributes").chmod(0o640)
    run("git", "install", repository)
    written = (repository / ".gitattributes").read_bytes()
    assert written.startswith(b"*.py text\r\n*.json -diff\r\n")
    assert written.endswith(b"\r\n**/recordings/*.json diff=recstore\r\n")
    assert (repository / ".gitattributes").stat().st_mode & 0o777 == 0o640
    change(repository, "Tokyo", "Kyoto")
    assert "+  Weather in Kyoto?" in git(repository, "diff"), "what comes last counts"
    undone = run_json("git", "install", repository, "--undo")
    assert {os.path.basename(one["file"]) for one in undone} == {".gitattributes", ".gitignore", "config"}  # noqa: PTH119
    assert (repository / ".gitattributes").read_bytes() == b"*.py text\r\n*.json -diff\r\n"
    assert not (repository / ".gitignore").exists()
    assert (repository / ".git/config").read_bytes() == config
    assert run("git", "install", repository, "--undo") == ("", "nothing to take back\n")


def test_a_last_line_without_an_end_stays_a_line(repository: Path) -> None:
    (repository / ".gitattributes").write_bytes(b"*.py text")
    run("git", "install", repository)
    assert (repository / ".gitattributes").read_text().splitlines()[0] == "*.py text"
    assert "text: set" in git(repository, "check-attr", "text", "a.py")


def test_an_ignored_temporary_file_needs_no_line(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.tmp\n")
    run("git", "install", repository)
    assert (repository / ".gitignore").read_text() == "*.tmp\n"


@pytest.mark.parametrize("name", ["plain", "with space", "odd [x]*?", 'quoted "é"', "back\\slash"])
def test_each_folder_gets_its_own_line_however_it_is_called(repository: Path, name: str) -> None:
    for folder in (name, "other"):
        shutil.copytree(repository / "tests", repository / folder / "tests")
    run("git", "install", repository / name)
    git(repository, "add", ".")

    def driver(path: str) -> str:
        return git(repository, "check-attr", "-z", "diff", "--", path).split("\0")[2]

    assert driver(f"{name}/tests/recordings/{TOKYO}") == "recstore"
    assert driver(f"other/tests/recordings/{TOKYO}") == "unspecified"
    assert run("git", "install", repository / name)[0] == ""
    run("git", "install", repository / "other")
    run("git", "install", repository / "other", "--undo")
    assert driver(f"{name}/tests/recordings/{TOKYO}") == "recstore"
    assert _git_install.COMMENT in (repository / ".gitattributes").read_text()
    assert git(repository, "config", _git_install.SETTING), "the other folder still needs it"


def test_a_folder_of_recordings_by_another_name_is_known(repository: Path) -> None:
    shutil.move(repository / "tests" / "recordings", repository / "answers")
    git(repository, "add", ".")
    run("git", "install", repository / "answers")
    assert "/answers/*.json diff=recstore" in (repository / ".gitattributes").read_text()
    path = repository / "answers" / TOKYO
    path.write_text(path.read_text().replace("Tokyo", "Kyoto"))
    assert "+  Weather in Kyoto?" in git(repository, "diff")


def test_what_is_no_recording_is_shown_as_it_is(repository: Path) -> None:
    run("git", "install", repository)
    folder = repository / "tests" / "recordings"
    odd = {
        f"{key(1)}.json": b"<<<<<<< HEAD\n{}\n",
        f"{key(2)}.json": b'{"just": "json"}\n',
        f"{key(3)}.json": b"",
        f"{key(4)}.json": b"\xff\xfe\x00",
        "-x.json": b"[1]\n",
    }
    for name, content in odd.items():
        (folder / name).write_bytes(content)
        assert text_of(folder / name) == content
    git(repository, "add", ".")
    shown = git(repository, "diff", "--cached", "--text")
    assert '+{"just": "json"}' in shown
    assert "+<<<<<<< HEAD" in shown
    change(repository, '"request": {', '"request": {{')
    assert "-  Weather in Tokyo?" in git(repository, "diff"), "one side is a recording and the other is not"


def test_git_works_on_where_python_is_gone_and_runs_nothing_of_the_tree(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("git", "install", repository)
    (repository / "json.py").write_text("open('ran', 'w')\n")
    (repository / "recstore.py").write_text("open('ran', 'w')\n")
    change(repository, "Tokyo", "Kyoto")
    assert "+  Weather in Kyoto?" in git(repository, "diff")
    assert not (repository / "ran").exists()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    git(repository, "config", _git_install.SETTING, _git_install.command())
    assert "Kyoto" in git(repository, "diff")


def test_worktrees_and_folders_in_them_share_the_setting(repository: Path, tmp_path: Path) -> None:
    run("git", "install", repository / "tests")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message=Show")
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "other"))
    change(tmp_path / "other", "Tokyo", "Kyoto")
    assert "+  Weather in Kyoto?" in git(tmp_path / "other" / "tests", "diff", "--", "recordings")
    assert run_json("git", "install", tmp_path / "other" / "tests") == []


def test_the_folder_counts_and_not_what_a_hook_has_set(repository: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    git(tmp_path, "init", "--quiet", str(elsewhere))
    command = [sys.executable, "-m", "recstore", "git", "install", str(repository)]
    environment = {**os.environ, "GIT_DIR": str(elsewhere / ".git"), "GIT_WORK_TREE": str(elsewhere)}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    assert "recstore" in git(repository, "config", _git_install.SETTING)
    assert not (elsewhere / ".gitattributes").exists()


def test_where_there_is_no_repository_it_says_so(tmp_path: Path) -> None:
    assert "not a git repository" in run("git", "install", tmp_path, code=2)[1]
    assert "is no folder" in run("git", "install", tmp_path / "none", code=2)[1]


def test_textconv_is_stable_and_indents_what_recordings_say(tmp_path: Path) -> None:
    said = "answer\n  a\x1b[31mb\n\nuser message"
    request: dict[str, Any] = {"body": {"messages": [{"role": "user", "content": said}]}}
    recording = {"test_id": None, "request": request, "response": {"body": "x", "is_streaming": False}}
    path = tmp_path / f"{key(1)}.json"
    path.write_text(json.dumps(recording))
    out, _ = run("git", "textconv", path)
    assert out == run("git", "textconv", path)[0]
    lines = out.splitlines()
    assert lines.count("user message") == 1
    start = lines.index("user message")
    assert lines[start : start + 5] == ["user message", "  answer", "    a\\x1b[31mb", "", "  user message"]
