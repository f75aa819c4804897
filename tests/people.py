"""Who takes part in a test: an owner, a colleague with fewer rights, a stranger. Every test can ask "may the stranger?"."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from cuebook_server.domain.access import Actor, Role
from cuebook_server.services import credentials, first_run, projects
from cuebook_server.services.ports import UnitOfWork, Units

PROJECT, ELSEWHERE = "desk", "elsewhere"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a management token, as the use cases and as the management API know them."""

    actor: Actor
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def at(self, now: datetime) -> Actor:
        """As they act at a moment: signed in just now, unless a test said when."""
        signed_in = self.actor.signed_in_at or (now if self.actor.person else None)
        return replace(self.actor, signed_in_at=signed_in)

    def as_service(self, owner: str | None = None) -> Person:
        """The same credential as a service's, which a person answers for."""
        return replace(self, actor=replace(self.actor, person=None, owner=owner))

    def by_another_credential(self) -> Person:
        """The same person by a credential of another name."""
        return replace(self, actor=replace(self.actor, principal="another", credential="another"))

    def signed_in(self, moment: datetime) -> Person:
        """The same person, who proved who they are at that moment."""
        return replace(self, actor=replace(self.actor, signed_in_at=moment))


@dataclass(frozen=True, slots=True)
class People:
    """The operator runs the instance, the owner `desk`; the colleague is an author there, the stranger runs another."""

    operator: Person
    owner: Person
    colleague: Person
    stranger: Person


def settle(units: Units) -> People:
    """Fill an empty registry with two projects and everybody."""
    with units.write() as uow:
        first = first_run.set_up(uow)
        assert first is not None
        operator = recognised(uow, first.token)
        for project in (PROJECT, ELSEWHERE):
            projects.create(operator.actor, uow, project)
        return People(
            operator,
            owner=hired(uow, operator, "owner", "admin"),
            colleague=hired(uow, operator, "colleague", "author"),
            stranger=hired(uow, operator, "stranger", "admin", ELSEWHERE),
        )


def hired(uow: UnitOfWork, by: Person, name: str, role: Role, project: str = PROJECT) -> Person:
    """Somebody new, with a token of their own."""
    minted = credentials.create_token(by.actor, uow, project, name=name, role=role)
    found = recognised(uow, minted.credential.token)
    return replace(found, actor=replace(found.actor, person=name))


def recognised(uow: UnitOfWork, token: str) -> Person:
    """The person a token stands for."""
    return Person(credentials.recognise(uow, token, request_id="test", source="127.0.0.1"), token)
