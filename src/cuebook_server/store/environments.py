"""Environments, their pointers and their history."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Integer, Row, Select, and_, bindparam, func, select, tuple_, update

from cuebook_server.domain.environment import Environment, Plan
from cuebook_server.domain.errors import PointerMoved
from cuebook_server.domain.policy import Policy
from cuebook_server.domain.release import Change, Item, Step
from cuebook_server.store.schema import environment, pointer, pointer_change, prompt, release

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction


def environment_of(row: Row[Any]) -> Environment:
    """An environment from its row."""
    return Environment(
        project_id=row.project_id,
        environment_id=row.environment_id,
        name=row.name,
        kind=row.kind,
        position=row.position,
        tracks_latest=row.tracks_latest,
        policy=Policy().changed(json.loads(row.policy)),
        policy_revision=row.policy_revision,
        revision=row.revision,
        updated_at=row.updated_at,
    )


def change_of(row: Row[Any]) -> Change:
    """A row of an environment's history, joined with the prompt's name and the release's reason."""
    return Change(
        revision=row.revision,
        prompt_id=row.prompt_id,
        prompt=row.name,
        before=row.before,
        after=row.after,
        cause=row.cause,
        actor=row.actor,
        at=row.at,
        release_id=row.release_id,
        reason=row.reason or "",
    )


_STEP = [pointer_change.c[name] for name in ("prompt_id", "after", "cause", "at", "revision")]
# A history row with its prompt's name and its release's reason.
_history = (
    select(pointer_change, prompt.c.name, release.c.reason)
    .join(prompt, and_(prompt.c.project_id == pointer_change.c.project_id, prompt.c.prompt_id == pointer_change.c.prompt_id))
    .join(
        release,
        and_(release.c.project_id == pointer_change.c.project_id, release.c.release_id == pointer_change.c.release_id),
        isouter=True,
    )
)


