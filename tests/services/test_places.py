"""A role in one environment counts there and nowhere else, whatever is done with a release."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cuebook_server.domain.access import Grant, Role
from cuebook_server.domain.errors import Forbidden
from cuebook_server.domain.release import Release
from cuebook_server.services import releases, schedules
from tests.factories import Registry, request
from tests.people import Person, recognised

Step = Callable[[Registry, Person, Release], object]
LATER = "2100-01-01T09:00:00Z"
STEPS: dict[str, Step] = {
    "propose": lambda r, who, _: r.do_as(who, releases.propose, request("promote", "production", "b")),
    "promote": lambda r, who, _: r.do_as(who, releases.create, request("promote", "production", "b")),
    "roll back": lambda r, who, _: r.do_as(who, releases.create, request("rollback", "production", "b")),
    "retire": lambda r, who, _: r.do_as(who, releases.create, request("retire", "production", "b")),
    "break the glass": lambda r, who, _: r.do_as(who, releases.break_glass, request("promote", "production", "b")),
    "approve": lambda r, who, made: r.do_as(who, releases.approve, made.release_id),
    "apply": lambda r, who, made: r.do_as(who, releases.apply, made.release_id),
    "decline": lambda r, who, made: r.do_as(who, releases.decline, made.release_id, "no"),
    "rebase": lambda r, who, made: r.do_as(who, releases.rebase, made.release_id),
    "schedule": lambda r, who, made: r.do_as(who, schedules.schedule, made.release_id, LATER),
    "unschedule": lambda r, who, made: r.do_as(who, schedules.unschedule, made.release_id),
}


def holding(registry: Registry, name: str, *grants: tuple[Role, str]) -> Person:
    """Somebody who sees the project, and holds these roles in these environments."""
    made = registry.hire(name, "viewer")
    [project] = {grant.project_id for grant in made.actor.grants}
    with registry.units.write() as uow:
        person = uow.people.find(name)
        assert person is not None
        for role, place in grants:
            uow.people.add_grant(person, Grant(role, project, place))
        return recognised(uow, made.token)


@pytest.fixture
def release(registry: Registry) -> Release:
    """A proposal for production, where somebody else's approval is asked for."""
    for name in ("a", "b"):
        registry.save(name, "x")
        registry.promote(name, to="staging")
    registry.rules(approvals={"count": 1})
    return registry.propose("a")


@pytest.mark.parametrize("step", STEPS)
def test_all_of_staging_moves_nothing_of_production(registry: Registry, release: Release, step: str) -> None:
    everything = holding(registry, "stager", ("admin", "staging"), ("on-call", "staging"))
    with pytest.raises(Forbidden, match="in production"):
        STEPS[step](registry, everything, release)
    assert registry.live("a")["production"] is None


def test_of_production_it_is_enough(registry: Registry, release: Release) -> None:
    there = holding(registry, "reviewer", ("reviewer", "production"))
    assert registry.do_as(there, releases.approve, release.release_id, "read it").seen == "approved"


def test_a_review_is_closed_by_who_may_approve_there(registry: Registry, release: Release) -> None:
    on_call = holding(registry, "on-call", ("on-call", "production"))
    made = registry.do_as(on_call, releases.break_glass, request("promote", "production", "b"))
    with pytest.raises(Forbidden, match="in production"):
        registry.do_as(holding(registry, "stager", ("admin", "staging")), releases.close_review, made.release_id, "right")
    assert (
        registry.do_as(
            holding(registry, "reviewer", ("reviewer", "production")), releases.close_review, made.release_id, "right"
        ).closed_by
        == "reviewer"
    )
