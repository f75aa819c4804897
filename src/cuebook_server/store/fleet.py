"""The instances the nodes heard of, a row each. Written by the nodes, forgotten after a day; no audited change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import Connection, Row, and_, bindparam, delete, func, select, text

from cuebook_server.domain.environment import Environment
from cuebook_server.domain.fleet import FORGOTTEN_AFTER, INSTANCES_MAX, About, Arrival, Instance, merged
from cuebook_server.store.database import Database
from cuebook_server.store.schema import UTCDateTime, delivery_key, fleet_instance, registry

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction

WRITTEN_AT_ONCE = 500  # writers wait meanwhile
_row = fleet_instance.c
# The key says the project. What a restored database does not know any more is left out.
_WRITE = text(
    """INSERT INTO fleet_instance
    (project_id, selector, instance, sdk, source, epoch, revision, arrivals, first_seen, seen_at, has_left)
    SELECT k.project_id, k.selector, :instance, :sdk, :source, :epoch, :revision, :arrivals, :first_seen, :seen_at, :has_left
    FROM delivery_key AS k WHERE k.selector = :selector
    ON CONFLICT (project_id, selector, instance) DO UPDATE SET sdk = excluded.sdk, source = excluded.source,
    epoch = excluded.epoch, revision = excluded.revision, arrivals = excluded.arrivals,
    first_seen = excluded.first_seen, seen_at = excluded.seen_at, has_left = excluded.has_left"""
).bindparams(bindparam("first_seen", type_=UTCDateTime), bindparam("seen_at", type_=UTCDateTime))


def note(database: Database, instances: Iterable[Instance]) -> None:
    """Write down what a node heard, joined with what others wrote, in small transactions."""
    rows = list(instances)
    for start in range(0, len(rows), WRITTEN_AT_ONCE):
        chunk = rows[start : start + WRITTEN_AT_ONCE]
        with _alone(database) as connection:
            known = _known(connection, chunk)
            connection.execute(_WRITE, [_values(merged(each, known.get(_key(each), each))) for each in chunk])


def forget(database: Database, now: datetime) -> None:
    """Remove who was not heard of for a day, and of keys with too many the least recent."""
    with _alone(database) as connection:
        connection.execute(delete(fleet_instance).where(_row.seen_at < now - FORGOTTEN_AFTER))
        crowded = select(_row.selector).group_by(_row.selector).having(func.count() > INSTANCES_MAX)
        for selector in connection.scalars(crowded).all():
            mine = select(_row.seen_at).where(_row.selector == selector).order_by(_row.seen_at.desc())
            oldest = connection.scalar(mine.offset(INSTANCES_MAX - 1).limit(1))
            connection.execute(delete(fleet_instance).where(_row.selector == selector, _row.seen_at < oldest))


@contextmanager
def _alone(database: Database) -> Iterator[Connection]:
    """Of all nodes one writes at a time, for some milliseconds: what it joins with what is written stays as it was read."""
    with database.jot() as connection:
        if database.dialect == "postgresql":
            connection.exec_driver_sql("LOCK TABLE fleet_instance IN SHARE ROW EXCLUSIVE MODE")
        yield connection


class FleetStore:
    """The instances of one project."""

    def __init__(self, transaction: Transaction, project_id: int) -> None:
        self._tx = transaction
        self._project = project_id

    def epoch(self) -> int:
        """The registry's epoch."""
        found: int = self._tx.connection.execute(select(registry.c.epoch)).scalar_one()
        return found

    def of(self, environment: Environment) -> Sequence[Instance]:
        """The instances of an environment that were heard of within a day, by key and name: the last 20,000."""
        key = delivery_key.c
        rows = self._tx.connection.execute(
            select(fleet_instance, key.name)
            .join(delivery_key, and_(key.selector == _row.selector, key.project_id == _row.project_id))
            .where(_row.project_id == self._project, key.environment_id == environment.environment_id)
            .where(_row.seen_at >= self._tx.now - FORGOTTEN_AFTER)
            .order_by(_row.seen_at.desc())
            .limit(INSTANCES_MAX)
        )
        return sorted((_instance(row, row.name) for row in rows), key=_key)


def _known(connection: Connection, chunk: Sequence[Instance]) -> Mapping[tuple[str, str], Instance]:
    """What is written of these already, and perhaps of some more."""
    rows = connection.execute(
        select(fleet_instance).where(
            _row.selector.in_({each.selector for each in chunk}), _row.instance.in_({each.about.instance for each in chunk})
        )
    )
    return {(row.selector, row.instance): _instance(row) for row in rows}


def _key(instance: Instance) -> tuple[str, str]:
    return instance.selector, instance.about.instance


def _values(instance: Instance) -> dict[str, Any]:
    epoch, revision = instance.order or (None, None)
    arrivals = [[*arrival.order, round(arrival.at.timestamp() * 1000)] for arrival in instance.arrivals]
    return {
        "selector": instance.selector,
        "instance": instance.about.instance,
        "sdk": instance.about.sdk,
        "source": instance.about.source,
        "epoch": epoch,
        "revision": revision,
        "arrivals": orjson.dumps(arrivals).decode(),
        "first_seen": instance.first_seen,
        "seen_at": instance.seen_at,
        "has_left": instance.left,
    }


def _instance(row: Row[Any], key: str = "") -> Instance:
    return Instance(
        selector=row.selector,
        about=About(row.sdk, row.instance, row.source),
        order=None if row.revision is None else (row.epoch, row.revision),
        arrivals=tuple(
            Arrival((epoch, revision), datetime.fromtimestamp(ms / 1000, UTC))
            for epoch, revision, ms in orjson.loads(row.arrivals)
        ),
        first_seen=row.first_seen,
        seen_at=row.seen_at,
        left=row.has_left,
        key=key,
    )
