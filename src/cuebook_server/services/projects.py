"""Projects, and the one door to everything in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cuebook_server.domain import names
from cuebook_server.domain.access import PERMISSIONS, Actor, Permission
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.environment import FIRST_ENVIRONMENTS
from cuebook_server.domain.errors import AlreadyExists, Forbidden, NotFound
from cuebook_server.services.instance import instance
from cuebook_server.services.ports import Project, Scope, UnitOfWork


@dataclass(frozen=True, slots=True)
class Access:
    """What an actor may do in a project as a whole, and in each of its environments."""

    project: frozenset[Permission]
    environments: Mapping[str, frozenset[Permission]]


def enter(
    actor: Actor, uow: UnitOfWork, project: str, permission: Permission = "read", *, environment: str | None = None
) -> Scope:
    """Open a project for an actor, to do something there (or in one environment of it).

    A project of others does not exist for them; a missing right is named.
    """
    found = uow.projects.find(project)
    if found is None or not actor.sees(found.project_id):
        raise NotFound(f"There is no project {names.clip(project)!r}.")
    actor.require(permission, found.project_id, environment)
    return uow.scope(found)


def create(actor: Actor, uow: UnitOfWork, name: str) -> Project:
    """Make a project with its first environments: development, staging, production."""
    if not actor.may_everywhere("projects.create"):
        raise Forbidden(f"{actor.principal} does not hold `projects.create`.", needed="projects.create")
    names.slug(name, what="a project")
    if uow.projects.all():
        instance(uow)  # opened first: of two who make a project at once, the second sees that of the first
    if uow.projects.find(name) is not None:
        raise AlreadyExists(f"There is a project {name!r} already.")
    made = uow.projects.add(name)
    scope = uow.scope(made)
    for position, plan in enumerate(FIRST_ENVIRONMENTS):
        scope.environments.add(plan, position)
    scope.audit.append(actor, Happening("project.created", name, after={"environments": [p.name for p in FIRST_ENVIRONMENTS]}))
    return made


def visible(actor: Actor, uow: UnitOfWork) -> Sequence[Project]:
    """The projects that exist for this actor."""
    return [project for project in uow.projects.all() if actor.sees(project.project_id)]


def access(actor: Actor, uow: UnitOfWork, project: str) -> Access:
    """What the actor may do there: for those who show it; every use case asks again."""
    scope = enter(actor, uow, project)
    here = scope.project.project_id

    def held(environment: str | None) -> frozenset[Permission]:
        return frozenset(one for one in PERMISSIONS if actor.may(one, here, environment))

    return Access(held(None), {stop.name: held(stop.name) for stop in scope.environments.all()})
