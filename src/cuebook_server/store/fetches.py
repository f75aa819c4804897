"""What delivery keys fetched. Written by the nodes, a row for each key and prompt; no audited change, no part of the chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, func, or_, select, text

from cuebook_server.domain.environment import Environment
from cuebook_server.domain.fetch import Fetch, Orphan
from cuebook_server.services.ports import Fetched
from cuebook_server.store.database import Database
from cuebook_server.store.schema import UTCDateTime, delivery_key, fetched, pointer, pointer_change, prompt, registry

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction

WRITTEN_AT_ONCE = 1_000  # writers wait meanwhile
# The key says the project. What a restored database does not know any more is left out.
_BY_NAME = text(
    """INSERT INTO fetched (project_id, prompt_id, selector, at)
    SELECT k.project_id, p.prompt_id, k.selector, :at FROM delivery_key AS k
    JOIN prompt AS p ON p.project_id = k.project_id AND p.prompt_id = :prompt_id WHERE k.selector = :selector
    ON CONFLICT (project_id, prompt_id, selector) DO UPDATE SET at = excluded.at WHERE excluded.at > fetched.at"""
).bindparams(bindparam("at", type_=UTCDateTime))
_WHOLLY = text(
    """UPDATE delivery_key SET took_all_at = :at
    WHERE selector = :selector AND (took_all_at IS NULL OR took_all_at < :at)"""
).bindparams(bindparam("at", type_=UTCDateTime))
_WHOLE = 0  # no prompt's id


def note(database: Database, fetches: Mapping[Fetched, datetime]) -> None:
    """Write down when keys last fetched what, in small transactions."""
    # In one order on every node: two that write the same rows then wait for each other, and never in a circle.
    rows = sorted((selector, prompt_id or _WHOLE, at) for (selector, prompt_id), at in fetches.items())
    for start in range(0, len(rows), WRITTEN_AT_ONCE):
        chunk = [dict(zip(("selector", "prompt_id", "at"), row, strict=True)) for row in rows[start : start + WRITTEN_AT_ONCE]]
        with database.jot() as connection:
            for statement, whole in ((_WHOLLY, True), (_BY_NAME, False)):
                if some := [row for row in chunk if (row["prompt_id"] == _WHOLE) is whole]:
                    connection.execute(statement, some)


class FetchStore:
    """What was fetched in one project."""

    def __init__(self, transaction: Transaction, project_id: int) -> None:
        self._tx = transaction
        self._project = project_id

    def noted_since(self) -> datetime | None:
        """When an upgrade began to note fetches; ``None``: they were noted from the registry's first day."""
        found: datetime | None = self._tx.connection.execute(select(registry.c.fetches_since)).scalar_one()
        return found

    def by_name(self, of: Environment, prompt_ids: Sequence[int], since: datetime) -> Sequence[Fetch]:
        """Which keys of the environment fetched these prompts by name since a moment, newest first."""
        key = delivery_key.c
        rows = self._tx.connection.execute(
            select(key.name, key.selector, fetched.c.at, prompt.c.name.label("prompt"))
            .select_from(fetched)
            .join(delivery_key, key.selector == fetched.c.selector)
            .join(prompt, and_(prompt.c.project_id == fetched.c.project_id, prompt.c.prompt_id == fetched.c.prompt_id))
            .where(fetched.c.project_id == self._project, fetched.c.prompt_id.in_(prompt_ids), fetched.c.at >= since)
            .where(key.project_id == self._project, key.environment_id == of.environment_id)
            .order_by(fetched.c.at.desc(), key.selector)
        )
        return [Fetch(row.name, row.selector, row.at, row.prompt) for row in rows]

    def whole(self, of: Environment, since: datetime) -> Sequence[Fetch]:
        """Which keys took everything the environment serves since a moment, newest first."""
        key = delivery_key.c
        rows = self._tx.connection.execute(
            select(key.name, key.selector, key.took_all_at)
            .where(key.project_id == self._project, key.environment_id == of.environment_id, key.took_all_at >= since)
            .order_by(key.took_all_at.desc(), key.selector)
        )
        return [Fetch(row.name, row.selector, row.took_all_at) for row in rows]

    def orphans(self, of: Environment, before: datetime, after: str, limit: int) -> Sequence[Orphan]:
        """What a pinned environment has served since before a moment and no key fetched by name since then, by name."""
        here = and_(pointer_change.c.project_id == self._project, pointer_change.c.environment_id == of.environment_id)
        # It went live where nothing was: a newer version since then is no new life.
        live = (
            select(pointer_change.c.prompt_id, func.max(pointer_change.c.at).label("since"))
            .where(here, pointer_change.c.before.is_(None))
            .group_by(pointer_change.c.prompt_id)
            .subquery()
        )
        last = (
            select(fetched.c.prompt_id, func.max(fetched.c.at).label("at"))
            .join(delivery_key, delivery_key.c.selector == fetched.c.selector)
            .where(fetched.c.project_id == self._project, delivery_key.c.environment_id == of.environment_id)
            .group_by(fetched.c.prompt_id)
            .subquery()
        )
        rows = self._tx.connection.execute(
            select(prompt.c.name, pointer.c.number, live.c.since, last.c.at)
            .select_from(pointer)
            .join(prompt, and_(prompt.c.project_id == pointer.c.project_id, prompt.c.prompt_id == pointer.c.prompt_id))
            .join(live, live.c.prompt_id == pointer.c.prompt_id)
            .join(last, last.c.prompt_id == pointer.c.prompt_id, isouter=True)
            .where(pointer.c.project_id == self._project, pointer.c.environment_id == of.environment_id)
            .where(pointer.c.number.is_not(None), prompt.c.name > after, live.c.since < before)
            .where(or_(last.c.at.is_(None), last.c.at < before))
            .order_by(prompt.c.name)
            .limit(limit)
        )
        return [Orphan(row.name, row.number, row.since, row.at) for row in rows]
