"""What is made of what clients say of themselves: read with suspicion, joined in any order, and timed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.fleet import (
    ARRIVALS_MAX,
    CURVE_POINTS_MAX,
    LIVE_FOR,
    About,
    Arrival,
    Instance,
    Order,
    merged,
    progress,
    read_about,
    read_applied,
    seen,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ABOUT = About("python/1.2.0", "0a1b2c3d4e5f", "network")
ORDERS = st.none() | st.tuples(st.integers(1, 2), st.integers(0, 30))


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def heard(*words: tuple[float, Order | None]) -> Instance:
    """An instance that said at these moments what it holds."""
    made: Instance | None = None
    for second, order in words:
        made = seen(made, "s", ABOUT, order, after(second))
    assert made is not None
    return made


def test_a_client_says_what_it_is() -> None:
    assert read_about(b"python/1.2.0 0a1b2c3d4e5f network") == ABOUT
    assert read_applied(b"1:1842") == (1, 1842)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"python/1.2.0 0a1b network extra",
        b"python/1.2.0 0a1b  network",
        b"python/1.2.0 0a1b elsewhere",
        b"python/1.2.0 " + b"a" * 33 + b" network",
        b"python/" + b"1" * 33 + b" a network",
        b"python/1 \xff network",
        b"<b>/1 a network",
        b"python/1 a network\n",
    ],
)
def test_what_has_another_form_is_not_read(header: bytes) -> None:
    assert read_about(header) is None


@pytest.mark.parametrize("header", [b"", b"1", b"1:", b"-1:2", b"1:2:3", b"1:1e3", b"1:" + b"9" * 10, "1:\u0663".encode()])
def test_numbers_that_are_none_are_not_read(header: bytes) -> None:
    assert read_applied(header) is None


def test_an_arrival_is_when_it_was_first_known() -> None:
    instance = heard((0, None), (1, (1, 5)), (60, (1, 5)), (61, (1, 6)))
    assert instance.arrivals == (Arrival((1, 5), after(1)), Arrival((1, 6), after(61)))
    assert (instance.first_seen, instance.seen_at) == (NOON, after(61))
    assert (instance.reached((1, 4)), instance.reached((1, 6)), instance.reached((1, 7))) == (after(1), after(61), None)


def test_who_skips_a_revision_has_reached_it_with_the_next() -> None:
    assert heard((0, (1, 5)), (9, (1, 7))).reached((1, 6)) == after(9)


def test_who_goes_back_has_not_reached_what_it_does_not_hold() -> None:
    instance = heard((0, (1, 5)), (1, (1, 6)), (2, (1, 5)))
    assert (instance.order, instance.reached((1, 6)), instance.runs((1, 6))) == ((1, 5), None, False)


@pytest.mark.parametrize(("left", "lives_s"), [(False, 180), (True, 20)])
def test_who_was_heard_of_lives_for_a_while_and_who_left_for_a_moment(left: bool, lives_s: int) -> None:
    instance = replace(heard((0, (1, 5))), left=left)
    assert (instance.is_live(after(lives_s - 1)), instance.is_live(after(lives_s))) == (True, False)


@pytest.mark.parametrize("order", [(1, 5), (1, 6)])
def test_who_is_heard_of_again_has_not_left(order: Order) -> None:
    gone = replace(heard((0, (1, 5))), left=True)
    assert not seen(gone, "s", ABOUT, order, after(1)).left


def test_what_is_too_long_ago_is_not_known() -> None:
    instance = heard(*((n, (1, n)) for n in range(ARRIVALS_MAX + 5)))
    assert len(instance.arrivals) == ARRIVALS_MAX
    assert (instance.reached((1, 2)), instance.runs((1, 2))) == (None, True)


@given(st.lists(st.tuples(st.floats(0, 1_000), ORDERS), min_size=1, max_size=30))
def test_an_instance_is_bounded_and_ends_with_what_it_holds(words: list[tuple[float, Order | None]]) -> None:
    instance = heard(*sorted(words, key=lambda word: word[0]))
    orders = [arrival.order for arrival in instance.arrivals]
    assert len(orders) <= ARRIVALS_MAX
    assert orders == sorted(set(orders))
    assert (orders[-1] if orders else None) == instance.order


@given(st.lists(st.tuples(st.integers(0, 1_000), ORDERS), min_size=1, max_size=8), st.data())
def test_two_nodes_know_the_same_in_either_order(words: list[tuple[int, Order | None]], data: st.DataObject) -> None:
    told = sorted(words, key=lambda word: word[0])
    cut = data.draw(st.integers(1, len(told)))
    one, other = heard(*told[:cut]), heard(*(told[cut:] or told[-1:]))
    both = merged(one, other)
    if one.seen_at != other.seen_at:
        assert both == merged(other, one)
        assert both.order == other.order
    assert merged(both, one) == merged(one, both)
    assert (both.first_seen, both.seen_at) == (min(one.first_seen, other.first_seen), max(one.seen_at, other.seen_at))


def fleet(*took: float | None) -> list[Instance]:
    """Instances that held revision 1 and came to hold revision 2 so many seconds after noon, or not yet."""
    return [heard((-100, (1, 1)), *(((second, (1, 2)),) if second is not None else ((0.0, (1, 1)),))) for second in took]


def test_half_of_them_nearly_all_and_all() -> None:
    made = progress(fleet(*(n / 10 for n in range(1, 101))), (1, 2), NOON, after(20))
    assert made.within_ms == {50: 5_000, 99: 9_900, 100: 10_000}
    assert (made.live, made.running, made.timed, made.waiting) == (100, 100, 100, ())
    assert made.curve[-1] == (10_000, 100)
    assert len(made.curve) <= CURVE_POINTS_MAX


def test_until_the_last_has_it_there_is_no_all() -> None:
    made = progress(fleet(1, 2, None), (1, 2), NOON, after(9))
    assert made.within_ms == {50: 2_000, 99: None, 100: None}
    assert [each.order for each in made.waiting] == [(1, 1)]


def test_who_started_later_is_no_measure_and_who_ended_holds_nobody_up() -> None:
    newcomer, gone = heard((50, (1, 2))), heard((-500, (1, 1)))
    now = after(60)
    assert now - gone.seen_at > LIVE_FOR
    made = progress([*fleet(1), newcomer, gone], (1, 2), NOON, now)
    assert (made.live, made.running, made.timed) == (2, 2, 1)
    assert made.within_ms == {50: 1_000, 99: 1_000, 100: 1_000}


def test_of_nobody_nothing_is_said() -> None:
    made = progress([], (1, 2), NOON, NOON)
    assert (made.live, made.within_ms, made.curve) == (0, {50: None, 99: None, 100: None}, ())


def test_a_clock_that_is_behind_gives_no_negative_time() -> None:
    assert progress(fleet(-0.5), (1, 2), NOON, after(1)).within_ms[100] == 0
