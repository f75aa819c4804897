"""What a node reads to build what it serves: the delivery side's source."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import Connection, Row, Select, and_, exists, func, select, update

from cuebook_server.domain.environment import Environment
from cuebook_server.domain.errors import Unavailable
from cuebook_server.domain.fleet import Instance
from cuebook_server.domain.keys import DeliveryKey
from cuebook_server.services.ports import (
    Directory,
    EnvironmentKey,
    EnvironmentState,
    Fetched,
    Heads,
    History,
    Recalls,
    ServedVersion,
)
from cuebook_server.store import bounded, fetches, fleet, schema
from cuebook_server.store.credentials import all_keys, key_of
from cuebook_server.store.database import Database, open_file
from cuebook_server.store.environments import environment_of
from cuebook_server.store.registry import continues, moved
from cuebook_server.store.unit_of_work import NOTIFY_CHANNEL

log = logging.getLogger(__name__)
POLL_S = 1.0
POLL_JITTER = 0.2
DATA_VERSION_POLL_S = 0.02
HEARTBEAT_S = 5.0
HEARTBEAT_TIMEOUT_S = 2.0
_project, _prompt, _alias, _version = schema.project.c, schema.prompt.c, schema.prompt_alias.c, schema.version.c
_environment, _pointer, _change = schema.environment.c, schema.pointer.c, schema.pointer_change.c
_recall = schema.recall.c
_body = func.coalesce(_version.served, _version.body).label("content")
# The digest is of what the author wrote: it covers what is served where no fragments were flattened in.
_verbatim = _version.served.is_(None).label("verbatim")


class SqlSnapshotSource:
    """Reads heads, environments and keys; every call is one consistent transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stopped = threading.Event()
        self._told_standby = False

    def stop(self) -> None:
        """End ``hints``."""
        self._stopped.set()

    def heads(self, seen: History | None = None) -> Heads:
        """The counters that say what changed, and whether the chains still hold what the caller had ``seen``."""
        with self._database.read() as connection:
            registry = connection.execute(select(schema.registry)).one()
            projects = connection.execute(
                select(_project.project_id, _project.directory, _project.recalls, _project.audit_seq, _project.audit_hash)
            ).all()
            environments = connection.execute(
                select(
                    _environment.project_id, _environment.environment_id, _environment.revision, _environment.policy_revision
                )
            )
            history = {row.project_id: (row.audit_seq, row.audit_hash) for row in projects}
            return Heads(
                epoch=registry.epoch,
                keyset=registry.keyset,
                directories={row.project_id: row.directory for row in projects},
                environments={
                    (row.project_id, row.environment_id): (row.revision, row.policy_revision) for row in environments
                },
                recalls={row.project_id: row.recalls for row in projects},
                # Only a first start writes this moment, and no two of them in the same microsecond.
                registry=registry.created_at.isoformat(),
                writable=_takes_writes(connection),
                history=history,
                continues=continues(connection, seen or {}, history),
                moved=moved(connection, registry.begun_on),
            )

    def directory(self, project_id: int) -> Directory:
        """The project's prompts and aliases."""
        with self._database.read() as connection:
            names = connection.scalars(select(_prompt.name).where(_prompt.project_id == project_id)).all()
            aliases = connection.execute(
                select(_alias.alias, _prompt.name)
                .join(schema.prompt, and_(_prompt.project_id == _alias.project_id, _prompt.prompt_id == _alias.prompt_id))
                .where(_alias.project_id == project_id)
            )
            return Directory(frozenset(names), {row.alias: row.name for row in aliases})

    def environment(self, key: EnvironmentKey, since: int | None = None) -> EnvironmentState | None:
        """What the environment serves: everything, or what changed after revision ``since``."""
        with self._database.read() as connection:
            found = _environment_row(connection, key)
            if found is None:
                return None
            environment, project, audit = found
            registry = connection.execute(select(schema.registry)).one()
            if moved(connection, registry.begun_on):
                # What was written there since has numbers that stood for other content before; the heads are read again first.
                raise Unavailable("The database is another one than the epoch was begun on.")
            statement = _tracking(key, since) if environment.tracks_latest else _pinned(key, since)
            return EnvironmentState(
                key=key,
                project=project,
                environment=environment,
                epoch=registry.epoch,
                revision=environment.revision,
                since=since,
                versions=[_served(row) for row in connection.execute(statement)],
                audit=audit,
            )

    def keys(self) -> Sequence[DeliveryKey]:
        """Every delivery key of every project."""
        with self._database.read() as connection:
            return [key_of(row) for row in connection.execute(all_keys())]

    def recalled(self, project_id: int) -> Recalls:
        """The project's versions that were declared harmful, and which environments served them."""
        was_live = and_(
            _change.project_id == _recall.project_id,
            _change.prompt_id == _recall.prompt_id,
            _change.after == _recall.number,
        )
        found: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
        with self._database.read() as connection:
            for row in connection.execute(
                select(_recall.prompt_id, _recall.number, _change.environment_id)
                .join(schema.pointer_change, was_live, isouter=True)
                .where(_recall.project_id == project_id)
                .distinct()
            ):
                found[row.prompt_id, row.number] |= {row.environment_id} - {None}
        return {version: frozenset(environments) for version, environments in found.items()}

    def version(self, key: EnvironmentKey, name: str, number: int) -> tuple[ServedVersion, bool] | None:
        """One version, and whether that environment ever served it."""
        was_live = exists().where(
            _change.project_id == key[0],
            _change.environment_id == key[1],
            _change.prompt_id == _version.prompt_id,
            _change.after == number,
        )
        # As the snapshot says it, so that the same version has the same bytes whichever way it is found.
        released_at = (
            select(func.max(_change.at))
            .where(
                _change.project_id == key[0],
                _change.environment_id == key[1],
                _change.prompt_id == _version.prompt_id,
                _change.after == number,
                _change.release_id.is_not(None),
            )
            .scalar_subquery()
        )
        with self._database.read() as connection:
            row = connection.execute(
                select(
                    _prompt.prompt_id,
                    _prompt.name,
                    _prompt.latest,
                    _version.number,
                    _version.digest,
                    _body,
                    _verbatim,
                    func.coalesce(released_at, _version.created_at).label("released_at"),
                    was_live.label("was_live"),
                )
                .join(schema.version, and_(_version.project_id == _prompt.project_id, _version.prompt_id == _prompt.prompt_id))
                .where(_prompt.project_id == key[0], _prompt.name == name, _version.number == number)
            ).first()
            return (_served(row), bool(row.was_live)) if row else None

    def used(self, selectors: Mapping[str, datetime]) -> None:
        """Write down when keys were last used; one small transaction."""
        key = schema.delivery_key
        with self._database.write_lock, self._database.engine.begin() as connection:
            for selector, moment in sorted(selectors.items()):  # two nodes must not lock in a circle
                connection.execute(update(key).where(key.c.selector == selector).values(last_used_at=moment))

    def fetched(self, fetched: Mapping[Fetched, datetime]) -> None:
        """Write down what keys last fetched."""
        fetches.note(self._database, fetched)

    def heard(self, instances: Sequence[Instance]) -> None:
        """Write down what clients said of themselves."""
        fleet.note(self._database, instances)

    def forget_instances(self, now: datetime) -> None:
        """Forget who has not been heard of for long."""
        fleet.forget(self._database, now)

    def hints(self) -> Iterator[None]:
        """Yield when something may have changed, and at least once a second: the poll is what makes a node correct."""
        if self._database.dialect == "postgresql":
            yield from self._listen()
        else:
            yield from self._watch_data_version()

    def _poll_s(self) -> float:
        return POLL_S * random.uniform(1 - POLL_JITTER, 1 + POLL_JITTER)  # noqa: S311  # spreads the nodes' polls, no secret

    def _watch_data_version(self) -> Iterator[None]:
        """SQLite: ``PRAGMA data_version`` changes when another connection has committed; asking costs microseconds."""
        path = self._database.engine.url.database or self._database.url.removeprefix("sqlite:///")
        connection = open_file(path)
        try:
            seen, waited, patience = -1, 0.0, self._poll_s()
            while not self._stopped.is_set():
                version = connection.execute("PRAGMA data_version").fetchone()[0]
                if version != seen or waited >= patience:
                    seen, waited, patience = version, 0.0, self._poll_s()
                    yield
                self._stopped.wait(DATA_VERSION_POLL_S)
                waited += DATA_VERSION_POLL_S
        finally:
            connection.close()

    def _listen(self) -> Iterator[None]:
        """PostgreSQL: LISTEN first, then tell the caller to read the head. A dead connection ends in an error; begin again.

        A connection that says nothing is asked now and then, and given up when it does not answer.
        """
        with bounded.connect(self._database.url, autocommit=True) as connection:
            connection.answer_s = HEARTBEAT_TIMEOUT_S
            listening = self._hear(connection)
            yield
            asked_at = time.monotonic()
            while not self._stopped.is_set():
                heard = list(connection.notifies(timeout=self._poll_s(), stop_after=1))
                if heard or time.monotonic() - asked_at >= HEARTBEAT_S:
                    asked_at = time.monotonic()
                    if not listening:
                        listening = self._hear(connection)
                    elif not heard:
                        connection.execute("SELECT 1")
                yield

    def _hear(self, connection: bounded.Bounded) -> bool:
        """Listen; a standby refuses, until it is promoted. Then the poll alone keeps this node correct, within a second."""
        try:
            connection.execute(f"LISTEN {NOTIFY_CHANNEL}")
        except psycopg.errors.ReadOnlySqlTransaction:
            if not self._told_standby:
                log.warning("this database is a standby: it tells nobody of changes, so this node asks once a second")
            self._told_standby = True
            return False
        self._told_standby = False
        return True


