"""Webhooks and what is on its way to them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, Table, and_, delete, func, or_, select, tuple_, update

from cuebook_server.domain.webhook import Attempt, Delivery, Webhook
from cuebook_server.store.schema import project
from cuebook_server.store.schema_outgoing import webhook, webhook_attempt, webhook_delivery

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction

ATTEMPTS_SHOWN_MAX = 20
_LISTS = ("events", "environments")
# What changes after a webhook was made.
_CHANGES = ("cursor", "sealed", "old_sealed", "old_until", "disabled_at", "disabled_why", "failures", "rests_until")
_delivery = webhook_delivery.c


class WebhookStore:
    """The webhooks of one project."""

    def __init__(self, transaction: Transaction, project_id: int) -> None:
        self._tx = transaction
        self._project = project_id

    def all(self) -> Sequence[Webhook]:
        """Every webhook, oldest first."""
        mine = select(webhook).where(webhook.c.project_id == self._project)
        rows = self._tx.connection.execute(mine.order_by(webhook.c.created_at, webhook.c.webhook_id))
        return [_webhook(row) for row in rows]

    def find(self, webhook_id: str) -> Webhook | None:
        """One webhook. What no id can hold, such as NUL, no database is asked for."""
        if not webhook_id.isprintable():
            return None
        row = self._tx.connection.execute(select(webhook).where(self._is(webhook, webhook_id))).first()
        return _webhook(row) if row else None

    def add(self, made: Webhook) -> None:
        """Write a new webhook."""
        values = {name: getattr(made, name) for name in webhook.c.keys()}  # noqa: SIM118  # columns, not a dict
        values |= {name: json.dumps(values[name]) for name in _LISTS}
        self._tx.connection.execute(webhook.insert().values(**values))

    def change(self, changed: Webhook) -> None:
        """Write how far it is, how it signs, and whether it counts."""
        values = {name: getattr(changed, name) for name in _CHANGES}
        self._tx.connection.execute(update(webhook).where(self._is(webhook, changed.webhook_id)).values(**values))

    def remove(self, webhook_id: str) -> None:
        """Forget a webhook with its log."""
        self._tx.connection.execute(delete(webhook_attempt).where(self._is(webhook_attempt, webhook_id)))
        self._tx.connection.execute(delete(webhook_delivery).where(self._is(webhook_delivery, webhook_id)))
        self._tx.connection.execute(delete(webhook).where(self._is(webhook, webhook_id)))

    def ask_for(self, of: Webhook, asked: Mapping[int, str]) -> None:
        """Deliver these entries from now on, whether they were delivered before or not."""
        mine, connection = self._is(webhook_delivery, of.webhook_id), self._tx.connection
        there = set(connection.scalars(select(_delivery.seq).where(mine, _delivery.seq.in_(list(asked)))))
        anew = {"state": "waiting", "tries": 0, "due_at": self._tx.now, "leased_until": None, "done_at": None}
        if there:
            connection.execute(update(webhook_delivery).where(mine, _delivery.seq.in_(there)).values(**anew))
        key = {"project_id": self._project, "webhook_id": of.webhook_id}
        fresh = [
            {**key, **anew, "seq": seq, "type": type_, "attempts": 0, "created_at": self._tx.now}
            for seq, type_ in asked.items()
            if seq not in there
        ]
        if fresh:
            connection.execute(webhook_delivery.insert(), fresh)

    def claim(self, of: Webhook, until: datetime) -> Delivery | None:
        """Take the next delivery that is due: nobody else gets it before ``until``."""
        mine = self._is(webhook_delivery, of.webhook_id)
        due = select(_delivery.seq).where(mine, _is_due(self._tx.now)).order_by(_delivery.due_at, _delivery.seq).limit(1)
        seq = self._tx.connection.execute(due).scalar()
        if seq is None:
            return None
        taken = (
            update(webhook_delivery)
            .where(mine, _delivery.seq == seq, _is_due(self._tx.now))
            .values(leased_until=until, attempts=_delivery.attempts + 1, tries=_delivery.tries + 1)
            .returning(*_delivery)
        )
        row = self._tx.connection.execute(taken).first()
        return Delivery(**row._mapping) if row else None

    def settle(self, after: Delivery, attempt: Attempt) -> None:
        """Write a try down, and what became of its delivery unless that was claimed again since."""
        key = {name: getattr(after, name) for name in ("project_id", "webhook_id", "seq")}
        mine = and_(*(_delivery[name] == value for name, value in key.items()))
        if self._tx.connection.execute(select(_delivery.seq).where(mine)).first() is None:
            return  # forgotten meanwhile
        values = {name: getattr(after, name) for name in ("state", "due_at", "leased_until", "done_at")}
        still = and_(mine, _delivery.state == "waiting", _delivery.attempts == attempt.ordinal)
        self._tx.connection.execute(update(webhook_delivery).where(still).values(**values))
        tried = {name: getattr(attempt, name) for name in Attempt.__dataclass_fields__}
        self._tx.connection.execute(webhook_attempt.insert().values(**key, **tried))

    def deliveries(self, of: Webhook, before: int, limit: int) -> Sequence[Delivery]:
        """Deliveries of entries below a number, newest first, each with its last tries."""
        mine = self._is(webhook_delivery, of.webhook_id)
        found = select(webhook_delivery).where(mine, _delivery.seq < before).order_by(_delivery.seq.desc()).limit(limit)
        rows = [Delivery(**row._mapping) for row in self._tx.connection.execute(found)]
        attempts = self._attempts(of, [row.seq for row in rows])
        return [replace(row, log=tuple(attempts.get(row.seq, ())[-ATTEMPTS_SHOWN_MAX:])) for row in rows]

    def _attempts(self, of: Webhook, seqs: Sequence[int]) -> Mapping[int, list[Attempt]]:
        tried = webhook_attempt.c
        mine = and_(self._is(webhook_attempt, of.webhook_id), tried.seq.in_(seqs))
        found: dict[int, list[Attempt]] = {}
        for row in self._tx.connection.execute(select(webhook_attempt).where(mine).order_by(tried.seq, tried.ordinal)):
            found.setdefault(row.seq, []).append(Attempt(row.ordinal, row.at, row.outcome, row.duration_ms))
        return found

    def prune(self, before: datetime, limit: int) -> None:
        """Forget what was done with before that moment, so many at a time."""
        key = (_delivery.webhook_id, _delivery.seq)
        old = select(*key).where(_delivery.project_id == self._project, _delivery.done_at < before).limit(limit)
        tried = webhook_attempt.c
        if gone := [tuple(row) for row in self._tx.connection.execute(old)]:
            its = and_(tried.project_id == self._project, tuple_(tried.webhook_id, tried.seq).in_(gone))
            self._tx.connection.execute(delete(webhook_attempt).where(its))
            mine = and_(_delivery.project_id == self._project, tuple_(*key).in_(gone))
            self._tx.connection.execute(delete(webhook_delivery).where(mine))

    def _is(self, table: Table, webhook_id: str) -> ColumnElement[bool]:
        return and_(table.c.project_id == self._project, table.c.webhook_id == webhook_id)


class OutboxStore:
    """What is on its way, of all projects."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def behind(self) -> Sequence[str]:
        """The projects whose chain has entries that a webhook was not held against."""
        joined = select(project.c.name).join(webhook, webhook.c.project_id == project.c.project_id)
        late = joined.where(webhook.c.disabled_at.is_(None), webhook.c.cursor < project.c.audit_seq)
        return list(self._tx.connection.scalars(late.distinct().order_by(project.c.name)))

    def due(self, limit: int) -> Sequence[tuple[str, str]]:
        """Webhooks (project, id) with something to send now, the one that waits longest first."""
        same = and_(webhook.c.project_id == _delivery.project_id, webhook.c.webhook_id == _delivery.webhook_id)
        awake = and_(
            webhook.c.disabled_at.is_(None), or_(webhook.c.rests_until.is_(None), webhook.c.rests_until <= self._tx.now)
        )
        found = (
            select(project.c.name, webhook.c.webhook_id)
            .join(webhook, webhook.c.project_id == project.c.project_id)
            .join(webhook_delivery, same)
            .where(_is_due(self._tx.now), awake)
            .group_by(project.c.name, webhook.c.webhook_id)
            .order_by(func.min(_delivery.due_at))
            .limit(limit)
        )
        return [(row.name, row.webhook_id) for row in self._tx.connection.execute(found)]


def _is_due(now: datetime) -> ColumnElement[bool]:
    free = or_(_delivery.leased_until.is_(None), _delivery.leased_until <= now)
    return and_(_delivery.state == "waiting", _delivery.due_at <= now, free)


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(**{**row._mapping, **{name: tuple(json.loads(getattr(row, name))) for name in _LISTS}})
