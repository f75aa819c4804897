"""Releases with their items, approvals, comments and reviews."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, Select, Table, and_, func, select, update

from cuebook_server.domain.decision import Approval, GateResult
from cuebook_server.domain.environment import Environment
from cuebook_server.domain.release import Comment, Decision, Draft, Item, Release, Review, State
from cuebook_server.domain.schedule import Schedule
from cuebook_server.store.schema import (
    approval,
    environment,
    gate_result,
    prompt,
    registry,
    release,
    release_comment,
    release_item,
    review,
)

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction

_named = select(release, environment.c.name.label("environment_name")).join(
    environment,
    and_(environment.c.project_id == release.c.project_id, environment.c.environment_id == release.c.environment_id),
)
_reviews = (
    select(review, environment.c.name.label("environment_name"))
    .join(release, and_(release.c.project_id == review.c.project_id, release.c.release_id == review.c.release_id))
    .join(
        environment,
        and_(environment.c.project_id == release.c.project_id, environment.c.environment_id == release.c.environment_id),
    )
)


class ReleaseStore:
    """One project's releases."""

    def __init__(self, transaction: Transaction, project_id: int) -> None:
        self._tx = transaction
        self._project = project_id

    def add(self, of: Environment, draft: Draft) -> Release:
        """Write a release that waits."""
        made = Release(
            project_id=self._project,
            release_id=self._next(release, release.c.release_id, release.c.project_id == self._project),
            environment=of.name,
            kind=draft.kind,
            state="proposed",
            reason=draft.reason,
            author=draft.author,
            person=draft.person,
            created_at=self._tx.now,
            epoch=self._tx.connection.execute(select(registry.c.epoch)).scalar_one(),
            items=draft.items,
            decision=draft.decision.to_json(),
            notes=draft.notes,
            signature=draft.signature,
            shrink_meant=draft.shrink_meant,
            emergency=draft.emergency,
            rebases=draft.rebases,
            policy=draft.policy,
        )
        derived = ("environment", "items", "decision", "notes", "policy", "schedule")
        values = {name: getattr(made, name) for name in Release.__dataclass_fields__ if name not in derived}
        written = {
            "environment_id": of.environment_id,
            "decision": json.dumps(made.decision),
            "notes": json.dumps(made.notes),
            "policy": None if draft.policy is None else json.dumps(draft.policy),
        }
        self._tx.connection.execute(release.insert().values(**values, **written))
        if draft.items:
            self._tx.connection.execute(release_item.insert(), [self._item(made, *pair) for pair in enumerate(draft.items)])
        return made

    def _item(self, of: Release, ordinal: int, item: Item) -> dict[str, Any]:
        return {
            "project_id": self._project,
            "release_id": of.release_id,
            "ordinal": ordinal,
            "prompt_id": item.prompt_id,
            "number": item.version,
            "replaces": item.replaces,
        }

    def apply(self, waiting: Release, of: Environment, decision: Decision) -> Release:
        """Write that a release was applied, ``of`` being the environment at the revision it raised it to."""
        epoch = self._tx.connection.execute(select(registry.c.epoch)).scalar_one()
        applied = replace(
            waiting, state="applied", applied_at=of.updated_at, revision=of.revision, epoch=epoch, decision=decision.to_json()
        )
        values = {"state": "applied", "applied_at": applied.applied_at, "revision": applied.revision, "epoch": epoch}
        self._change(applied, values | {"decision": json.dumps(applied.decision)})
        return applied

    def schedule(self, waiting: Release, wanted: Schedule | None) -> Release:
        """Write when a waiting release is to be applied, or (``None``) that it only waits for people."""
        fields = ("at", "zone", "by", "person", "credential")
        none = {"at": None, "zone": "", "by": "", "person": None, "credential": ""}
        values = none if wanted is None else {name: getattr(wanted, name) for name in fields}
        self._change(waiting, {f"scheduled_{name}": value for name, value in values.items()})
        return replace(waiting, schedule=wanted)

    def scheduled(self) -> Sequence[Release]:
        """The releases that wait for a moment, the next first."""
        waits = (release.c.state == "proposed") & release.c.scheduled_at.is_not(None)
        mine = _named.where(release.c.project_id == self._project, waits)
        return self._releases(mine.order_by(release.c.scheduled_at))

    def end(self, ended: Release) -> None:
        """Write that a release was declined, withdrawn, or failed."""
        values = {name: getattr(ended, name) for name in ("state", "ended_at", "ended_by", "ended_why")}
        self._change(ended, values)

    def _change(self, of: Release, values: Mapping[str, Any]) -> None:
        self._tx.connection.execute(update(release).where(self._is(release, of.release_id)).values(**values))

    def find(self, release_id: int) -> Release | None:
        """One release."""
        return next(iter(self._releases(_named.where(self._is(release, release_id)))), None)

    def list(self, of: Environment | None, before: int, limit: int, states: Sequence[State] = ()) -> Sequence[Release]:
        """Releases below a number, newest first, of one environment or of all; in some states or in any."""
        found = _named.where(release.c.project_id == self._project, release.c.release_id < before)
        if of is not None:
            found = found.where(release.c.environment_id == of.environment_id)
        if states:
            found = found.where(release.c.state.in_(states))
        return self._releases(found.order_by(release.c.release_id.desc()).limit(limit))

    def approvals(self, of: Release) -> Sequence[Approval]:
        """Everybody's approvals of a release, in order; whether they count is the policy's to say."""
        rows = self._tx.connection.execute(
            select(approval).where(self._is(approval, of.release_id)).order_by(approval.c.ordinal)
        )
        return [Approval(row.person, frozenset(json.loads(row.roles)), row.meaning, row.signature, row.at) for row in rows]

    def add_approval(self, of: Release, given: Approval, credential: str) -> None:
        """Write an approval down, for good."""
        self._tx.connection.execute(
            approval.insert().values(
                project_id=self._project,
                release_id=of.release_id,
                ordinal=self._next(approval, approval.c.ordinal, self._is(approval, of.release_id)),
                person=given.person,
                roles=json.dumps(sorted(given.roles)),
                meaning=given.meaning,
                signature=given.signature,
                credential=credential,
                at=given.at,
            )
        )

    def comments(self, of: Release) -> Sequence[Comment]:
        """What people said of a release, in order."""
        rows = self._tx.connection.execute(
            select(release_comment).where(self._is(release_comment, of.release_id)).order_by(release_comment.c.ordinal)
        )
        return [Comment(row.author, row.text, row.at) for row in rows]

    def add_comment(self, of: Release, said: Comment) -> None:
        """Write a comment down, for good."""
        ordinal = self._next(release_comment, release_comment.c.ordinal, self._is(release_comment, of.release_id))
        key = {"project_id": self._project, "release_id": of.release_id, "ordinal": ordinal}
        self._tx.connection.execute(release_comment.insert().values(**key, author=said.author, text=said.text, at=said.at))

    def review(self, release_id: int) -> Review | None:
        """The review of an emergency."""
        row = self._tx.connection.execute(_reviews.where(self._is(review, release_id))).first()
        return _review(row) if row else None

    def open(self, limit: int) -> Sequence[Release]:
        """The releases that wait, newest first."""
        mine = _named.where(release.c.project_id == self._project, release.c.state == "proposed")
        return self._releases(mine.order_by(release.c.release_id.desc()).limit(limit))

    def open_reviews(self) -> Sequence[Review]:
        """The reviews nobody has closed, oldest first."""
        mine = _reviews.where(review.c.project_id == self._project, review.c.closed_at.is_(None))
        return [_review(row) for row in self._tx.connection.execute(mine.order_by(review.c.opened_at))]

    def open_review(self, opened: Review) -> None:
        """Write down that somebody must look at an emergency."""
        self._tx.connection.execute(
            review.insert().values(
                project_id=self._project,
                release_id=opened.release_id,
                skipped=json.dumps(opened.skipped),
                opened_by=opened.opened_by,
                opened_at=opened.opened_at,
            )
        )

    def close_review(self, closed: Review) -> None:
        """Write down that somebody has."""
        values = {"closed_by": closed.closed_by, "closed_at": closed.closed_at, "comment": closed.comment}
        self._tx.connection.execute(update(review).where(self._is(review, closed.release_id)).values(**values))

    def gate_results(self, digests: Sequence[str]) -> Sequence[GateResult]:
        """What evaluation suites said of these digests: the last word of each suite's revision, oldest first."""
        one = (gate_result.c.gate, gate_result.c.digest, gate_result.c.suite_revision)
        newest = (
            select(gate_result.c.gate, gate_result.c.digest, func.max(gate_result.c.ordinal).label("ordinal"))
            .where(gate_result.c.project_id == self._project, gate_result.c.digest.in_(digests))
            .group_by(*one)
            .subquery()
        )
        same = and_(*(gate_result.c[name] == newest.c[name] for name in ("gate", "digest", "ordinal")))
        rows = self._tx.connection.execute(
            select(gate_result)
            .join(newest, same)
            .where(gate_result.c.project_id == self._project)
            .order_by(gate_result.c.ordinal)
        )
        return [
            GateResult(
                gate=row.gate,
                digest=row.digest,
                suite_revision=row.suite_revision,
                passed=row.passed,
                at=row.at,
                score=float(row.score) if row.score else None,
            )
            for row in rows
        ]

    def add_gate_result(self, result: GateResult, by: str) -> None:
        """Write down what a suite said, for good; a later result takes its place."""
        key = {"project_id": self._project, "gate": result.gate, "digest": result.digest}
        mine = and_(*(gate_result.c[name] == value for name, value in key.items()))
        ordinal = self._next(gate_result, gate_result.c.ordinal, mine)
        score = "" if result.score is None else repr(result.score)
        values = {
            "suite_revision": result.suite_revision,
            "passed": result.passed,
            "score": score,
            "by": by,
            "at": result.at,
        }
        self._tx.connection.execute(gate_result.insert().values(**key, **values, ordinal=ordinal))

    def _next(self, table: Table, column: ColumnElement[int], where: ColumnElement[bool]) -> int:
        highest = self._tx.connection.execute(select(func.max(column)).select_from(table).where(where)).scalar()
        return (highest or 0) + 1

    def _is(self, table: Table, release_id: int) -> ColumnElement[bool]:
        return and_(table.c.project_id == self._project, table.c.release_id == release_id)

    def _releases(self, which: Select[Any]) -> Sequence[Release]:
        """Releases with their items, in as many statements however many they are."""
        rows = self._tx.connection.execute(which).all()
        same = and_(prompt.c.project_id == release_item.c.project_id, prompt.c.prompt_id == release_item.c.prompt_id)
        listed = release_item.c.release_id.in_([row.release_id for row in rows])
        columns = [release_item.c[name] for name in ("release_id", "prompt_id", "number", "replaces")]
        found = self._tx.connection.execute(
            select(prompt.c.name, *columns)
            .join(prompt, same)
            .where(release_item.c.project_id == self._project, listed)
            .order_by(release_item.c.release_id, release_item.c.ordinal)
        )
        items = {
            release_id: tuple(Item(row.prompt_id, row.name, row.number, row.replaces) for row in theirs)
            for release_id, theirs in groupby(found, key=attrgetter("release_id"))
        }
        return [_release(row, items.get(row.release_id, ())) for row in rows]


def _release(row: Row[Any], items: tuple[Item, ...]) -> Release:
    derived = {
        "environment": row.environment_name,
        "items": items,
        "decision": json.loads(row.decision),
        "notes": tuple(json.loads(row.notes)),
        "policy": json.loads(row.policy) if row.policy else None,
        "schedule": _schedule(row),
    }
    plain = {name: getattr(row, name) for name in Release.__dataclass_fields__ if name not in derived}
    return Release(**plain, **derived)


def _schedule(row: Row[Any]) -> Schedule | None:
    if row.scheduled_at is None:
        return None
    return Schedule(
        at=row.scheduled_at,
        zone=row.scheduled_zone,
        by=row.scheduled_by,
        person=row.scheduled_person,
        credential=row.scheduled_credential,
    )


def _review(row: Row[Any]) -> Review:
    return Review(
        release_id=row.release_id,
        environment=row.environment_name,
        skipped=tuple(json.loads(row.skipped)),
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        comment=row.comment,
    )
