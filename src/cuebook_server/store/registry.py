"""The registry's own row: its epoch, and the database that epoch was begun on."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, bindparam, select, text, tuple_, update
from sqlalchemy.exc import DBAPIError

from cuebook_server.services.ports import History
from cuebook_server.store.schema import audit_entry, registry

if TYPE_CHECKING:
    from cuebook_server.store.database import Database
    from cuebook_server.store.unit_of_work import Transaction

log = logging.getLogger(__name__)
LOOKED_UP_AT_ONCE = 200
T = TypeVar("T")
# The timeline by the log's name: the control file still says the old one for minutes after a standby was promoted.
IDENTITY = """(SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE
    (SELECT system_identifier FROM pg_control_system())::text || '/' ||
    ltrim(substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), '0') END)"""
UNKNOWN = "''"
_REFUSALS = {"0A", "42", "55"}  # SQLSTATE's classes: not supported, not allowed or not there, not in this state
_entry = audit_entry.c
# Made once: making a statement costs more than asking it, and this one is asked after every change.
_ENTRIES = select(_entry.project_id, _entry.seq, _entry.body).where(
    tuple_(_entry.project_id, _entry.seq).in_(bindparam("places", expanding=True))
)


def with_identity(database: Database, ask: Callable[[str], T]) -> T:
    """Ask a question that has the identity (an expression of SQL) among its columns; without, where it is not told.

    A column, because what is asked apart may come from another database: failovers happen between any two statements.
    """
    if database.dialect == "postgresql":
        try:
            return ask(IDENTITY)
        except DBAPIError as error:
            _check_refused(error)
    return ask(UNKNOWN)


def identity(connection: Connection) -> str:
    """Which cluster and timeline of PostgreSQL this is; ``""``: SQLite, a standby, or one that does not say."""
    if connection.dialect.name != "postgresql":
        return ""
    try:
        with connection.begin_nested():
            return str(connection.scalar(text(f"SELECT {IDENTITY}")))
    except DBAPIError as error:
        _check_refused(error)
        return ""


def _check_refused(error: DBAPIError) -> None:
    if (getattr(error.orig, "sqlstate", None) or "")[:2] not in _REFUSALS:
        raise error  # the connection or the server, and not the question: the next answer may come from another database
    log.debug("this database does not tell its identity: %s", error.orig)


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


def _hashes(connection: Connection, places: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], str]:
    rows = connection.execute(_ENTRIES, {"places": places})
    return {(row.project_id, row.seq): json.loads(row.body)["hash"] for row in rows}
