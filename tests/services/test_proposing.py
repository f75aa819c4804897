"""Propose, approve, apply: what runs in production was read by somebody else, on exactly these bytes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cuebook_server.domain.access import RecentSignInNeeded
from cuebook_server.domain.errors import Forbidden, NotFound, PolicyRefused
from cuebook_server.domain.release import BadRelease, Release
from cuebook_server.services import prompts, releases
from cuebook_server.services.releases import NotStale, OwnWork, PersonNeeded, ReleaseEnded, StaleRelease
from tests.factories import Registry, request
from tests.people import Person


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """`a` and `b` run in staging; production asks for one approval by somebody else."""
    for name in ("a", "b"):
        registry.save(name, "x")
        registry.promote(name, to="staging")
    registry.rules(approvals={"count": 1})
    return registry


@pytest.fixture
def reviewer(registry: Registry) -> Person:
    return registry.hire("reviewer", "reviewer")


@pytest.fixture
def release(registry: Registry) -> Release:
    return registry.propose("a")


def test_proposed_approved_applied(registry: Registry, reviewer: Person, release: Release) -> None:
    assert (release.state, release.revision, registry.live("a")["production"]) == ("proposed", None, None)
    told = registry.audit()[-1]
    assert (told["before"], told["after"]["a"]["version"]) == ({"a": None}, 1)
    assert registry.approve(release, reviewer).seen == "approved"
    applied = registry.do(releases.apply, release.release_id)
    assert (applied.state, applied.revision, applied.release_id) == ("applied", 1, release.release_id)
    assert registry.live("a")["production"] == 1
    assert applied.decision["rules"][-1]["evidence"]["people"] == ["reviewer"]
    actions = [entry["action"] for entry in registry.audit()][-3:]
    assert actions == ["release.proposed", "release.approved", "release.promote"]


def test_without_the_approval_nothing_moves(registry: Registry, release: Release) -> None:
    with pytest.raises(PolicyRefused, match="1 of 1 approvals missing"):
        registry.do(releases.apply, release.release_id)
    with pytest.raises(PolicyRefused, match="1 of 1 approvals missing") as refused:
        registry.promote("a", to="production")
    assert refused.value.data["decision"]["rules"][-1]["rule"] == "approvals"
    assert registry.live("a")["production"] is None


def test_nobody_approves_their_own_proposal(registry: Registry, release: Release) -> None:
    for who in (registry.people.owner, registry.people.owner.by_another_credential()):
        with pytest.raises(OwnWork):
            registry.do_as(who, releases.approve, release.release_id, "fine")


def test_nor_what_their_service_proposed(registry: Registry, reviewer: Person) -> None:
    pipeline = registry.hire("pipeline", "author").as_service(owner="reviewer")
    release = registry.propose("a", who=pipeline)
    assert (release.author, release.person) == ("pipeline", "reviewer")
    with pytest.raises(OwnWork):
        registry.approve(release, reviewer)


def test_nor_what_they_saved(registry: Registry) -> None:
    writer = registry.hire("will", "releaser")
    registry.do_as(writer, prompts.save, "a", prompts.Draft({"kind": "text", "text": "z"}, ""))
    registry.promote("a", to="staging")
    with pytest.raises(OwnWork):
        registry.approve(registry.propose("a", "b"), writer)
    assert registry.approve(registry.propose("b"), writer).seen == "approved"


def test_one_person_counts_once(registry: Registry, reviewer: Person) -> None:
    registry.save("a", "y")
    registry.rules("staging", approvals={"count": 2})
    release = registry.propose("a", to="staging")
    standing = registry.approve(release, reviewer, reviewer, reviewer.by_another_credential())
    assert (standing.seen, len(standing.approvals), len(standing.counting)) == ("proposed", 3, 1)
    with pytest.raises(PolicyRefused, match="1 of 2"):
        registry.do(releases.apply, release.release_id)
    assert registry.approve(release, registry.hire("rob", "releaser")).seen == "approved"


def test_a_service_cannot_approve(registry: Registry, release: Release) -> None:
    for owner in (None, "reviewer"):
        with pytest.raises(PersonNeeded):
            registry.approve(release, registry.hire("robot", "releaser").as_service(owner))


def test_an_approval_needs_a_sign_in_of_the_last_minutes(registry: Registry, reviewer: Person, release: Release) -> None:
    with pytest.raises(RecentSignInNeeded):
        registry.approve(release, reviewer.signed_in(registry.clock.now - timedelta(minutes=16)))
    assert registry.approve(release, reviewer.signed_in(registry.clock.now - timedelta(minutes=14))).seen == "approved"


def test_an_approval_says_what_it_means(registry: Registry, reviewer: Person, release: Release) -> None:
    with pytest.raises(BadRelease):
        registry.do_as(reviewer, releases.approve, release.release_id, "  ")


def test_the_policy_says_whose_approval_it_takes(registry: Registry, reviewer: Person) -> None:
    registry.save("a", "y")
    registry.rules("staging", approvals={"count": 1, "roles": ["releaser"]})
    release = registry.propose("a", to="staging")
    with pytest.raises(Forbidden, match="takes approvals of releaser"):
        registry.approve(release, reviewer)
    assert registry.approve(release, registry.hire("rob", "releaser")).seen == "approved"


def test_an_approval_lapses_after_72_hours(registry: Registry, reviewer: Person, release: Release) -> None:
    registry.approve(release, reviewer)
    registry.clock.tick(72 * 3_600)
    with pytest.raises(PolicyRefused):
        registry.do(releases.apply, release.release_id)
    assert registry.approve(release, reviewer).seen == "approved"


def test_a_changed_policy_voids_it(registry: Registry, reviewer: Person, release: Release) -> None:
    registry.approve(release, reviewer)
    change = registry.do(releases.propose, releases.Request("production", "policy", [], "why not", policy={"pins": "none"}))
    registry.do(releases.apply, registry.approve(change, reviewer).release.release_id)
    standing = registry.ask(releases.find, release.release_id)
    assert (standing.seen, standing.counting) == ("proposed", [])
    assert registry.approve(release, reviewer).seen == "approved"


def test_a_moved_base_makes_it_stale_and_it_can_be_rebased(registry: Registry, reviewer: Person, release: Release) -> None:
    registry.approve(release, reviewer)
    registry.save("a", "y")
    registry.promote("a", to="staging")
    registry.do(releases.apply, registry.approve(registry.propose("a"), reviewer).release.release_id)
    assert registry.ask(releases.find, release.release_id).seen == "stale"
    with pytest.raises(StaleRelease):
        registry.approve(release, reviewer)
    with pytest.raises(StaleRelease) as stale:
        registry.do(releases.apply, release.release_id)
    assert {key: stale.value.data["moved"]["a"][key] for key in ("yours", "theirs")} == {"yours": None, "theirs": 2}
    fresh = registry.do(releases.rebase, release.release_id)
    assert (fresh.rebases, fresh.items[0].replaces, fresh.items[0].version) == (release.release_id, 2, 1)
    told = registry.audit()[-1]
    assert (told["action"], *(told[side]["a"]["version"] for side in ("before", "after"))) == ("release.proposed", 2, 1)
    assert registry.ask(releases.find, release.release_id).seen == "withdrawn"
    assert registry.approve(fresh, reviewer).seen == "approved"


def test_what_is_not_stale_needs_no_rebasing(registry: Registry, release: Release) -> None:
    with pytest.raises(NotStale):
        registry.do(releases.rebase, release.release_id)


def test_what_ended_goes_nowhere(registry: Registry, reviewer: Person) -> None:
    declined, withdrawn, expired = registry.propose("a"), registry.propose("a"), registry.propose("a")
    ended = registry.do_as(reviewer, releases.decline, declined.release_id, "too long")
    assert (ended.state, ended.ended_by, ended.ended_why) == ("declined", "reviewer", "too long")
    registry.do(releases.withdraw, withdrawn.release_id)
    registry.clock.tick(30 * 86_400)
    assert registry.ask(releases.find, expired.release_id).seen == "expired"
    for release in (declined, withdrawn, expired):
        with pytest.raises(ReleaseEnded):
            registry.do(releases.apply, release.release_id)
        with pytest.raises(ReleaseEnded):
            registry.approve(release, reviewer)


def test_only_its_author_withdraws_a_proposal(registry: Registry, reviewer: Person, release: Release) -> None:
    with pytest.raises(Forbidden):
        registry.do_as(registry.hire("rob", "releaser"), releases.withdraw, release.release_id)
    assert registry.do_as(registry.people.owner.by_another_credential(), releases.withdraw, release.release_id)


def test_an_approval_is_used_once(registry: Registry, reviewer: Person, release: Release) -> None:
    registry.do(releases.apply, registry.approve(release, reviewer).release.release_id)
    with pytest.raises(ReleaseEnded):
        registry.do(releases.apply, release.release_id)
    with pytest.raises(PolicyRefused):
        registry.retire("a")


def test_several_prompts_are_one_release(registry: Registry, reviewer: Person) -> None:
    release = registry.propose("a", "b")
    registry.approve(release, reviewer)
    assert registry.do(releases.apply, release.release_id).revision == 1
    assert [registry.live(name)["production"] for name in ("a", "b")] == [1, 1]


def test_people_talk_about_a_release(registry: Registry, reviewer: Person, release: Release) -> None:
    standing = registry.do_as(reviewer, releases.comment, release.release_id, "Why now?")
    assert [(said.author, said.text) for said in standing.comments] == [("reviewer", "Why now?")]
    with pytest.raises(BadRelease):
        registry.do(releases.comment, release.release_id, " ")
    with pytest.raises(NotFound):
        registry.do(releases.comment, 99, "hello")


def test_who_may_do_what(registry: Registry, reviewer: Person, release: Release) -> None:
    viewer, author = registry.hire("vic", "viewer"), registry.people.colleague
    assert registry.propose("b", who=author).author == "colleague"
    with pytest.raises(Forbidden):
        registry.propose("b", who=viewer)
    for who in (viewer, author):
        with pytest.raises(Forbidden):
            registry.approve(release, who)
    registry.approve(release, reviewer)
    for who in (viewer, author, reviewer):
        with pytest.raises(Forbidden):
            registry.do_as(who, releases.apply, release.release_id)
    with pytest.raises(NotFound):
        registry.do_as(registry.people.stranger, releases.apply, release.release_id)


def test_weighing_shows_what_is_missing(registry: Registry) -> None:
    weighed = registry.ask(releases.consider, request("promote", "production", "a"))
    assert [verdict.rule for verdict in weighed.decision.unmet] == ["approvals"]
