"""Wrong arguments, told where they come in and by their names."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, Any, cast

import pytest

import recstore
from recstore import registry, rekey
from recstore.report import Report
from suites import run, suite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REQUEST = {"method": "POST", "url": "http://localhost/v1/x", "body": {}}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"status": "200"}, "status is a number, such as 200, not '200'"),
        ({"request": None}, "a request is a dict with method, url and body, not NoneType"),
        ({"test_id": 3}, "test_id is a text, not 3"),
        ({"on_secret": "Redact"}, 'on_secret is "refuse", "redact" or "allow", not \'Redact\''),
        ({"error": "broken"}, "error is the exception that was raised, not str"),
    ],
    ids=str,
)
def test_wrong_arguments_of_put_are_named_and_nothing_is_written(
    tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(recstore.InvalidRequest) as error:
        recstore.open(tmp_path).put(**{"request": REQUEST, "response": 1, **arguments})
    assert str(error.value) == message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"test_id": 3}, "test_id is a text, not 3"),
        ({"profile": 7}, "profile is a text, not 7"),
        ({"hosts": 7}, 'hosts are patterns such as "*.openai.com", not 7'),
        ({"hosts": [7]}, 'hosts are patterns such as "*.openai.com", not [7]'),
        (
            {"hosts": "https://h.example/v1"},
            "'https://h.example/v1' in hosts is a URL; name its host alone: 'h.example'",
        ),
        ({"hosts": ["127.0.0.1:80/"]}, "'127.0.0.1:80/' in hosts is a URL; name its host alone: '127.0.0.1:80'"),
    ],
    ids=str,
)
def test_wrong_arguments_of_a_session_are_told_before_it_begins(
    tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(recstore.InvalidRequest) as error:
        recstore.session(tmp_path, **arguments)
    assert str(error.value) == message


def test_a_session_is_left_once_for_each_time_it_was_entered(tmp_path: Path) -> None:
    session = recstore.session(tmp_path)
    with session:
        pass
    for left in (session, recstore.session(tmp_path)):
        with pytest.raises(recstore.RecstoreError, match="is not open"):
            left.__exit__(None, None, None)
    with session:
        assert session.is_open


@pytest.mark.usefixtures("project")
def test_a_wrong_path_in_a_marker_is_told(pytester: pytest.Pytester) -> None:
    suite(pytester, "@pytest.mark.recstore(path=3)\ndef test_one(): pass")
    result, output = run(pytester)
    result.assert_outcomes(errors=1)
    assert "the path in the marker recstore is a text, not 3" in output


def test_what_cannot_be_registered_is_told() -> None:
    tag: Any
    for tag, cls, message in (
        (1, object, "the tag is a text, the module and name of a class, not 1"),
        ("a.B", dict, "the class for 'a.B' needs a method model_validate, as pydantic's have; <class 'dict'> has none"),
        ("a.B", "C", "the class for 'a.B' needs a method model_validate, as pydantic's have; 'C' has none"),
    ):
        with pytest.raises(recstore.InvalidRequest) as error:
            registry.register(tag, cast("type", cls))
        assert str(error.value) == message
    assert "a.B" not in registry.registered()


def test_other_values_that_cannot_be_are_named(examples: Path) -> None:
    with pytest.raises(
        recstore.InvalidRequest, match=r"a report is of a store, as recstore\.open gives it, not of 'x'"
    ):
        Report(cast("recstore.Store", "x"))
    with pytest.raises(ValueError, match="max_file_size is a number of bytes, not -1"):
        recstore.open(examples, max_file_size=-1)
    for change in (rekey.plan, rekey.rekey):
        with pytest.raises(
            recstore.UnknownProfile, match=r"'ogx-http-7' makes the keys of one kind .* there are ogx-7, "
        ):
            change(examples, "ogx-http-7")
        with pytest.raises(recstore.UnknownProfile, match="there is no key profile 'ogx-htt-7'; there are ogx-7, "):
            change(examples, "ogx-htt-7")


def test_the_commands_name_the_file_and_the_option(examples: Path, tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.json", next(examples.glob("*.json"))
    bad.write_text("{")
    for command, said in (
        (["key", bad], f"recstore: {bad}: the text ends inside a value"),
        (["explain", examples, "--request", bad], f"recstore: {bad}: the text ends inside a value"),
        (["explain", examples, "--request", good, "--limit", "-1"], "argument --limit: '-1' is no number"),
        (["doctor", examples, "--large", "-1"], "argument --large: '-1' is no number"),
    ):
        call = [sys.executable, "-m", "recstore", *map(str, command)]
        done = subprocess.run(call, check=False, capture_output=True, text=True)
        assert done.returncode == 2
        assert said in done.stderr


def test_a_type_without_a_class_is_warned_of_where_it_is_replayed(tmp_path: Path, write: Callable[..., Path]) -> None:
    body = {"__type__": "nobody.knows.It", "__data__": {}}
    name = "a" * 64
    write(f"{name}.json", {"body": body, "is_streaming": False})
    recording = recstore.open(tmp_path)[name]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        recording.replay()
        recording.replay()
    assert [warning.filename for warning in seen] == [__file__] * 2
    assert seen[0].lineno + 1 == seen[1].lineno
