"""What a reviewer reads on the terminal, and approving again in one step."""

from __future__ import annotations

import re

import pytest

from tests.cli.conftest import AUTHOR, REVIEWER, Command, People

TRIAGE = "support.triage"


def number(printed: str) -> str:
    return str(re.findall(r"Release (\d+) to production is proposed", printed)[0])


@pytest.fixture
def team(people: People) -> People:
    """Production asks for an approval; two further versions of the triage run in staging."""
    before = people(AUTHOR, "get", TRIAGE)
    for more in ("Name the department.", "Name the department and the floor."):
        people(AUTHOR, "save", TRIAGE, "-", stdin=f"{before}\n{more}".encode())
        people(AUTHOR, "promote", TRIAGE, "--to", "staging")
    people(AUTHOR, "env", "preset", "production", "team")
    return people


def latest(people: People) -> int:
    return int(re.findall(r"^(\d+)", people(AUTHOR, "log", TRIAGE), re.MULTILINE)[0])


def test_a_release_says_what_it_changes_what_is_missing_and_what_to_type(team: People) -> None:
    asked = team(AUTHOR, "propose", TRIAGE, "--to", "production", "-m", "Departments")
    shown = team(REVIEWER, "release", number(asked))
    assert "{+" in shown
    assert "was also live longest" in shown
    assert "missing  approvals: 1 of 1 approvals missing" in shown
    assert f"Next: {REVIEWER} can approve: cuebook approve {number(asked)}" in shown
    approved = team(REVIEWER, "approve", number(asked), "-m", "Read it")
    assert f"Next: cuebook apply {number(asked)}" in approved


def test_after_a_rebase_the_reviewer_reads_what_changed_and_approves_again(team: People) -> None:
    newest = latest(team)
    first = number(team(AUTHOR, "propose", f"{TRIAGE}@{newest}", "--to", "production", "-m", "Floors"))
    team(REVIEWER, "approve", first, "-m", "Tried ten tickets")
    other = number(team(AUTHOR, "propose", f"{TRIAGE}@{newest - 1}", "--to", "production", "-m", "Departments"))
    team(REVIEWER, "approve", other, "-m", "Read it")
    team(AUTHOR, "apply", other)
    stale = team(AUTHOR, "release", first)
    assert f"{TRIAGE}: release {other} by {AUTHOR}" in stale
    assert f"Next: cuebook rebase {first}" in stale
    again = team(AUTHOR, "rebase", first)
    renewed = team(REVIEWER, "approve", number(again))
    assert f"{REVIEWER} approved release {first}, which this one takes up again (Tried ten tickets)" in renewed
    assert re.search(rf"{TRIAGE}: replaces {newest - 1} instead of \d+ \(", renewed)
    assert "{+" not in renewed
    assert f"approved by {REVIEWER}" in renewed


def test_a_proposal_is_revised(team: People) -> None:
    newest = latest(team)
    first = number(team(AUTHOR, "propose", f"{TRIAGE}@{newest - 1}", "--to", "production", "-m", "Departments"))
    team(REVIEWER, "approve", first, "-m", "Read it")
    revised = team(AUTHOR, "revise", first, f"{TRIAGE}@{newest}")
    assert f"It takes up release {first}, which has ended." in revised
    renewed = team(REVIEWER, "approve", number(revised))
    assert f"{TRIAGE}: version {newest} instead of {newest - 1} (3 words added in the text)" in renewed


def test_a_first_approval_says_what_it_means(cuebook: Command, name: str) -> None:
    cuebook("save", name, "-", stdin=b"one")
    made = cuebook("propose", f"{name}@1", "--to", "staging", "--json").json
    ran = cuebook("approve", str(made["id"]))
    assert (ran.code, "Say what your approval means" in ran.err) == (2, True)
    assert f"cuebook get {name} --version 1" in ran.text
