"""Projects, and the one door to everything in them."""

from __future__ import annotations

from collections.abc import Sequence

from cuebook_server.domain import names
from cuebook_server.domain.access import Actor, Permission
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.environment import FIRST_ENVIRONMENTS
from cuebook_server.domain.errors import AlreadyExists, Forbidden, NotFound
from cuebook_server.services.ports import Project, Scope, UnitOfWork


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
    if uow.projects.find(names.slug(name, what="a project")) is not None:
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
