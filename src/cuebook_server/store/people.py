"""Accounts, rights, identities and invitations."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, and_, delete, insert, select, update

from cuebook_server.domain.access import Grant
from cuebook_server.domain.person import Invitation, Person
from cuebook_server.store.schema_people import identity, invitation, membership, person

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction


class PeopleStore:
    """The people of the whole instance."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def find(self, login: str) -> Person | None:
        """The account of that login. What no login can hold, such as NUL, no database is asked for."""
        if not login.isprintable():
            return None
        return _person(self._tx.connection.execute(select(person).where(person.c.login == login)).first())

    def by_id(self, person_id: int) -> Person | None:
        """The account of that number."""
        return _person(self._tx.connection.execute(select(person).where(person.c.person_id == person_id)).first())

    def all(self) -> Sequence[Person]:
        """Every account, by login."""
        return [Person(**row._mapping) for row in self._tx.connection.execute(select(person).order_by(person.c.login))]

    def add(self, login: str, name: str, password: str | None) -> Person:
        """Write a new account."""
        new = insert(person).values(login=login, name=name, password=password, created_at=self._tx.now)
        number = self._tx.connection.execute(new.returning(person.c.person_id)).scalar_one()
        return Person(number, login, name, password, self._tx.now)

    def change(self, changed: Person) -> None:
        """Write an account's name, password and end."""
        values = {"name": changed.name, "password": changed.password, "disabled_at": changed.disabled_at}
        self._tx.connection.execute(update(person).where(person.c.person_id == changed.person_id).values(**values))

    def grants(self, of: Person) -> tuple[Grant, ...]:
        """The rights of a person."""
        mine = select(membership).where(membership.c.person_id == of.person_id).order_by(membership.c.membership_id)
        return tuple(_grant(row) for row in self._tx.connection.execute(mine))

    def all_grants(self) -> Mapping[int, Sequence[Grant]]:
        """The rights of everybody, by the account's number."""
        found: dict[int, list[Grant]] = defaultdict(list)
        for row in self._tx.connection.execute(select(membership).order_by(membership.c.membership_id)):
            found[row.person_id].append(_grant(row))
        return found

    def active_grants(self, logins: Collection[str]) -> Mapping[str, Sequence[Grant]]:
        """The rights of these people, by login; of those whose account has ended, none."""
        theirs = and_(person.c.login.in_(logins), person.c.disabled_at.is_(None))
        same = membership.c.person_id == person.c.person_id
        found: dict[str, list[Grant]] = defaultdict(list)
        for row in self._tx.connection.execute(select(person.c.login, membership).join(membership, same).where(theirs)):
            found[row.login].append(_grant(row))
        return found

    def members(self, project_id: int) -> Sequence[tuple[Person, Grant]]:
        """Who has rights in a project, by login, with those that reach it from the whole instance."""
        rows = self._tx.connection.execute(
            select(person, membership.c.role, membership.c.project_id, membership.c.environment)
            .join(membership, membership.c.person_id == person.c.person_id)
            .where((membership.c.project_id == project_id) | membership.c.project_id.is_(None))
            .order_by(person.c.login, membership.c.membership_id)
        )
        return [(Person(**{name: row._mapping[name] for name in person.c.keys()}), _grant(row)) for row in rows]  # noqa: SIM118  # columns, not a dict

    def add_grant(self, to: Person, grant: Grant) -> None:
        """Write a right."""
        self._tx.connection.execute(insert(membership).values(person_id=to.person_id, **asdict(grant)))

    def remove_grant(self, of: Person, grant: Grant) -> bool:
        """Take a right away; whether it was there."""
        same = [membership.c[name].is_not_distinct_from(value) for name, value in asdict(grant).items()]
        taken = delete(membership).where(membership.c.person_id == of.person_id, *same)
        return self._tx.connection.execute(taken).rowcount > 0

    def by_identity(self, issuer: str, subject: str) -> Person | None:
        """Whose identity at an issuer this is."""
        mine = select(person).join(identity, identity.c.person_id == person.c.person_id)
        found = mine.where(identity.c.issuer == issuer, identity.c.subject == subject)
        return _person(self._tx.connection.execute(found).first())

    def add_identity(self, of: Person, issuer: str, subject: str) -> None:
        """Write down who somebody is at an issuer."""
        self._tx.connection.execute(insert(identity).values(issuer=issuer, subject=subject, person_id=of.person_id))

    def add_invitation(self, made: Invitation) -> None:
        """Write a new invitation and forget the ones that have ended."""
        self._tx.connection.execute(delete(invitation).where(invitation.c.expires_at <= self._tx.now))
        values = {name: getattr(made, name) for name in invitation.c.keys()}  # noqa: SIM118  # columns, not a dict
        values["grants"] = json.dumps([asdict(grant) for grant in made.grants])
        self._tx.connection.execute(insert(invitation).values(**values))

    def invitations(self) -> Sequence[Invitation]:
        """The invitations that have not ended, newest first."""
        open_ = select(invitation).where(invitation.c.expires_at > self._tx.now)
        rows = self._tx.connection.execute(open_.order_by(invitation.c.created_at.desc(), invitation.c.verifier))
        return [_read_invitation(row) for row in rows]

    def invitation(self, verifier: str) -> Invitation | None:
        """The invitation with that verifier, ended or not."""
        return _invitation(self._tx.connection.execute(select(invitation).where(invitation.c.verifier == verifier)).first())

    def take_invitation(self, verifier: str) -> Invitation | None:
        """Remove an invitation and return it; of two who take it at once, one gets it."""
        taken = delete(invitation).where(invitation.c.verifier == verifier).returning(*invitation.c)
        return _invitation(self._tx.connection.execute(taken).first())


def _person(row: Row[Any] | None) -> Person | None:
    return Person(**row._mapping) if row else None


def _grant(row: Row[Any]) -> Grant:
    return Grant(row.role, row.project_id, row.environment)


def _invitation(row: Row[Any] | None) -> Invitation | None:
    return _read_invitation(row) if row else None


def _read_invitation(row: Row[Any]) -> Invitation:
    grants = tuple(Grant(**grant) for grant in json.loads(row.grants))
    return Invitation(row.verifier, row.login, grants, row.invited_by, row.created_at, row.expires_at)
