"""What belongs to no project: it is told in the chain of the oldest one."""

from __future__ import annotations

from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.errors import Forbidden
from cuebook_server.services.ports import Scope, UnitOfWork


def instance(uow: UnitOfWork) -> Scope:
    """The scope that stands for the whole instance. Opening it puts writers in order, as in every project."""
    return uow.scope(min(uow.projects.all(), key=lambda project: project.project_id))


def tell(actor: Actor, uow: UnitOfWork, happening: Happening) -> None:
    """Write down what happened to the instance."""
    instance(uow).audit.append(actor, happening)


def require_admin(actor: Actor) -> None:
    """Refuse whoever is not an admin of the whole instance."""
    if not actor.may_everywhere("members.write"):
        raise Forbidden(f"{actor.principal} does not hold `members.write` in the whole instance.", needed="members.write")
