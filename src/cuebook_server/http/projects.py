"""Projects and the caller's own name over HTTP."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Response

from cuebook_server.domain.access import PERMISSIONS, Permission, Role
from cuebook_server.http.door import Body, Route, Shown, Through
from cuebook_server.services import projects
from cuebook_server.services.ports import Project

router = APIRouter(tags=["projects"], route_class=Route)


class GrantShown(Shown):
    """A role, in a project or (null) in all, in one environment or (null) in all."""

    role: Role
    project: str | None
    environment: str | None


class MeShown(Shown):
    """Who you are here. ``projects`` are those that exist for you; ``everywhere``: what you may do in the whole instance."""

    principal: str
    person: str | None
    grants: list[GrantShown]
    projects: list[str]
    everywhere: list[Permission]


class ProjectIn(Body):
    """A project to make."""

    name: str


class ProjectShown(Shown):
    """A project."""

    name: str
    created_at: datetime


class AccessShown(Shown):
    """What you may do in the project as a whole, and in each of its environments."""

    project: list[Permission]
    environments: dict[str, list[Permission]]


class ProjectsShown(Shown):
    """The projects that exist for you."""

    items: list[ProjectShown]
    next: str | None = None


@router.get("/me")
def me(door: Through) -> MeShown:
    """Say who the credential stands for."""
    visible = door.read(projects.visible)
    names = {project.project_id: project.name for project in visible}
    grants = [
        GrantShown(role=grant.role, project=names.get(grant.project_id or 0), environment=grant.environment)
        for grant in door.actor.grants
    ]
    return MeShown(
        principal=door.actor.principal,
        person=door.actor.person,
        grants=grants,
        projects=list(names.values()),
        everywhere=sorted(one for one in PERMISSIONS if door.actor.may_everywhere(one)),
    )


@router.get("/projects")
def list_projects(door: Through) -> ProjectsShown:
    """List the projects that exist for you."""
    return ProjectsShown(items=[_show(project) for project in door.read(projects.visible)])


@router.get("/projects/{project}/access")
def get_access(project: str, door: Through) -> AccessShown:
    """Say what you may do in a project. Every call asks again."""
    found = door.read(lambda actor, uow: projects.access(actor, uow, project))
    return AccessShown(
        project=sorted(found.project), environments={name: sorted(held) for name, held in found.environments.items()}
    )


@router.post("/projects", response_model=ProjectShown, status_code=201)
def create_project(body: ProjectIn, door: Through) -> Response:
    """Make a project with development, staging and production."""
    return door.write(lambda actor, uow: (201, _show(projects.create(actor, uow, body.name))))


def _show(project: Project) -> ProjectShown:
    return ProjectShown(name=project.name, created_at=project.created_at)
