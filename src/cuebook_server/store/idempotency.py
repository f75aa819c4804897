"""Answers kept for a day, so that repeating a request has one effect."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, tuple_

from cuebook_server.domain.errors import IdempotencyMismatch
from cuebook_server.services.ports import Answer
from cuebook_server.store.schema import idempotency

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction

KEPT_FOR = timedelta(hours=24)
FORGOTTEN_PER_WRITE_MAX = 100


class IdempotencyStore:
    """Answers by credential and key; written in the transaction of the effect they report."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def find(self, credential: str, key: str, fingerprint: str) -> Answer | None:
        """The answer given before, if any. On PostgreSQL a second request with the key waits here for the first to end."""
        connection = self._tx.connection
        if self._tx.dialect == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{credential} {key}", 0))))
        row = connection.execute(
            select(idempotency).where(idempotency.c.credential == credential, idempotency.c.key == key)
        ).first()
        if row is None or row.created_at <= self._tx.now - KEPT_FOR:
            return None
        if row.fingerprint != fingerprint:
            raise IdempotencyMismatch
        return Answer(row.status, row.body)

    def keep(self, credential: str, key: str, fingerprint: str, answer: Answer) -> None:
        """Keep an answer for a day, and forget a few that are older."""
        row = idempotency.c
        old = select(row.credential, row.key).where(row.created_at <= self._tx.now - KEPT_FOR).limit(FORGOTTEN_PER_WRITE_MAX)
        # What another node forgets at this moment is left to it: waiting for each other's rows, two came to a deadlock.
        expired = self._tx.connection.execute(old.with_for_update(skip_locked=True)).all()
        gone = [(credential, key), *((each.credential, each.key) for each in expired)]
        self._tx.connection.execute(delete(idempotency).where(tuple_(row.credential, row.key).in_(gone)))
        self._tx.connection.execute(
            idempotency.insert().values(
                credential=credential,
                key=key,
                fingerprint=fingerprint,
                status=answer.status,
                body=answer.body,
                created_at=self._tx.now,
            )
        )
