"""A moment to come, read from what people write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.schedule import GRACE, BadMoment, Schedule, instant

PARIS = ZoneInfo("Europe/Paris")
FIRST, LAST = (datetime.fromisoformat(day) for day in ("2020-01-01", "2040-01-01"))
NINE = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2026-11-24T09:00[Europe/Paris]", "Europe/Paris"),
        ("2026-11-24T09:00:00+01:00[Europe/Paris]", "Europe/Paris"),
        ("2026-11-24T09:00+01:00", "UTC"),
        ("2026-11-24T08:00Z", "UTC"),
        (" 2026-11-24T08:00:00.000Z ", "UTC"),
    ],
)
def test_nine_oclock_in_paris(text: str, zone: str) -> None:
    assert instant(text) == (NINE, zone)
    assert instant(text)[0].tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-11-24T09:00",
        "2026-11-24T09:00[Europe/Atlantis]",
        "2026-13-24T09:00Z",
        "2026-11-24T09:00[../../etc]",
        "9" * 99,
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(BadMoment):
        instant(text)


def test_an_hour_that_the_clock_leaves_out_is_refused() -> None:
    with pytest.raises(BadMoment, match="No clock of Europe/Paris ever shows"):
        instant("2027-03-28T02:30[Europe/Paris]")
    with pytest.raises(BadMoment, match="No clock"):
        instant("2026-11-24T09:00+02:00[Europe/Paris]")


def test_an_hour_that_the_clock_shows_twice_means_the_first() -> None:
    assert instant("2026-10-25T02:30[Europe/Paris]")[0] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(
    st.datetimes(FIRST, LAST),
    st.sampled_from(["Europe/Paris", "Asia/Kathmandu", "America/St_Johns"]),
)
def test_what_a_clock_shows_is_read_back(local: datetime, zone: str) -> None:
    try:
        moment, _ = instant(f"{local.isoformat()}[{zone}]")
    except BadMoment:
        there = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone))
        assert there.replace(tzinfo=None) != local
    else:
        assert moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local


def test_due_missed_and_shown() -> None:
    wanted = Schedule(NINE, "Europe/Paris", "owner", "owner", "s")
    assert not wanted.due(NINE - timedelta(seconds=1))
    assert wanted.due(NINE)
    assert not wanted.missed(NINE + GRACE)
    assert wanted.missed(NINE + GRACE + timedelta(seconds=1))
    assert wanted.shown == "Tuesday, 2026-11-24 09:00 (Europe/Paris)"
