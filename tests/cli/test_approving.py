"""The guide to approving: its commands run, as the people it tells of."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.cli.conftest import Command
from tests.support.passwords import PASSWORD
from tests.support.server import Server

PAGE = Path(__file__).parents[2] / "docs/howto/approve.md"
AUTHOR, REVIEWER = "author@example.org", "reviewer@example.org"
People = Callable[..., str]


@pytest.fixture
def people(start_server: Callable[..., Server], bare: Command, tmp_path: Path) -> People:
    """Runs a command as the author, an admin, or the reviewer, a releaser, on a server of their own."""
    server = start_server()

    def run(who: str, *arguments: str, stdin: bytes = b"") -> str:
        home = {"XDG_CONFIG_HOME": str(tmp_path / who), "CUEBOOK_URL": server.url, "CUEBOOK_PROJECT": server.project}
        ran = bare(*arguments, stdin=stdin, environment=home)
        assert ran.code == 0, f"{arguments}: {ran.err}"
        return ran.text

    (secret,) = re.findall(rf"^Make the first account at {re.escape(server.url)}/set-up#(\S+)$", server.output, re.MULTILINE)
    form = {"secret": secret, "login": AUTHOR, "name": "Author", "password": PASSWORD}
    httpx2.post(f"{server.url}/set-up", data=form, headers={"Origin": server.url})
    run(AUTHOR, "login", AUTHOR, stdin=f"{PASSWORD}\n".encode())
    link = run(AUTHOR, "people", "invite", REVIEWER, "--role", "releaser").strip()
    form = {"secret": link.removeprefix(f"{server.url}/invitation#"), "name": "Reviewer", "password": PASSWORD}
    httpx2.post(f"{server.url}/invitation", data=form, headers={"Origin": server.url})
    run(REVIEWER, "login", REVIEWER, stdin=f"{PASSWORD}\n".encode())
    return run


def test_the_guides_commands_run(people: People) -> None:
    """The reviewer says what the page says; the release's number is what `propose` answered."""
    before = people(AUTHOR, "get", "support.triage")
    people(AUTHOR, "save", "support.triage", "-", stdin=f"{before}\nName the department.".encode())
    people(AUTHOR, "promote", "support.triage", "--to", "staging")
    commands = [shlex.split(line)[1:] for line in re.findall(r"^cuebook .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)]
    number, printed = "", {}
    for command in commands:
        words = [number if word == "3" else word for word in command]
        printed[command[0]] = people(REVIEWER if command[0] in {"approve", "release"} else AUTHOR, *words)
        if command[0] == "propose":
            number = re.findall(r"Release (\d+) to production is proposed", printed["propose"])[0]
    assert f"approved by {REVIEWER}" in printed["approve"]
    assert "production is at revision" in printed["apply"]
    assert "support.triage version 2 was recalled." in printed["recall"]
