"""What a rollback returns to, and what a policy says of a release."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.environment import Environment, Policy
from cuebook_server.domain.release import Item, Kind, decide, previous

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


def _decide(kind: Kind, reason: str, policy: Policy, unmet: tuple[Item, ...] = ()) -> list[tuple[str, bool]]:
    environment = Environment(1, 3, "production", "prd", 2, False, policy, 7, 1, datetime(2026, 11, 20, tzinfo=UTC))
    decision = decide(environment, kind, reason, unmet)
    assert decision.to_json()["policy_revision"] == 7
    assert decision.allowed == all(passed for _, passed in [(v.rule, v.passed) for v in decision.verdicts])
    return [(verdict.rule, verdict.passed) for verdict in decision.verdicts]


def test_a_promotion_is_weighed_by_every_rule() -> None:
    policy, item = Policy(comes_from="staging"), Item(1, "a", 2, 1)
    assert _decide("promote", "why", policy) == [("reason_required", True), ("comes_from", True)]
    assert _decide("promote", " ", policy, (item,)) == [("reason_required", False), ("comes_from", False)]
    assert _decide("promote", "", Policy(reason_required=False)) == [("reason_required", True)]


def test_a_rollback_needs_a_reason_and_nothing_else() -> None:
    policy, item = Policy(comes_from="staging", reason_required=False), Item(1, "a", 2, 1)
    assert _decide("rollback", "", policy, (item,)) == [("reason_required", False)]
    assert _decide("rollback", "it broke", policy, (item,)) == [("reason_required", True)]


def test_the_sentence_names_a_few_and_not_all() -> None:
    environment = Environment(1, 3, "p", "prd", 2, False, Policy(comes_from="s"), 1, 1, datetime(2026, 11, 20, tzinfo=UTC))
    items = [Item(n, f"p{n}", 1, None) for n in range(5)]
    sentence = decide(environment, "promote", "why", items).verdicts[1].sentence
    assert "p2 version 1 and others never ran in s" in sentence
    assert "p3" not in sentence
