"""A release taken up again: the reviewer reads what changed since, and approves in one step."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import Forbidden, NotFound
from cuebook_server.domain.release import BadRelease, Release, Wanted
from cuebook_server.domain.renewal import Since
from cuebook_server.services import releases
from cuebook_server.services.releases import NotStale, StaleRelease
from tests.factories import Registry
from tests.people import Person


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """`a` and `b` run in production at version 1; version 2 of each is in staging. Production asks for one approval."""
    for name in ("a", "b"):
        for content in ("one", "one two"):
            registry.save(name, content)
        registry.ship(name, 1)
        registry.promote(f"{name}@2", to="staging")
    registry.rules(approvals={"count": 1})
    return registry


@pytest.fixture
def reviewer(registry: Registry) -> Person:
    return registry.hire("reviewer", "reviewer")


@pytest.fixture
def approved(registry: Registry, reviewer: Person) -> Release:
    """Both prompts, proposed and approved."""
    release = registry.propose("a", "b")
    registry.approve(release, reviewer)
    registry.clock.tick()
    return release


def apply(registry: Registry, reviewer: Person, item: str) -> Release:
    """Another release overtakes."""
    return registry.do(releases.apply, registry.approve(registry.propose(item), reviewer).release.release_id)


def since(registry: Registry, release: Release) -> list[Since]:
    return [*registry.ask(releases.find, release.release_id).since]


def test_what_counts_needs_no_telling(registry: Registry, approved: Release) -> None:
    standing = registry.ask(releases.find, approved.release_id)
    assert (standing.since, standing.moved) == ([], ())


def test_a_stale_release_says_what_moved(registry: Registry, reviewer: Person, approved: Release) -> None:
    overtaking = apply(registry, reviewer, "b")
    [moved] = registry.ask(releases.find, approved.release_id).moved
    assert (moved.prompt, moved.yours, moved.theirs, moved.release_id) == ("b", 1, 2, overtaking.release_id)
    assert (moved.by, moved.at, moved.reason) == ("owner", overtaking.applied_at, "because")
    with pytest.raises(StaleRelease, match=f"release {overtaking.release_id} by owner brought version 2 of b"):
        registry.do(releases.apply, approved.release_id)


def test_after_a_rebase_only_the_moved_base_is_new(registry: Registry, reviewer: Person, approved: Release) -> None:
    registry.save("b", "one two three")
    registry.promote("b@3", to="staging")
    apply(registry, reviewer, "b@3")
    fresh = registry.do(releases.rebase, approved.release_id)
    [changed] = since(registry, fresh)
    assert (changed.given.approval.person, changed.given.release_id, changed.policy) == ("reviewer", approved.release_id, None)
    [item] = changed.items
    assert item.then
    assert item.now
    assert (item.prompt, item.then.replaces, item.now.replaces, item.then.version, item.now.version) == ("b", 1, 3, 2, 2)
    assert (item.summary, item.base) == ((), ["2 words added in the text"])


def test_approving_again_is_one_step(registry: Registry, reviewer: Person, approved: Release) -> None:
    apply(registry, reviewer, "b")
    fresh = registry.do(releases.rebase, approved.release_id)
    standing = registry.do_as(reviewer, releases.approve, fresh.release_id)
    assert (standing.seen, standing.counting[0].meaning, standing.since) == ("approved", "read it", [])
    told = registry.audit()[-1]
    assert (told["action"], told["reason"]) == ("release.approved", "read it")
    assert told["after"]["renews"] == f"release {approved.release_id}"


def test_who_approved_nothing_says_what_it_means(registry: Registry, reviewer: Person, approved: Release) -> None:
    apply(registry, reviewer, "b")
    fresh = registry.do(releases.rebase, approved.release_id)
    with pytest.raises(BadRelease):
        registry.do_as(registry.hire("rob", "reviewer"), releases.approve, fresh.release_id)
    with pytest.raises(BadRelease):
        registry.do_as(reviewer, releases.approve, fresh.release_id, " ")


def test_another_policy_says_which_rules_changed(registry: Registry, reviewer: Person, approved: Release) -> None:
    for rules in ({"pins": "none"}, {"shrink_guard": True}):
        request = releases.Request("production", "policy", [], "stricter", policy=rules)
        change = registry.do(releases.propose, request)
        registry.do(releases.apply, registry.approve(change, reviewer).release.release_id)
        registry.clock.tick()
    [changed] = since(registry, approved)
    assert changed.items == []
    assert changed.policy
    assert changed.policy.after - changed.policy.before == 2
    assert changed.policy.rules == {"pins": ("live", "none"), "shrink_guard": (False, True)}
    assert registry.do_as(reviewer, releases.approve, approved.release_id).seen == "approved"


def test_an_approval_that_lapsed_says_so_by_nothing_else(registry: Registry, reviewer: Person, approved: Release) -> None:
    registry.clock.tick(72 * 3_600)
    [changed] = since(registry, approved)
    assert (changed.items, changed.policy) == ([], None)
    assert registry.do_as(reviewer, releases.approve, approved.release_id).seen == "approved"


def test_a_revised_release_says_which_versions_are_new(registry: Registry, reviewer: Person, approved: Release) -> None:
    registry.save("a", "one two three four")
    registry.save("c", "new")
    for name in ("a", "c"):
        registry.promote(name, to="staging")
    fresh = registry.do(releases.rebase, approved.release_id, [Wanted("a", 3), Wanted("c")])
    assert [(item.prompt, item.version) for item in fresh.items] == [("a", 3), ("b", 2), ("c", 1)]
    [changed] = since(registry, fresh)
    assert [(item.prompt, item.then is None, list(item.summary)) for item in changed.items] == [
        ("a", False, ["2 words added in the text"]),
        ("c", True, []),
    ]
    assert registry.ask(releases.find, approved.release_id).seen == "withdrawn"


def test_only_its_author_revises_and_only_what_differs(registry: Registry, approved: Release) -> None:
    with pytest.raises(Forbidden, match="Only owner can revise"):
        registry.do_as(registry.people.colleague, releases.rebase, approved.release_id, [Wanted("a", 1)])
    with pytest.raises(NotStale):
        registry.do(releases.rebase, approved.release_id, [Wanted("a", 2)])
    with pytest.raises(NotFound):
        registry.do_as(registry.people.stranger, releases.rebase, approved.release_id, [Wanted("a", 1)])
