"""Who takes part in a test: an owner, a colleague with fewer rights, a stranger. Every test can ask "may the stranger?"."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from cuebook_server.domain.access import Actor, Grant, Role
from cuebook_server.domain.keys import SECRET_BYTES, SELECTOR_BYTES, PersonalToken, mint
from cuebook_server.services import callers, first_run, projects
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
    """Somebody new with a role in a project, and a token of their own. No clock ends it."""
    found = uow.projects.find(project)
    assert found is not None
    assert by.actor.may("members.write", found.project_id)
    person = uow.people.find(name) or uow.people.add(name, name.capitalize(), None)
    uow.people.add_grant(person, Grant(role, found.project_id))
    credential = mint("pat", uow.random(SELECTOR_BYTES + SECRET_BYTES))
    token = PersonalToken(credential.selector, credential.verifier, person.person_id, "test", uow.now)
    uow.personal_tokens.add(token)
    return recognised(uow, credential.token)


def recognised(uow: UnitOfWork, token: str) -> Person:
    """The person a token stands for."""
    return Person(callers.by_token(uow, token, request_id="test", source="127.0.0.1"), token)
