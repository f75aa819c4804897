"""retire and orphans against a real server."""

from __future__ import annotations

from typing import Any

import pytest

from cuebook.admin import AdminClient
from tests.cli.conftest import Command


@pytest.fixture
def served(cuebook: Command, name: str) -> str:
    """A prompt that staging serves."""
    cuebook("save", name, "-", stdin=b"one")
    assert cuebook("promote", name, "--to", "staging").code == 0
    return name


def test_a_prompt_is_retired_and_comes_back(cuebook: Command, served: str) -> None:
    assert f"{served}: 1 -> nothing" in cuebook("retire", served, "--in", "staging", "--dry-run").text
    assert f"{served}: 1 -> nothing" in cuebook("retire", served, "--in", "staging", "-m", "Done with").text
    assert cuebook("get", served, "--version", "staging").code == 5
    assert cuebook("retire", served, "--in", "staging", "-m", "Again").code == 6
    assert cuebook("rollback", served, "--in", "staging", "-m", "It is needed").code == 0
    assert cuebook("get", served, "--version", "staging").out == b"one\n"


def test_it_may_need_others(cuebook: Command, served: str) -> None:
    place = f"vault-{served.replace('.', '-')}"
    assert cuebook("env", "create", place).code == 0
    assert cuebook("promote", f"{served}@1", "--to", place, "-m", "a pilot").code == 0
    assert cuebook("env", "set", place, 'approvals={"count": 1}').code == 0
    refused = cuebook("retire", served, "--in", place, "-m", "Done with")
    assert (refused.code, f"cuebook retire {served} --in {place} -m 'Done with' --propose" in refused.err) == (6, True)
    proposed = cuebook("retire", served, "--in", place, "-m", "Done with", "--propose", "--json").json
    assert (proposed["state"], proposed["kind"]) == ("proposed", "retire")


def test_nothing_is_an_orphan_on_its_first_day(cuebook: Command, served: str) -> None:
    ran = cuebook("orphans", "staging", "--days", "1")
    assert (ran.code, served in ran.text) == (0, False)
    assert cuebook("orphans", "staging", "--json").json["items"] == []
    assert cuebook("orphans", "development").code == 6


def orphans(items: list[dict[str, Any]], noted_since: str | None = None) -> dict[str, Any]:
    whole = [{"key": "web", "selector": "abc", "at": "2026-11-20T15:00:00Z"}]
    return {"since": "2026-10-21T15:00:00Z", "noted_since": noted_since, "whole": whole, "items": items, "next": None}


def test_orphans_are_told_with_who_may_use_them(cuebook: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"prompt": "old.one", "version": 3, "live_since": "2026-01-01T00:00:00Z", "fetched_at": None}
    monkeypatch.setattr(AdminClient, "orphans", lambda *_: orphans([row]))
    ran = cuebook("orphans", "production").text.splitlines()
    assert ran[1].split()[:2] == ["old.one", "3"]
    assert ran[1].endswith("never")
    assert ran[2] == "Key 'web' (abc) takes everything production serves: any of it may be in use."


def test_what_cannot_be_known_yet_is_not_called_used(cuebook: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AdminClient, "orphans", lambda *_: orphans([], "2026-11-19T15:00:00Z"))
    assert "Nothing can be said of the last 30 days yet" in cuebook("orphans", "production").text