def _takes_writes(connection: Connection) -> bool:
    """Whether this is no standby, and no file that cannot be written."""
    if connection.dialect.name == "postgresql":
        return not connection.scalar(select(func.pg_is_in_recovery()))
    return not connection.exec_driver_sql("PRAGMA query_only").scalar()


def _environment_row(connection: Connection, key: EnvironmentKey) -> tuple[Environment, str, tuple[int, str]] | None:
    """The environment, its project's name, and where the project's audit chain ends."""
    row = connection.execute(
        select(schema.environment, _project.name.label("project_name"), _project.audit_seq, _project.audit_hash)
        .join(schema.project, _project.project_id == _environment.project_id)
        .where(_environment.project_id == key[0], _environment.environment_id == key[1])
    ).first()
    return (environment_of(row), row.project_name, (row.audit_seq, row.audit_hash)) if row else None


def _tracking(key: EnvironmentKey, since: int | None) -> Select[Any]:
    """The newest version of every prompt (that changed since); none where all of them were recalled."""
    candidate = schema.version.alias()
    recalled = exists().where(
        _recall.project_id == candidate.c.project_id,
        _recall.prompt_id == candidate.c.prompt_id,
        _recall.number == candidate.c.number,
    )
    best = (
        select(func.max(candidate.c.number))
        .where(candidate.c.project_id == _prompt.project_id, candidate.c.prompt_id == _prompt.prompt_id, ~recalled)
        .correlate(schema.prompt)
        .scalar_subquery()
    )
    newest = (
        select(
            _prompt.prompt_id,
            _prompt.name,
            _prompt.latest,
            _version.number,
            _version.digest,
            _body,
            _verbatim,
            func.coalesce(_version.created_at, _prompt.created_at).label("released_at"),
        )
        .select_from(schema.prompt)
        .join(
            schema.version,
            and_(
                _version.project_id == _prompt.project_id,
                _version.prompt_id == _prompt.prompt_id,
                _version.number == best,
            ),
            isouter=True,
        )
        .where(_prompt.project_id == key[0], _prompt.latest > 0)
    )
    if since is None:
        return newest
    changed = select(_change.prompt_id).where(
        _change.project_id == key[0], _change.environment_id == key[1], _change.revision > since
    )
    return newest.where(_prompt.prompt_id.in_(changed))


