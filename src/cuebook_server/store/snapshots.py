"""What a node reads to build what it serves: the delivery side's source."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any

import psycopg
from sqlalchemy import (
    Boolean,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    update,
)

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
from cuebook_server.store.registry import continues, with_identity
from cuebook_server.store.unit_of_work import NOTIFY_CHANNEL

log = logging.getLogger(__name__)
POLL_S = 1.0
POLL_JITTER = 0.2
DATA_VERSION_POLL_S = 0.02
HEARTBEAT_S = 5.0
HEARTBEAT_TIMEOUT_S = 2.0
_project, _prompt, _alias, _version = schema.project.c, schema.prompt.c, schema.prompt_alias.c, schema.version.c
_environment, _pointer, _change = schema.environment.c, schema.pointer.c, schema.pointer_change.c
_recall, _registry = schema.recall.c, schema.registry.c
_PROJECT, _ENVIRONMENT, _SINCE = (bindparam(name, type_=Integer) for name in ("project", "environment", "since"))
_QUERY_ONLY = literal_column("(SELECT query_only FROM pragma_query_only)", Boolean)
_body = func.coalesce(_version.served, _version.body).label("content")
# The digest is of what the author wrote: it covers what is served where no fragments were flattened in.
_verbatim = _version.served.is_(None).label("verbatim")


class SqlSnapshotSource:
    """Reads heads, environments and keys; every call sees one consistent state."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stopped = threading.Event()
        self._told_standby = False

    def stop(self) -> None:
        """End ``hints``."""
        self._stopped.set()

    def heads(self, seen: History | None = None) -> Heads:
        """The counters that say what changed, and whether the chains still hold what the caller had ``seen``."""
        return with_identity(self._database, partial(self._heads, seen or {}))

    def _heads(self, seen: History, identity: str) -> Heads:
        with self._database.ask() as connection:
            rows = connection.execute(_counters(connection.dialect.name, identity)).all()
            registry, projects = rows[0], {row.project_id: row for row in rows if row.project_id is not None}
            history = {number: (row.audit_seq, row.audit_hash) for number, row in projects.items()}
            return Heads(
                epoch=registry.epoch,
                keyset=registry.keyset,
                directories={number: row.directory for number, row in projects.items()},
                environments={
                    (row.project_id, row.environment_id): (row.revision, row.policy_revision)
                    for row in rows
                    if row.environment_id is not None
                },
                recalls={number: row.recalls for number, row in projects.items()},
                # Only a first start writes this moment, and no two of them in the same microsecond.
                registry=registry.created_at.isoformat(),
                writable=bool(registry.writable),
                history=history,
                # Apart from the rest: what a chain held once it holds for ever.
                continues=continues(connection, seen, history),
                moved=_moved(registry),
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
        return with_identity(self._database, partial(self._environment, key, since))

    def _environment(self, key: EnvironmentKey, since: int | None, identity: str) -> EnvironmentState | None:
        with self._database.read() as connection:
            asked = {"project": key[0], "environment": key[1], "since": since}
            row = connection.execute(_place(identity), asked).first()
            if row is None:
                return None
            if _moved(row):
                # What was written there since has numbers that stood for other content before; the heads are read again first.
                raise Unavailable("The database is another one than the epoch was begun on.")
            serves = _tracking if row.tracks_latest else _pinned
            return EnvironmentState(
                key=key,
                project=row.project_name,
                environment=environment_of(row),
                epoch=row.epoch,
                revision=row.revision,
                since=since,
                versions=[_served(version) for version in connection.execute(serves(since is None), asked)],
                audit=(row.audit_seq, row.audit_hash),
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
        """Write down when keys were last used; one small transaction. What another node saw later stays."""
        key = schema.delivery_key
        with self._database.jot() as connection:
            for selector, moment in sorted(selectors.items()):  # two nodes must not lock in a circle
                mine = update(key).where(key.c.selector == selector)
                earlier = or_(key.c.last_used_at.is_(None), key.c.last_used_at < moment)
                connection.execute(mine.where(earlier).values(last_used_at=moment))

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


# These are asked after every change. Each is made once: to make one costs more than to send it and read the answer.
@cache
def _counters(dialect: str, identity: str) -> Select[Any]:
    """Everything a node looks at to see what changed, in one statement: a row for every environment."""
    recovering = select(func.pg_is_in_recovery() if dialect == "postgresql" else _QUERY_ONLY)
    return (
        select(
            _registry.epoch,
            _registry.keyset,
            _registry.created_at,
            _registry.begun_on,
            literal_column(identity).label("identity"),
            not_(recovering.scalar_subquery()).label("writable"),
            _project.project_id,
            _project.directory,
            _project.recalls,
            _project.audit_seq,
            _project.audit_hash,
            _environment.environment_id,
            _environment.revision,
            _environment.policy_revision,
        )
        .select_from(schema.registry)
        .join(schema.project, true(), isouter=True)
        .join(schema.environment, _project.project_id == _environment.project_id, isouter=True)
    )


def _moved(row: Row[Any]) -> bool:
    """Whether the database is another one than the epoch was begun on: failover, promotion, another cluster."""
    return bool(row.identity) and row.identity != row.begun_on


@cache
def _place(identity: str) -> Select[Any]:
    """The environment, its project's name and the end of the project's audit chain, and the registry's epoch."""
    return (
        select(
            schema.environment,
            _project.name.label("project_name"),
            _project.audit_seq,
            _project.audit_hash,
            _registry.epoch,
            _registry.begun_on,
            literal_column(identity).label("identity"),
        )
        .join(schema.project, _project.project_id == _environment.project_id)
        .join(schema.registry, true())
        .where(_environment.project_id == _PROJECT, _environment.environment_id == _ENVIRONMENT)
    )


@cache
def _tracking(everything: bool) -> Select[Any]:
    """The newest version of every prompt, or of those that changed since; none where all of them were recalled."""
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
        .where(_prompt.project_id == _PROJECT, _prompt.latest > 0)
    )
    if everything:
        return newest
    changed = select(_change.prompt_id).where(
        _change.project_id == _PROJECT, _change.environment_id == _ENVIRONMENT, _change.revision > _SINCE
    )
    return newest.where(_prompt.prompt_id.in_(changed))


@cache
def _pinned(everything: bool) -> Select[Any]:
    """What each pointer, or each that moved since, points at, and when it was released."""
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
        .where(_pointer.project_id == _PROJECT, _pointer.environment_id == _ENVIRONMENT)
    )
    return released if everything else released.where(_pointer.revision > _SINCE)


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
