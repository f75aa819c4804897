"""Times as people write them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook.cli.moments import ahead, moment, seconds
from cuebook.errors import Invalid


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[datetime]:
    """Half past one at night in Berlin, on the day summer time ended: two o'clock comes twice."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield datetime(2026, 10, 26, 0, 30, tzinfo=UTC).astimezone()
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("now", "2026-10-26T00:30"),
        ("2h ago", "2026-10-25T22:30"),
        ("90 minutes ago", "2026-10-25T23:00"),
        ("3d", "2026-10-23T00:30"),
        ("15:00", "2026-10-26T14:00"),
        ("today", "2026-10-25T23:00"),
        ("yesterday 15:00", "2026-10-25T14:00"),
        ("Yesterday at 01:30", "2026-10-24T23:30"),  # still summer time then
        ("2026-07-01T12:00", "2026-07-01T10:00"),
        ("2026-12-01 12:00:30", "2026-12-01T11:00:30"),
        ("2026-07-01", "2026-06-30T22:00"),
        ("2026-07-01T12:00Z", "2026-07-01T12:00"),
        ("2026-07-01T12:00+09:00", "2026-07-01T03:00"),
    ],
)
def test_times_without_a_zone_are_local_as_they_were_that_day(berlin: datetime, text: str, utc: str) -> None:
    assert moment(text, berlin) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", " ", "tomorrow", "25:00", "12:60", "2026-13-01", "ago", "5 fortnights ago", "99999 years", "９:００"]
)
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        moment(text, datetime.now(UTC))
    assert "yesterday 15:00" in refused.value.hint


@given(st.text(max_size=30))
def test_any_text_is_a_moment_with_a_zone_or_refused(text: str) -> None:
    with contextlib.suppress(Invalid):
        assert moment(text, datetime.now(UTC)).tzinfo is not None


@pytest.mark.parametrize(
    ("text", "span"), [("90d", 90 * 86_400), ("12h", 43_200), ("30m", 1800), ("45s", 45), ("2 weeks", 1_209_600)]
)
def test_spans(text: str, span: int) -> None:
    assert seconds(text) == span
    now = datetime.now(UTC)
    assert moment(f"{text} ago", now) == now - timedelta(seconds=span)


@pytest.mark.parametrize(
    ("text", "as_the_api_takes_it"),
    [
        ("Tuesday 09:00 Europe/Paris", "2026-10-27T09:00:00[Europe/Paris]"),
        ("monday 01:29 Europe/Berlin", "2026-11-02T01:29:00[Europe/Berlin]"),  # that hour of today has gone
        ("monday 01:31 Europe/Berlin", "2026-10-26T01:31:00[Europe/Berlin]"),
        ("Sunday at 20:31 America/New_York", "2026-10-25T20:31:00[America/New_York]"),  # there it is still Sunday
        ("tomorrow 09:00", "2026-10-27T09:00:00+01:00"),
        ("2027-07-01 9:00", "2027-07-01T09:00:00+02:00"),
        ("2026-11-24 09:00 Asia/Tokyo", "2026-11-24T09:00:00[Asia/Tokyo]"),
        ("in 2h", "2026-10-26T03:30:00+01:00"),
        ("2026-11-24T08:00Z", "2026-11-24T09:00:00+01:00"),
    ],
)
def test_moments_to_come(berlin: datetime, text: str, as_the_api_takes_it: str) -> None:
    assert ahead(text, berlin) == as_the_api_takes_it


@pytest.mark.parametrize(
    "text", ["", "soon", "2h ago", "Tuesday", "Caturday 09:00", "Tuesday 25:00", "Tuesday 09:00 Mars/Base"]
)
def test_what_is_no_moment_to_come(berlin: datetime, text: str) -> None:
    with pytest.raises(Invalid, match="is no moment to come"):
        ahead(text, berlin)
