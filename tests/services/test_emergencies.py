"""Breaking the glass: a right of its own, past the policy, and a debt that somebody else must close."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cuebook_server.domain.access import Grant
from cuebook_server.domain.errors import Forbidden, NotFound, PolicyRefused
from cuebook_server.domain.release import BadRelease, Release
from cuebook_server.services import releases
from cuebook_server.services.releases import OwnWork, PersonNeeded
from tests.factories import Registry, request
from tests.people import Person


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """Production asks for an approval and a day in staging."""
    registry.save("a", "x")
    registry.promote("a", to="staging")
    registry.rules(approvals={"count": 1}, soak_s=86_400)
    return registry


@pytest.fixture
def on_call(registry: Registry) -> Person:
    return registry.hire("otto", "on-call")


def emergency(registry: Registry, who: Person, reason: str = "it insults people") -> Release:
    return registry.do_as(who, releases.break_glass, request("promote", "production", "a", reason=reason))


def test_it_goes_live_and_a_review_stays_open(registry: Registry, on_call: Person) -> None:
    release = emergency(registry, on_call)
    assert (release.state, release.emergency, registry.live("a")["production"]) == ("applied", True, 1)
    review = registry.ask(releases.reviews)[0]
    assert (review.release_id, review.skipped, review.opened_by) == (release.release_id, ("soak", "approvals"), "otto")
    assert registry.audit()[-1]["action"] == "release.break_glass"


def test_only_who_holds_the_right_and_says_why(registry: Registry, on_call: Person) -> None:
    for who in (registry.people.owner, registry.people.colleague):  # not even an admin
        with pytest.raises(Forbidden, match="break_glass"):
            emergency(registry, who)
    with pytest.raises(BadRelease, match="reason"):
        emergency(registry, on_call, "  ")
    assert registry.ask(releases.reviews) == []


def test_on_call_rolls_back_and_does_nothing_else(registry: Registry, on_call: Person) -> None:
    emergency(registry, on_call)
    for use in (releases.create, releases.propose):
        with pytest.raises(Forbidden):
            registry.do_as(on_call, use, request("retire", "production", "a"))


def test_another_person_closes_the_review_with_a_comment(registry: Registry, on_call: Person) -> None:
    release = emergency(registry, on_call)
    with pytest.raises(BadRelease):
        registry.do(releases.close_review, release.release_id, " ")
    closed = registry.do(releases.close_review, release.release_id, "it was right")
    assert (closed.closed_by, closed.comment) == ("owner", "it was right")
    assert registry.ask(releases.reviews) == []
    assert registry.ask(releases.find, release.release_id).review == closed
    with pytest.raises(NotFound):
        registry.do(releases.close_review, release.release_id, "again")


def test_nobody_closes_their_own_nor_does_a_service(registry: Registry) -> None:
    owner = registry.people.owner
    both = replace(owner, actor=replace(owner.actor, grants=(*owner.actor.grants, Grant("on-call", 2))))
    release = emergency(registry, both)
    for who in (both, both.by_another_credential()):
        with pytest.raises(OwnWork):
            registry.do_as(who, releases.close_review, release.release_id, "fine")
    with pytest.raises(PersonNeeded):
        registry.do_as(registry.hire("robot", "releaser").as_service(), releases.close_review, release.release_id, "fine")
    with pytest.raises(Forbidden):
        registry.do_as(registry.people.colleague, releases.close_review, release.release_id, "fine")


def test_a_release_without_the_glass_has_no_review(registry: Registry) -> None:
    registry.save("a", "y")
    release = registry.promote("a", to="staging")
    with pytest.raises(NotFound):
        registry.do(releases.close_review, release.release_id, "hm")
    with pytest.raises(PolicyRefused):
        registry.promote("a", to="production")
