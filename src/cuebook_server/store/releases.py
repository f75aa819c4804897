"""Releases and their items."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, and_, func, select

from cuebook_server.domain.environment import Environment
from cuebook_server.domain.release import Decision, Item, Kind, Release
from cuebook_server.store.schema import environment, prompt, registry, release, release_item

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction

_named = select(release, environment.c.name.label("environment_name")).join(
    environment,
    and_(environment.c.project_id == release.c.project_id, environment.c.environment_id == release.c.environment_id),
)


class ReleaseStore:
    """One project's releases."""

    def __init__(self, transaction: Transaction, project_id: int) -> None:
        self._tx = transaction
        self._project = project_id

    def add(
        self,
        of: Environment,
        *,
        kind: Kind,
        reason: str,
        author: str,
        items: Sequence[Item],
        decision: Decision,
        notes: Sequence[str],
    ) -> Release:
        """Write an applied release, ``of`` being the environment at the revision it raises it to."""
        connection = self._tx.connection
        highest = select(func.max(release.c.release_id)).where(release.c.project_id == self._project)
        made = Release(
            project_id=self._project,
            release_id=(connection.execute(highest).scalar() or 0) + 1,
            environment=of.name,
            kind=kind,
            state="applied",
            reason=reason,
            author=author,
            created_at=self._tx.now,
            applied_at=of.updated_at,
            epoch=connection.execute(select(registry.c.epoch)).scalar_one(),
            revision=of.revision,
            items=tuple(items),
            decision=decision.to_json(),
            notes=tuple(notes),
        )
        connection.execute(
            release.insert().values(
                project_id=self._project,
                release_id=made.release_id,
                environment_id=of.environment_id,
                kind=kind,
                state=made.state,
                reason=reason,
                author=author,
                decision=json.dumps(made.decision),
                notes=json.dumps(made.notes),
                created_at=made.created_at,
                applied_at=made.applied_at,
                epoch=made.epoch,
                revision=made.revision,
            )
        )
        rows = [
            {
                "project_id": self._project,
                "release_id": made.release_id,
                "ordinal": ordinal,
                "prompt_id": item.prompt_id,
                "number": item.version,
                "replaces": item.replaces,
            }
            for ordinal, item in enumerate(items)
        ]
        connection.execute(release_item.insert(), rows)
        return made

    def find(self, release_id: int) -> Release | None:
        """One release."""
        row = self._tx.connection.execute(
            _named.where(release.c.project_id == self._project, release.c.release_id == release_id)
        ).first()
        return self._release(row) if row else None

    def list(self, of: Environment | None, before: int, limit: int) -> Sequence[Release]:
        """Releases below a number, newest first, of one environment or of all."""
        found = _named.where(release.c.project_id == self._project, release.c.release_id < before)
        if of is not None:
            found = found.where(release.c.environment_id == of.environment_id)
        return [
            self._release(row) for row in self._tx.connection.execute(found.order_by(release.c.release_id.desc()).limit(limit))
        ]

    def _release(self, row: Row[Any]) -> Release:
        items = self._tx.connection.execute(
            select(release_item, prompt.c.name)
            .join(
                prompt, and_(prompt.c.project_id == release_item.c.project_id, prompt.c.prompt_id == release_item.c.prompt_id)
            )
            .where(release_item.c.project_id == self._project, release_item.c.release_id == row.release_id)
            .order_by(release_item.c.ordinal)
        )
        return Release(
            project_id=self._project,
            release_id=row.release_id,
            environment=row.environment_name,
            kind=row.kind,
            state=row.state,
            reason=row.reason,
            author=row.author,
            created_at=row.created_at,
            applied_at=row.applied_at,
            epoch=row.epoch,
            revision=row.revision,
            items=tuple(Item(item.prompt_id, item.name, item.number, item.replaces) for item in items),
            decision=json.loads(row.decision),
            notes=tuple(json.loads(row.notes)),
        )
