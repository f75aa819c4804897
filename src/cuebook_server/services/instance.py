"""What belongs to no project: it is told in the chain of the oldest one."""

from __future__ import annotations

from collections.abc import Sequence

from cuebook_server.domain.access import INSTANCE_ADMIN, Actor, Permission
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.errors import Forbidden
from cuebook_server.domain.person import Person
from cuebook_server.services.ports import Scope, UnitOfWork


def instance(uow: UnitOfWork) -> Scope:
    """The scope that stands for the whole instance. Opening it puts writers in order, as in every project."""
    return uow.scope(min(uow.projects.all(), key=lambda project: project.project_id))


def tell(actor: Actor, uow: UnitOfWork, happening: Happening) -> None:
    """Write down what happened to the instance."""
    instance(uow).audit.append(actor, happening)


def require_admin(actor: Actor, permission: Permission = "members.write") -> None:
    """Refuse whoever is not an admin of the whole instance, by a credential that reaches so far."""
    if not actor.may_everywhere(permission):
        raise Forbidden(f"{actor.principal} does not hold `{permission}` in the whole instance.", needed=permission)


def admins(uow: UnitOfWork) -> Sequence[Person]:
    """The people who are admins of the whole instance and may sign in."""
    grants = uow.people.all_grants()
    return [p for p in uow.people.all() if p.disabled_at is None and INSTANCE_ADMIN in grants.get(p.person_id, ())]
