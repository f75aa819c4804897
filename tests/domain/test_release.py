"""Releases: what one is seen as now, how long a version lived somewhere, and what came before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.release import PROPOSAL_LIFE, Release, Step, lived, previous, seen

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
