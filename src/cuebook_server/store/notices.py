"""Notices to people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from cuebook_server.domain.notice import NOTICE_LIFE, Notice
from cuebook_server.store.schema import project, release, release_item
from cuebook_server.store.schema_outgoing import notice
from cuebook_server.store.schema_people import membership, person

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction


class NoticeStore:
    """What people of one project are told."""

    def __init__(self, transaction: Transaction, project_id: int) -> None:
        self._tx = transaction
        self._project = project_id

    def add(self, logins: Collection[str], seq: int, sentence: str, release_id: int | None) -> None:
        """Tell these people, those of them who have an account; and forget what everybody was told of the project long ago."""
        old = and_(notice.c.project_id == self._project, notice.c.at < self._tx.now - NOTICE_LIFE)
        self._tx.connection.execute(delete(notice).where(old))
        people = self._tx.connection.scalars(select(person.c.person_id).where(person.c.login.in_(logins)))
        told: dict[str, Any] = {"project_id": self._project, "seq": seq, "release_id": release_id}
        told |= {"sentence": sentence, "at": self._tx.now}
        if rows := [{**told, "person_id": person_id} for person_id in people]:
            self._tx.connection.execute(notice.insert(), rows)

    def holders(self, roles: Collection[str], environment: str, limit: int) -> Sequence[str]:
        """The logins of people who hold one of these roles in an environment."""
        here = or_(membership.c.project_id == self._project, membership.c.project_id.is_(None))
        place = or_(membership.c.environment == environment, membership.c.environment.is_(None))
        found = select(person.c.login).join(membership, membership.c.person_id == person.c.person_id)
        found = found.where(here, place, membership.c.role.in_(roles), person.c.disabled_at.is_(None))
        return list(self._tx.connection.scalars(found.distinct().order_by(person.c.login).limit(limit)))

    def overtaken(self, release_id: int, limit: int) -> Sequence[tuple[int, str]]:
        """Proposals (number, who answers for them) that would replace what this release has just replaced."""
        theirs, mine = release_item.alias(), release_item.alias()
        applied = select(release.c.environment_id).where(
            release.c.project_id == self._project, release.c.release_id == release_id
        )
        found = (
            select(release.c.release_id, func.coalesce(release.c.person, release.c.author))
            .join(theirs, and_(theirs.c.project_id == release.c.project_id, theirs.c.release_id == release.c.release_id))
            .join(mine, and_(mine.c.project_id == theirs.c.project_id, mine.c.prompt_id == theirs.c.prompt_id))
            .where(release.c.project_id == self._project, release.c.environment_id == applied.scalar_subquery())
            .where(release.c.state == "proposed", mine.c.release_id == release_id)
            .distinct()
            .order_by(release.c.release_id)
            .limit(limit)
        )
        return [(row[0], row[1]) for row in self._tx.connection.execute(found)]


class MyNoticeStore:
    """What a person is told, of the projects they see."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def of(self, login: str, projects: Collection[int], before: int, limit: int) -> Sequence[Notice]:
        """A person's notices below a number, newest first."""
        columns = (notice, project.c.name.label("project_name"))
        mine = select(*columns).join(project, project.c.project_id == notice.c.project_id)
        mine = mine.where(_whose(login, projects), notice.c.notice_id < before)
        rows = self._tx.connection.execute(mine.order_by(notice.c.notice_id.desc()).limit(limit))
        return [
            Notice(row.notice_id, row.project_name, row.seq, row.release_id, row.sentence, row.at, row.read_at) for row in rows
        ]

    def unread(self, login: str, projects: Collection[int]) -> int:
        """How many a person has not read."""
        mine = select(func.count()).select_from(notice).where(_whose(login, projects), notice.c.read_at.is_(None))
        return self._tx.connection.execute(mine).scalar_one()

    def read(self, login: str, projects: Collection[int], up_to: int) -> int:
        """Write down that a person has read everything up to a number; how many that were."""
        mine = update(notice).where(_whose(login, projects), notice.c.notice_id <= up_to, notice.c.read_at.is_(None))
        return self._tx.connection.execute(mine.values(read_at=self._tx.now)).rowcount


def _whose(login: str, projects: Collection[int]) -> ColumnElement[bool]:
    whose = select(person.c.person_id).where(person.c.login == login).scalar_subquery()
    return (notice.c.person_id == whose) & notice.c.project_id.in_(projects)
