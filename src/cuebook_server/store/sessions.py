"""Sessions and sign-in links. Only the SHA-256 of a secret is ever stored."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, select, update

from cuebook_server.domain.session import IDLE_MAX, Session
from cuebook_server.store.schema import session, sign_in_link

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction


class SessionStore:
    """The sessions of the whole instance."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def add_link(self, verifier: str, *, expires_at: datetime) -> None:
        """Write a new sign-in link."""
        self._tx.connection.execute(sign_in_link.insert().values(verifier=verifier, expires_at=expires_at))

    def take_link(self, verifier: str) -> datetime | None:
        """Remove a link and return when it ends; of two who take it at once, one gets it."""
        taken = delete(sign_in_link).where(sign_in_link.c.verifier == verifier).returning(sign_in_link.c.expires_at)
        return self._tx.connection.execute(taken).scalar()

    def add(self, made: Session) -> None:
        """Write a new session."""
        self._tx.connection.execute(session.insert().values(**{name: getattr(made, name) for name in session.c.keys()}))  # noqa: SIM118  # columns, not a dict

    def find(self, verifier: str) -> Session | None:
        """The session with that verifier, ended or not."""
        row = self._tx.connection.execute(select(session).where(session.c.verifier == verifier)).first()
        return Session(**row._mapping) if row else None

    def change(self, changed: Session) -> None:
        """Write when the session was last seen."""
        mine = update(session).where(session.c.verifier == changed.verifier)
        self._tx.connection.execute(mine.values(seen_at=changed.seen_at))

    def remove(self, verifier: str) -> None:
        """Forget a session."""
        self._tx.connection.execute(delete(session).where(session.c.verifier == verifier))

    def forget_ended(self) -> None:
        """Remove the links and sessions that no longer count."""
        now = self._tx.now
        self._tx.connection.execute(delete(sign_in_link).where(sign_in_link.c.expires_at <= now))
        ended = or_(session.c.expires_at <= now, session.c.seen_at <= now - IDLE_MAX)
        self._tx.connection.execute(delete(session).where(ended))
