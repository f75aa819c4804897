"""Projects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from cuebook_server.domain.audit import GENESIS
from cuebook_server.services.ports import Project
from cuebook_server.store.schema import project, release

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction


class ProjectStore:
    """Projects by name."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def find(self, name: str) -> Project | None:
        """The project of that name."""
        row = self._tx.connection.execute(select(project).where(project.c.name == name)).first()
        return Project(row.project_id, row.name, row.created_at) if row else None

    def all(self) -> Sequence[Project]:
        """Every project, by name."""
        rows = self._tx.connection.execute(select(project).order_by(project.c.name))
        return [Project(row.project_id, row.name, row.created_at) for row in rows]

    def due(self, limit: int) -> Sequence[tuple[Project, int]]:
        """Releases of any project whose moment has come, the earliest first."""
        waits = (release.c.scheduled_at <= self._tx.now) & (release.c.state == "proposed")
        found = select(project, release.c.release_id).join(release, release.c.project_id == project.c.project_id).where(waits)
        rows = self._tx.connection.execute(
            found.order_by(release.c.scheduled_at, release.c.project_id, release.c.release_id).limit(limit)
        )
        return [(Project(row.project_id, row.name, row.created_at), row.release_id) for row in rows]

    def add(self, name: str) -> Project:
        """Make a project, with an empty audit chain."""
        connection = self._tx.connection
        project_id = (connection.execute(select(func.max(project.c.project_id))).scalar() or 0) + 1
        values = {"project_id": project_id, "name": name, "created_at": self._tx.now}
        connection.execute(project.insert().values(**values, directory=0, audit_seq=0, audit_hash=GENESIS))
        return Project(project_id, name, self._tx.now)
