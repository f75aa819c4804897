"""A project at a glance: everybody is shown what they can do something about, and what changed last comes first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cuebook_server.domain.errors import NotFound
from cuebook_server.domain.release import Release
from cuebook_server.services import environments, glance, projects, recalls, releases
from tests.factories import Registry
from tests.people import Person


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """`a` runs in staging; production asks for one approval by somebody else."""
    registry.save("a", "x")
    registry.promote("a", to="staging")
    registry.rules(approvals={"count": 1})
    return registry


@pytest.fixture
def reviewer(registry: Registry) -> Person:
    return registry.hire("rita", "reviewer")


@pytest.fixture
def release(registry: Registry) -> Release:
    return registry.propose("a")


def deeds(registry: Registry, who: Person) -> list[tuple[int, str]]:
    return [(found.release.release_id, found.deed) for found in registry.do_as(who, glance.waiting)]


def test_a_proposal_waits_for_those_who_can_approve_it(registry: Registry, reviewer: Person, release: Release) -> None:
    author, viewer = registry.people.owner, registry.hire("vera", "viewer")
    assert deeds(registry, reviewer) == [(release.release_id, "approve")]
    assert deeds(registry, author) == [(release.release_id, "wait")]
    assert deeds(registry, viewer) == []


def test_an_approved_one_waits_for_those_who_can_apply_it(registry: Registry, reviewer: Person, release: Release) -> None:
    registry.approve(release, reviewer)
    assert deeds(registry, reviewer) == []
    assert deeds(registry, registry.people.owner) == [(release.release_id, "apply")]


def test_nobody_is_asked_twice(registry: Registry, reviewer: Person) -> None:
    registry.rules("staging", approvals={"count": 2})
    registry.save("a", "y")
    registry.approve(registry.propose("a", to="staging"), reviewer)
    assert deeds(registry, reviewer) == []


def test_what_ended_waits_for_nobody(registry: Registry, reviewer: Person, release: Release) -> None:
    registry.do_as(reviewer, releases.decline, release.release_id, "no")
    assert deeds(registry, reviewer) == deeds(registry, registry.people.owner) == []


def test_a_stale_one_waits_for_its_author(registry: Registry, reviewer: Person, release: Release) -> None:
    first = registry.propose("a")
    registry.approve(first, reviewer)
    registry.do(releases.apply, first.release_id)
    assert deeds(registry, registry.people.owner) == [(release.release_id, "rebase")]
    assert deeds(registry, reviewer) == []


def test_the_stranger_is_shown_nothing(registry: Registry) -> None:
    for use in (glance.waiting, glance.lately, projects.access):
        with pytest.raises(NotFound):
            registry.do_as(registry.people.stranger, use)


def test_the_newest_change_comes_first(registry: Registry) -> None:
    registry.clock.tick()
    registry.save("a", "y", message="shorter")
    newest, *_ = found = registry.do(glance.lately)
    assert (newest.environment, newest.why, newest.changes[0].after) == ("development", "shorter", 2)
    assert [entry.at for entry in found] == sorted((entry.at for entry in found), reverse=True)


def test_taking_back_is_offered_where_it_leads_to_what_was_before(registry: Registry) -> None:
    def offered() -> list[tuple[int | None, tuple[str, ...]]]:
        return [(row.changes[0].after, row.takes_back) for row in registry.do(glance.lately) if row.environment == "staging"]

    assert offered() == [(1, ())]
    for text in ("y", "z"):
        registry.save("a", text)
        registry.clock.tick()
        registry.promote("a", to="staging")
    assert offered() == [(3, ("a",)), (2, ()), (1, ())]
    registry.do(recalls.recall, "a", 2, "it leaks")
    assert offered() == [(3, ()), (2, ()), (1, ())]


def test_access_names_what_one_may_do_and_where(registry: Registry, reviewer: Person) -> None:
    access = registry.do_as(reviewer, projects.access)
    assert access.project == access.environments["production"] == {"read", "releases.approve"}
    assert "keys.write" in registry.do(projects.access).project


def test_a_version_is_somewhere_since_it_was_released_there(registry: Registry) -> None:
    registry.save("a", "y")
    registry.clock.tick(3600)
    registry.promote("a", to="staging")
    _, (row,) = registry.ask(environments.status, prompts=[], after="", limit=9)
    assert row.since["staging"] - row.since["development"] >= timedelta(hours=1)
    assert set(row.since) == {"development", "staging"}


def test_only_what_is_newer_can_be_shipped_next(registry: Registry) -> None:
    registry.do(environments.create, "canary", policy={"comes_from": "staging"})
    registry.save("a", "y")
    registry.promote("a", to="staging")
    registry.promote("a", to="canary")
    registry.rollback("a", to="staging")
    stops, rows = registry.ask(environments.status, prompts=["a"], after="", limit=1)
    ready = [(one.source, one.target) for one in glance.shippable(stops, rows[0])]
    assert ready == [("development", "staging"), ("staging", "production")]
