"""The pytest plugin, in real runs of pytest."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import recstore
from recstore import doctor, rekey, usage
from suites import LOOP, recordings, run, suite
from support import REPOSITORY, obey_modes_of_files

if TYPE_CHECKING:
    from scripted_server import ScriptedServer

pytestmark = pytest.mark.usefixtures("project")

ONE_TEST = """
    def test_one(recstore):
        assert ask("one").startswith("Grüße")
"""


def test_a_suite_is_recorded_once_and_replayed(pytester: pytest.Pytester, server: ScriptedServer) -> None:
    suite(pytester, ONE_TEST)
    result, output = run(pytester, "--recstore-mode=record-if-missing")
    result.assert_outcomes(passed=1)
    assert "recstore: record-if-missing (--recstore-mode; command line, then environment, then marker" in output
    assert "0 hits, 0 misses, 1 recorded, 0 live, in 1 tests" in output
    [path] = recordings(pytester)
    assert path.startswith("tests/recordings/")
    found = recstore.open(pytester.path)
    assert found[next(iter(found))].test_id == "tests/test_ask.py::test_one"
    calls = server.calls
    for arguments in ((), ("--recstore-mode=record-if-missing",), ("tests/test_ask.py::test_one",), ("-n2",)):
        result, output = run(pytester, *arguments)
        result.assert_outcomes(passed=1)
        assert "1 hits, 0 misses, 0 recorded, 0 live, in 1 tests" in output
        assert "1 recordings in" in output
        assert ", pack ready" in output
    assert server.calls == calls
    assert recordings(pytester) == [path]


def test_a_miss_is_shown_whatever_the_sdk_makes_of_it(pytester: pytest.Pytester) -> None:
    suite(
        pytester,
        """
    import anthropic, asyncio

    def test_openai(recstore):
        ask("one")

    @pytest.mark.recstore
    def test_anthropic():
        client = anthropic.Anthropic(api_key="x", max_retries=0)
        client.messages.create(model="m", messages=[{"role": "user", "content": "x"}], max_tokens=1)

    @pytest.mark.asyncio
    async def test_async(recstore):
        client = anthropic.AsyncAnthropic(api_key="x", max_retries=0)
        await client.messages.create(model="m", messages=[{"role": "user", "content": "x"}], max_tokens=1)

    def test_swallowed(recstore):
        with pytest.raises(Exception):
            ask("one")
    """,
    )
    result, output = run(pytester)
    result.assert_outcomes(failed=3, passed=1)
    for place in ("/v1/chat/completions of whole", "/v1/messages of m"):
        assert f"RecordingNotFound: no recording answers {place} in tests/test_ask.py::test_" in output
    assert "To record it: pytest --recstore-mode=record-if-missing tests/test_ask.py::test_openai" in output
    assert "0 hits, 4 misses, 0 recorded, 0 live, in 4 tests" in output
    assert "passed, though a request was missing: tests/test_ask.py::test_swallowed" in output


def test_a_miss_is_explained_in_the_report(pytester: pytest.Pytester, server: ScriptedServer) -> None:
    path = suite(
        pytester,
        """
    def test_one(recstore):
        assert ask("Which planet has rings?").startswith("Grüße")

    @pytest.mark.parametrize("name", ["a b"])
    def test_two(recstore, name):
        try:
            said = ask("Which planet has moons?")
        except Exception:
            said = "no answer"
        assert said.startswith("Grüße")
    """,
    )
    run(pytester, "--recstore-mode=record")[0].assert_outcomes(passed=2)
    path.write_text(path.read_text().replace("rings?", "rings  of ice?").replace("moons?", "many moons?"))
    calls = server.calls
    for arguments in ((), ("-n1",)):
        result, _ = run(pytester, *arguments)
        result.assert_outcomes(failed=2)
        for line in (
            "E*RecordingNotFound: no recording answers /v1/chat/completions of whole in tests/test_ask.py::test_one: *",
            "E*The nearest of 2 recordings is tests/recordings/*.json, of the same test:",
            "E*body.messages?0?.content was changed:",
            'E*recorded   "Which planet has rings?"',
            'E*requested  "Which planet has rings  of ice?"',
            "E*To record it: pytest --recstore-mode=record-if-missing tests/test_ask.py::test_one",
            "*- a request that no recording answers -*",
            '*requested  "Which planet has many moons?"',
            "To record it: pytest --recstore-mode=record-if-missing 'tests/test_ask.py::test_two?a b?'",
        ):
            result.stdout.fnmatch_lines([line])
    [command] = {
        line.partition("To record it: ")[2] for line in result.outlines if "To record it" in line and "test_two" in line
    }
    pytester.run(sys.executable, "-m", *shlex.split(command)).assert_outcomes(passed=1)
    assert server.calls == calls + 1
    run(pytester, "-k", "test_two")[0].assert_outcomes(passed=1, deselected=1)


def test_the_command_that_records_is_as_seen_from_where_pytest_was_started(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite(pytester, ONE_TEST)
    pytester.mkdir("kept")
    monkeypatch.chdir(pytester.path / "tests")
    result = pytester.run(sys.executable, "-m", "pytest", "--recstore-dir=../kept")
    assert (
        "To record it: pytest --recstore-mode=record-if-missing --recstore-dir=../kept ../tests/test_ask.py::test_one"
        in (result.stdout.str())
    )


def test_a_fixture_of_wider_scope_asks_in_a_session_of_its_own_or_is_refused(
    pytester: pytest.Pytester, server: ScriptedServer
) -> None:
    suite(
        pytester,
        """
    import recstore as package

    @pytest.fixture(scope="module")
    def in_session():
        with package.session(test_id="tests/test_ask.py"):
            return ask("in a session")

    @pytest.fixture(scope="module")
    def outside():
        return ask("outside")

    def test_one(in_session, recstore):
        assert in_session.startswith("Grüße")

    def test_two(outside, recstore):
        pass
    """,
    )
    for block in ("no", "yes"):
        result, output = run(pytester, "--recstore-mode=record", f"--recstore-block={block}", "-n1")
        result.assert_outcomes(passed=2)
        told = (
            "not recorded, and refused in replay: what a fixture of wider scope than tests/test_ask.py::test_two asked"
        )
        assert output.count("not recorded, and refused") == output.count(told) == (block == "yes"), output
    result, output = run(pytester, "--recstore-mode=record")
    result.assert_outcomes(passed=2)
    assert "0 hits, 0 misses, 0 recorded, 1 live, in 2 tests" in output
    assert told in output
    assert (server.calls, len(recordings(pytester))) == (6, 1)
    for arguments in ((), ("-n1",), ("--recstore-mode=replay", "-q")):
        result, output = run(pytester, *arguments)
        result.assert_outcomes(passed=1, errors=1)
        assert "it was made outside of a test's session, by a fixture of wider scope than test_two" in output
        assert "or say block=False (in pytest --recstore-block=no) to let others through" in output
    assert server.calls == 6
    run(pytester, "--recstore-block=no")[0].assert_outcomes(passed=2)
    assert server.calls == 7


def test_a_session_that_stays_open_around_tests_records_what_other_fixtures_ask(
    pytester: pytest.Pytester, server: ScriptedServer
) -> None:
    suite(
        pytester,
        """
    import recstore as package

    @pytest.fixture(scope="module", autouse=True)
    def around():
        with package.session(test_id="tests/test_ask.py"):
            yield

    @pytest.fixture(scope="class")
    def asked():
        return ask("in the session around")

    def test_one(recstore):
        pass

    def test_two(asked, recstore):
        assert asked.startswith("Grüße")
    """,
    )
    result, output = run(pytester, "--recstore-mode=record")
    result.assert_outcomes(passed=2)
    assert "not recorded" not in output
    assert (server.calls, len(recordings(pytester))) == (1, 1)


def test_a_test_that_skips_itself_keeps_what_it_asked(pytester: pytest.Pytester, server: ScriptedServer) -> None:
    suite(pytester, "def test_skips(recstore):\n    ask('one')\n    pytest.skip('now')")
    for arguments in (("--recstore-mode=record",), ()):
        run(pytester, *arguments)[0].assert_outcomes(skipped=1)
    assert server.calls == 1


def test_damaged_recordings_are_told_whatever_the_sdk_makes_of_it(
    pytester: pytest.Pytester, server: ScriptedServer
) -> None:
    suite(
        pytester,
        """
    import anthropic
    def test_one(recstore):
        with anthropic.Anthropic(api_key="x", base_url=os.environ["SERVICE"], max_retries=0) as client:
            client.messages.create(model="whole", messages=[{"role": "user", "content": "x"}], max_tokens=1)
    """,
    )
    run(pytester, "--recstore-mode=record")
    (pytester.path / recordings(pytester)[0]).write_text("<<<<<<< HEAD\n")
    result, output = run(pytester)
    result.assert_outcomes(failed=1)
    assert "MalformedRecording" in output.partition("short test summary")[2]


def test_what_a_failed_test_recorded_is_kept_only_if_asked_for(
    pytester: pytest.Pytester, server: ScriptedServer
) -> None:
    suite(
        pytester,
        """
    def test_fails(recstore):
        ask("one")
        assert False

    @pytest.mark.xfail
    def test_fails_as_expected(recstore):
        ask("two")
        assert False
    """,
    )
    result, output = run(pytester, "--recstore-mode=record")
    result.assert_outcomes(failed=1, xfailed=1)
    assert len(recordings(pytester)) == 1
    assert "1 recorded, 0 live, 1 not kept, as their tests failed (--recstore-keep-failed keeps them)" in output
    run(pytester, "--recstore-mode=record", "--recstore-keep-failed")
    assert len(recordings(pytester)) == 2


def test_the_command_line_comes_before_environment_marker_and_ini_file(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite(
        pytester,
        """
    @pytest.mark.recstore(mode="record-if-missing", hosts=["*.example"], on_secret="redact")
    def test_one(recstore):
        assert (recstore.mode, recstore.block) == (os.environ["EXPECTED"], os.environ["EXPECTED"] == "replay")
        assert (recstore.hosts, recstore.on_secret) == (["*.example"], "redact")
        assert recstore.test_id == "tests/test_ask.py::test_one"
    """,
    )
    pytester.makeini("[pytest]\nrecstore_mode = live\nrecstore_hosts =\n    *.other\n" + LOOP)

    def expect(mode: str, *arguments: str) -> None:
        monkeypatch.setenv("EXPECTED", mode)
        run(pytester, *arguments)[0].assert_outcomes(passed=1)

    expect("record-if-missing")
    monkeypatch.setenv("RECSTORE_MODE", "none")
    expect("replay")
    expect("record", "--recstore-mode=all")
    monkeypatch.delenv("RECSTORE_MODE")
    monkeypatch.setenv("CI", "true")
    expect("replay")
    expect("record-if-missing", "--recstore-mode=once")


def test_fixtures_and_setup_ask_within_the_session_of_their_test(
    pytester: pytest.Pytester, server: ScriptedServer
) -> None:
    suite(
        pytester,
        """
    @pytest.fixture
    def asked():
        yield ask("in a fixture")
        ask("after the test")

    @pytest.fixture(autouse=True)
    def always_asked():
        ask("always")

    @pytest.mark.recstore
    class TestAll:
        def setup_method(self):
            ask("in setup")

        def test_one(self, asked):
            ask("in the test")

    def test_two(asked, recstore):
        ask("in the test")
    """,
    )
    result, output = run(pytester, "--recstore-mode=record")
    result.assert_outcomes(passed=2)
    assert "9 recorded" in output
    calls = server.calls
    result, output = run(pytester)
    result.assert_outcomes(passed=2)
    assert "9 hits, 0 misses" in output
    assert server.calls == calls == 9


def test_what_a_task_asks_belongs_to_the_test_that_runs(pytester: pytest.Pytester, server: ScriptedServer) -> None:
    suite(
        pytester,
        """
    import contextvars, queue, threading
    jobs, done, workers = queue.Queue(), queue.Queue(), []

    def work():
        while True:
            done.put(ask(jobs.get()))

    @pytest.mark.parametrize("number", range(3))
    def test_worker(recstore, number):
        if not workers:
            workers.append(threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True))
            workers[0].start()
        jobs.put("the same")
        assert str(number + 1) in done.get()
    """,
    )
    for arguments in (("--recstore-mode=record",), ()):
        result, _ = run(pytester, *arguments)
        result.assert_outcomes(passed=3)
    assert len(recordings(pytester)) == 3
    assert server.calls == 3


def test_the_pack_is_made_and_the_mode_checked_without_a_header_too(
    pytester: pytest.Pytester, server: ScriptedServer
) -> None:
    suite(pytester, ONE_TEST + "\n    def test_cache(recstore):\n        assert recstore.store.cache == 'ready'\n")
    run(pytester, "--recstore-mode=record")
    assert not (pytester.path / ".recstore" / "pack").exists()
    result, _ = run(pytester, "-q", "-n2")
    result.assert_outcomes(passed=2)
    _, output = run(pytester, "-q", "--recstore-mode=recrod")
    assert "ERROR: recstore: there is no mode 'recrod'" in output
    _, output = run(pytester, "-q", "--recstore-dir=nowhere")
    assert "cannot open the store" in output
    assert not (pytester.path / "nowhere").exists()


def test_hosts_are_blocked_as_asked_for(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    suite(pytester, "def test_one(recstore): assert recstore.block is (os.environ['EXPECTED'] == 'yes')")
    for value, expected in (("yes", "yes"), ("true", "yes"), ("1", "yes"), ("NO", "no"), ("0", "no")):
        monkeypatch.setenv("RECSTORE_BLOCK", value)
        monkeypatch.setenv("EXPECTED", expected)
        run(pytester)[0].assert_outcomes(passed=1)
    monkeypatch.setenv("RECSTORE_BLOCK", "perhaps")
    result, output = run(pytester)
    result.assert_outcomes(errors=1)
    assert "recstore: block is yes or no, not 'perhaps'" in output


def test_a_run_that_skips_tests_says_so_in_its_usage(pytester: pytest.Pytester) -> None:
    suite(pytester, "@pytest.mark.skip\ndef test_skipped(recstore): pass\ndef test_one(recstore): pass")
    run(pytester)
    assert usage.load([pytester.path / ".recstore" / "used.json"]).partial == [
        "tests were skipped, or failed before they began"
    ]


@pytest.mark.parametrize("ending", ["assert 0", "pytest.skip('now')"])
@pytest.mark.parametrize("arguments", [(), ("-n2",)], ids=["alone", "workers"])
def test_a_test_with_a_session_of_its_own_that_does_not_end_makes_the_usage_partial(
    pytester: pytest.Pytester,
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    ending: str,
    arguments: tuple[str, ...],
) -> None:
    own = """
    import recstore

    @pytest.mark.parametrize("number", range(4))
    def test_own(number):
        with recstore.session(test_id=f"tests/test_ask.py::test_own[{number}]"):
            if number == 3 and os.environ.get("BROKEN"):
                ENDING
            ask(str(number))
    """
    suite(pytester, own.replace("ENDING", ending))
    used = pytester.path / ".recstore" / "used.json"
    run(pytester, "--recstore-mode=record")[0].assert_outcomes(passed=4)
    assert (len(recordings(pytester)), usage.load([used]).partial) == (4, [])
    monkeypatch.setenv("BROKEN", "1")
    result, _ = run(pytester, *arguments)
    assert result.parseoutcomes()["passed"] == 3
    assert usage.load([used]).partial == [
        "tests open sessions of their own, and some without the fixture failed or were skipped"
    ]


@pytest.mark.parametrize("ending", ["raise RuntimeError('broken')", "pytest.skip('now')"])
def test_a_fixture_that_breaks_after_the_session_has_begun_ends_its_test_alone(
    pytester: pytest.Pytester, ending: str
) -> None:
    suite(
        pytester,
        f"""
    @pytest.fixture
    def broken(recstore):
        {ending}

    def test_one(recstore, broken): pass

    def test_two(): pass
    """,
    )
    result, output = run(pytester, "--recstore-mode=record")
    assert "INTERNALERROR" not in output
    result.assert_outcomes(passed=1, **({"errors": 1} if "raise" in ending else {"skipped": 1}))


def test_a_marker_on_one_parameter_is_for_that_one_alone(pytester: pytest.Pytester) -> None:
    suite(
        pytester,
        """
    @pytest.mark.parametrize("name", ["plain", pytest.param("marked", marks=pytest.mark.recstore)])
    def test_one(request, name):
        assert ("recstore" in request.fixturenames) == (name == "marked")
    """,
    )
    run(pytester)[0].assert_outcomes(passed=2)


def test_a_marker_that_names_a_profile_is_known_to_doctor_and_misses(
    pytester: pytest.Pytester, server: ScriptedServer
) -> None:
    suite(pytester, "@pytest.mark.recstore(profile='recstore-1')\ndef test_one():\n    ask('one')")
    run(pytester, "--recstore-mode=record")
    run(pytester)[0].assert_outcomes(passed=1)
    [finding] = doctor.examine(recstore.open(pytester.path))["findings"]
    assert (finding["id"], finding["severity"], finding["profile"]) == ("other-profile", "notice", "recstore-1")
    assert "only a look-up that asks for that profile" in finding["message"]
    assert "marker or a session names that profile; else `recstore rekey --to ogx-7`" in finding["remedy"]
    rekey.rekey(pytester.path, "ogx-7")
    result, output = run(pytester)
    result.assert_outcomes(failed=1)
    assert "its name is its key under ogx-7, and here keys are made under recstore-1" in output
    assert 'the test\'s marker, the session or --profile asks for that: say profile = "ogx-7" there' in output
    assert "in recstore.toml" not in output
    suite(pytester, "@pytest.mark.recstore(profile='ogx-7')\ndef test_one():\n    ask('one')")
    run(pytester)[0].assert_outcomes(passed=1)


def test_a_pack_is_replayed_and_nothing_is_written_beside_it(pytester: pytest.Pytester, server: ScriptedServer) -> None:
    suite(pytester, ONE_TEST)
    run(pytester, "--recstore-mode=record")
    recstore.open(pytester.path).pack(pytester.path / "all.pack")
    (pytester.path / ".recstore" / "used.json").unlink()
    result, output = run(pytester, "--recstore-dir=all.pack")
    assert "INTERNALERROR" not in output
    result.assert_outcomes(passed=1)
    assert list(pytester.path.rglob("used.json")) == []
    run(pytester, "--recstore-dir=all.pack", "--recstore-used=used.json")[0].assert_outcomes(passed=1)
    assert len(usage.load([pytester.path / "used.json"]).tests) == 1


def test_an_exception_raised_from_itself_ends_no_run(pytester: pytest.Pytester) -> None:
    suite(pytester, "def test_circle(recstore):\n    error = RuntimeError('circle')\n    raise error from error")
    result, _ = run(pytester)
    result.assert_outcomes(failed=1)


def test_wrong_options_are_told(pytester: pytest.Pytester) -> None:
    suite(pytester, "@pytest.mark.recstore('once', moed='x')\ndef test_one(): pass")
    _, output = run(pytester)
    assert "the marker recstore takes mode, path, profile" in output
    assert "not 'once', moed" in output
    _, output = run(pytester, "--recstore-mode=recrod")
    assert "ERROR: recstore: there is no mode 'recrod'; there are live, record, replay, record-if-missing" in output


@pytest.mark.parametrize("settings", ['profile = "ogx-9"', 'profil = "ogx-7"', "profile = ["])
def test_wrong_settings_are_told_where_there_is_no_ini_file_too(pytester: pytest.Pytester, settings: str) -> None:
    suite(pytester, ONE_TEST)
    Path("tox.ini").unlink()
    Path("recstore.toml").write_text(settings + "\n")
    result, output = run(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: recstore: {pytester.path}/recstore.toml: " in output
    assert "Traceback" not in output


def test_settings_that_break_while_tests_run_end_no_run(pytester: pytest.Pytester) -> None:
    suite(pytester, "def test_one():\n    open('recstore.toml', 'w').write('?')\ndef test_two(recstore): pass")
    Path("tox.ini").unlink()
    result, output = run(pytester)
    result.assert_outcomes(passed=1, errors=1)
    assert f"could not be written: {pytester.path}/recstore.toml: " in output


def test_the_plugin_can_be_left_out(pytester: pytest.Pytester) -> None:
    suite(pytester, "def test_one(): pass")
    result, output = run(pytester, "-p", "no:recstore")
    result.assert_outcomes(passed=1)
    assert "recstore:" not in output


def test_a_project_without_recordings_hears_nothing(pytester: pytest.Pytester) -> None:
    suite(pytester, "def test_one(): pass")
    result, output = run(pytester)
    result.assert_outcomes(passed=1)
    assert "recstore: " not in output.replace("plugins: recstore", "")
    assert not (pytester.path / ".recstore").exists()


def test_it_works_beside_plugins_that_forbid_the_network(pytester: pytest.Pytester, server: ScriptedServer) -> None:
    suite(
        pytester,
        ONE_TEST
        + """
    @pytest.mark.vcr
    def test_beside_vcr(recstore):
        assert ask("two").startswith("Grüße")

    @pytest.mark.anyio
    async def test_anyio(recstore):
        async with openai.AsyncOpenAI(api_key="x", base_url=os.environ["SERVICE"] + "/v1") as client:
            messages = [{"role": "user", "content": "async"}]
            await client.chat.completions.create(model="whole", messages=messages)
    """,
    )
    result, _ = run(pytester, "--recstore-mode=record", "-p", "no:xdist", "--record-mode=all")
    assert result.ret == 0
    result, _ = run(pytester, "--disable-socket", "--block-network", "--allow-unix-socket")
    assert result.ret == 0


def test_what_was_used_is_written_and_can_be_merged(pytester: pytest.Pytester, server: ScriptedServer) -> None:
    suite(pytester, ONE_TEST + "\n    def test_two(recstore):\n        ask('two')\n        ask('three')\n")
    run(pytester, "--recstore-mode=record")
    path = pytester.path / ".recstore" / "used.json"
    whole = usage.load([path])
    assert whole.files == set(recordings(pytester))
    assert [len(test["used"]) for test in whole.tests.values()] == [1, 2]
    assert whole.partial == []
    run(pytester, "-n2")
    assert usage.load([path]).to_json() == whole.to_json()
    parts = []
    for name in ("one", "two"):
        parts.append(pytester.path / f"{name}.json")
        run(pytester, "-k", name, f"--recstore-used={name}.json")
    merged = usage.load(parts)
    assert merged.files == whole.files
    assert merged.partial == ["the run was narrowed by -k"]
    (pytester.path / "bad.json").write_text("{}")
    with pytest.raises(ValueError, match=r"bad\.json: this is no usage file of version 1; name files"):
        usage.load([pytester.path / "bad.json"])


@pytest.mark.parametrize("obstacle", ["no folder", "a folder with a usage", "a file for the folder", "a folder for it"])
def test_where_the_usage_cannot_be_written_the_run_goes_on_and_says_so(tmp_path: Path, obstacle: str) -> None:
    example = REPOSITORY / "examples" / "suite"
    root = shutil.copytree(example, tmp_path / "suite", ignore=shutil.ignore_patterns(".recstore"))
    used = root / ".recstore" / "used.json"
    if obstacle == "a file for the folder":
        used.parent.write_text("")
    elif obstacle == "a folder for it":
        (used / "in it").mkdir(parents=True)
    elif obstacle == "a folder with a usage":
        used.parent.mkdir()
        used.write_text("{}")
        used.parent.chmod(0o555)
    root.chmod(0o555)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/test_assistant.py"]
    done = subprocess.run(
        command,
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=obey_modes_of_files,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search("= 5 passed", done.stdout)
    assert "5 hits, 0 misses" in done.stdout
    assert re.search(r"which recordings were used could not be written: \[Errno .*/\.recstore", done.stdout)
    for path in (root, used.parent) if used.parent.exists() else (root,):
        path.chmod(0o755)


def test_a_wrong_place_for_the_usage_is_told_before_any_test_runs(pytester: pytest.Pytester) -> None:
    suite(pytester, "def test_one(recstore): pass")
    for path, why in (("tests", "is a folder; name a file"), ("none/x.json", "there is no folder")):
        result, output = run(pytester, f"--recstore-used={path}")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert f"ERROR: recstore: --recstore-used={path} " in output
        assert why in output
    assert not (pytester.path / "none").exists()
    assert not list(pytester.path.glob(".*.tmp"))
    # What becomes impossible while the tests run is told when they have.
    suite(pytester, "def test_one(recstore): os.mkdir('x.json')")
    result, output = run(pytester, "--recstore-used=x.json")
    result.assert_outcomes(passed=1)
    assert "could not be written: [Errno 21] Is a directory" in output
    assert not list(pytester.path.glob(".*.tmp"))


def test_a_worker_that_dies_makes_the_usage_partial(pytester: pytest.Pytester) -> None:
    suite(pytester, "def test_one(recstore): pass\ndef test_dies(recstore): os._exit(1)")
    run(pytester, "-n1", "--max-worker-restart=0")
    written = json.loads((pytester.path / ".recstore" / "used.json").read_text())
    assert any("ended before its end" in why or "exit code" in why for why in written["partial"])


def test_a_thousand_tests_record_and_replay_in_parallel(pytester: pytest.Pytester, server: ScriptedServer) -> None:
    suite(
        pytester,
        """
    @pytest.mark.parametrize("number", range(1000))
    def test_ask(recstore, number):
        # The third request is the same in all tests, and its answer differs.
        said = [ask(f"{number} {turn}") for turn in (0, 1)] + [ask("the same")]
        with open(os.environ["SAID"] + f"/{number}", "a") as file:
            print(said, file=file)
        assert len(set(said)) == 3
    """,
    )
    said: list[dict[str, str]] = []
    for name, arguments in (
        ("recorded", ("-n4", "--recstore-mode=record")),
        ("parallel", ("-n4",)),
        ("serial", ("-p", "no:xdist")),
    ):
        folder = pytester.mkdir(name)
        os.environ["SAID"] = str(folder)
        result, output = run(pytester, "-q", "--no-header", "--tb=short", *arguments)
        assert result.ret == 0, output[-3000:]
        assert f"{0 if name == 'recorded' else 3000} hits, 0 misses" in output
        said.append({path.name: path.read_text() for path in folder.iterdir()})
    assert server.calls == 3000
    assert len(recordings(pytester)) == 3000
    assert said[0] == said[1] == said[2]
    store = recstore.open(pytester.path)
    assert len(store) == 3000
    assert not store.verify()["findings"]
