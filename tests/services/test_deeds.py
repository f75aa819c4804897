"""What is offered with a release is what the use cases let through: nothing more, nothing less."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import NotFound
from cuebook_server.domain.release import Release, State
from cuebook_server.services import releases
from tests.factories import Registry, request
from tests.people import Person


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """`a` and its second version run in staging; production serves the first, and asks for one approval by somebody else."""
    for content in ("x", "y"):
        registry.save("a", content)
        registry.promote("a", to="staging")
    registry.promote("a@1", to="production")
    registry.rules(approvals={"count": 1})
    return registry


@pytest.fixture
def release(registry: Registry) -> Release:
    return registry.propose("a@2")


def offered(registry: Registry, release: Release, who: Person) -> set[str]:
    return set(registry.do_as(who, releases.find, release.release_id).deeds)


def test_each_is_offered_what_their_role_lets_them_do(registry: Registry, release: Release) -> None:
    owner = registry.people.owner
    assert offered(registry, release, owner) == {"decline", "schedule", "revise", "withdraw"}
    assert offered(registry, release, registry.hire("reviewer", "reviewer")) == {"approve", "decline"}
    assert offered(registry, release, registry.hire("pager", "on-call")) == {"break_glass"}
    assert offered(registry, release, registry.hire("reader", "viewer")) == set()
    with pytest.raises(NotFound):
        offered(registry, release, registry.people.stranger)


def test_who_approved_is_not_asked_again_and_who_may_applies(registry: Registry, release: Release) -> None:
    reviewer = registry.hire("reviewer", "reviewer")
    registry.approve(release, reviewer)
    assert offered(registry, release, reviewer) == {"decline"}
    assert "apply" in offered(registry, release, registry.people.owner)
    registry.do(releases.apply, release.release_id)
    assert offered(registry, release, registry.people.owner) == {"roll_back"}


def test_a_stale_one_can_be_taken_up_but_not_approved(registry: Registry, release: Release) -> None:
    reviewer = registry.hire("reviewer", "reviewer")
    registry.do_as(registry.hire("pager", "on-call"), releases.break_glass, request("promote", "production", "a@2"))
    assert "rebase" in offered(registry, release, registry.people.owner)
    assert offered(registry, release, reviewer) == {"decline"}


def test_an_emergency_is_reviewed_by_somebody_else(registry: Registry) -> None:
    registry.hire("pager", "on-call")
    pager = registry.hire("pager", "reviewer")  # who may review those of others
    made = registry.do_as(pager, releases.break_glass, request("promote", "production", "a@2"))
    assert offered(registry, made, pager) == {"roll_back"}
    assert offered(registry, made, registry.hire("reviewer", "reviewer")) == {"review"}


def test_lists_by_state(registry: Registry, release: Release) -> None:
    def listed(*states: State) -> list[int]:
        return [row.release_id for row in registry.ask(releases.listed, "production", before=99, limit=9, states=states)]

    assert (listed("proposed"), listed("applied")) == ([release.release_id], [3])
    registry.do(releases.withdraw, release.release_id)
    assert (listed("proposed"), listed("declined", "withdrawn")) == ([], [release.release_id])
