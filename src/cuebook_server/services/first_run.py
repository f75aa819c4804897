"""What the very first start leaves behind: a project, a token that may do everything, and a key for each environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cuebook_server.domain.access import Actor, Grant
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.keys import SECRET_BYTES, SELECTOR_BYTES, Token, mint
from cuebook_server.services.credentials import create_key
from cuebook_server.services.ports import UnitOfWork
from cuebook_server.services.projects import create

PROJECT = "default"
PRINCIPAL = "first-run"


@dataclass(frozen=True, slots=True)
class FirstRun:
    """The secrets of a new registry, shown this once. ``keys``: environment -> delivery key."""

    project: str
    token: str
    keys: Mapping[str, str]


def set_up(uow: UnitOfWork) -> FirstRun | None:
    """Fill an empty registry; ``None`` when it has a project already."""
    uow.epochs.present()  # locked until the end: of several nodes that start first, one fills the registry
    if uow.projects.all():
        return None
    actor = Actor(PRINCIPAL, "first-run", (Grant("admin"),), "first-run")
    project = create(actor, uow, PROJECT)
    scope = uow.scope(project)
    credential = mint("svc", uow.random(SELECTOR_BYTES + SECRET_BYTES))
    token = Token(credential.selector, credential.verifier, None, PRINCIPAL, "admin", PRINCIPAL, uow.now)
    scope.credentials.add_token(token)
    scope.audit.append(actor, Happening("token.created", token.selector, after={"name": PRINCIPAL, "role": "admin"}))
    keys = {
        environment.name: create_key(actor, uow, PROJECT, environment=environment.name, name=PRINCIPAL).credential.token
        for environment in scope.environments.all()
    }
    return FirstRun(PROJECT, credential.token, keys)
