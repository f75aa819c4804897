"""Releases: what one is seen as now, how long a version lived somewhere, and what came before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.release import (
    LOOKED_BACK,
    PROPOSAL_LIFE,
    Decision,
    Release,
    Step,
    Verdict,
    lived,
    longest,
    previous,
    seen,
)

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def release(state: str = "proposed") -> Release:
    return Release(1, 1, "production", "promote", state, "r", "ada", NOW, 1, (), {})  # type: ignore[arg-type]  # a State


def steps(*lives: tuple[int | None, str]) -> list[Step]:
    """One change an hour, the last an hour ago."""
    return [Step(number, cause, NOW - (len(lives) - i) * HOUR) for i, (number, cause) in enumerate(lives)]


@pytest.mark.parametrize(
    ("allowed", "stale", "age", "expected"),
    [
        (False, False, HOUR, "proposed"),
        (True, False, HOUR, "approved"),
        (True, True, HOUR, "stale"),
        (True, False, PROPOSAL_LIFE, "expired"),
        (True, True, PROPOSAL_LIFE, "expired"),
    ],
)
def test_what_a_proposed_release_is_now(allowed: bool, stale: bool, age: timedelta, expected: str) -> None:
    assert seen(release(), allowed=allowed, stale=stale, now=NOW + age) == expected


@pytest.mark.parametrize("state", ["applied", "declined", "withdrawn", "failed"])
def test_what_ended_stays_so(state: str) -> None:
    assert seen(release(state), allowed=True, stale=True, now=NOW + 2 * PROPOSAL_LIFE) == state


def test_a_decision_is_allowed_when_every_rule_is_met_and_is_told_whole() -> None:
    met, unmet = Verdict("freeze", True, "Open.", {}), Verdict("gates", False, "It failed.", {"missing": ["a"]})
    assert [Decision(rules, 1).allowed for rules in ((), (met,), (met, unmet))] == [True, True, False]
    assert Decision((met, unmet), 1).unmet == (unmet,)
    assert Decision((unmet,), 7).to_json() == {
        "allowed": False,
        "policy_revision": 7,
        "rules": [{"rule": "gates", "passed": False, "sentence": "It failed.", "evidence": {"missing": ["a"]}}],
    }


@pytest.mark.parametrize(
    ("lives", "expected"),
    [
        ([], (None, False)),
        ([(2, "promote")], (None, False)),
        ([(1, "promote")], (HOUR, False)),
        ([(1, "promote"), (2, "promote")], (HOUR, False)),
        ([(1, "promote"), (2, "rollback")], (HOUR, True)),
        ([(1, "promote"), (None, "retire")], (HOUR, False)),
        ([(1, "promote"), (2, "rollback"), (1, "promote")], (HOUR, False)),
    ],
)
def test_how_long_version_1_lived(lives: list[tuple[int | None, str]], expected: tuple[timedelta | None, bool]) -> None:
    assert lived(steps(*lives), 1, NOW) == expected


@given(st.lists(st.integers(1, 4), min_size=1, max_size=12))
def test_a_last_stretch_is_never_longer_than_the_whole_life(numbers: list[int]) -> None:
    life = steps(*((number, "promote") for number in numbers))
    for number in numbers:
        span, _ = lived(life, number, NOW)
        assert span is not None
        assert timedelta() <= span <= NOW - life[0].at


@given(st.lists(st.integers(1, 9), min_size=2, max_size=9, unique=True))
def test_going_back_goes_one_further_each_time(numbers: list[int]) -> None:
    history: list[int | None] = [*numbers]
    for expected in reversed(numbers[:-1]):
        assert previous(history) == expected
        history.append(expected)
    assert previous(history) is None


HISTORIES = st.lists(st.one_of(st.none(), st.integers(1, 5)), max_size=12)


@pytest.mark.parametrize(
    ("history", "before"),
    [
        ([], None),
        ([1], None),
        ([1, 2], 1),
        ([1, 2, 1], None),
        ([1, 2, 3, 2], 1),
        ([1, 2, 3, 1, 4], 1),
        ([1, 2, None], 2),
        ([1, None], 1),
        ([None], None),
        ([1, None, 2], 1),
        ([1, 2, None, 2], 1),
    ],
)
def test_the_one_before(history: list[int | None], before: int | None) -> None:
    assert previous(history) == before


@given(HISTORIES)
def test_going_back_ends_and_never_comes_by_twice(history: list[int | None]) -> None:
    passed: list[int] = []
    while (number := previous(history)) is not None:
        assert number in history
        assert number not in passed
        passed.append(number)
        history = [*history, number]
    assert len(passed) <= 5


@given(HISTORIES, st.integers(6, 9))
def test_a_rollback_after_a_promotion_undoes_it(history: list[int | None], new: int) -> None:
    live = history[-1] if history else None
    if live is not None:
        assert previous([*history, new]) == live


@given(HISTORIES, st.sets(st.integers(1, 5)))
def test_what_is_barred_is_gone_by(history: list[int | None], barred: set[int]) -> None:
    found = previous(history, barred)
    assert found is None or (found in history and found not in barred)
    assert barred or found == previous(history)


@pytest.mark.parametrize(
    ("lives", "expected"),
    [
        ([], None),
        ([(None, "retire")], None),
        ([(1, "promote")], (1, 1)),
        ([(1, "promote"), (2, "promote")], (2, 1)),  # both an hour: the newer
        ([(1, "promote"), (2, "promote"), (1, "promote")], (1, 2)),  # its stretches count together
        ([(1, "promote"), (2, "promote"), (2, "promote"), (1, "rollback")], (1, 2)),  # the second stretch of 2 was taken back
        ([(2, "promote"), (1, "rollback")], (1, 1)),
        ([(1, "promote"), (None, "retire"), (None, "retire")], (1, 1)),
    ],
)
def test_what_lived_longest(lives: list[tuple[int | None, str]], expected: tuple[int, int] | None) -> None:
    assert longest(steps(*lives), NOW) == (expected and (expected[0], expected[1] * HOUR))


def test_what_lived_longest_counts_90_days() -> None:
    day = timedelta(days=1)
    life = [Step(1, "promote", NOW - 900 * day), Step(2, "promote", NOW - 80 * day), Step(3, "promote", NOW - day)]
    assert longest(life, NOW) == (2, 79 * day)
    assert longest(life[:2], NOW - 20 * day) == (2, 60 * day)
    assert longest(life[:1], NOW) == (1, 90 * day)
    assert longest(life[:2], NOW - 80 * day) == (1, 90 * day)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2_000), st.sampled_from(["promote", "rollback"])), max_size=12))
def test_what_lived_longest_lived_and_no_longer_than_looked_back(lives: list[tuple[int, int, str]]) -> None:
    life = [Step(number, cause, NOW - timedelta(hours=ago)) for number, ago, cause in sorted(lives, key=lambda each: -each[1])]
    found = longest(life, NOW)
    if found is not None:
        assert found[0] in {step.after for step in life}
        assert timedelta() <= found[1] <= LOOKED_BACK
