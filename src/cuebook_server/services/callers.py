"""Who calls: by a service token, by a token of their own, or by a session."""

from __future__ import annotations

from cuebook_server.domain import keys
from cuebook_server.domain.access import Actor, Permission
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.errors import CuebookError, WrongKeyKind
from cuebook_server.services import credentials, personal, sessions
from cuebook_server.services.instance import tell
from cuebook_server.services.ports import UnitOfWork
from cuebook_server.services.projects import enter
from cuebook_server.services.sessions import Visit


def by_token(uow: UnitOfWork, token: str, *, request_id: str, source: str) -> Actor:
    """Who a management token stands for."""
    credential = keys.read(token)
    if keys.is_delivery(credential):
        raise WrongKeyKind("This is a delivery key; the management API takes tokens.")
    if credential.kind == "pat":
        return personal.recognise(uow, credential, Visit(request_id, source))
    return credentials.recognise(uow, credential, request_id=request_id, source=source)


def used(uow: UnitOfWork, actor: Actor) -> None:
    """Write down that a credential is in use; a session stays alive by it."""
    session = next((one for one in sessions.mine(actor, uow) if one.credential == actor.credential), None)
    if session:
        sessions.seen(uow, session)
    uow.credentials.token_used(actor.credential)
    personal.used(uow, actor)


def denied(actor: Actor, uow: UnitOfWork, project: str | None, what: str, refusal: CuebookError) -> None:
    """Write an attempt that was refused into the project's chain, when the project exists for whoever tried.

    What is of no project stands in the instance's chain. Nobody writes into the chain of a project that is not theirs.
    """
    found = uow.projects.find(project) if project is not None else None
    told = Happening("access.denied", what, reason=refusal.detail)
    if project is None:
        tell(actor, uow, told)
    elif found is not None and actor.sees(found.project_id):
        uow.scope(found).audit.append(actor, told)


def knows(actor: Actor, uow: UnitOfWork, project: str) -> bool:
    """Whether the project exists for the actor, or for nobody."""
    found = uow.projects.find(project)
    return found is None or actor.sees(found.project_id)


def holds_somewhere(actor: Actor, uow: UnitOfWork, project: str, permissions: frozenset[Permission]) -> bool:
    """Whether the actor holds one of the permissions anywhere in a project.

    Raises ``NotFound`` when it does not exist for them, here already: an answer that is only given again runs no use case.
    """
    found = enter(actor, uow, project).project
    held = {grant.environment for grant in actor.grants if grant.project_id in (None, found.project_id)}
    return any(actor.may(permission, found.project_id, place) for permission in permissions for place in held)
