"""What may become of a proposal: prepared in every way that might pass for approved, and then applied by everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from cuebook_server.services import gates, members, people, recalls, releases, schedules
from cuebook_server.services.ports import Scope, UnitOfWork
from tests.doors.conftest import at_base
from tests.doors.credentials import Credential, personal, service
from tests.doors.oracle import verdict
from tests.doors.world import World, save
from tests.factories import request
from tests.people import Person, recognised

Prepare = Callable[[World], None]
OPEN: dict[str, tuple[str, ...]] = {"": (), "team": ("team",), "both": ("team", "regulated")}


@dataclass(frozen=True)
class Situation:
    """A story of the proposal that waits in every world, and under which presets it may be applied after it."""

    prepare: Prepare
    applies: str = ""


def reviewers(world: World) -> tuple[Person, Person]:
    return world.hire("first", "reviewer"), world.hire("second", "reviewer")


def approved(world: World) -> tuple[Person, Person]:
    both = reviewers(world)
    world.approve(world.proposal, *both)
    return both


def nobody(world: World) -> None:
    """Only asked for."""


def by_one(world: World) -> None:
    world.approve(world.proposal, reviewers(world)[0])


def by_both(world: World) -> None:
    approved(world)


def by_one_twice(world: World) -> None:
    """The same person by two credentials: an approval counts people."""
    first, _ = reviewers(world)
    world.approve(world.proposal, first, first.by_another_credential())


def by_somebody_in_production_only(world: World) -> None:
    world.approve(world.proposal, world.hire("first", "reviewer", "production"), world.hire("second", "releaser", "production"))


def then_demoted(world: World) -> None:
    """Their approvals stay written down; their roles went. The approvals counted for 72 hours more."""
    for who in approved(world):
        world.registry.do(members.remove, str(who.actor.person), "reviewer")


def then_viewers(world: World) -> None:
    for who in approved(world):
        world.registry.do(members.add, str(who.actor.person), "viewer")
        world.registry.do(members.remove, str(who.actor.person), "reviewer")


def then_one_demoted(world: World) -> None:
    first, _ = approved(world)
    world.registry.do(members.remove, str(first.actor.person), "reviewer")


def then_disabled(world: World) -> None:
    both = approved(world)
    with world.registry.units.write() as uow:
        for who in both:
            people.disable(world.registry.people.operator.actor, uow, str(who.actor.person))


def then_target_moved(world: World) -> None:
    approved(world)
    world.registry.rollback("a")


def then_target_moved_and_back(world: World) -> None:
    """Away and back again: what is live is what was signed."""
    approved(world)
    world.registry.rollback("a@1")
    world.registry.rollback("a@2")


def then_another_prompt_moved(world: World) -> None:
    approved(world)
    emergency(world, request("retire", "production", "b"))


def then_rules_changed(world: World) -> None:
    approved(world)
    rules(world, {"max_items": 7})


def then_rules_changed_and_back(world: World) -> None:
    approved(world)
    rules(world, {"max_items": 7})
    rules(world, {"max_items": 1000})


def then_declined(world: World) -> None:
    first, _ = approved(world)
    world.registry.do_as(first, releases.decline, world.proposal, "no")


def then_recalled(world: World) -> None:
    approved(world)
    world.registry.do(recalls.recall, "a", 3, "it insults")


def long_ago(world: World) -> None:
    world.registry.clock.now -= timedelta(hours=73)
    approved(world)


def before_a_freeze(world: World) -> None:
    rules(world, {"freeze": [{"starts": "2000-01-01T00:00", "ends": "2999-01-01T00:00"}]})
    approved(world)


def without_its_gate(world: World) -> None:
    rules(world, {"gates": ["suite"]})
    approved(world)


def with_a_foreign_gate(world: World) -> None:
    without_its_gate(world)
    report(world, "sha256:" + "0" * 64, passed=True)


def with_a_gate_that_failed_since(world: World) -> None:
    without_its_gate(world)
    report(world, digest(world), passed=True)
    report(world, digest(world), passed=False)


def with_a_gate_of_long_ago(world: World) -> None:
    without_its_gate(world)
    world.registry.clock.now -= timedelta(days=8)
    report(world, digest(world), passed=True)


def with_its_gate(world: World) -> None:
    without_its_gate(world)
    report(world, digest(world), passed=True)


def then_rolled_back_in_staging(world: World) -> None:
    """Only a soak asks for it."""
    approved(world)
    world.registry.release("rollback", "staging", "a")


SITUATIONS = {
    "approved by nobody": Situation(nobody),
    "approved by one": Situation(by_one, "team"),
    "approved by two": Situation(by_both, "both"),
    "approved by one twice": Situation(by_one_twice, "team"),
    "approved by people of production": Situation(by_somebody_in_production_only, "both"),
    "approvers lost their roles": Situation(then_demoted),
    "approvers became viewers": Situation(then_viewers),
    "one approver lost the role": Situation(then_one_demoted, "team"),
    "approvers were disabled": Situation(then_disabled),
    "target moved": Situation(then_target_moved),
    "target moved and back": Situation(then_target_moved_and_back, "both"),
    "another prompt moved": Situation(then_another_prompt_moved, "both"),
    "rules changed": Situation(then_rules_changed),
    "rules changed and back": Situation(then_rules_changed_and_back),
    "declined": Situation(then_declined),
    "recalled": Situation(then_recalled),
    "approved long ago": Situation(long_ago),
    "frozen": Situation(before_a_freeze),
    "gate missing": Situation(without_its_gate),
    "gate of another digest": Situation(with_a_foreign_gate),
    "gate failed since": Situation(with_a_gate_that_failed_since),
    "gate too old": Situation(with_a_gate_of_long_ago),
    "gate passed": Situation(with_its_gate, "both"),
    "rolled back in staging": Situation(then_rolled_back_in_staging, "team"),
}


@pytest.mark.parametrize("preset", ["team", "regulated"])
@pytest.mark.parametrize("name", SITUATIONS)
def test_a_proposal_is_applied_when_it_is_approved_and_by_nobody_without_the_right(
    worlds: dict[str, World], name: str, preset: str
) -> None:
    world, situation = at_base(worlds, preset), SITUATIONS[name]
    situation.prepare(world)
    world.reset(world.keep("prepared"))
    opens = preset in OPEN[situation.applies]
    trying = [who for who in world.credentials if (who.strong if opens else who.mighty)]
    applied = set()
    for who in trying:
        before, served = world.state(), world.served()
        answer = world.knock(who, "POST", f"releases/{world.proposal}/apply")
        if world.state().production == before.production:
            assert world.served() == served, who.name
            continue
        assert (answer.status_code, verdict(world, before, who.rights)) == (200, ""), who.name
        applied.add(who.name)
        again = world.knock(who, "POST", f"releases/{world.proposal}/apply")
        assert again.json()["code"] == "release_ended"
        world.reset()
    assert applied == ({who.name for who in trying if "releases.apply" in who.rights} if opens else set())


# --- who approves ----------------------------------------------------------------------------------------------------
def test_an_approval_is_a_persons_who_just_signed_in(team: World) -> None:
    """The line of `approve` in the matrix of routes has an operator who is refused as a service; that alone proved nothing
    for the other services, nor for tokens that stand for a person without their password.
    """
    found = {}
    for who in team.credentials:
        answer = team.knock(who, "POST", f"releases/{team.proposal}/approve", {"meaning": "fine"})
        found[who.name] = answer.status_code if answer.status_code < 300 else answer.json()["code"]
    signed = {name for name, said in found.items() if said == 200}
    assert signed == {w.name for w in team.credentials if w.recent and "releases.approve" in w.rights and not w.narrowed}
    services = {said for name, said in found.items() if "service" in name and "releaser" in name}
    assert services == {"person_needed"}
    assert {found[f"{who}'s token"] for who in ("reviewer", "releaser", "admin", "chief")} == {"recent_sign_in_needed"}


@pytest.mark.parametrize("how", ["proposed", "saved", "by their service", "by their other credential"])
def test_nobody_approves_their_own(team: World, how: str) -> None:
    both = team.hire("both", "releaser")
    asked = request("promote", "production", "a@3", reason="mine")
    if how == "saved":
        team.registry.do_as(both, save, "a", "brief and clear, mine")
        team.registry.promote("a@5", to="staging")
        number = team.registry.propose("a@5").release_id
    elif how == "by their service":
        with team.registry.units.write() as uow:
            token = service(_desk(uow), uow, "releaser", 2, owner="both")
            number = releases.propose(recognised(uow, token).actor, uow, "desk", asked).release_id
    else:
        who = both.by_another_credential() if how == "by their other credential" else both
        number = team.registry.do_as(who, releases.propose, asked).release_id
    refused = team.knock(both, "POST", f"releases/{number}/approve", {"meaning": "fine"})
    assert refused.json()["code"] == "own_work"
    assert team.knock(both, "POST", f"releases/{number}/apply").json()["code"] == "policy_refused"


def test_a_release_holds_its_approvals_alone(team: World) -> None:
    """Approve one, apply another of the very same content: approvals are of one release."""
    approved(team)
    twin = team.registry.propose("a@3").release_id
    assert team.knock(team.by("chief's session"), "POST", f"releases/{twin}/apply").json()["code"] == "policy_refused"


# --- at a moment to come -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("end", ["", "revoked", "demoted", "disabled", "approver demoted", "rules changed"])
def test_a_scheduled_release_is_applied_by_who_still_may(team: World, end: str) -> None:
    """A token that somebody had stolen scheduled a release; the token was revoked, and the release went out all the same."""
    team.hire("planner", "releaser")
    approved(team)
    with team.registry.units.write() as uow:
        person = uow.people.find("planner")
        assert person is not None
        token = personal(uow, person)
    at = f"{team.registry.clock.now + timedelta(hours=1):%Y-%m-%dT%H:%MZ}"
    by = Credential("planner", {"Authorization": f"Bearer {token}"})
    assert team.knock(by, "POST", f"releases/{team.proposal}/schedule", {"at": at}).status_code == 200
    with team.registry.units.write() as uow:
        if end == "revoked":
            uow.personal_tokens.revoke(token.split("_")[2])
        if end == "disabled":
            people.disable(team.registry.people.operator.actor, uow, "planner")
    if end == "demoted":
        team.registry.do(members.remove, "planner", "releaser")
    if end == "approver demoted":
        for who in ("first", "second"):
            team.registry.do(members.remove, who, "reviewer")
    if end == "rules changed":
        rules(team, {"max_items": 7})
    before = team.state()
    team.registry.clock.tick(3_700)
    schedules.keep_all(team.registry.units, lambda: False)
    moved = team.state().production != before.production
    assert moved == (end == "")
    assert not moved or verdict(team, before, frozenset({"releases.apply"})) == ""


def rules(world: World, policy: dict[str, Any]) -> None:
    """The rules changed as they may be: by a release that two others approved."""
    asked = replace(request("policy", "production"), policy=policy)
    number = world.registry.do(releases.propose, asked).release_id
    serial = world.state().told
    world.approve(number, *(world.hire(f"judge{serial}-{n}", "reviewer") for n in range(2)))
    world.registry.do(releases.apply, number)


def emergency(world: World, asked: releases.Request) -> None:
    serial = world.state().told
    world.registry.do_as(world.hire(f"pager{serial}", "on-call"), releases.break_glass, asked)


def digest(world: World) -> str:
    return str(world.knock(world.by("chief's session"), "GET", "prompts/a/versions/3").json()["digest"])


def report(world: World, of: str, *, passed: bool) -> None:
    world.registry.do(gates.report, "suite", digest=of, suite_revision="1", passed=passed)


def _desk(uow: UnitOfWork) -> Scope:
    found = uow.projects.find("desk")
    assert found is not None
    return uow.scope(found)
