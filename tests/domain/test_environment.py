"""Resolution: pure, and the only place that decides which version a caller gets."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.environment import Environment, Standing, resolve, selector
from cuebook_server.domain.errors import CuebookError, NotReleasedHere, Retired, UnknownSelector
from cuebook_server.domain.policy import BadPolicy, Pins, Policy

WHEN = datetime(2026, 11, 20, tzinfo=UTC)


def environment(*, tracks: bool = False, pins: Pins = "live", latest: bool = False) -> Environment:
    return Environment(1, 1, "production", "prd", 0, tracks, Policy(pins=pins, latest_allowed=latest), 1, 1, WHEN)


def standing(serves: int | None = 2, latest: int = 4, live: tuple[int, ...] = (1, 2), *, retired: bool = False) -> Standing:
    return Standing("a", serves, latest, retired, live.__contains__)


@pytest.mark.parametrize(("text", "wanted"), [("stable", "stable"), ("latest", "latest"), ("1", 1), ("999999999", 999_999_999)])
def test_a_selector_is_read(text: str, wanted: object) -> None:
    assert selector(text) == wanted


@pytest.mark.parametrize(
    "text", ["", "0", "01", "-1", "+1", "1.0", " 1", "1 ", "١", "Stable", "LATEST", "v1", "1234567890", "production"]
)
def test_what_selects_nothing_is_refused(text: str) -> None:
    with pytest.raises(UnknownSelector):
        selector(text)


@given(st.integers(1, 999_999_999))
def test_every_number_selects_itself(number: int) -> None:
    assert selector(str(number)) == number


def test_stable_is_the_pointer() -> None:
    assert resolve(environment(), standing(), "stable") == 2
    assert resolve(environment(pins="none"), standing(), 2) == 2, "naming what is served is no pin"


def test_nothing_released_is_not_released_here() -> None:
    for wanted in ("stable", 1):
        with pytest.raises(NotReleasedHere):
            resolve(environment(), standing(None, live=()), wanted)


def test_retired_says_so_whatever_is_asked() -> None:
    for wanted in ("stable", "latest", 1):
        with pytest.raises(Retired):
            resolve(environment(latest=True), standing(None, retired=True), wanted)


def test_latest_only_where_it_is_tracked_or_allowed() -> None:
    with pytest.raises(NotReleasedHere, match="does not serve `latest`"):
        resolve(environment(), standing(), "latest")
    assert resolve(environment(latest=True), standing(), "latest") == 4
    assert resolve(environment(tracks=True), standing(4), "latest") == 4


@pytest.mark.parametrize(
    ("pins", "number", "given"),
    [
        ("none", 1, None),
        ("live", 1, 1),
        ("live", 3, None),
        ("any", 1, 1),
        ("any", 3, 3),
        ("any", 4, 4),
        ("any", 5, None),
        ("live", 4, None),
    ],
)
def test_a_number_is_given_as_the_policy_says(pins: Pins, number: int, given: int | None) -> None:
    try:
        found: int | None = resolve(environment(pins=pins), standing(), number)
    except NotReleasedHere:
        found = None
    assert found == given


@pytest.mark.parametrize(
    ("pins", "told"),
    [
        ("none", "production serves no pinned versions of a."),
        ("live", "production never served version 3 of a."),
        ("any", None),
    ],
)
def test_a_number_that_is_not_given_is_told_why(pins: Pins, told: str | None) -> None:
    never_live = Standing("a", 2, 4)
    if told is None:
        assert resolve(environment(pins=pins), never_live, 3) == 3
    else:
        with pytest.raises(NotReleasedHere) as refused:
            resolve(environment(pins=pins), never_live, 3)
        assert refused.value.detail == told


@given(
    st.sampled_from(["none", "live", "any"]),
    st.booleans(),
    st.one_of(st.none(), st.integers(1, 9)),
    st.one_of(st.just("stable"), st.just("latest"), st.integers(1, 12)),
)
def test_a_caller_gets_one_existing_version_or_a_refusal(
    pins: Pins, latest: bool, serves: int | None, wanted: int | str
) -> None:
    """Never a version beyond the newest; never one that was not live here, unless the policy allows it."""
    live = (serves,) if serves else ()
    try:
        number = resolve(environment(pins=pins, latest=latest), standing(serves, 9, live), wanted)  # type: ignore[arg-type]  # see above
    except CuebookError:
        return
    assert 1 <= number <= 9
    assert number == serves or pins == "any" or (latest and number == 9)


def test_a_rule_is_changed_and_the_others_stay() -> None:
    changed = Policy(comes_from="staging").changed({"pins": "any"})
    assert changed == Policy(comes_from="staging", pins="any")
    senseless: list[dict[str, object]] = [{"speed": 1}, {"pins": "all"}, {"reason_required": 1}, {"comes_from": []}]
    for nonsense in senseless:
        with pytest.raises(BadPolicy):
            Policy().changed(nonsense)
