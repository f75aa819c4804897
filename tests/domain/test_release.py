"""What a rollback returns to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.release import previous

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
    seen: list[int] = []
    while (number := previous(history)) is not None:
        assert number in history
        assert number not in seen
        seen.append(number)
        history = [*history, number]
    assert len(seen) <= 5


@given(HISTORIES, st.integers(6, 9))
def test_a_rollback_after_a_promotion_undoes_it(history: list[int | None], new: int) -> None:
    live = history[-1] if history else None
    if live is not None:
        assert previous([*history, new]) == live