def _pinned(key: EnvironmentKey, since: int | None) -> Select[Any]:
    """What each pointer (moved since) points at, and when it was released."""
    released = (
        select(
            _prompt.prompt_id,
            _prompt.name,
            _prompt.latest,
            _pointer.number,
            _version.digest,
            _body,
            _verbatim,
            schema.release.c.applied_at.label("released_at"),
        )
        .select_from(schema.pointer)
        .join(schema.prompt, and_(_prompt.project_id == _pointer.project_id, _prompt.prompt_id == _pointer.prompt_id))
        .join(
            schema.release,
            and_(schema.release.c.project_id == _pointer.project_id, schema.release.c.release_id == _pointer.release_id),
        )
        .join(
            schema.version,
            and_(
                _version.project_id == _pointer.project_id,
                _version.prompt_id == _pointer.prompt_id,
                _version.number == _pointer.number,
            ),
            isouter=True,  # a retired prompt points at nothing
        )
        .where(_pointer.project_id == key[0], _pointer.environment_id == key[1])
    )
    return released if since is None else released.where(_pointer.revision > since)


def _served(row: Row[Any]) -> ServedVersion:
    return ServedVersion(
        prompt_id=row.prompt_id,
        name=row.name,
        number=row.number,
        latest=row.latest,
        digest=row.digest or "",
        content=(row.content or "").encode(),
        released_at=row.released_at,
        verbatim=bool(row.verbatim),
    )
