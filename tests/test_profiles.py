"""Profiles that recstore.toml declares: what their rules do, and where they are known."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

import oracle
import recstore
from recstore import doctor, rekey
from recstore._missing import LINES, report
from support import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterable

TEST = "tests/test_a.py::test_b"
OURS = """\
[profiles.ours-1]
from = "ogx-7"
drop = ["/metadata", "/messages/*/name"]
mask = ["uuid"]
"""
UUIDS = [f"0123abcd-0123-abcd-0123-0123456789{number:02x}" for number in range(20)]


def chat(*contents: str, **members: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": content} for content in contents]
    body = {"model": "m", "messages": messages, **members}
    return {"method": "POST", "url": "http://localhost/v1/chat/completions", "body": body}


def declare(root: Path, text: str, **options: Any) -> recstore.Store:
    root.mkdir(exist_ok=True)
    (root / "recstore.toml").write_text(text)
    return recstore.open(root, **options)


def body_under(root: Path, rules: str, body: Any, *, base: str = "recstore-1") -> Any:
    """Return the body as a profile with these rules has it."""
    store = declare(root, f'[profiles.x]\nfrom = "{base}"\n{rules}', cache=False, profile="x")
    return json.loads(store.canonical({**chat(), "body": body}))["body"]


# The rules


names = st.sampled_from(["a", "b", "c/d", "~", "0", "1", "*", "é", ""])
pieces = st.sampled_from(
    [
        *(
            [
                "",
                " ",
                "a",
                "b é",
                "took 12 ms",
                "score: 0.5",
                "3.14159",
                "-0.00001",
                "x@y",
                "attributes: {}",
                ",",
                "/",
                "\\",
                ":",
            ]
        ),
        *([UUIDS[0], UUIDS[1].upper(), "call_8f3k2mQ1", "chatcmpl-AbCdEfGhIjKlMnOp", "997bcd1de70f", "1712345678"]),
        *(
            [
                "2026-04-01",
                "2026-04-01T10:30:00.5Z",
                "10:30",
                "7:05 pm",
                "April 1st, 2026",
                "12 May",
                "Monday",
                "1.4.2026",
            ]
        ),
        *(["/tmp/x/y", "C:\\a\\b", "file:///x/y", "https://h/a/b", '"', "'", "(", "\n", "\u2003"]),
    ]
)
texts = st.lists(pieces | st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=3), max_size=6).map("".join)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
bodies = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4))
places = st.lists(names, min_size=1, max_size=3).map(
    lambda parts: "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
)
# The same for recstore and for `re`, whose \s, \w and \d differ in a few characters.
REWRITES = [
    ("took [0-9]+ ms", "took 0 ms", "took 0 ms"),
    (r"([a-zé]+)@([a-zé]+)", "${2}@$1", r"\2@\1"),
    ("[a-c]+", "$$", "$"),
    (r"(?i)É *|[0-9]{2,}", "", ""),
    (r"(?P<all>.)[ ,]", "${all}_", r"\g<all>_"),
]
rewrites = st.lists(st.tuples(st.sampled_from(REWRITES), st.none() | places), max_size=3)
rules = st.fixed_dictionaries(
    {},
    optional={
        "drop": st.lists(places, max_size=3),
        "replace": st.dictionaries(
            places, st.booleans() | st.integers(-9, 9) | st.sampled_from([0.5, 1e22]) | texts, max_size=3
        ),
        "mask": st.lists(st.sampled_from([*oracle.OGX_MASKS, *oracle.MASKS]), max_size=4),
        "round": st.integers(0, 15),
        "rewrite": rewrites,
    },
)


def toml(value: Any) -> str:
    """Return a value as TOML has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(name)} = {toml(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(c if c.isalnum() or c == " " else f"\\U{ord(c):08X}" for c in value) + '"'
    return json.dumps(value) if value != 1e22 else "1e22"


@given(body=st.dictionaries(names, bodies, max_size=4), added=rules, base=st.sampled_from(["ogx-7", "ogx-2"]))
@example(body={"a": [{"b": UUIDS[0]}]}, added={"drop": ["/a/0/b"]}, base="ogx-7")
@example(body={"a": 1, "b": 2}, added={"replace": {"/*": 3, "/b": 4}}, base="ogx-7")
@settings(max_examples=1500, deadline=None)
def test_declared_rules_do_what_the_same_rules_do_in_python(
    body: dict[str, Any], added: dict[str, Any], base: str
) -> None:
    declared = dict(added)
    for_re = dict(added)
    if "rewrite" in added:
        declared["rewrite"] = [
            {"pattern": pattern, "with": ours, **({} if place is None else {"in": place})}
            for (pattern, ours, _), place in added["rewrite"]
        ]
        for_re["rewrite"] = [(pattern, theirs, place) for (pattern, _, theirs), place in added["rewrite"]]
    lines = "".join(f"{name} = {toml(value)}\n" for name, value in declared.items())
    is_newest = base == "ogx-7"
    expected = oracle.declared(
        body, for_re, decimals=5 if is_newest else None, masks=list(oracle.OGX_MASKS) if is_newest else []
    )
    with tempfile.TemporaryDirectory() as root:
        found = body_under(Path(root), lines, body, base=base)
    # By text: 0.0 is not -0.0, nor 1 True.
    assert json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True)


def test_rules_come_in_their_order_whoever_says_them(tmp_path: Path) -> None:
    text = """
[profiles.b]
rewrite = [{ pattern = "__UUID__", with = "B 0.123456" }]
from = "a"
drop = ["/a"]

[profiles.a]
from = "ogx-7"
round = 4
mask = ["uuid"]
replace = { "/a" = 1, "/b" = "0.123456" }
"""
    store = declare(tmp_path, text, profile="b")
    asked = {**chat(), "body": {"a": 0, "b": 0, "c": f"{UUIDS[0]} score: 1", "d": 0.123456}}
    body = json.loads(store.canonical(asked))["body"]
    assert body == {"b": "0.123456", "c": "B 0.1235 score: __NORMALIZED__", "d": 0.1235}
    assert json.loads(store.canonical(asked, profile="a"))["body"]["c"] == "__UUID__ score: __NORMALIZED__"


def test_drops_of_recstores_own_profiles_are_taken_by_name(tmp_path: Path) -> None:
    body = {"extra_body": {"project_id": 1, "b": 2}, "project_id": 3, "stream_options": 4}
    lines = 'drop = ["project-id", "bedrock-stream-options"]'
    assert body_under(tmp_path, lines, body) == {"extra_body": {"b": 2}, "project_id": 3, "stream_options": 4}
    store = recstore.open(tmp_path, profile="x")
    bedrock = {**chat(), "url": "https://bedrock.aws/v1/x", "body": body}
    assert json.loads(store.canonical(bedrock))["body"] == {"extra_body": {"b": 2}, "project_id": 3}


def test_http_requests_and_tools_get_the_same_rules(tmp_path: Path) -> None:
    store = declare(tmp_path, 'profile = "ours-1"\n' + OURS)
    payload = {"metadata": 1, "messages": [{"name": "n", "content": f"of {UUIDS[0]}"}]}
    expected = {"messages": [{"content": "of __UUID__"}]}
    http = {"method": "POST", "url": "http://h/v1/messages", "payload": payload}
    tool = {"provider": "p", "tool_name": "t", "kwargs": payload}
    assert json.loads(store.canonical(http, test_id=TEST)) == {
        **http, "payload": expected, "test_id": TEST,
    }  # fmt: skip
    assert json.loads(store.canonical(tool)) == {**tool, "kwargs": expected}
    for request in (http, tool):
        put = store.put(request, {"a": 1}, test_id=TEST)
        recording = store.find(request, test_id=TEST)
        assert recording is not None
        assert (recording.profile, recording.key) == ("ours-1", put.key)
    assert recstore.open(tmp_path).verify()["profiles"] == {"ours-1": 2}


def test_an_empty_profile_has_the_keys_of_that_which_it_is_from(tmp_path: Path) -> None:
    for base in ("ogx-7", "ogx-1", "recstore-1"):
        store = declare(tmp_path, f'profile = "x"\n[profiles.x]\nfrom = "{base}"')
        request = chat(f"score: 1.5 of {UUIDS[0]} 0.123456", temperature=0.1234567)
        assert store.request_key(request) == recstore.request_key(request, profile=base)
        assert (store.profile, store.profiles[0]) == ("x", "x")


# What cannot be


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('mask = ["uid"]', 'line 3: profiles.x.mask[0]: there is no mask "uid"; there are score, attributes'),
        ("mask = 'uuid'", "line 3: profiles.x.mask must be a list in brackets"),
        ("mask = [1]", "profiles.x.mask[0] must be a text in quotes"),
        ("masks = []", "line 3: there is no setting 'profiles.x.masks'; there are 'from', 'drop', 'replace', 'mask'"),
        ('drop = ["messages"]', '"messages" is neither a place in the body, which begins with /, nor one of the drops'),
        ('drop = ["/a~2"]', 'profiles.x.drop[0]: in the place "/a~2", ~ is written ~0'),
        (f'drop = ["{"/a" * 33}"]', "has more than 32 steps"),
        (f"drop = {toml(['/a'] * 33)}", "profiles.x.drop has 33 entries, where 32 are the most"),
        ('\nreplace = { "user" = 1 }', "line 4: profiles.x.replace: a place in the body begins with /"),
        ('replace = { "/user" = [1] }', "a text, a number of 64 bits, true or false takes the place of /user"),
        ('replace = { "/user" = nan }', "takes the place of /user"),
        ("replace = []", 'profiles.x.replace must be { "/user" = "someone" }'),
        ("round = 16", "line 3: profiles.x.round is a number of decimals from 0 to 15"),
        ("round = -1", "from 0 to 15"),
        ('round = "3"', "from 0 to 15"),
        ('rewrite = [{ pattern = "a" }]', "profiles.x.rewrite[0] needs both a pattern and what takes the place"),
        ('rewrite = [{ pattern = "a", with = "b", at = "/c" }]', "profiles.x.rewrite[0] has no 'at'; there are"),
        ("rewrite = [{ pattern = '(a)\\1', with = '' }]", "neither look-around nor backreferences"),
        ("rewrite = [{ pattern = 'a(?!b)', with = '' }]", "neither look-around nor backreferences"),
        ("rewrite = [{ pattern = 'a', with = '$1' }]", "refers to a group $1 that the pattern does not have"),
        ("rewrite = [{ pattern = '\\pL{1000}', with = '' }]", "needs more than 524288 bytes"),
        ("rewrite = [{ pattern = 'a', with = 'b', in = 'c' }]", "a place in the body begins with /"),
        ("[profiles.y]\nmask = []", 'line 3: profiles.y does not say to which profile it adds rules: from = "ogx-7"'),
        ("[profiles.y]\nfrom = 'ogx-9'", "profiles.y.from: there is no key profile 'ogx-9'; there are ogx-7"),
        ("[profiles.y]\nfrom = 'ogx-http-7'", "no key profile 'ogx-http-7'; there are ogx-7"),
        ("[profiles.y]\nfrom = 'z'\n[profiles.z]\nfrom = 'y'", "what it adds to comes round (y → z → y)"),
        ("[profiles.ogx-7]\nfrom = 'ogx-6'", "names that begin with ogx- or recstore- are those of recstore's own"),
        ("[profiles.recstore-9]\nfrom = 'ogx-6'", "names that begin with ogx- or recstore- are those of"),
        ('[profiles."a b"]\nfrom = "ogx-6"', "characters A-Z a-z 0-9 - _ . alone, unlike \"a b\""),
        ("".join(f"[profiles.y{n}]\nfrom = 'x'\n" for n in range(16)), "17 profiles are declared, where 16 are"),
    ],
)  # fmt: skip
def test_what_cannot_be_declared_is_told_with_its_place(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(recstore.InvalidSettings, match=re.escape(message)) as error:
        declare(tmp_path, f'[profiles.x]\nfrom = "ogx-7"\n{lines}')
    assert str(error.value).startswith(f"{tmp_path / 'recstore.toml'}: ")


def test_profiles_that_are_not_declared_are_told_with_those_that_are(tmp_path: Path) -> None:
    declare(tmp_path, OURS)
    with pytest.raises(recstore.UnknownProfile, match=r"no key profile 'ours-2'; there are ogx-7.*recstore-1, ours-1$"):
        recstore.open(tmp_path, profile="ours-2")
    with pytest.raises(recstore.InvalidSettings, match=r"no key profile 'ours-2'; there are .*ours-1$"):
        declare(tmp_path, 'profile = "ours-2"\n' + OURS)
    with pytest.raises(recstore.UnknownProfile):
        recstore.request_key(chat(), profile="ours-1")


def test_a_hostile_settings_file_takes_bounded_time(tmp_path: Path) -> None:
    def chain(patterns: int) -> str:
        rewrites = ", ".join([r"{ pattern = '(?i)(?:\w\pL?){5}', with = '$0$0$0$0$0$0$0$0' }"] * patterns)
        bases = ["ogx-7", *(f"x{n}" for n in range(15))]
        return "".join(f"[profiles.x{n}]\nfrom = '{base}'\nrewrite = [{rewrites}]\n" for n, base in enumerate(bases))

    with pytest.raises(recstore.InvalidSettings, match="all profiles have more than 64 patterns together"):
        declare(tmp_path, chain(5))
    started = time.perf_counter()
    store = declare(tmp_path, chain(4), profile="x15")
    form = store.canonical(chat("ab" * 5000))
    # A tenth of a second on a quiet machine.
    assert time.perf_counter() - started < 5
    assert 10_000 * 8 < len(form) < 10_000 * 16 + 1000


# Where they are known


def test_a_pack_carries_the_profiles_that_were_declared(tmp_path: Path) -> None:
    store = declare(tmp_path / "tree", 'profile = "ours-1"\n' + OURS)
    request = chat(f"of {UUIDS[0]}", metadata={"a": 1})
    put = store.put(request, {"a": 1})
    store.refresh()
    store.pack(tmp_path / "a.pack")
    shutil.rmtree(tmp_path / "tree")
    packed = recstore.open(tmp_path / "a.pack")
    found = packed.find(chat(f"of {UUIDS[1]}"))
    assert found is not None
    assert (packed.profile, found.key, found.profile) == ("ours-1", put.key, "ours-1")
    assert recstore.open(tmp_path / "a.pack", profile="ogx-7").find(chat(f"of {UUIDS[1]}")) is None
    recstore.unpack(tmp_path / "a.pack", tmp_path / "new")
    assert recstore.open(tmp_path / "new").find(chat(f"of {UUIDS[1]}")) is not None


def test_rules_that_change_count_at_once_whatever_pack_there_is(tmp_path: Path) -> None:
    store = declare(tmp_path, 'profile = "ours-1"\n' + OURS)
    store.put(chat(f"of {UUIDS[0]}"), {"a": 1})
    assert recstore.open(tmp_path).cache.startswith("ready")
    changed = declare(tmp_path, 'profile = "ours-1"\n' + OURS.replace('"uuid"', '"hex"'))
    assert changed.cache.startswith("ready")
    assert changed.find(chat(f"of {UUIDS[0]}")) is None
    assert store.find(chat(f"of {UUIDS[1]}")) is not None, "an open store keeps its rules"
    again = declare(tmp_path, 'profile = "ours-1"\n' + OURS)
    assert again.find(chat(f"of {UUIDS[1]}")) is not None


def test_requests_that_become_equal_in_one_test_are_answered_in_order(tmp_path: Path) -> None:
    store = declare(tmp_path, 'profile = "ours-1"\n' + OURS)
    with recstore.session(store, mode="record", test_id=TEST) as session:
        for number, uuid in enumerate(UUIDS[:3]):
            session.record(chat(f"of {uuid}"), {"said": number})
    with recstore.session(store, test_id=TEST) as session:
        assert [session.fetch(chat(f"of {uuid}"))["said"] for uuid in UUIDS[3:6]] == [0, 1, 2]
    assert len(recstore.open(tmp_path)) == 1


def command(*arguments: Any, cwd: Path, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "recstore", *map(str, arguments)], capture_output=True, check=False, cwd=cwd, text=True
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_the_command_line_knows_the_profiles_of_the_folder(tmp_path: Path) -> None:
    declare(tmp_path, 'profile = "ours-1"\n' + OURS)
    below = tmp_path / "a"
    below.mkdir()
    request = chat(f"of {UUIDS[0]}", metadata=1)
    (below / "request.json").write_text(json.dumps(request))
    store = recstore.open(tmp_path)
    for cwd, name in ((tmp_path, "a/request.json"), (below, "request.json")):
        assert command("key", name, cwd=cwd).strip() == store.request_key(request)
        assert command("key", name, "--profile", "ogx-7", cwd=cwd).strip() == recstore.request_key(request)
        assert command("key", name, "--canonical", cwd=cwd).strip() == store.canonical(request).decode()
        keys = json.loads(command("key", name, "--all", "--json", cwd=cwd))
        assert keys["ours-1"] == store.request_key(request)
        assert list(keys)[:2] == ["ours-1", "ogx-7"]


# Re-key and doctor


def git(root: Path, *arguments: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, env=environment)


def tree(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file() and not {".recstore", ".git"} & set(path.parts))
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def found(root: Path, uuids: Iterable[str]) -> list[bool]:
    store = recstore.open(root)
    return [store.find(chat(f"of {uuid}"), test_id=f"t{number}.py::t") is not None for number, uuid in enumerate(uuids)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with three recordings under ogx-7, and `ours-1` declared."""
    root = tmp_path / "project"
    store = declare(root, "# what we say\n" + OURS)
    for number, uuid in enumerate(UUIDS[:3]):
        store.put(chat(f"of {uuid}"), {"said": number}, test_id=f"t{number}.py::t")
    return root


def test_rekey_goes_to_a_declared_profile_and_back(project: Path) -> None:
    before = tree(project)
    assert found(project, UUIDS[3:6]) == [False] * 3
    done = rekey.rekey(project, "ours-1")
    assert (done["profile"], done["renamed"], done["kept"]) == ("ours-1", 3, [])
    assert found(project, UUIDS[3:6]) == [True] * 3
    assert (project / "recstore.toml").read_text() == 'profile = "ours-1"\n# what we say\n' + OURS
    examined = doctor.examine(recstore.open(project))
    assert examined["profiles"] == {"ours-1": 3, "none": 0}
    assert not [finding for finding in examined["findings"] if "profile" in finding["id"]]
    rekey.undo(project)
    assert tree(project) == before
    assert doctor.examine(recstore.open(project))["profiles"] == {"ogx-7": 3, "none": 0}


def test_the_doctor_says_which_recordings_a_profile_left_behind(project: Path) -> None:
    (project / "recstore.toml").write_text('profile = "ours-1"\n' + OURS)
    examined = doctor.examine(recstore.open(project))
    assert examined["profiles"] == {"ogx-7": 3, "none": 0}
    old = [finding for finding in examined["findings"] if finding["id"] == "old-profile"]
    assert [finding["profile"] for finding in old] == ["ogx-7"] * 3
    assert "this store looks up under ours-1" in old[0]["message"]


@pytest.mark.parametrize("source", ["git", "journal", "pack"])
def test_after_an_edit_of_its_rules_the_doctor_tells_and_rekey_repairs(project: Path, source: str) -> None:
    rekey.rekey(project, "ours-1")
    recstore.open(project)
    if source == "git":
        git(project, "init")
        git(project, "add", "recstore.toml")
        git(project, "commit", "-m", "settings")
    if source != "journal":
        shutil.rmtree(project / ".recstore/rekey")
    if source == "git":
        shutil.rmtree(project / ".recstore")
    if source == "journal":
        for pack in (project / ".recstore").glob("*.pack"):
            pack.unlink()
    edited = OURS.replace('mask = ["uuid"]', "rewrite = [{ pattern = 'of [0-9a-f-]+', with = \"of it\" }]")
    (project / "recstore.toml").write_text('profile = "ours-1"\n' + edited)
    names = set(tree(project))
    examined = doctor.examine(recstore.open(project, cache=False))
    assert examined["profiles"] == {"ours-1 (before)": 3, "none": 0}
    old = [finding for finding in examined["findings"] if finding["id"] == "old-profile"]
    assert len(old) == 3
    assert "the name is the key under ours-1 (before)" in old[0]["message"]
    assert found(project, UUIDS[3:6]) == [False] * 3
    planned = rekey.plan(project, "ours-1")
    assert (planned["profiles"], len(planned["renames"]), planned["left"]) == ({"ours-1 (before)": 3}, 3, [])
    assert rekey.rekey(project, "ours-1")["renamed"] == 3
    assert found(project, UUIDS[3:6]) == [True] * 3
    assert doctor.examine(recstore.open(project))["profiles"] == {"ours-1": 3, "none": 0}
    assert (project / "recstore.toml").read_text() == 'profile = "ours-1"\n' + edited
    rekey.undo(project)
    assert set(tree(project)) == names


def test_rules_that_nothing_remembers_leave_recordings_that_are_told(project: Path) -> None:
    rekey.rekey(project, "ours-1")
    shutil.rmtree(project / ".recstore")
    (project / "recstore.toml").write_text('profile = "ours-1"\n[profiles.ours-1]\nfrom = "ogx-7"\n')
    examined = doctor.examine(recstore.open(project, cache=False))
    assert examined["profiles"] == {"none": 3}
    assert len(rekey.plan(project, "ours-1")["left"]) == 3
    # What they were is declared beside it.
    text = 'profile = "ours-1"\n[profiles.ours-1]\nfrom = "ogx-7"\n' + OURS.replace("ours-1", "ours-0")
    (project / "recstore.toml").write_text(text)
    assert rekey.plan(project, "ours-1")["profiles"] == {"ours-0": 3}
    assert rekey.rekey(project, "ours-1")["renamed"] == 3
    assert found(project, UUIDS[:3]) == [True] * 3


def test_requests_that_become_one_are_never_merged(project: Path) -> None:
    store = recstore.open(project)
    for number, uuid in enumerate(UUIDS[:4]):
        store.put(chat(f"and {uuid}"), {"said": number}, test_id=TEST)
    before = tree(project)
    with pytest.raises(recstore.RecstoreError, match="recordings with different answers want one name under ours-1"):
        rekey.rekey(project, "ours-1")
    assert tree(project) == before
    done = rekey.rekey(project, "ours-1", on_collision="keep-both")
    assert done["renamed"] == 4
    after = tree(project)
    assert sorted(after.values()) != sorted(before.values())  # the settings
    settings_file = "recstore.toml"
    assert sorted(text for name, text in after.items() if name != settings_file) == sorted(
        text for name, text in before.items() if name != settings_file
    )
    rekey.undo(project)
    assert tree(project) == before


def test_an_undo_to_a_profile_that_is_no_longer_declared_changes_nothing(project: Path) -> None:
    rekey.rekey(project, "ours-1")
    rekey.rekey(project, "ogx-7")
    (project / "recstore.toml").write_text('profile = "ogx-7"\n')
    before = tree(project)
    with pytest.raises(
        recstore.InvalidSettings, match="the profile would be 'ours-1' again, but there is no key profile"
    ):
        rekey.undo(project)
    assert tree(project) == before
    (project / "recstore.toml").write_text('profile = "ogx-7"\n' + OURS)
    assert rekey.undo(project)["profile"] == "ours-1"
    assert found(project, UUIDS[3:6]) == [True] * 3


# Explained misses


VOLATILE = [
    (chat(f"of {UUIDS[0]}"), chat(f"of {UUIDS[1]}"), 'mask = ["uuid"]'),
    (chat("Today is 2026-04-01."), chat("Today is 2026-05-02."), 'mask = ["date"]'),
    (
        chat("Today is Monday, April 1, 10:30"),
        chat("Today is Friday, May 3, 11:31"),
        'mask = ["date", "time", "weekday"]',
    ),
    (chat("in /tmp/pytest-1/a"), chat("in /tmp/pytest-2/a"), 'mask = ["path"]'),
    (chat("hi", seed=1712345678), chat("hi", seed=1712345679), 'drop = ["/seed"]'),
    (chat("hi", temperature=0.5), chat("hi", temperature=0.7), 'drop = ["/temperature"]'),
    (chat("hi", tools=[{"id": "a", "n": 1}]), chat("hi", tools=[{"id": "b", "n": 1}]), 'drop = ["/tools/*/id"]'),
    (chat("It took 12 ms \x1b[1m."), chat("It took 13 ms \x1b[1m."), "rewrite = [{ pattern = '(It took )-?[0-9]+"),
    (chat('{"similarity": 0.5}'), chat('{"similarity": 0.25}'), 'in = "/messages/*/content" }]'),
    (chat("\x1b]0;a\x07 12"), chat("\x1b]0;a\x07 13"), "rewrite = "),
    (chat(f"{UUIDS[0]} in 5 s"), chat(f"{UUIDS[1]} in 6 s"), 'mask = ["uuid"]\nrewrite = '),
]


@pytest.mark.parametrize(("recorded", "asked", "line"), VOLATILE, ids=range(len(VOLATILE)))
@pytest.mark.parametrize("profile", ["recstore-1", "ours-1"])
def test_the_lines_that_a_miss_suggests_make_the_two_requests_one(
    tmp_path: Path, recorded: dict[str, Any], asked: dict[str, Any], line: str, profile: str
) -> None:
    text = f'profile = "{profile}"\n\n[profiles.ours-1]\nfrom = "recstore-1"\nround = 5\n'
    store = declare(tmp_path, text)
    put = store.put(recorded, {"said": 1}, test_id=TEST)
    assert store.find(asked, test_id=TEST) is None
    explanation = store.explain(asked, test_id=TEST)
    near = explanation["nearest"][0]
    assert near["closed_by"] is None
    assert near["remedy"] is not None
    lines = near["remedy"]["lines"]
    assert lines.startswith(f'[profiles.ours-2]\nfrom = "{profile}"\n')
    assert line in lines
    assert all(part.isprintable() for part in lines.splitlines())
    with (tmp_path / "recstore.toml").open("a") as file:
        file.write(f"\n{lines}\n")
    rekey.rekey(tmp_path, near["remedy"]["profile"])
    answer = recstore.open(tmp_path).find(asked, test_id=TEST)
    assert answer is not None
    assert answer.body == {"said": 1}
    assert answer.key != put.key
    said = report(store, explanation)
    assert "Under a profile of your own nothing would: add\n  [profiles.ours-2]\n" in said
    assert "to recstore.toml, and then recstore rekey --to ours-2; or keep them constant." in said
    assert len(said.splitlines()) <= LINES


@pytest.mark.parametrize(
    ("recorded", "asked", "test_id"),
    [
        (chat("Say hello."), chat("Say hullo."), TEST),  # nothing that changes by itself
        (chat("call_8f3k2"), chat("call_9f3k3"), TEST),  # all that is said
        (chat(f"of {UUIDS[0]}"), chat(f"of {UUIDS[1]}"), "tests/test_a.py::other"),  # the test is another as well
    ],
)
def test_where_no_rule_would_help_none_is_suggested(
    tmp_path: Path, recorded: dict[str, Any], asked: dict[str, Any], test_id: str
) -> None:
    store = recstore.open(tmp_path)
    store.put(recorded, {"said": 1}, test_id=TEST)
    assert store.explain(asked, test_id=test_id)["nearest"][0]["remedy"] is None


def test_a_miss_names_the_declared_profile_that_would_match(tmp_path: Path) -> None:
    store = declare(tmp_path, OURS, profile="ours-1")
    store.put(chat(f"of {UUIDS[0]}"), {"said": 1}, test_id=TEST)
    store = recstore.open(tmp_path)
    near = store.explain(chat(f"of {UUIDS[0]}"), test_id=TEST)["nearest"][0]
    assert (near["obstacles"], near["profile"]) == (["profile"], "ours-1")
    explanation = store.explain(chat(f"of {UUIDS[1]}"), test_id=TEST)
    assert 'say profile = "ours-1" in recstore.toml' in report(store, explanation)


def test_the_masks_are_those_of_the_documentation(tmp_path: Path) -> None:
    with pytest.raises(recstore.InvalidSettings) as error:
        declare(tmp_path, '[profiles.x]\nfrom = "ogx-7"\nmask = ["?"]')
    known = str(error.value).rpartition("there are ")[2].split(", ")
    table = (REPOSITORY / "docs/keys.md").read_text().partition("| mask |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE) == known == [*oracle.OGX_MASKS, *oracle.MASKS]
