"""promote, rollback, status and at against a real server."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from tests.cli.conftest import Command

pytestmark = pytest.mark.everyday


@pytest.fixture
def two(cuebook: Command, name: str) -> str:
    """A prompt with two versions: the first live everywhere, the second in development only."""
    cuebook("save", name, "-", stdin=b"one")
    assert cuebook("promote", name, "--to", "staging").code == 0
    assert cuebook("promote", name, "--to", "production", "-m", "Ship").code == 0
    cuebook("save", name, "-", stdin=b"two")
    return name


def serves(cuebook: Command, name: str) -> dict[str, int | None]:
    [item] = cuebook("status", name, "--json").json["items"]
    versions: dict[str, int | None] = item["versions"]
    return versions


def test_a_version_goes_from_stop_to_stop_and_back(cuebook: Command, two: str) -> None:
    assert f"{two}: 1 -> 2" in cuebook("promote", f"{two}@2", "--to", "staging").text
    assert cuebook("promote", two, "--to", "production", "-m", "Better").code == 0
    assert serves(cuebook, two)["production"] == 2
    assert f"{two}: 2 -> 1" in cuebook("rollback", two, "--in", "production", "-m", "Worse").text
    assert cuebook("get", two, "--version", "production").out == b"one\n"


def test_a_rollback_may_name_a_version(cuebook: Command, two: str) -> None:
    cuebook("promote", f"{two}@2", "--to", "staging")
    assert cuebook("rollback", two, "--in", "staging", "--to-version", "1", "-m", "Back").code == 0
    assert cuebook("rollback", two, "--in", "staging", "--to-version", "9", "-m", "Back").code in {5, 6}


def test_what_is_live_already_is_a_success(cuebook: Command, two: str) -> None:
    ran = cuebook("promote", two, "--to", "production", "-m", "Again")
    assert (ran.code, ran.text) == (0, "Nothing to do: production already serves this.\n")
    assert cuebook("promote", two, "--to", "production", "-m", "Again", "--json").json["already_live"] is True


def test_a_policy_that_refuses_says_why(cuebook: Command, two: str) -> None:
    ran = cuebook("promote", f"{two}@2", "--to", "production", "-m", "Jump")
    assert (ran.code, "staging" in ran.err) == (6, True)
    assert cuebook("promote", f"{two}@2", "--to", "production").code == 6
    assert serves(cuebook, two)["production"] == 1


def test_a_dry_run_changes_nothing(cuebook: Command, two: str) -> None:
    ran = cuebook("promote", f"{two}@2", "--to", "staging", "--dry-run")
    assert (ran.code, "would let this in" in ran.text) == (0, True)
    assert serves(cuebook, two)["staging"] == 1


def test_several_prompts_go_together_or_not_at_all(cuebook: Command, two: str) -> None:
    other = f"{two}-b"
    cuebook("save", other, "-", stdin=b"x")
    assert cuebook("promote", f"{two}@2", "no.such-prompt", "--to", "staging").code == 5
    assert serves(cuebook, two)["staging"] == 1
    assert cuebook("promote", f"{two}@2", other, "--to", "staging").code == 0
    assert (serves(cuebook, two)["staging"], serves(cuebook, other)["staging"]) == (2, 1)


def test_status_says_how_far_apart(cuebook: Command, two: str) -> None:
    row = cuebook("status", two).text.splitlines()[1]
    assert row.split()[:9] == [two, "2", "2", "1", "(1", "behind)", "1", "(1", "behind)"]


def test_the_time_machine(cuebook: Command, two: str) -> None:
    before = datetime.now(UTC)
    time.sleep(0.01)
    cuebook("promote", f"{two}@2", "--to", "staging")
    [then] = cuebook("at", "staging", before.isoformat(), two, "--json").json["items"]
    [now] = cuebook("at", "staging", "now", two, "--json").json["items"]
    assert (then["version"], now["version"]) == (1, 2)
    assert two in cuebook("at", "staging", "now", two).text
    assert cuebook("at", "staging", "1 week ago", two, "--json").json["items"] == []
    assert cuebook("at", "staging", "1 week ago", two).text.endswith("It served none of these then.\n")


@pytest.mark.parametrize(("arguments", "code"), [(("nowhere", "now"), 5), (("staging", "soon"), 7)])
def test_a_place_or_a_time_that_is_none(cuebook: Command, arguments: tuple[str, ...], code: int) -> None:
    assert cuebook("at", *arguments).code == code
