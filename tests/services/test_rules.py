"""The facts a policy is held against, gathered from a real registry: classes of change, shrinking, breaking, soaking, gates."""

from __future__ import annotations

import math

import pytest

from cuebook_server.domain.errors import BadName, Forbidden, PolicyRefused
from cuebook_server.services import gates, prompts, releases
from cuebook_server.services.gates import BadGateResult
from tests.factories import Registry, request, text


def unmet(registry: Registry, *items: str, kind: str = "promote") -> list[str]:
    weighed = registry.ask(releases.consider, request(kind, "production", *items))  # type: ignore[arg-type]  # a Kind
    return [verdict.rule for verdict in weighed.decision.unmet]


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """Version 1 of `a` is live in production, which has no rules."""
    registry.rules(comes_from=None, reason_required=False)
    registry.save("a", "Dear customer, this is a longer text than the others.")
    registry.promote("a@1", to="production")
    return registry


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (text("Dear client, this is a longer text than the others."), []),
        (text("Dear {{name}}, this is a longer text than the others."), ["approvals"]),
        (text("Dear client, hello.", model={"provider": "openai", "name": "gpt-5.2"}), ["approvals"]),
    ],
)
def test_wording_alone_may_pass_and_is_computed(registry: Registry, content: dict[str, object], missing: list[str]) -> None:
    registry.rules(approvals={"count": 1, "wording": 0})
    registry.save("a", content)
    assert unmet(registry, "a@2") == missing


def test_a_new_prompt_is_more_than_wording(registry: Registry) -> None:
    registry.rules(approvals={"count": 1, "wording": 0})
    registry.save("b", "new")
    assert unmet(registry, "b@1") == ["approvals"]


@pytest.mark.parametrize(("content", "missing"), [("Dear", ["shrink_guard"]), ("x" * 40, [])])
def test_a_text_that_shrinks_is_meant_or_refused(registry: Registry, content: str, missing: list[str]) -> None:
    registry.rules(shrink_guard=True)
    registry.save("a", content)
    assert unmet(registry, "a@2") == missing
    meant = releases.Request("production", "promote", [releases.Wanted("a", 2)], "r", shrink_meant=True)
    assert registry.do(releases.create, meant).shrink_meant


def test_a_version_that_breaks_its_callers_is_blocked(registry: Registry) -> None:
    registry.rules(breaking_variables="block")
    registry.save("a", "Dear {{name}}, this is a longer text than the others.")
    assert unmet(registry, "a@2") == ["breaking_variables"]


def test_a_version_soaks_and_a_rollback_there_ends_it(registry: Registry) -> None:
    registry.rules(comes_from="staging", soak_s=3_600)
    registry.promote("a@1", to="staging")
    for number in (2, 3):
        registry.save("a", f"text {number}")
    registry.promote("a@2", to="staging")
    assert unmet(registry, "a@2") == ["soak"]
    registry.clock.tick(3_600)
    assert unmet(registry, "a@2") == []
    registry.rollback("a", to="staging")
    assert unmet(registry, "a@2") == ["soak"]
    registry.promote("a@2", to="staging")
    registry.clock.tick(3_600)
    assert unmet(registry, "a@2") == []


def test_so_many_prompts_at_once(registry: Registry) -> None:
    registry.rules(max_items=1)
    registry.save("a", "other words of about the same length, as it happens")
    registry.save("b", "x")
    assert unmet(registry, "a@2", "b@1") == ["max_items"]


def test_a_freeze_stops_all_but_rollbacks(registry: Registry) -> None:
    registry.save("a", "y")
    registry.promote("a@2", to="production")
    registry.rules(freeze=[{"starts": "2026-11-20T00:00", "ends": "2026-11-21T00:00"}])
    registry.save("a", "z")
    assert unmet(registry, "a@3") == ["freeze"]
    assert unmet(registry, "a", kind="retire") == ["freeze"]
    assert registry.rollback("a").items[0].version == 1


def test_a_gate_lets_in_what_it_passed(registry: Registry) -> None:
    registry.rules(gates=["safety"])
    saved = registry.save("a", "y").version
    assert unmet(registry, "a@2") == ["gates"]
    for passed in (True, False):
        registry.do(gates.report, "safety", digest=saved.digest, suite_revision="7", passed=passed, score=0.5)
        assert unmet(registry, "a@2") == ([] if passed else ["gates"])
    registry.do(gates.report, "safety", digest=saved.digest, suite_revision="7", passed=True)
    registry.clock.tick(7 * 86_400 + 1)
    assert unmet(registry, "a@2") == ["gates"]
    with pytest.raises(PolicyRefused, match="safety has not passed on a version 2"):
        registry.promote("a@2", to="production")


def test_a_result_is_for_one_digest_of_one_project(registry: Registry) -> None:
    registry.rules(gates=["safety"])
    digest = registry.ask(prompts.version, "a", "1").digest
    new = registry.save("a", "y").version
    registry.do(gates.report, "safety", digest=digest, suite_revision="7", passed=True)
    with registry.units.write() as uow:
        stranger = registry.people.stranger.actor
        gates.report(stranger, uow, "elsewhere", "safety", digest=new.digest, suite_revision="7", passed=True)
    assert unmet(registry, "a@2") == ["gates"]


def test_a_result_is_checked(registry: Registry) -> None:
    digest = registry.ask(prompts.version, "a", "1").digest
    for score in (math.nan, math.inf):
        with pytest.raises(BadGateResult, match="finite"):
            registry.do(gates.report, "safety", digest=digest, suite_revision="7", passed=True, score=score)
    with pytest.raises(BadGateResult, match="no digest"):
        registry.do(gates.report, "safety", digest="d", suite_revision="7", passed=True)
    with pytest.raises(BadName):
        registry.do(gates.report, "Not a name", digest=digest, suite_revision="7", passed=True)


def test_an_author_cannot_pass_their_own_work(registry: Registry) -> None:
    digest = registry.ask(prompts.version, "a", "1").digest
    with pytest.raises(Forbidden):
        registry.do_as(registry.people.colleague, gates.report, "safety", digest=digest, suite_revision="7", passed=True)
