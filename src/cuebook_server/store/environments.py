"""Environments, their pointers and their history."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, and_, func, select, update

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

    def was_live(self, of: Environment, prompt_id: int, number: int) -> bool:
        """Whether the environment ever served that version."""
        mine = self._changes(of, prompt_id)
        found = select(pointer_change.c.revision).where(mine, pointer_change.c.after == number).limit(1)
        return self._tx.connection.execute(found).first() is not None

    def ended(self, of: Environment, prompt_id: int, revision: int) -> datetime | None:
        """When what became live at a revision was replaced; ``None`` while it is live."""
        later = select(func.min(pointer_change.c.at)).where(self._changes(of, prompt_id), pointer_change.c.revision > revision)
        return self._tx.connection.execute(later).scalar()

    def steps(self, of: Environment, prompt_id: int) -> Sequence[Step]:
        """The prompt's life in the environment, oldest first."""
        found = (
            select(pointer_change.c.after, pointer_change.c.cause, pointer_change.c.at, pointer_change.c.revision)
            .where(self._changes(of, prompt_id))
            .order_by(pointer_change.c.revision)
        )
        return [Step(row.after, row.cause, row.at, row.revision) for row in self._tx.connection.execute(found)]

    def _changes(self, of: Environment, prompt_id: int) -> ColumnElement[bool]:
        return and_(
            pointer_change.c.project_id == self._project,
            pointer_change.c.environment_id == of.environment_id,
            pointer_change.c.prompt_id == prompt_id,
        )

    def record(self, of: Environment, change: Change) -> None:
        """Write a row of the environment's history."""
        self._tx.connection.execute(
            pointer_change.insert().values(
                project_id=self._project,
                environment_id=of.environment_id,
                revision=change.revision,
                prompt_id=change.prompt_id,
                before=change.before,
                after=change.after,
                cause=change.cause,
                actor=change.actor,
                at=change.at,
                release_id=change.release_id,
            )
        )

    def move(self, of: Environment, item: Item, release_id: int, *, first: bool) -> None:
        """Set a pointer, if it still is where the item says (compare-and-set). ``first``: there is no pointer yet."""
        values = {"number": item.version, "release_id": release_id, "revision": of.revision}
        key = {"project_id": self._project, "environment_id": of.environment_id, "prompt_id": item.prompt_id}
        if first:
            self._tx.connection.execute(pointer.insert().values(**key, **values))
            return
        here = and_(*(pointer.c[name] == value for name, value in key.items()))
        moved = self._tx.connection.execute(
            update(pointer).where(here, pointer.c.number.is_not_distinct_from(item.replaces)).values(**values)
        )
        if moved.rowcount != 1:
            raise PointerMoved(f"{of.name} no longer serves version {item.replaces} of {item.prompt}.")

    def at(self, of: Environment, moment: datetime, prompt_ids: Sequence[int]) -> tuple[int, Sequence[Change]]:
        """What the environment served at a moment: its revision then, and the change that made each prompt what it was."""
        mine = and_(pointer_change.c.project_id == self._project, pointer_change.c.environment_id == of.environment_id)
        revision = self._tx.connection.execute(
            select(func.max(pointer_change.c.revision)).where(mine, pointer_change.c.at <= moment)
        ).scalar()
        if revision is None:
            return 0, []
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

    def history(self, of: Environment, before: int, limit: int) -> Sequence[Change]:
        """The environment's history below a revision, newest first; about ``limit`` rows, and never half a revision."""
        mine = and_(
            pointer_change.c.project_id == self._project,
            pointer_change.c.environment_id == of.environment_id,
            pointer_change.c.revision < before,
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
