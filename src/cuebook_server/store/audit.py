"""The audit chain: its head is locked with the project's row, so entries have one order and no gap."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import Happening, entry
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
        head = connection.execute(
            select(project.c.audit_seq, project.c.audit_hash).where(project.c.project_id == self._project)
        ).one()
        made = entry(happening, actor, seq=head.audit_seq + 1, at=self._tx.now, prev=head.audit_hash)
        body = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
        connection.execute(audit_entry.insert().values(project_id=self._project, seq=made["seq"], at=self._tx.now, body=body))
        connection.execute(
            update(project).where(project.c.project_id == self._project).values(audit_seq=made["seq"], audit_hash=made["hash"])
        )
        return int(made["seq"])

    def entries(self, after: int, limit: int) -> Sequence[Mapping[str, Any]]:
        """The entries after a number, in order."""
        rows = self._tx.connection.execute(
            select(audit_entry.c.body)
            .where(audit_entry.c.project_id == self._project, audit_entry.c.seq > after)
            .order_by(audit_entry.c.seq)
            .limit(limit)
        )
        return [json.loads(row.body) for row in rows]
