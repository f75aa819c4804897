"""The decision: each rule's verdict by itself, whose approval counts, and what an approval signs."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.decision import Approval, Facts, GateResult, ItemFacts, counting, decide, needed_approvals, sign
from cuebook_server.domain.policy import Approvals, Freeze, Policy
from cuebook_server.domain.release import Item

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPEN = Policy(reason_required=False)


def item(name: str = "a", version: int | None = 2, *, digest: str = "d2", **facts: Any) -> ItemFacts:
    return ItemFacts(Item(1, name, version, 1), digest if version else None, **facts)


def facts(*items: ItemFacts, **more: Any) -> Facts:
    said: dict[str, Any] = {
        "kind": "promote",
        "reason": "r",
        "author": "ada",
        "now": NOW,
        "items": items or (item(),),
        "signature": "s",
    }
    return Facts(**(said | more))


def verdicts(policy: Policy, of: Facts) -> dict[str, bool]:
    return {verdict.rule: verdict.passed for verdict in decide(policy, 1, of).verdicts}


def approval(person: str = "bob", **more: Any) -> Approval:
    given: dict[str, Any] = {
        "person": person,
        "roles": frozenset({"reviewer"}),
        "meaning": "read",
        "signature": "s",
        "at": NOW - HOUR,
    }
    return Approval(**(given | more))


def result(**more: Any) -> GateResult:
    said: dict[str, Any] = {
        "gate": "safety",
        "digest": "d2",
        "suite_revision": "3",
        "passed": True,
        "at": NOW - HOUR,
        "score": 0.9,
    }
    return GateResult(**(said | more))


@pytest.mark.parametrize(("needed", "reason", "passed"), [(True, "r", True), (True, " \n", False), (False, "", True)])
def test_a_reason(needed: bool, reason: str, passed: bool) -> None:
    assert verdicts(Policy(reason_required=needed), facts(reason=reason)) == {"reason_required": passed}


@pytest.mark.parametrize(("ran", "passed"), [(None, False), (timedelta(), True), (9 * HOUR, True)])
def test_where_a_version_comes_from(ran: timedelta | None, passed: bool) -> None:
    policy = Policy(comes_from="staging")
    assert verdicts(policy, facts(item(live_in_source=ran)))["comes_from"] is passed
    assert "comes_from" not in verdicts(policy, facts(item(version=None), kind="retire"))


@pytest.mark.parametrize(
    ("ran", "rolled_back", "passed"),
    [(None, False, False), (HOUR, False, False), (24 * HOUR, False, True), (25 * HOUR, True, False)],
)
def test_how_long_it_ran_there(ran: timedelta | None, rolled_back: bool, passed: bool) -> None:
    policy = Policy(comes_from="staging", soak_s=86_400)
    found = decide(policy, 1, facts(item(live_in_source=ran, rolled_back=rolled_back)))
    soak = next(verdict for verdict in found.verdicts if verdict.rule == "soak")
    assert soak.passed is passed
    assert ran != HOUR or "another 23 h 0 min" in soak.sentence


def test_a_freeze_and_why() -> None:
    policy = replace(OPEN, freeze=(Freeze("2026-11-20T00:00", "2026-11-21T00:00", reason="elections"),))
    found = decide(policy, 1, facts())
    assert (found.allowed, found.unmet[0].rule) == (False, "freeze")
    assert "elections" in found.unmet[0].sentence
    assert decide(policy, 1, facts(now=NOW + 24 * HOUR)).allowed


@pytest.mark.parametrize(("severity", "allowed"), [("warn", True), ("block", False)])
def test_callers_that_would_break(severity: Any, allowed: bool) -> None:
    found = decide(replace(OPEN, breaking_variables=severity), 1, facts(item(breaking=("needs `town`",))))
    assert found.allowed is allowed
    assert "a: needs `town`" in found.verdicts[-1].sentence


@pytest.mark.parametrize(("guard", "meant", "allowed"), [(False, False, True), (True, False, False), (True, True, True)])
def test_a_text_that_shrank(guard: bool, meant: bool, allowed: bool) -> None:
    found = decide(replace(OPEN, shrink_guard=guard), 1, facts(item(shrunk=True), shrink_meant=meant))
    assert found.allowed is allowed


def test_many_prompts_at_once() -> None:
    policy = replace(OPEN, max_items=2)
    three = [item(name) for name in "abc"]
    assert verdicts(policy, facts(*three))["max_items"] is False
    assert decide(policy, 1, facts(*three[:2])).allowed


@pytest.mark.parametrize(
    ("results", "passed"),
    [
        ([], False),
        ([result()], True),
        ([result(score=None)], True),
        ([result(passed=False)], False),
        ([result(score=math.nan)], False),
        ([result(at=NOW - 7 * 24 * HOUR)], True),
        ([result(at=NOW - 8 * 24 * HOUR)], False),
        ([result(gate="tone")], False),
        ([result(digest="d1")], False),
        ([result(), result(suite_revision="4", passed=False)], False),
        ([result(passed=False), result(suite_revision="4")], True),
    ],
)
def test_a_gate_passes_only_on_this_digest_lately_and_by_its_last_word(results: list[GateResult], passed: bool) -> None:
    assert verdicts(replace(OPEN, gates=("safety",)), facts(gates=results))["gates"] is passed


def test_a_gate_may_ask_for_one_revision_of_its_suite() -> None:
    policy = replace(OPEN, gates=("safety@4",))
    assert not decide(policy, 1, facts(gates=[result()])).allowed
    assert decide(policy, 1, facts(gates=[result(suite_revision="4"), result(passed=False)])).allowed


def test_every_gate_must_have_passed_on_every_digest() -> None:
    policy = replace(OPEN, gates=("safety", "tone"))
    two = facts(item(), item("b", digest="d9"), gates=[result(), result(gate="tone"), result(digest="d9")])
    assert [v.passed for v in decide(policy, 1, two).verdicts if v.rule == "gates"] == [True, False]
    assert decide(policy, 1, facts(item(version=None), kind="retire")).allowed


def test_a_rollback_asks_for_a_reason_and_for_nothing_that_was_recalled() -> None:
    strict = Policy("staging", 9, Approvals(2), ("safety",), freeze=(Freeze("2026-01-01", "2027-01-01"),), max_items=1)
    back = facts(item(breaking=("x",), shrunk=True), item("b"), kind="rollback")
    assert verdicts(strict, back) == {"reason_required": True}
    assert verdicts(replace(strict, reason_required=False), replace(back, reason=" ")) == {"reason_required": False}
    recalled = decide(strict, 1, facts(item(recalled="it insults"), kind="rollback"))
    assert [verdict.rule for verdict in recalled.unmet] == ["recalled"]
    assert not decide(OPEN, 1, facts(item(recalled="it insults"))).allowed


def test_a_change_of_the_rules_asks_for_a_reason_and_all_the_approvals() -> None:
    frozen = Policy(
        "staging", 9, Approvals(2, wording=0), ("safety",), freeze=(Freeze("2026-01-01", "2027-01-01"),), max_items=1
    )
    change = Facts("policy", "r", "ada", NOW, (), approvals=[approval(signature="")])
    assert verdicts(frozen, change) == {"reason_required": True, "approvals": False}
    assert decide(frozen, 7, change).policy_revision == 7


@given(
    st.builds(
        Policy,
        approvals=st.builds(Approvals, st.integers(0, 3), author=st.booleans()),
        reason_required=st.booleans(),
        max_items=st.integers(1, 3),
    ),
    st.lists(st.sampled_from(["ada", "bob", "cyd"]), max_size=3),
    st.sampled_from(["", "r"]),
)
def test_a_freeze_stops_every_release_but_what_goes_back_or_changes_the_rules(
    policy: Policy, approvers: list[str], reason: str
) -> None:
    """The freeze that stopped the release which would lift it could be ended by an emergency only."""
    frozen = replace(policy, freeze=(Freeze("2026-11-20T00:00", "2026-11-21T00:00"),))
    given_by = [approval(person) for person in approvers]
    for kind in ("policy", "rollback"):
        asked = Facts(kind, reason, "ada", NOW, (), "s", approvals=given_by)
        assert decide(frozen, 1, asked) == decide(policy, 1, asked)
    for kind in ("promote", "retire"):
        asked = facts(kind=kind, reason=reason, approvals=given_by)
        found, otherwise = decide(frozen, 1, asked), decide(policy, 1, asked)
        assert (found.allowed, {v.rule for v in found.unmet}) == (False, {"freeze"} | {v.rule for v in otherwise.unmet})


@pytest.mark.parametrize(
    ("approvals", "people"),
    [
        ([approval()], ["bob"]),
        ([approval(), approval("cyd")], ["bob", "cyd"]),
        ([approval(), approval()], ["bob"]),
        ([approval("ada")], []),
        ([approval("sam")], []),
        ([approval(signature="other")], []),
        ([approval(roles=frozenset({"viewer", "author"}))], []),
        ([approval(at=NOW - 72 * HOUR)], []),
        ([approval(at=NOW - 71 * HOUR)], ["bob"]),
    ],
)
def test_whose_approval_counts(approvals: list[Approval], people: list[str]) -> None:
    """Ada asks for it, sam saved it."""
    asked = facts(item(savers=frozenset({"sam"})), approvals=approvals)
    assert [approval.person for approval in counting(Policy(approvals=Approvals(1)), asked)] == people


def test_an_author_counts_where_the_policy_says_so() -> None:
    policy = replace(OPEN, approvals=Approvals(1, author=True))
    assert decide(policy, 1, facts(approvals=[approval("ada")])).allowed


def test_wording_alone_needs_fewer_approvals() -> None:
    policy = replace(OPEN, approvals=Approvals(2, wording=1))
    wording, model, same = item(change="wording"), item(change="model"), item(change="none")
    cases: list[list[ItemFacts]] = [[wording], [wording, same], [wording, model], [item()], []]
    assert [needed_approvals(policy, items) for items in cases] == [1, 1, 2, 2, 2]
    assert needed_approvals(replace(OPEN, approvals=Approvals(2)), [wording]) == 2


names = st.text("abc", min_size=1, max_size=3)
numbers = st.none() | st.integers(1, 4)
signed = st.tuples(
    st.sampled_from(["staging", "production"]),
    st.dictionaries(names, st.tuples(st.text("0123", max_size=2), numbers, numbers), min_size=1, max_size=3),
    st.integers(1, 3),
)


def signature(environment: str, moves: dict[str, tuple[str, int | None, int | None]], policy_revision: int) -> str:
    items = [
        ItemFacts(Item(1, name, version, base), digest if version else None) for name, (digest, version, base) in moves.items()
    ]
    return sign(environment, items, policy_revision)


@given(signed, signed)
def test_any_change_of_what_is_signed_is_another_signature(one: Any, other: Any) -> None:
    def told(environment: str, moves: Any, revision: int) -> object:
        return environment, {n: (d if v else None, v, b) for n, (d, v, b) in moves.items()}, revision

    assert (signature(*one) == signature(*other)) == (told(*one) == told(*other))


@given(signed)
def test_the_order_of_the_items_is_nothing_to_sign(one: Any) -> None:
    environment, moves, revision = one
    assert signature(environment, dict(reversed(moves.items())), revision) == signature(*one)


@pytest.mark.parametrize(
    ("policy", "signature"),
    [
        (None, "0a928f052d77eccfd39f63d8fa897178b65d393e52073ac9708522588b8f801c"),
        ({"soak_s": 60}, "674e9bd822ed1433d489283291e833bff61989363bb933276d5200beab9d4d92"),
        ({"soak_s": 61}, "975e5d9a3c1101617ac449b21cf5c09436a1aa35350bb41d71015b41292b2707"),
    ],
)
def test_what_was_signed_yesterday_is_signed_tomorrow(policy: dict[str, Any] | None, signature: str) -> None:
    """Approvals are kept with their signature: were it made in another way, all of them would be void."""
    assert sign("production", [item("b", digest="d9"), item()], 3, policy) == signature
