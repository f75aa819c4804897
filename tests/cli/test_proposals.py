"""propose, approve, apply and what else concerns several people, against a real server."""

from __future__ import annotations

import time
import uuid

import pytest

from tests.cli.conftest import Command


@pytest.fixture
def vault(cuebook: Command, name: str) -> str:
    """An environment of the test's own that asks for one approval; the prompt's first version may come to it."""
    place = f"vault-{uuid.uuid4().hex[:8]}"
    assert cuebook("save", name, "-", stdin=b"one two three four").code == 0
    assert cuebook("env", "create", place, 'approvals={"count": 1}').code == 0
    return place


def test_promote_says_what_to_type_instead(cuebook: Command, name: str, vault: str) -> None:
    ran = cuebook("promote", f"{name}@1", "--to", vault, "-m", "a pilot")
    assert ran.code == 6
    assert f"cuebook propose {name}@1 --to {vault} -m 'a pilot'" in ran.err
    assert "1 of 1 approvals missing" in ran.err


def test_a_dry_run_shows_every_rule(cuebook: Command, name: str, vault: str) -> None:
    ran = cuebook("promote", f"{name}@1", "--to", vault, "-m", "a pilot", "--dry-run")
    assert ran.code == 0
    assert "ok       reason_required: A reason was given." in ran.text
    assert "missing  approvals: 1 of 1 approvals missing" in ran.text


def test_a_proposal_waits_and_is_talked_about(cuebook: Command, name: str, vault: str) -> None:
    made = cuebook("propose", f"{name}@1", "--to", vault, "-m", "a pilot", "--json").json
    assert (made["state"], made["revision"]) == ("proposed", None)
    number = str(made["id"])
    assert cuebook("comment", number, "-m", "Why now?").code == 0
    shown = cuebook("release", number).text
    assert f"Release {number} to {vault} is proposed:" in shown
    assert f"{name}: nothing -> 1" in shown
    assert "Why now?" in shown
    assert cuebook("apply", number).code == 6
    assert cuebook("approve", number, "-m", "fine").code == 4  # a service's token signs nothing
    assert cuebook("rebase", number).code == 6
    assert cuebook("withdraw", number).text == f"Release {number} was withdrawn.\n"
    assert cuebook("decline", number).code == 6


def test_a_protected_policy_is_proposed(cuebook: Command, vault: str) -> None:
    refused = cuebook("env", "set", vault, "pins=any")
    assert (refused.code, "--propose" in refused.err) == (6, True)
    assert cuebook("env", "preset", vault, "solo").code == 6
    ran = cuebook("env", "set", vault, "pins=any", "--propose", "-m", "for a test")
    assert ran.code == 0
    assert 'pins = "any"' in ran.text
    assert cuebook("env", "preset", vault, "regulated", "--propose", "-m", "an audit").code == 0


def test_a_preset(cuebook: Command) -> None:
    place = f"place-{uuid.uuid4().hex[:8]}"
    cuebook("env", "create", place)
    assert cuebook("env", "preset", place, "team", "--json").json["preset"] == "team"
    assert cuebook("env", "preset", f"{place}-not", "team").code == 5


def test_an_emergency_is_a_right_of_its_own(cuebook: Command, name: str, vault: str) -> None:
    ran = cuebook("promote", f"{name}@1", "--to", vault, "-m", "it burns", "--emergency")
    assert (ran.code, "releases.break_glass" in ran.err) == (4, True)
    assert cuebook("reviews", "list", "--json").json["items"] == []
    assert cuebook("reviews", "close", "999999", "-m", "fine").code == 5


def test_a_recalled_version_is_gone_everywhere(cuebook: Command, name: str) -> None:
    cuebook("save", name, "-", stdin=b"one")
    cuebook("promote", f"{name}@1", "--to", "staging")
    cuebook("save", name, "-", stdin=b"two")
    cuebook("promote", f"{name}@2", "--to", "staging")
    ran = cuebook("recall", f"{name}@2", "-m", "it insults people")
    assert (ran.code, "staging serves version 1 instead" in ran.text) == (0, True)
    assert cuebook("get", name, "--version", "development").out == b"one\n"
    assert f"{name} version 2" in cuebook("status", name).text
    assert cuebook("promote", f"{name}@2", "--to", "staging").code == 6
    assert cuebook("recall", name, "-m", "which?").code == 2


def test_drift_shows_what_would_change(cuebook: Command, name: str) -> None:
    cuebook("save", name, "-", stdin=b"one")
    cuebook("promote", f"{name}@1", "--to", "staging")
    ran = cuebook("drift", "staging", "production")
    assert (ran.code, name in ran.text, "Promoted into production:" in ran.text) == (0, True, True)
    rows = cuebook("drift", "staging", "production", "--json").json["items"]
    assert next(row for row in rows if row["prompt"] == name)["from_version"] == 1
    assert cuebook("drift", "staging", "nowhere").code == 5


def test_everything_goes_back_to_a_moment(cuebook: Command) -> None:
    assert cuebook("rollback", "--all", "--in", "staging", "-m", "why").code == 2
    assert cuebook("rollback", "--in", "staging", "-m", "why").code == 2
    assert cuebook("rollback", "--all", "--in", "staging", "--to-time", "2020-01-01", "-m", "why").text.startswith("Nothing")


def test_status_says_how_strict_production_is(cuebook: Command) -> None:
    assert "production: solo, one person decides." in cuebook("status").text


def test_a_release_waits_for_its_moment(cuebook: Command, name: str, vault: str) -> None:
    made = cuebook("propose", f"{name}@1", "--to", vault, "-m", "a pilot", "--at", "tomorrow 09:00 Europe/Paris").text
    number = made.split()[1]
    assert ", to be applied on " in made
    assert "09:00 (Europe/Paris)" in made
    ran = cuebook("schedule", number, "tomorrow 10:00 Europe/Paris")
    assert "10:00 (Europe/Paris)" in ran.text
    assert "the policy will not let it in" in ran.err
    assert f"Release {number} to {vault} waits, to be applied on " in cuebook("status").text
    assert "to be applied" not in cuebook("unschedule", number).text
    assert cuebook("schedule", number, "some day").code == 7
    assert cuebook("withdraw", number).code == 0


def test_it_is_applied_without_anybody(cuebook: Command, name: str) -> None:
    place = f"timed-{uuid.uuid4().hex[:8]}"
    assert cuebook("save", name, "-", stdin=b"one two three four").code == 0
    assert cuebook("env", "create", place).code == 0
    made = cuebook("promote", f"{name}@1", "--to", place, "-m", "at its time", "--at", "in 2s").text
    number = made.split()[1]
    deadline = time.monotonic() + 30
    while cuebook("release", number, "--json").json["state"] != "applied" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert cuebook("release", number, "--json").json["state"] == "applied"
