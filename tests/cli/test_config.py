"""Where the command line finds its server and credential."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cuebook.cli.config import Choice, Settings, load
from cuebook.errors import Misconfigured

PROFILES = """
default = "work"
[profiles.work]
url = "http://work"
project = "w"
token = "t-work"
[profiles.home]
url = "http://home"
"""


@pytest.fixture(autouse=True)
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("URL", "PROJECT", "TOKEN", "KEY", "PROFILE", "FIRST_RUN", "CONFIG"):
        monkeypatch.delenv(f"CUEBOOK_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "cuebook" / "config.toml"
    path.parent.mkdir()
    path.write_text(PROFILES)
    return path


@pytest.fixture
def first_run(tmp_path: Path) -> Path:
    path = tmp_path / "first-run.json"
    path.write_text(json.dumps({"url": "http://first", "project": "f", "token": "t-first", "keys": {"production": "k"}}))
    return path


def test_the_default_profile_is_the_last_resort() -> None:
    assert load(Choice()) == Settings("http://work", "w", "t-work")


def test_the_environment_comes_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUEBOOK_URL", "http://env")
    assert load(Choice()) == Settings("http://env", "w", "t-work")


def test_what_an_option_names_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch, first_run: Path) -> None:
    monkeypatch.setenv("CUEBOOK_URL", "http://env")
    assert load(Choice(profile="home")).url == "http://home"
    assert load(Choice(first_run=first_run)) == Settings("http://first", "f", "t-first")
    assert load(Choice(url="http://option", first_run=first_run)).url == "http://option"


def test_a_first_run_file_from_the_environment(monkeypatch: pytest.MonkeyPatch, first_run: Path) -> None:
    monkeypatch.setenv("CUEBOOK_FIRST_RUN", str(first_run))
    assert load(Choice()).token == "t-first"


def test_a_secret_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t-file\n")
    monkeypatch.setenv("CUEBOOK_TOKEN_FILE", str(tmp_path / "token"))
    assert load(Choice()).token == "t-file"


def test_the_profile_file_may_lie_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('[profiles.x]\nurl = "http://x"\n')
    monkeypatch.setenv("CUEBOOK_CONFIG", str(tmp_path / "other.toml"))
    assert load(Choice(profile="x")).url == "http://x"
    assert load(Choice()) == Settings()


@pytest.mark.parametrize("choice", [Choice(profile="gone"), Choice(first_run=Path("gone.json"))])
def test_what_was_named_must_be_there(choice: Choice) -> None:
    with pytest.raises(Misconfigured, match=r"gone"):
        load(choice)


@pytest.mark.parametrize(
    "text", ["not toml", "default = 'gone'", "default = 'a'\n[profiles]\na = 1", "default = 'a'\n[profiles.a]\nurl = 1"]
)
def test_a_profile_file_that_makes_no_sense_is_refused(config: Path, text: str) -> None:
    config.write_text(text)
    with pytest.raises(Misconfigured):
        load(Choice())
