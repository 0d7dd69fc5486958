"""The command line, as its users run it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import oracle
import recstore
from support import EXAMPLES, REPOSITORY, key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COUNT = 47


def run(*arguments: Any, code: int = 0, stdin: bytes = b"") -> tuple[str, str]:
    """Run a command and return what it says on stdout and stderr."""
    command = [sys.executable, "-m", "recstore", *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    assert done.returncode == code, done.stderr.decode()
    return done.stdout.decode(), done.stderr.decode()


def run_json(*arguments: Any, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code)[0])


@pytest.fixture(scope="session")
def streams() -> dict[str, str]:
    """Return the keys of some examples, by the name of their test."""
    store = recstore.open(EXAMPLES, cache=False)
    return {str(recording.test_id).rpartition("::")[2]: str(recording.key) for recording in store.recordings()}


def test_the_commands_are_listed_with_what_they_do() -> None:
    out, _ = run("--help")
    for command, summary in (("ls", "List the recordings"), ("verify", "Read every file and say what is wrong")):
        assert re.search(rf"^ +{command} +{summary}", out, re.MULTILINE), out
    for command in ("ls", "show", "stats", "key", "explain", "pack", "unpack", "verify"):
        assert "--json" in run(command, "--help")[0]
    assert run("--version")[0] == f"recstore {recstore.__version__}\n"
    assert "the following arguments are required" in run(code=2)[1]


def test_the_installed_command_is_the_module() -> None:
    command = [f"{REPOSITORY}/.venv/bin/recstore"] if (REPOSITORY / ".venv/bin/recstore").exists() else ["recstore"]
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"recstore {recstore.__version__}\n"


def test_ls_lists_every_file(examples: Path) -> None:
    out, errors = run("ls", examples)
    lines = out.splitlines()
    assert len(lines) == COUNT
    said = ["997bcd1de70f", "/v1/v1/chat/completions", "gpt-4o", "stream of ChatCompletionChunk", "4", "3.9 kB"]
    assert "\t".join([*said, "test_chat.py::test_hello"]) in lines
    assert errors.endswith(f"{COUNT} recordings under 46 keys in {examples}\n")
    entries = run_json("ls", examples)
    assert len(entries) == COUNT
    (hello,) = [entry for entry in entries if entry["test_id"] == "tests/test_chat.py::test_hello"]
    assert hello["endpoint"] == "/v1/v1/chat/completions"
    assert (hello["type"], hello["is_streaming"], hello["chunks"]) == ("ChatCompletionChunk", True, 4)
    assert hello["size"] == (examples / hello["path"]).stat().st_size


def test_ls_gives_a_line_for_each_recording_where_nobody_looks(tmp_path: Path, write: Callable[..., Path]) -> None:
    asked = {"url": "http://h/v1/chat/completions", "method": "POST", "body": {"model": "m" * 300}}
    for number in (1, 2):
        test_id = f"tests/test_a.py::test[{'x' * 300}\n\t{number}]"
        write(f"{key(number)}.json", {"body": {}, "is_streaming": False}, request=asked, test_id=test_id)
    lines = run("ls", tmp_path)[0].splitlines()
    assert [line.split("\t")[0] for line in lines] == [key(1)[:12], key(2)[:12]]
    assert lines[0].endswith(f"\ttest_a.py::test[{'x' * 300}\\n\\t1]")


def test_ls_gives_a_terminal_a_table(examples: Path) -> None:
    primary, secondary = os.openpty()
    command = [sys.executable, "-m", "recstore", "ls", str(examples), "--test", "hello"]
    subprocess.run(
        command, stdout=secondary, stderr=subprocess.DEVNULL, check=True, env={**os.environ, "COLUMNS": "160"}
    )
    os.close(secondary)
    lines = os.read(primary, 1 << 16).decode().splitlines()
    os.close(primary)
    assert re.sub(r"\x1b\[[0-9;]*m", "", lines[0]).split() == [
        "key",
        "endpoint",
        "model",
        "answer",
        "chunks",
        "size",
        "test",
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--test", "TEST_TOOL[tokyo]"], {"test_tool[Tokyo]"}),
        (["--test", "chat*half_way"], {"test_error_half_way"}),
        (["--model", "gpt-4o", "--type", "chunk", "--test", "hello"], {"test_hello"}),
        (["--endpoint", "/v1/*/completions", "--grep", "^Weather in [TL]okyo"], {"test_tool[Tokyo]"}),
        (["--grep", "^Hello!$"], {"test_hello"}),
        (["--grep", r"get_weather", "--test", "tokyo"], {"test_tool[Tokyo]"}),
        (["--model", "no such model"], set()),
    ],
)
def test_ls_finds_by_test_endpoint_model_type_and_text(
    examples: Path, arguments: list[str], expected: set[str]
) -> None:
    entries = run_json("ls", examples, *arguments)
    assert {entry["test_id"].partition("::")[2] for entry in entries} == expected
    assert run("ls", examples, *arguments)[1].endswith(f"{len(expected)} of the recordings in {examples}\n")


def test_ls_shows_what_was_found_in_a_line(examples: Path) -> None:
    (entry,) = run_json("ls", examples, "--grep", "ello!$")
    assert entry["match"] == "Hello!"
    assert run("ls", examples, "--grep", "ello!$")[0].split()[-1] == "Hello!"
    assert "'[' is no regular expression" in run("ls", examples, "--grep", "[", code=2)[1]


def test_ls_finds_what_plain_python_finds(ogx: Path) -> None:
    expected = set()
    for path in ogx.rglob("recordings/*.json"):
        recording = json.loads(path.read_bytes())
        texts: list[str] = []

        def gather(value: Any, texts: list[str] = texts) -> None:
            if isinstance(value, str):
                texts.append(value)
            elif isinstance(value, dict | list):
                for member in value.values() if isinstance(value, dict) else value:
                    gather(member)

        gather(recording["request"].get("body"))
        if any("Tokyo" in text for text in texts):
            expected.add(str(path.relative_to(ogx)))
    found = {entry["path"] for entry in run_json("ls", ogx, "--grep", "Tokyo")}
    assert expected <= found
    assert len(expected) > 10
    for path in found - expected:  # the answer says it
        assert "okyo" in (ogx / path).read_text()


def test_ls_reads_packs_too(examples: Path, tmp_path: Path) -> None:
    run("pack", examples, "-o", tmp_path / "a.pack")
    assert run_json("ls", tmp_path / "a.pack") == run_json("ls", examples)


def test_ls_goes_on_past_a_file_that_is_no_recording(examples: Path) -> None:
    (examples / f"{key(1)}.json").write_text("{")
    out, errors = run("ls", examples)
    assert len(out.splitlines()) == COUNT
    assert f"recstore: {examples}/{key(1)}.json: the text ends inside a value at line 1 column 2" in errors


def test_show_shows_what_was_asked_and_answered(examples: Path, streams: dict[str, str]) -> None:
    out, _ = run("show", streams["test_tool[Tokyo]"][:8], examples)
    assert "tests/test_chat.py::test_tool[Tokyo]" in out
    assert "Weather in Tokyo?" in out
    assert '-> get_weather({"city": "Tokyo"})' in out
    assert "Hello!" in run("show", streams["test_hello"], examples)[0]
    assert "server_error" in run("show", streams["test_error_half_way"], examples)[0]
    shown = run_json("show", streams["test_tool[Tokyo]"], examples)
    assert shown["tool_calls"] == [
        {"index": 0, "id": "call_1", "name": "get_weather", "arguments": '{"city": "Tokyo"}'}
    ]
    assert shown["request"]["model"] == "gpt-4o"
    assert len(shown["chunks"]) == 6
    raw = run("show", streams["test_hello"], examples, "--raw")[0]
    assert raw.encode() == (examples / f"{streams['test_hello']}.json").read_bytes()


def test_show_says_where_a_key_is_not_there_or_not_enough(examples: Path) -> None:
    assert "no recording in" in run("show", "ffff0000", examples, code=1)[1]
    assert re.search(r"\d+ keys begin with a: a\w{11}, ", run("show", "a", examples, code=1)[1])


def test_a_recording_does_not_play_with_the_terminal(tmp_path: Path, write: Callable[..., Path]) -> None:
    evil = "\x1b]0;pwned\x07\x1b[2J[bold]red[/bold] \x9b31m\u202e"
    choice = {"choices": [{"delta": {"content": evil}}]}
    write(
        f"{key(1)}.json",
        {"body": [choice], "is_streaming": True},
        request={"body": {"a": evil}, "model": evil},
        test_id=evil,
    )
    for command in (("ls", tmp_path), ("show", key(1), tmp_path), ("stats", tmp_path), ("verify", tmp_path)):
        out, errors = run(*command, code=1 if command[0] == "verify" else 0)
        assert "\x1b]" not in out + errors
        assert "\x9b" not in out + errors
        assert "\x07" not in out + errors
    assert "[bold]red[/bold]" in run("show", key(1), tmp_path)[0]


def test_stats_counts(examples: Path) -> None:
    found = run_json("stats", examples)
    assert (found["recordings"], found["keys"], found["errors"]) == (COUNT, 46, 6)
    assert found["bytes"] == sum(path.stat().st_size for path in examples.glob("*.json"))
    assert found["pack_bytes"] == (examples / ".recstore" / "pack").stat().st_size
    assert found["cache"] == "ready"
    for what in ("folders", "endpoints", "models", "types", "profiles"):
        assert sum(found[what].values()) == COUNT
    out, _ = run("stats", examples)
    assert re.search(r"^recordings +47$", out, re.MULTILINE)


def test_key_computes_keys(examples: Path, tmp_path: Path, streams: dict[str, str]) -> None:
    path = examples / f"{streams['test_hello']}.json"
    assert run("key", path)[0].strip() == streams["test_hello"]
    recording = json.loads(path.read_bytes())
    request = json.dumps(recording["request"]).encode()
    assert run("key", "-", "--test-id", recording["test_id"], stdin=request)[0].strip() == streams["test_hello"]
    assert run("key", "-", stdin=request)[0].strip() == oracle.inference_key(7, recording["request"], None)
    keys = run_json("key", path, "--all")
    expected = oracle.all_keys(recording["request"], recording["test_id"])
    assert {profile: key for profile, key in keys.items() if profile.startswith("ogx")} == expected
    assert run_json("key", path, "--profile", "ogx-1") == {"profile": "ogx-1", "key": expected["ogx-1"]}
    form = run("key", path, "--canonical")[0]
    assert json.loads(form)["body"] == recording["request"]["body"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "the text ends inside a value at line 1 column 2"),
        (b"{}", "the request has none of 'body'"),
        (b'{"body": {}, "method": "POST"}', "the request has no member 'url'"),
    ],
)
def test_key_says_what_is_wrong_with_a_request(text: bytes, message: str) -> None:
    out, errors = run("key", "-", stdin=text, code=2)
    assert (out, message in errors) == ("", True)


def test_pack_and_unpack(examples: Path, tmp_path: Path) -> None:
    assert run("pack", examples)[0].strip() == str(examples / ".recstore" / "pack")
    pack = tmp_path / "a.pack"
    made = run_json("pack", examples, "--output", pack)
    size = pack.stat().st_size
    assert made == {"pack": str(pack), "recordings": COUNT, "keys": 46, "broken": 0, "bytes": size}
    assert run_json("unpack", pack, tmp_path / "new") == {"folder": str(tmp_path / "new"), "files": COUNT}
    assert {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()} == {
        path.name: path.read_bytes() for path in examples.glob("*.json")
    }
    small = tmp_path / "small.pack"
    made = run_json("pack", examples, "--output", small, "--form", "small")
    assert made["bytes"] < pack.stat().st_size / 2
    assert run_json("unpack", small, tmp_path / "again")["files"] == COUNT
    (tmp_path / "bare").mkdir()
    for tree in (examples, tmp_path / "bare"):
        out, errors = run("unpack", tree, tmp_path / "none", code=2)
        assert (out, errors) == (
            "",
            f"recstore: {tree}: this is no pack of recstore's; `recstore pack` makes one from a folder of recordings\n",
        )
    assert not (tmp_path / "none").exists()
    assert not list((tmp_path / "bare").iterdir()), "nor is a cache made"
    assert {**run_json("stats", small), "path": 0, "pack_bytes": 0} == {
        **run_json("stats", pack),
        "path": 0,
        "pack_bytes": 0,
    }
    assert "name another file with --output" in run("pack", examples, "--form", "small", code=2)[1]
    assert "is not empty" in run("unpack", pack, tmp_path / "new", code=2)[1]
    assert "is a pack already" in run("pack", pack, "-o", tmp_path / "b.pack", code=2)[1]
    assert "no pack can be kept beside" in run("pack", pack, code=2)[1]
    (tmp_path / "empty").mkdir()
    assert "there are no recordings yet" in run("pack", tmp_path / "empty", code=2)[1]


def test_pack_tells_of_files_that_are_no_recordings(examples: Path, tmp_path: Path) -> None:
    (examples / f"{key(1)}.json").write_text("{")
    for arguments in ((), ("-o", tmp_path / "a.pack")):
        _, said = run("pack", examples, *arguments)
        assert f"{COUNT} recordings under 47 keys" in said
        assert "files that are no recordings, packed as they are: 1; `recstore verify` says why" in said


def test_verify_finds_what_is_wrong(examples: Path, streams: dict[str, str]) -> None:
    out, errors = run("verify", examples)
    assert out == ""
    assert f"{COUNT} files, 0 findings; keys: ogx-7 39, ogx-http-7 6, ogx-tool 2" in errors
    path = examples / f"{streams['test_hello']}.json"
    path.write_bytes(path.read_bytes().replace(b"Say hello.", b"Say hullo."))
    (examples / f"{key(1)}.json").write_text("<<<<<<< HEAD\n")
    (examples / "notes.json").write_text('{"request": {}, "response": {"body": 1}}')
    out, errors = run("verify", examples, code=1)
    assert f"{COUNT + 2} files, 3 findings" in errors
    assert f"  {path.name}" in out.splitlines()
    findings = {finding["path"]: finding["kind"] for finding in run_json("verify", examples, code=1)["findings"]}
    assert findings == {path.name: "key-mismatch", f"{key(1)}.json": "malformed", "notes.json": "no-key"}


def test_verify_finds_damage_in_a_pack(examples: Path, tmp_path: Path) -> None:
    run("pack", examples, "-o", tmp_path / "a.pack")
    assert run_json("verify", tmp_path / "a.pack")["findings"] == []
    data = bytearray((tmp_path / "a.pack").read_bytes())
    data[5000] ^= 1
    (tmp_path / "a.pack").write_bytes(data)
    report = run_json("verify", tmp_path / "a.pack", code=1)
    assert {finding["kind"] for finding in report["findings"]} == {"damaged-pack", "unreadable"}


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    for command in (("ls",), ("stats",), ("verify",), ("pack",), ("show", "abc")):
        out, errors = run(*command, tmp_path / "none", code=2)
        assert out == ""
        assert f"recstore: cannot open the store {tmp_path}/none: No such file or directory" in errors
    assert "No such file or directory" in run("key", tmp_path / "none", code=2)[1]


def test_a_reader_that_has_seen_enough_is_no_error(examples: Path) -> None:
    for command in ("ls", "ls --json", "show --raw"):
        name, *options = command.split()
        some = [next(iter(recstore.open(examples)))] if name == "show" else []
        arguments = [sys.executable, "-m", "recstore", name, *some, str(examples), *options]
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(arguments, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
        os.close(write)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        assert "BrokenPipe" not in done.stderr


def test_without_its_packages_the_command_line_says_how_to_get_them() -> None:
    script = "import sys; sys.modules['rich'] = None; from recstore.cli import main; sys.exit(main(['ls']))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "recstore: the command line needs two more packages: pip install rich orjson\n"


def test_long_work_shows_progress_on_a_terminal(tmp_path: Path, write: Callable[..., Path]) -> None:
    script = """
import time
from recstore.cli._output import working
with working("doing much", total=3) as step:
    for _ in range(3):
        time.sleep(0.35)
        step()
with working("doing little"):
    pass
"""
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen([sys.executable, "-c", script], stderr=terminal, env=environment)
    os.close(terminal)
    said = b""
    while True:
        try:
            read = os.read(controller, 4096)
        except OSError:
            break
        if not read:
            break
        said += read
    assert process.wait() == 0
    os.close(controller)
    assert b"doing much" in said
    assert b"doing little" not in said
    quiet = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert quiet.stderr == b"", "nothing moves where nobody looks"
