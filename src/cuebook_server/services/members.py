"""Who has which rights in a project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from cuebook_server.domain import names
from cuebook_server.domain.access import ROLES, Actor, Grant, Role, may_give
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.errors import Forbidden, Invalid, NotFound
from cuebook_server.domain.person import folded
from cuebook_server.services.environments import known
from cuebook_server.services.ports import Scope, UnitOfWork
from cuebook_server.services.projects import enter


class UnknownRole(Invalid):
    """There is no such role."""

    code = "unknown_role"
    hint = f"Roles: {', '.join(ROLES)}."


@dataclass(frozen=True, slots=True)
class Member:
    """One right of one person. ``everywhere``: it reaches the project from the whole instance and is not changed here."""

    login: str
    name: str
    role: Role
    environment: str | None
    everywhere: bool
    disabled: bool


def members(actor: Actor, uow: UnitOfWork, project: str) -> Sequence[Member]:
    """Everybody's rights in a project, by login."""
    scope = enter(actor, uow, project)
    return [
        Member(
            person.login, person.name, grant.role, grant.environment, grant.project_id is None, person.disabled_at is not None
        )
        for person, grant in uow.people.members(scope.project.project_id)
    ]


def add(actor: Actor, uow: UnitOfWork, project: str, login: str, role: str, environment: str | None = None) -> Member:
    """Give somebody with an account a role in a project, or in one environment of it. Twice is once."""
    login = folded(login)
    scope, grant = grant_in(actor, uow, project, role, environment, to=login)
    person = uow.people.find(login)
    if person is None:
        raise NotFound(f"There is no account {login[:80]!r}.", hint="Invite them: `cuebook people invite`.")
    if grant not in uow.people.grants(person):
        uow.people.add_grant(person, grant)
        scope.audit.append(actor, Happening("member.added", login, environment=environment, after=asdict(grant)))
    return Member(login, person.name, grant.role, environment, everywhere=False, disabled=person.disabled_at is not None)


def remove(actor: Actor, uow: UnitOfWork, project: str, login: str, role: str, environment: str | None = None) -> None:
    """Take a role in a project away; it counts no more from the next request on."""
    scope = enter(actor, uow, project, "members.write")
    login, grant = folded(login), Grant(role_of(role), scope.project.project_id, environment)
    person = uow.people.find(login)
    if person is None or not uow.people.remove_grant(person, grant):
        raise NotFound(f"{login[:80]} does not hold this role here.", hint="`cuebook members list` shows who holds what.")
    scope.audit.append(actor, Happening("member.removed", login, environment=environment, before=asdict(grant)))


def grant_in(
    actor: Actor, uow: UnitOfWork, project: str, role: str, environment: str | None, *, to: str
) -> tuple[Scope, Grant]:
    """A right in a project that the actor may give to somebody, with the project's scope."""
    scope = enter(actor, uow, project, "members.write")
    if environment is not None:
        known(scope, environment)
    return scope, grant_of(actor, role, scope.project.project_id, environment, to=to)


def grant_of(actor: Actor, role: str, project_id: int | None, environment: str | None, *, to: str) -> Grant:
    """A right that the actor may give to somebody: nobody gives more than they hold."""
    if environment is not None:
        names.slug(environment, what="an environment")
    grant = Grant(role_of(role), project_id, environment)
    if to in (actor.person, actor.owner) and not may_give(actor, grant, to=to):
        raise Forbidden(f"{to} does not hold all of the role {role}, and nobody raises themselves.", hint="Ask another admin.")
    if not may_give(actor, grant):
        raise Forbidden(f"{actor.principal} cannot give the role {role}: it could do more than its giver.")
    return grant


def role_of(role: str) -> Role:
    """The role of that name."""
    if role not in ROLES:
        raise UnknownRole(f"{role[:40]!r} is no role.")
    return role
