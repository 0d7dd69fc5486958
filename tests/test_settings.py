"""The settings file of a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import recstore
from support import EXAMPLES, key

if TYPE_CHECKING:
    from collections.abc import Callable

BODY: dict[str, Any] = {"body": 1, "is_streaming": False}


def test_settings_choose_profile_and_base(tmp_path: Path, write: Callable[..., Path]) -> None:
    write(f"{key(1)}.json", {**BODY, "body": "shared"}, folder="shared/recordings")
    write(f"{key(1)}.json", {**BODY, "body": "a"}, folder="a/recordings")
    (tmp_path / "recstore.toml").write_text('profile = "recstore-1"\nbase = "shared"  # for all tests\n')
    store = recstore.open(tmp_path)
    assert (store.profile, store.base) == ("recstore-1", Path("shared/recordings"))
    assert store[key(1)].body == "shared"
    assert recstore.open(tmp_path, profile="ogx-6", base="a")[key(1)].body == "a"
    store.pack(tmp_path / "a.pack")
    packed = recstore.open(tmp_path / "a.pack")
    assert (packed.profile, packed.base) == ("recstore-1", Path("shared/recordings"))
    recstore.unpack(tmp_path / "a.pack", tmp_path / "new")
    assert (tmp_path / "new" / "recstore.toml").read_bytes() == (tmp_path / "recstore.toml").read_bytes()
    request = {"method": "POST", "url": "http://h/x", "body": {}}
    assert store.put(request, 1).key == recstore.request_key(request, profile="recstore-1")
    assert len(store.put(request, 1).key) == 32


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("profile = ogx-7", "TOML parse error at line 1"),
        ("profile = 7", "'profile' must be a text in quotes"),
        ('profil = "ogx-7"', "there is no setting 'profil'; there are 'profile', 'base' and 'profiles'"),
        ('profile = "ogx-9"', "no key profile 'ogx-9'; there are ogx-7"),
        ('profile = "ogx-tool"', "no key profile 'ogx-tool'; there are ogx-7"),
        ('base = "../shared"', 'the base "../shared" leads outside of the project'),
        ('base = "/shared"', 'the base "/shared" leads outside of the project; name a folder in it'),
    ],
)
def test_wrong_settings_are_told_with_their_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "recstore.toml").write_text(text)
    with pytest.raises(recstore.InvalidSettings, match=message) as error:
        recstore.open(tmp_path)
    assert error.value.path == tmp_path / "recstore.toml"
    assert str(error.value).startswith(str(error.value.path))


def test_settings_that_are_no_file_are_told_and_not_read(tmp_path: Path) -> None:
    with pytest.raises(recstore.InvalidSettings, match="leads outside of the project"):
        recstore.open(tmp_path, base="../shared")
    (tmp_path / "recstore.toml").symlink_to("/dev/zero")
    with pytest.raises(recstore.InvalidSettings, match=r"recstore\.toml: no file of at most 65536 bytes"):
        recstore.open(tmp_path)


def test_a_profile_for_a_store_must_be_one_of_calls() -> None:
    with pytest.raises(recstore.UnknownProfile, match=r"no key profile 'ogx-tool'; there are ogx-7.*recstore-1$"):
        recstore.open(EXAMPLES, profile="ogx-tool", cache=False)
