"""The registry's own row: its epoch, and the database that epoch was begun on."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sqlalchemy import Connection, and_, or_, select, text, update
from sqlalchemy.exc import DBAPIError

from cuebook_server.services.ports import History
from cuebook_server.store.schema import audit_entry, registry

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction

log = logging.getLogger(__name__)
LOOKED_UP_AT_ONCE = 200
# The timeline by the log's name: the control file still says the old one for minutes after a standby was promoted.
_IDENTITY = text(
    """SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE
    (SELECT system_identifier FROM pg_control_system())::text || '/' ||
    ltrim(substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), '0') END"""
)


def identity(connection: Connection) -> str:
    """Which cluster and timeline of PostgreSQL this is; ``""``: SQLite, a standby, or one that does not say."""
    if connection.dialect.name != "postgresql":
        return ""
    try:
        with connection.begin_nested():
            return str(connection.execute(_IDENTITY).scalar_one())
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) is None:
            raise  # the connection, and not the question
        log.debug("this database does not tell its identity: %s", error.orig)
        return ""


def moved(connection: Connection, begun_on: str) -> bool:
    """Whether the database is another one than the epoch was begun on: failover, promotion, another cluster."""
    here = identity(connection)
    return bool(here) and here != begun_on


class EpochStore:
    """The epoch."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def present(self) -> int:
        """The epoch, locked against others who would begin one."""
        locked = select(registry.c.epoch).with_for_update()
        return int(self._tx.connection.execute(locked).scalar_one())

    def begin(self, epoch: int) -> None:
        """Begin an epoch, on the database that is written to."""
        self._tx.connection.execute(update(registry).values(epoch=epoch, begun_on=identity(self._tx.connection)))
        self._tx.touch()


def continues(connection: Connection, seen: History, present: History) -> bool:
    """Whether the audit chains still hold what somebody saw at their ends: else the database went back in time."""
    if any(project not in present or present[project][0] < seq for project, (seq, _) in seen.items()):
        return False
    grown = {(project, seq): hash_ for project, (seq, hash_) in seen.items() if present[project] != (seq, hash_)}
    found: dict[tuple[int, int], str] = {}
    places = list(grown)
    for start in range(0, len(places), LOOKED_UP_AT_ONCE):
        found |= _hashes(connection, places[start : start + LOOKED_UP_AT_ONCE])
    return found == grown


def _hashes(connection: Connection, places: Iterable[tuple[int, int]]) -> Mapping[tuple[int, int], str]:
    c = audit_entry.c
    which = or_(*(and_(c.project_id == project, c.seq == seq) for project, seq in places))
    rows = connection.execute(select(c.project_id, c.seq, c.body).where(which))
    return {(row.project_id, row.seq): json.loads(row.body)["hash"] for row in rows}