class EnvironmentStore:
    """One project's environments."""

    def __init__(self, transaction: Transaction, project_id: int) -> None:
        self._tx = transaction
        self._project = project_id

    def all(self) -> Sequence[Environment]:
        """Every environment, from first stop to last."""
        rows = self._tx.connection.execute(
            select(environment)
            .where(environment.c.project_id == self._project)
            .order_by(environment.c.position, environment.c.environment_id)
        )
        return [environment_of(row) for row in rows]

    def find(self, name: str) -> Environment | None:
        """The environment of that name."""
        if "\x00" in name:  # a name from outside, which PostgreSQL could not even look for
            return None
        row = self._tx.connection.execute(
            select(environment).where(environment.c.project_id == self._project, environment.c.name == name)
        ).first()
        return environment_of(row) if row else None

    def add(self, plan: Plan, position: int) -> Environment:
        """Make an environment that serves nothing yet."""
        highest = select(func.max(environment.c.environment_id)).where(environment.c.project_id == self._project)
        environment_id = (self._tx.connection.execute(highest).scalar() or 0) + 1
        made = Environment(
            self._project, environment_id, plan.name, plan.kind, position, plan.tracks_latest, plan.policy, 1, 0, self._tx.now
        )
        self._tx.connection.execute(
            environment.insert().values(
                project_id=self._project,
                environment_id=environment_id,
                name=plan.name,
                kind=plan.kind,
                position=position,
                tracks_latest=plan.tracks_latest,
                policy=json.dumps(plan.policy.to_json()),
                policy_revision=1,
                revision=0,
                updated_at=self._tx.now,
            )
        )
        self._tx.touch((self._project, environment_id))
        return made

    def change(self, of: Environment, policy: Policy, position: int) -> Environment:
        """Write another policy or position; the policy's revision rises."""
        changed = replace(of, policy=policy, position=position, policy_revision=of.policy_revision + 1)
        values = {"policy": json.dumps(policy.to_json()), "position": position, "policy_revision": changed.policy_revision}
        self._tx.connection.execute(update(environment).where(self._is(of)).values(values))
        self._tx.touch((self._project, of.environment_id))
        return changed

    def _is(self, of: Environment) -> ColumnElement[bool]:
        return and_(environment.c.project_id == self._project, environment.c.environment_id == of.environment_id)

    def raise_revision(self, of: Environment) -> Environment:
        """Raise the environment's revision by one. Its time never goes back, even when the clock does."""
        raised = replace(of, revision=of.revision + 1, updated_at=max(of.updated_at, self._tx.now))
        moved = self._tx.connection.execute(
            update(environment)
            .where(self._is(of), environment.c.revision == of.revision)
            .values(revision=raised.revision, updated_at=raised.updated_at)
        )
        if moved.rowcount != 1:
            raise PointerMoved(f"{of.name} is no longer at revision {of.revision}.")
        self._tx.touch((self._project, of.environment_id))
        return raised

    def pointers(self, of: Environment, prompt_ids: Sequence[int]) -> Mapping[int, int | None]:
        """What the environment serves of these prompts, by id; a prompt that was never released is left out."""
        rows = self._tx.connection.execute(
            select(pointer.c.prompt_id, pointer.c.number).where(
                pointer.c.project_id == self._project,
                pointer.c.environment_id == of.environment_id,
                pointer.c.prompt_id.in_(prompt_ids),
            )
        )
        return {row.prompt_id: row.number for row in rows}

    def steps(self, of: Environment, prompt_ids: Collection[int]) -> Mapping[int, Sequence[Step]]:
        """Each prompt's life in the environment, oldest first."""
        return self._steps(select(*_STEP).where(self._changes(of, prompt_ids)))

    def lives(self, of: Environment, prompt_ids: Collection[int] | None) -> Mapping[int, Sequence[int | None]]:
        """What was live in the environment, oldest first, of these prompts or of all of them."""
        mine = and_(pointer_change.c.project_id == self._project, pointer_change.c.environment_id == of.environment_id)
        if prompt_ids is not None:
            mine = and_(mine, pointer_change.c.prompt_id.in_(prompt_ids))
        found: dict[int, list[int | None]] = defaultdict(list)
        rows = select(pointer_change.c.prompt_id, pointer_change.c.after).where(mine)
        for row in self._tx.connection.execute(rows.order_by(pointer_change.c.revision)):
            found[row.prompt_id].append(row.after)
        return found

    def steps_since(self, of: Environment, live: Mapping[int, int]) -> Mapping[int, Sequence[Step]]:
        """Each prompt's life in the environment since a version last became live there; empty where it never was."""
        since = (
            select(pointer_change.c.prompt_id, func.max(pointer_change.c.revision).label("revision"))
            .where(self._changes(of, live), tuple_(pointer_change.c.prompt_id, pointer_change.c.after).in_(live.items()))
            .group_by(pointer_change.c.prompt_id)
            # Worked out once, also by a PostgreSQL that has no statistics yet: it would do so anew for every change.
            .cte("since")
            .prefix_with("MATERIALIZED", dialect="postgresql")
        )
        later = and_(since.c.prompt_id == pointer_change.c.prompt_id, since.c.revision <= pointer_change.c.revision)
        return self._steps(select(*_STEP).join(since, later).where(self._changes(of, live)))

    def _steps(self, which: Select[Any]) -> Mapping[int, Sequence[Step]]:
        found: dict[int, list[Step]] = defaultdict(list)
        for row in self._tx.connection.execute(which.order_by(pointer_change.c.revision)):
            found[row.prompt_id].append(Step(row.after, row.cause, row.at, row.revision))
        return found

    def _changes(self, of: Environment, prompt_ids: Collection[int]) -> ColumnElement[bool]:
        return and_(
            pointer_change.c.project_id == self._project,
            pointer_change.c.environment_id == of.environment_id,
            pointer_change.c.prompt_id.in_(prompt_ids),
        )

    def record(self, of: Environment, changes: Sequence[Change]) -> None:
        """Write rows of the environment's history."""
        key = {"project_id": self._project, "environment_id": of.environment_id}
        columns = ("revision", "prompt_id", "before", "after", "cause", "actor", "at", "release_id")
        rows = [key | {name: getattr(change, name) for name in columns} for change in changes]
        self._tx.connection.execute(pointer_change.insert(), rows)

    def move(self, of: Environment, items: Sequence[Item], release_id: int, new: Collection[int]) -> None:
        """Set pointers that still are where their items say (compare-and-set). ``new``: the prompts that have none yet."""
        key: dict[str, int | None] = {"project_id": self._project, "environment_id": of.environment_id}
        values = {"release_id": release_id, "revision": of.revision}
        first = [key | values | {"prompt_id": i.prompt_id, "number": i.version} for i in items if i.prompt_id in new]
        if first:
            self._tx.connection.execute(pointer.insert(), first)
        others = [{"of": i.prompt_id, "to": i.version, "replaces": i.replaces} for i in items if i.prompt_id not in new]
        if not others:
            return
        here = and_(*(pointer.c[name] == value for name, value in key.items()), pointer.c.prompt_id == bindparam("of"))
        unmoved = pointer.c.number.is_not_distinct_from(bindparam("replaces", type_=Integer))
        set_all = update(pointer).where(here, unmoved).values(number=bindparam("to"), **values)
        if self._tx.connection.execute(set_all, others).rowcount != len(others):
            raise PointerMoved(f"{of.name} no longer serves what release {release_id} replaces.")

    def at(self, of: Environment, moment: datetime, prompt_ids: Sequence[int]) -> tuple[int, Sequence[Change]]:
        """What the environment served at a moment: its revision then, and the change that made each prompt what it was."""
        mine = and_(pointer_change.c.project_id == self._project, pointer_change.c.environment_id == of.environment_id)
        revision = self._revision_at(of, moment)
        last = (
            select(pointer_change.c.prompt_id, func.max(pointer_change.c.revision).label("revision"))
            .where(mine, pointer_change.c.revision <= revision)
            .group_by(pointer_change.c.prompt_id)
        )
        if prompt_ids:
            last = last.where(pointer_change.c.prompt_id.in_(prompt_ids))
        newest = last.subquery()
        rows = self._tx.connection.execute(
            _history.join(
                newest,
                and_(newest.c.prompt_id == pointer_change.c.prompt_id, newest.c.revision == pointer_change.c.revision),
            )
            .where(mine)
            .order_by(prompt.c.name)
        )
        return revision, [change_of(row) for row in rows]

    def _revision_at(self, of: Environment, moment: datetime) -> int:
        """A save that is served at once is no release, and a release that changes the rules moves nothing."""
        served = select(func.max(pointer_change.c.revision)).where(
            pointer_change.c.project_id == self._project,
            pointer_change.c.environment_id == of.environment_id,
            pointer_change.c.at <= moment,
        )
        released = select(release.c.revision).where(
            release.c.project_id == self._project,
            release.c.environment_id == of.environment_id,
            release.c.revision.is_not(None),
            release.c.applied_at <= moment,
        )
        newest = released.order_by(release.c.revision.desc()).limit(1)
        (found,) = self._tx.connection.execute(select(served.scalar_subquery(), newest.scalar_subquery()))
        return max(found[0] or 0, found[1] or 0)

    def history(self, of: Environment, before: int, limit: int, prompt_id: int | None = None) -> Sequence[Change]:
        """The environment's history below a revision, newest first; about ``limit`` rows, and never half a revision.

        Of one prompt or of all.
        """
        mine = and_(
            pointer_change.c.project_id == self._project,
            pointer_change.c.environment_id == of.environment_id,
            pointer_change.c.revision < before,
            *([pointer_change.c.prompt_id == prompt_id] if prompt_id else []),
        )
        last = (
            select(pointer_change.c.revision).where(mine).order_by(pointer_change.c.revision.desc()).offset(limit - 1).limit(1)
        )
        from_revision = self._tx.connection.execute(last).scalar() or 0
        rows = self._tx.connection.execute(
            _history.where(mine, pointer_change.c.revision >= from_revision).order_by(
                pointer_change.c.revision.desc(), prompt.c.name
            )
        )
        return [change_of(row) for row in rows]
