"""Sessions, links, tokens of people, and failed sign-ins. Only the SHA-256 of a secret is ever stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, delete, insert, or_, select, update

from cuebook_server.domain.attempt import FORGET_AFTER, Attempts
from cuebook_server.domain.keys import PersonalToken
from cuebook_server.domain.person import Person
from cuebook_server.domain.session import IDLE_MAX, Link, Session
from cuebook_server.store.schema_people import attempt, personal_token, session, sign_in_link

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction


class SessionStore:
    """The sessions of the whole instance."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def add_link(self, made: Link) -> None:
        """Write a new link."""
        self._tx.connection.execute(
            insert(sign_in_link).values(verifier=made.verifier, login=made.login, expires_at=made.expires_at)
        )

    def link(self, verifier: str) -> Link | None:
        """The link with that verifier, ended or not."""
        row = self._tx.connection.execute(select(sign_in_link).where(sign_in_link.c.verifier == verifier)).first()
        return Link(**row._mapping) if row else None

    def take_link(self, verifier: str) -> Link | None:
        """Remove a link and return it; of two who take it at once, one gets it."""
        taken = delete(sign_in_link).where(sign_in_link.c.verifier == verifier).returning(*sign_in_link.c)
        row = self._tx.connection.execute(taken).first()
        return Link(**row._mapping) if row else None

    def add(self, made: Session) -> None:
        """Write a new session."""
        self._tx.connection.execute(insert(session).values(**{name: getattr(made, name) for name in session.c.keys()}))  # noqa: SIM118  # columns, not a dict

    def find(self, verifier: str) -> Session | None:
        """The session with that verifier, ended or not."""
        row = self._tx.connection.execute(select(session).where(session.c.verifier == verifier)).first()
        return Session(**row._mapping) if row else None

    def of(self, person: Person) -> Sequence[Session]:
        """A person's sessions, newest first, ended or not."""
        mine = select(session).where(session.c.person_id == person.person_id)
        rows = self._tx.connection.execute(mine.order_by(session.c.created_at.desc(), session.c.verifier))
        return [Session(**row._mapping) for row in rows]

    def change(self, changed: Session) -> None:
        """Write when the session was last seen, and when its person last proved who they are."""
        mine = update(session).where(session.c.verifier == changed.verifier)
        self._tx.connection.execute(mine.values(seen_at=changed.seen_at, signed_in_at=changed.signed_in_at))

    def seen(self, verifier: str) -> None:
        """Write that the session is in use, and nothing else of it: its person may prove who they are at this moment."""
        self._tx.connection.execute(update(session).where(session.c.verifier == verifier).values(seen_at=self._tx.now))

    def remove(self, verifier: str) -> None:
        """Forget a session."""
        self._tx.connection.execute(delete(session).where(session.c.verifier == verifier))

    def forget_ended(self) -> None:
        """Remove the links and sessions that no longer count."""
        now = self._tx.now
        self._tx.connection.execute(delete(sign_in_link).where(sign_in_link.c.expires_at <= now))
        ended = or_(session.c.expires_at <= now, session.c.seen_at <= now - IDLE_MAX)
        self._tx.connection.execute(delete(session).where(ended))


class PersonalTokenStore:
    """The tokens of people."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def add(self, made: PersonalToken) -> None:
        """Write a new token."""
        values = {name: getattr(made, name) for name in personal_token.c.keys()}  # noqa: SIM118  # columns, not a dict
        values["scopes"] = None if made.scopes is None else json.dumps(sorted(made.scopes))
        self._tx.connection.execute(insert(personal_token).values(**values))

    def find(self, selector: str) -> PersonalToken | None:
        """The token with that selector."""
        row = self._tx.connection.execute(select(personal_token).where(personal_token.c.selector == selector)).first()
        return _token(row) if row else None

    def of(self, person: Person) -> Sequence[PersonalToken]:
        """A person's tokens, newest first."""
        mine = select(personal_token).where(personal_token.c.person_id == person.person_id)
        rows = self._tx.connection.execute(mine.order_by(personal_token.c.created_at.desc(), personal_token.c.selector))
        return [_token(row) for row in rows]

    def revoke(self, selector: str) -> None:
        """End a token now."""
        mine = update(personal_token).where(personal_token.c.selector == selector, personal_token.c.revoked_at.is_(None))
        self._tx.connection.execute(mine.values(revoked_at=self._tx.now))

    def used(self, selector: str) -> None:
        """Write down that it is in use."""
        mine = update(personal_token).where(personal_token.c.selector == selector)
        self._tx.connection.execute(mine.values(last_used_at=self._tx.now))


class AttemptStore:
    """Failed sign-ins; a row is forgotten a quarter of an hour after the last one."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def find(self, subject: str) -> Attempts | None:
        """The failures counted under a subject, unless they are forgotten."""
        row = self._tx.connection.execute(
            select(attempt).where(attempt.c.subject == subject, attempt.c.last_at > self._tx.now - FORGET_AFTER)
        ).first()
        return Attempts(**row._mapping) if row else None

    def note(self, subject: str, now: datetime) -> None:
        """Count one more, and forget what is old: the table holds a quarter of an hour at most."""
        run = self._tx.connection.execute
        run(delete(attempt).where(attempt.c.last_at <= now - FORGET_AFTER))
        mine = update(attempt).where(attempt.c.subject == subject)
        if run(mine.values(failures=attempt.c.failures + 1, last_at=now)).rowcount == 0:
            run(insert(attempt).values(subject=subject, failures=1, last_at=now))

    def take_back(self, subject: str) -> None:
        """Count one less: it was none."""
        mine = attempt.c.subject == subject
        self._tx.connection.execute(update(attempt).where(mine).values(failures=attempt.c.failures - 1))
        self._tx.connection.execute(delete(attempt).where(mine, attempt.c.failures <= 0))

    def forget(self, subject: str) -> None:
        """Begin anew."""
        self._tx.connection.execute(delete(attempt).where(attempt.c.subject == subject))


def _token(row: Row[Any]) -> PersonalToken:
    scopes = None if row.scopes is None else frozenset(json.loads(row.scopes))
    return PersonalToken(**{**row._mapping, "scopes": scopes})
