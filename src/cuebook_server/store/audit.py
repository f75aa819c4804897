"""The audit chain: its head is locked with the project's row, so entries have one order and no gap."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, func, select, union_all, update

from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import AuditFilter, Happening, entry
from cuebook_server.services.ports import NUMBER_MAX
from cuebook_server.store.schema import audit_entry, project

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction


ACTIONS_MAX = 100  # of one kind; there are far fewer


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
        return self._page(wanted, audit_entry.c.seq > after, newest=False, limit=limit)

    def latest(self, wanted: AuditFilter, *, before: int = NUMBER_MAX, limit: int) -> Sequence[Mapping[str, Any]]:
        """The entries before a number, newest first."""
        return self._page(wanted, audit_entry.c.seq < before, newest=True, limit=limit)

    def _page(
        self, wanted: AuditFilter, where: ColumnElement[bool], *, newest: bool, limit: int
    ) -> Sequence[Mapping[str, Any]]:
        def page(found: Select[Any]) -> Select[Any]:
            seq = found.selected_columns.seq
            return found.order_by(seq.desc() if newest else seq).limit(limit)

        # One page of each action, then the page of these: an index of actions has the entries of one in order, not of many.
        actions = self._actions(wanted.action)
        pages = [page(self._found(wanted).where(where, audit_entry.c.action == action)).subquery() for action in actions]
        if wanted.action and not pages:
            return []
        found = select(union_all(*map(select, pages)).subquery()) if pages else self._found(wanted).where(where)
        return [json.loads(row.body) for row in self._tx.connection.execute(page(found))]

    def _actions(self, wanted: str) -> Sequence[str]:
        """The action, or those of a kind (``release.``) that ever happened here: each one look into the index."""
        if not wanted.endswith("."):
            return [wanted] if wanted else []
        mine = audit_entry.c.project_id == self._project
        found: list[str] = []
        last = wanted
        while len(found) < ACTIONS_MAX:
            following = select(func.min(audit_entry.c.action)).where(mine, audit_entry.c.action > last)
            last = self._tx.connection.execute(following).scalar() or ""
            if not last.startswith(wanted):
                break
            found.append(last)
        return found

    def head(self) -> tuple[int, str]:
        """The last entry's number and hash."""
        row = self._tx.connection.execute(
            select(project.c.audit_seq, project.c.audit_hash).where(project.c.project_id == self._project)
        ).one()
        return row.audit_seq, row.audit_hash

    def _found(self, wanted: AuditFilter) -> Select[Any]:
        """The entries that fit, whatever their action."""
        found = select(audit_entry.c.seq, audit_entry.c.body).where(audit_entry.c.project_id == self._project)
        for name in ("principal", "target", "environment"):
            if value := getattr(wanted, name):
                found = found.where(audit_entry.c[name] == value)
        if wanted.since is not None:
            found = found.where(audit_entry.c.at >= wanted.since)
        return found if wanted.until is None else found.where(audit_entry.c.at < wanted.until)
