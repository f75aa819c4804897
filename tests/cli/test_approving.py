"""The guide to approving: its commands run, as the people it tells of."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.cli.conftest import AUTHOR, REVIEWER, People

PAGE = Path(__file__).parents[2] / "docs/howto/approve.md"


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
