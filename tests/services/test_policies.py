"""The policy protects itself: once an environment asks for approvals, a change of its rules asks for them too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cuebook_server.domain.access import Grant
from cuebook_server.domain.errors import AlreadyLive, Forbidden, NotFound, PolicyRefused
from cuebook_server.domain.policy import PRESETS, BadPolicy
from cuebook_server.domain.release import BadRelease, Release, Wanted
from cuebook_server.services import environments, releases
from cuebook_server.services.environments import PolicyProtected
from tests.factories import Registry
from tests.people import PROJECT, Person


@pytest.fixture
def reviewer(registry: Registry) -> Person:
    return registry.hire("reviewer", "reviewer")


@pytest.fixture
def team(registry: Registry) -> Registry:
    registry.do(environments.adopt, "production", "team")
    return registry


def rules(**policy: object) -> releases.Request:
    return releases.Request("production", "policy", (), "we are many now", policy=policy)


def changed(registry: Registry, who: Person, **policy: object) -> Release:
    release = registry.do(releases.propose, rules(**policy))
    registry.approve(release, who)
    return registry.do(releases.apply, release.release_id)


def missing(registry: Registry, release: Release) -> list[str]:
    weighed = registry.ask(releases.find, release.release_id).weighed
    assert weighed is not None
    return [verdict.rule for verdict in weighed.decision.unmet]


def test_a_preset_sets_its_rules_and_leaves_the_others(registry: Registry) -> None:
    assert registry.ask(environments.one, "production").policy.preset == "solo"
    found = registry.do(environments.adopt, "production", "team")
    assert (found.policy.preset, found.policy.approvals.count, found.policy.comes_from) == ("team", 1, "staging")
    with pytest.raises(BadPolicy, match="no preset"):
        registry.do(environments.adopt, "production", "strict")


@pytest.mark.parametrize("policy", [{"approvals": {"count": 0}}, {"pins": "any"}, {"comes_from": None}, PRESETS["solo"]])
def test_the_rules_of_a_protected_environment_are_not_changed_directly(team: Registry, policy: dict[str, Any]) -> None:
    before = team.ask(environments.one, "production")
    with pytest.raises(PolicyProtected):
        team.do(environments.change, "production", policy=policy)
    with pytest.raises(PolicyRefused, match="approvals missing"):
        team.do(releases.create, rules(**policy))
    assert team.ask(environments.one, "production") == before


def test_its_place_in_the_order_is_no_rule(team: Registry) -> None:
    assert team.do(environments.change, "production", position=9).position == 9


def test_a_change_is_approved_by_the_rules_that_stand(team: Registry, reviewer: Person) -> None:
    before = team.ask(environments.one, "production")
    release = changed(team, reviewer, approvals={"count": 0})
    after = team.ask(environments.one, "production")
    assert (after.policy.approvals.count, after.policy.comes_from) == (0, "staging")
    assert (after.revision, after.policy_revision) == (before.revision + 1, before.policy_revision + 1)
    assert (release.kind, release.items, release.policy) == (
        "policy",
        (),
        {"approvals": {"count": 0, "roles": ["reviewer", "releaser", "admin"], "author": False, "wording": None}},
    )
    assert [entry["action"] for entry in team.audit()][-2:] == ["environment.changed", "release.policy"]


def test_wording_alone_is_no_way_round(team: Registry, reviewer: Person) -> None:
    changed(team, reviewer, approvals={"count": 1, "wording": 0})
    with pytest.raises(PolicyRefused, match="approvals missing"):
        team.do(releases.create, rules(approvals={"count": 0}))


def test_an_emergency_changes_no_rules(team: Registry) -> None:
    with pytest.raises(BadRelease, match="no rules"):
        team.do_as(team.hire("otto", "on-call"), releases.break_glass, rules(approvals={"count": 0}))


def test_an_approval_is_of_these_rules_and_no_others(team: Registry, reviewer: Person) -> None:
    one = team.do(releases.propose, rules(pins="any"))
    other = team.do(releases.propose, rules(pins="live", latest_allowed=True))
    assert one.signature != other.signature
    team.approve(one, reviewer)
    with pytest.raises(PolicyRefused):
        team.do(releases.apply, other.release_id)


def test_another_change_of_the_rules_voids_what_was_approved(team: Registry, reviewer: Person) -> None:
    waiting = team.do(releases.propose, rules(pins="any"))
    team.approve(waiting, reviewer)
    changed(team, reviewer, shrink_guard=False)
    with pytest.raises(PolicyRefused):
        team.do(releases.apply, waiting.release_id)
    assert team.approve(waiting, reviewer).seen == "approved"


def test_a_freeze_is_lifted_by_those_who_decide_about_the_rules_and_nothing_slips_out_behind_it(
    team: Registry, reviewer: Person
) -> None:
    team.save("a", "x")
    team.promote("a", to="staging")
    waits = team.do(releases.propose, releases.Request("production", "promote", [Wanted("a", 1)], "r"))
    team.approve(waits, reviewer)
    changed(team, reviewer, freeze=[{"starts": "2026-11-20T00:00", "ends": "2026-11-21T00:00"}])
    assert missing(team, waits) == ["freeze", "approvals"]
    with pytest.raises(PolicyRefused, match="approvals missing"):
        team.do(releases.create, rules(freeze=[]))
    assert changed(team, reviewer, freeze=[]).state == "applied"
    assert missing(team, waits) == ["approvals"]


def test_the_history_tells_how_the_rules_changed_by_whom_and_why(registry: Registry, reviewer: Person) -> None:
    registry.save("a", "x")
    registry.rules(soak_s=3600)
    registry.do(environments.change, "production", position=9)
    registry.promote("a", to="staging")
    registry.rules(soak_s=0)
    registry.promote("a", to="production")
    registry.do(environments.adopt, "production", "team")
    changed(registry, reviewer, max_items=5)
    found = registry.ask(environments.rule_changes, "production", since=0, before=99)
    assert [(one.revision, one.reason, one.release is not None) for one in found] == [
        (2, "we are many now", True),
        (1, "", False),
        (0, "", False),
        (0, "", False),
    ]
    assert found[0].rules == ["max_items"]
    assert found[-1].came == ["A version must have run in staging for 1 hour without a rollback first."]
    assert found[-1].went == found[2].came == ["A version must have run in staging first."]
    page = registry.ask(environments.rule_changes, "production", since=1, before=2)
    assert [one.actor for one in page] == [registry.people.owner.actor.principal]
    with pytest.raises(NotFound), registry.units.read() as uow:
        environments.rule_changes(registry.people.stranger.actor, uow, PROJECT, "production", since=0, before=99)


def test_who_applies_a_change_holds_the_right_to_it(team: Registry, reviewer: Person) -> None:
    release = team.do(releases.propose, rules(pins="any"))
    team.approve(release, reviewer)
    with pytest.raises(Forbidden, match=r"environments\.write"):
        team.do_as(team.hire("rob", "releaser"), releases.apply, release.release_id)


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        (rules(nonsense=1), BadPolicy),
        (rules(comes_from="production"), BadPolicy),
        (rules(pins="live"), AlreadyLive),
        (releases.Request("production", "policy", (), "r"), BadRelease),
        (releases.Request("production", "policy", (Wanted("a"),), "r", policy={"pins": "any"}), BadRelease),
        (releases.Request("production", "promote", (Wanted("a"),), "r", policy={"pins": "any"}), BadRelease),
    ],
)
def test_what_is_no_change_of_rules(registry: Registry, request_: releases.Request, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        registry.do(releases.propose, request_)


def test_a_right_in_one_environment_ends_there(team: Registry) -> None:
    narrow = team.hire("nora", "admin")
    actor = replace(narrow.actor, grants=(Grant("admin", narrow.actor.grants[0].project_id, "staging"),))
    with pytest.raises(Forbidden):
        team.do_as(replace(narrow, actor=actor), releases.create, rules(pins="any"))
