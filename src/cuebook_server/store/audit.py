"""The audit chain: its head is locked with the project's row, so entries have one order and no gap."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select, update

from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import AuditFilter, Happening, entry
from cuebook_server.store.schema import audit_entry, project

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction


class AuditStore:
    """One project's chain."""

    def __init__(self, transaction: Transaction, project_id: int) -> None:
        self._tx = transaction
        self._project = project_id

    def append(self, actor: Actor, happening: Happening) -> int:
        """Write the chain's next entry and return its number."""
        connection = self._tx.connection
        last, previous = self.head()
        made = entry(happening, actor, seq=last + 1, at=self._tx.now, prev=previous)
        body = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
        filtered = {name: made[name] for name in ("seq", "principal", "action", "target", "environment")}
        connection.execute(audit_entry.insert().values(project_id=self._project, at=self._tx.now, body=body, **filtered))
        connection.execute(
            update(project).where(project.c.project_id == self._project).values(audit_seq=made["seq"], audit_hash=made["hash"])
        )
        return int(made["seq"])

    def entries(self, wanted: AuditFilter, *, after: int, limit: int) -> Sequence[Mapping[str, Any]]:
        """The entries after a number, in order."""
        found = self._found(wanted).where(audit_entry.c.seq > after).order_by(audit_entry.c.seq).limit(limit)
        return [json.loads(body) for body in self._tx.connection.scalars(found)]

    def latest(self, wanted: AuditFilter, *, before: int, limit: int) -> Sequence[Mapping[str, Any]]:
        """The entries before a number, newest first."""
        found = self._found(wanted).where(audit_entry.c.seq < before).order_by(audit_entry.c.seq.desc()).limit(limit)
        return [json.loads(body) for body in self._tx.connection.scalars(found)]

    def head(self) -> tuple[int, str]:
        """The last entry's number and hash."""
        row = self._tx.connection.execute(
            select(project.c.audit_seq, project.c.audit_hash).where(project.c.project_id == self._project)
        ).one()
        return row.audit_seq, row.audit_hash

    def _found(self, wanted: AuditFilter) -> Select[Any]:
        found = select(audit_entry.c.body).where(audit_entry.c.project_id == self._project)
        for name in ("principal", "target", "environment"):
            if value := getattr(wanted, name):
                found = found.where(audit_entry.c[name] == value)
        if wanted.action.endswith("."):  # `release.` finds release.promote, release.rollback ...
            found = found.where(func.substr(audit_entry.c.action, 1, len(wanted.action)) == wanted.action)
        elif wanted.action:
            found = found.where(audit_entry.c.action == wanted.action)
        if wanted.since is not None:
            found = found.where(audit_entry.c.at >= wanted.since)
        return found if wanted.until is None else found.where(audit_entry.c.at < wanted.until)
