"""Token buckets: as many as the rate, whoever asks; one caller's never touches another's; bounded memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.delivery import limits
from cuebook_server.delivery.limits import BURST_S, Buckets
from cuebook_server.domain.errors import TooManyRequests

PAUSES = st.lists(st.floats(0, 0.5), min_size=1, max_size=200)


def takes(buckets: Buckets, name: str, now: float) -> bool:
    try:
        buckets.take(name, now)
    except TooManyRequests:
        return False
    return True


@given(st.integers(1, 50), PAUSES)
def test_never_more_than_the_rate_and_one_burst(rate: int, pauses: list[float]) -> None:
    buckets, now, taken = Buckets("key", rate), 100.0, 0
    for pause in pauses:
        now += pause
        taken += takes(buckets, "a", now)
    assert taken <= rate * (now - 100.0 + BURST_S) + 1.001


@given(st.integers(1, 50), st.integers(1, 100))
def test_who_asks_no_oftener_than_the_rate_is_never_refused(rate: int, times: int) -> None:
    buckets = Buckets("key", rate)
    assert all(takes(buckets, "a", 100.0 + number / rate) for number in range(times))


def test_one_callers_bucket_is_nobody_elses() -> None:
    buckets = Buckets("key", 2)
    while takes(buckets, "greedy", 1.0):
        pass
    assert takes(buckets, "modest", 1.0)


def test_many_names_take_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NAMES_MAX", 10)
    buckets = Buckets("address", 1)
    while takes(buckets, "greedy", 1.0):
        pass
    for number in range(1_000):
        takes(buckets, f"name {number}", 1.0)
        if number < 5:
            assert not takes(buckets, "greedy", 1.0), "who asks again and again is not forgotten"
    assert len(buckets._young) + len(buckets._old) <= 20
