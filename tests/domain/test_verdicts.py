"""What a decision shows of each rule: its verdict, the sentence that people read, and the evidence that is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cuebook_server.domain.decision import Facts, decide
from cuebook_server.domain.policy import Approvals, Freeze, Policy
from cuebook_server.domain.release import Verdict
from tests.domain.test_decision import HOUR, OPEN, approval, facts, item, result

STAGED = replace(OPEN, comes_from="staging")
SOAKED = replace(STAGED, soak_s=86_400)
TWO = replace(OPEN, approvals=Approvals(2, roles=("reviewer", "admin")))
GATED = replace(OPEN, gates=("safety",))
TOWN = item(breaking=("needs `town`.",))
DAY = {"starts": "2026-11-20T00:00", "ends": "2026-11-21T00:00", "zone": "UTC"}
LESS = "The text of a version 2 is less than half of what it replaces"


def evidence(*people: str, needed: int = 2, **more: Any) -> dict[str, Any]:
    return {"needed": needed, "people": list(people), "roles": ["reviewer", "admin"], "excluded": ["ada", "sam"]} | more


@pytest.mark.parametrize(
    ("policy", "of", "rule", "passed", "sentence", "kept"),
    [
        (Policy(), facts(), "reason_required", True, "A reason was given.", {"needed": True}),
        (Policy(), facts(reason=""), "reason_required", False, "A reason is missing.", {"needed": True}),
        (OPEN, facts(reason=""), "reason_required", True, "No reason is needed.", {"needed": False}),
        (OPEN, facts(reason="", kind="rollback"), "reason_required", False, "A reason is missing.", {"needed": True}),
        (
            *(OPEN, facts(item(recalled="it insults"), item("b")), "recalled", False),
            "a version 2 was recalled: no environment may take it.",
            {"recalled": {"a version 2": "it insults"}},
        ),
        (
            *(OPEN, facts(item(fragments=("tone version 1", "x version 3")), item("b")), "recalled", False),
            "a version 2 includes tone version 1, x version 3: recalled, so no environment may take it.",
            {"fragments": {"a version 2": ["tone version 1", "x version 3"]}},
        ),
        (
            *(STAGED, facts(item(), item("b", live_in_source=HOUR)), "comes_from", False),
            "a version 2 never ran in staging: promote it there first.",
            {"environment": "staging", "missing": ["a version 2"]},
        ),
        (
            *(STAGED, facts(item(live_in_source=HOUR)), "comes_from", True),
            "Every version ran in staging.",
            {"environment": "staging", "missing": []},
        ),
        (
            *(SOAKED, facts(item(live_in_source=24 * HOUR)), "soak", True),
            "Every version ran in staging for 24 h 0 min without a rollback.",
            {"needed_s": 86_400, "missing": []},
        ),
        (  # what lacks most says how long to wait
            *(SOAKED, facts(item(live_in_source=HOUR), item("b", live_in_source=9 * HOUR)), "soak", False),
            "a version 2, b version 2 must run in staging for another 23 h 0 min.",
            {"needed_s": 86_400, "missing": ["a version 2", "b version 2"]},
        ),
        (
            *(SOAKED, facts(item(live_in_source=25 * HOUR, rolled_back=True), item("b")), "soak", False),
            "a version 2 was rolled back in staging.",
            {"needed_s": 86_400, "missing": ["a version 2", "b version 2"]},
        ),
        (
            *(SOAKED, facts(item(live_in_source=25 * HOUR, rolled_back=True)), "soak", False),
            "a version 2 was rolled back in staging.",
            {"needed_s": 86_400, "missing": ["a version 2"]},
        ),
        (
            OPEN,
            facts(TOWN),
            "breaking_variables",
            True,
            "a: needs `town`.",
            {"breaking": ["a: needs `town`."], "blocks": False},
        ),
        (
            *(replace(OPEN, breaking_variables="block"), facts(*[TOWN] * 4), "breaking_variables", False),
            " ".join(["a: needs `town`."] * 3),
            {"breaking": ["a: needs `town`."] * 4, "blocks": True},
        ),
        (
            *(replace(OPEN, shrink_guard=True), facts(item(shrunk=True), item("b")), "shrink_guard", False),
            f"{LESS}: say so if it is meant.",
            {"shrunk": ["a version 2"], "meant": False},
        ),
        (
            *(replace(OPEN, shrink_guard=True), facts(item(shrunk=True), shrink_meant=True), "shrink_guard", True),
            f"{LESS}, as the release says it should be.",
            {"shrunk": ["a version 2"], "meant": True},
        ),
        (
            *(replace(OPEN, max_items=1), facts(item(), item("b")), "max_items", False),
            "2 prompts at once; 1 at most.",
            {"items": 2, "most": 1},
        ),
        (
            *(replace(OPEN, freeze=(Freeze(DAY["starts"], DAY["ends"]),)), facts(), "freeze", False),
            "Frozen until 2026-11-21T00:00 (UTC). Rollbacks go on.",
            DAY,
        ),
        (
            *(replace(OPEN, freeze=(Freeze(DAY["starts"], DAY["ends"], reason="elections"),)), facts(), "freeze", False),
            "Frozen until 2026-11-21T00:00 (UTC): elections. Rollbacks go on.",
            DAY,
        ),
        (GATED, facts(gates=[result()]), "gates", True, "safety passed on every version.", {"gate": "safety", "missing": []}),
        (
            *(GATED, facts(), "gates", False),
            "safety has not passed on a version 2.",
            {"gate": "safety", "missing": ["a version 2"]},
        ),
    ],
)
def test_what_a_rule_says_and_what_it_rests_on(
    policy: Policy, of: Facts, rule: str, passed: bool, sentence: str, kept: dict[str, Any]
) -> None:
    assert [v for v in decide(policy, 1, of).verdicts if v.rule == rule] == [Verdict(rule, passed, sentence, kept)]


@pytest.mark.parametrize(
    ("policy", "people", "passed", "sentence", "kept"),
    [
        (TWO, [], False, "2 of 2 approvals missing (reviewer, admin; not the author).", evidence()),
        (TWO, ["bob"], False, "1 of 2 approvals missing (reviewer, admin; not the author).", evidence("bob")),
        (TWO, ["bob", "cyd"], True, "Approved by bob, cyd.", evidence("bob", "cyd")),
        (
            *(replace(TWO, approvals=replace(TWO.approvals, author=True)), ["ada"], False),
            "1 of 2 approvals missing.",
            evidence("ada", excluded=[]),
        ),
        (
            replace(TWO, approvals=replace(TWO.approvals, wording=1)),
            ["bob"],
            True,
            "Approved by bob.",
            evidence("bob", needed=1),
        ),
    ],
)
def test_who_approved_and_who_is_missing(
    policy: Policy, people: list[str], passed: bool, sentence: str, kept: dict[str, Any]
) -> None:
    asked = facts(item(change="wording", savers=frozenset({"sam"})), approvals=[approval(person) for person in people])
    assert decide(policy, 1, asked).verdicts[1:] == (Verdict("approvals", passed, sentence, kept),)


@pytest.mark.parametrize(
    ("count", "listed"),
    [(2, "a version 2, b version 2"), (3, "a version 2, b version 2, c version 2")]
    + [(count, f"a version 2, b version 2, c version 2 and {count - 3} more") for count in (4, 5)],
)
def test_three_are_named_and_the_others_counted(count: int, listed: str) -> None:
    said = decide(GATED, 1, facts(*map(item, "abcde"[:count]))).verdicts[-1].sentence
    assert said == f"safety has not passed on {listed}."


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(1, "1 min"), (60, "1 min"), (61, "2 min"), (3_540, "59 min"), (3_541, "1 h 0 min"), (7_199, "2 h 0 min")],
)
def test_a_wait_is_told_in_minutes_and_never_too_short(seconds: int, told: str) -> None:
    ran = item(live_in_source=24 * HOUR - timedelta(seconds=seconds))
    assert decide(SOAKED, 1, facts(ran)).verdicts[-1].sentence == f"a version 2 must run in staging for another {told}."
