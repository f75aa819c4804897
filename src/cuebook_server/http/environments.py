"""Environments, the time machine and the status matrix over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from cuebook_server.domain.access import Actor
from cuebook_server.domain.environment import Environment, Kind
from cuebook_server.domain.errors import BadRequest
from cuebook_server.domain.policy_words import Told, in_words
from cuebook_server.domain.release import Change
from cuebook_server.http.door import Before, Body, Limit, Route, Shown, Through
from cuebook_server.services import environments, glance
from cuebook_server.services.ports import NUMBER_MAX, UnitOfWork

router = APIRouter(prefix="/projects/{project}", tags=["environments"], route_class=Route)
PROMPTS_MAX = 200


class EnvironmentIn(Body):
    """An environment to make."""

    name: str
    kind: Kind = "other"
    tracks_latest: bool = False
    position: int | None = None
    policy: dict[str, Any] = Field(default_factory=dict)


class EnvironmentChange(Body):
    """What to change; rules and fields left out stay."""

    policy: dict[str, Any] = Field(default_factory=dict)
    position: int | None = None


class PresetIn(Body):
    """How strict it shall be: solo, team or regulated."""

    preset: str


class RuleTold(Shown):
    """A rule in words."""

    rule: str
    sentence: str


class EnvironmentShown(Shown):
    """An environment: its rules (``told``: in words; and the preset they are, if any) and how often it changed."""

    name: str
    kind: Kind
    position: int
    tracks_latest: bool
    policy: dict[str, Any]
    told: list[RuleTold]
    preset: str | None
    policy_revision: int
    revision: int
    updated_at: datetime


class EnvironmentsShown(Shown):
    """The environments, from first stop to last."""

    items: list[EnvironmentShown]
    next: str | None = None


class ServedShown(Shown):
    """A prompt at a moment: its version (null: retired), since when, and by whom and why.

    back: the version that a rollback of the prompt, made now, would return to; null where there is none to go back to.
    """

    prompt: str
    version: int | None
    back: int | None
    since: datetime
    cause: str
    actor: str
    release: int | None
    reason: str


class MomentShown(Shown):
    """An environment at a moment."""

    environment: str
    time: datetime
    revision: int
    items: list[ServedShown]
    next: str | None = None


class ChangeShown(Shown):
    """One change of an environment."""

    revision: int
    prompt: str
    before: int | None
    after: int | None
    cause: str
    actor: str
    at: datetime
    release: int | None
    reason: str


class RulesChangeShown(Shown):
    """A change of the rules, at one of the environment's revisions; ``release``: what changed them, if it was one.

    ``rules``: the names of those that changed. ``went``, ``came``: the rules in words, before and since.
    """

    at: datetime
    actor: str
    revision: int
    release: int | None
    reason: str
    rules: list[str]
    went: list[str]
    came: list[str]


class HistoryShown(Shown):
    """A page of an environment's history, newest first; beside the changes of prompts those of its ``rules`` in that time.

    Asked for one prompt there are none of these.
    """

    items: list[ChangeShown]
    rules: list[RulesChangeShown]
    next: str | None


class BehindShown(Shown):
    """How far an environment is from the newest version."""

    versions: int
    days: float


class ReadyShown(Shown):
    """A version that waits one stop before an environment."""

    environment: str
    source: str
    version: int


class StatusItem(Shown):
    """A prompt across the environments. ``since``: when what is live came there; ``ready``: what could be shipped next."""

    prompt: str
    owner: str
    tags: list[str]
    latest: int
    versions: dict[str, int | None]
    since: dict[str, datetime]
    behind: dict[str, BehindShown]
    ready: list[ReadyShown]


class SoloShown(Shown):
    """A production environment where one person decides alone. ``next_step``: the command that ends this, once two could."""

    environment: str
    next_step: str | None


class StatusShown(Shown):
    """What runs where."""

    environments: list[EnvironmentShown]
    solo: list[SoloShown]
    items: list[StatusItem]
    next: str | None


@router.get("/environments")
def list_environments(project: str, door: Through) -> EnvironmentsShown:
    """List the environments with their rules."""
    rows = door.read(lambda actor, uow: environments.listed(actor, uow, project))
    return EnvironmentsShown(items=[show(row) for row in rows])


@router.post("/environments", response_model=EnvironmentShown, status_code=201)
def create_environment(project: str, body: EnvironmentIn, door: Through) -> Response:
    """Make an environment."""
    return door.write(lambda actor, uow: (201, show(environments.create(actor, uow, project, **body.model_dump()))))


@router.get("/environments/{environment}")
def get_environment(project: str, environment: str, door: Through) -> EnvironmentShown:
    """Show one environment."""
    return show(door.read(lambda actor, uow: environments.one(actor, uow, project, environment)))


@router.patch("/environments/{environment}", response_model=EnvironmentShown)
def change_environment(project: str, environment: str, body: EnvironmentChange, door: Through) -> Response:
    """Change an environment's rules or its place in the order."""
    return door.write(
        lambda actor, uow: (200, show(environments.change(actor, uow, project, environment, **body.model_dump())))
    )


@router.post("/environments/{environment}/preset", response_model=EnvironmentShown)
def adopt_preset(project: str, environment: str, body: PresetIn, door: Through) -> Response:
    """Make an environment as strict as a preset."""
    return door.write(lambda actor, uow: (200, show(environments.adopt(actor, uow, project, environment, body.preset))))


@router.get("/environments/{environment}/at")
def environment_at(
    project: str,
    environment: str,
    door: Through,
    *,
    time: str = "",
    prompt: Annotated[list[str], Query(max_length=PROMPTS_MAX)] = [],  # noqa: B006  # FastAPI copies defaults
) -> MomentShown:
    """Time machine: what the environment served at a moment, or serves now; of some prompts or of all."""
    then = moment(time) if time else None
    found = door.read(lambda actor, uow: environments.at(actor, uow, project, environment, then, prompt))
    items = [
        ServedShown(
            prompt=change.prompt,
            version=change.after,
            back=found.back.get(change.prompt),
            since=change.at,
            cause=change.cause,
            actor=change.actor,
            release=change.release_id,
            reason=change.reason,
        )
        for change in found.changes
    ]
    return MomentShown(environment=environment, time=found.time, revision=found.revision, items=items)


@router.get("/environments/{environment}/history")
def environment_history(
    project: str,
    environment: str,
    door: Through,
    *,
    prompt: str = "",
    before: Before = NUMBER_MAX,
    limit: Limit = 100,
) -> HistoryShown:
    """List what changed in the environment, newest first, of one prompt or of all; a revision is never cut in two."""

    def look(actor: Actor, uow: UnitOfWork) -> HistoryShown:
        rows = environments.history(actor, uow, project, environment, before=before, limit=limit, prompt=prompt)
        following = rows[-1].revision if len(rows) >= limit else None
        span = {"since": following or 0, "before": before}
        rules = [] if prompt else environments.rule_changes(actor, uow, project, environment, **span)
        return HistoryShown(
            items=[show_change(row) for row in rows],
            rules=[RulesChangeShown(**asdict(change)) for change in rules],
            next=str(following) if following else None,
        )

    return door.read(look)


@router.get("/status")
def status(
    project: str,
    door: Through,
    *,
    prompt: Annotated[list[str], Query(max_length=PROMPTS_MAX)] = [],  # noqa: B006  # FastAPI copies defaults
    after: str = "",
    limit: Limit = 200,
) -> StatusShown:
    """What runs where, and how far each environment is from the newest version."""
    (columns, rows), solo = door.read(
        lambda actor, uow: (
            environments.status(actor, uow, project, prompts=prompt, after=after, limit=limit),
            environments.solo(actor, uow, project),
        )
    )
    items = [
        StatusItem(
            prompt=row.prompt,
            owner=row.owner,
            tags=list(row.tags),
            latest=row.latest,
            versions=dict(row.versions),
            since=dict(row.since),
            behind={name: BehindShown(versions=apart[0], days=round(apart[1], 3)) for name, apart in row.behind.items()},
            ready=[
                ReadyShown(environment=one.target, source=one.source, version=one.version)
                for one in glance.shippable(columns, row)
            ],
        )
        for row in rows
    ]
    following = rows[-1].prompt if len(rows) == limit else None
    return StatusShown(
        environments=[show(column) for column in columns],
        solo=[SoloShown(environment=found.environment, next_step=found.next_step) for found in solo],
        items=items,
        next=following,
    )


def moment(text: str) -> datetime:
    """Read a time; one without a zone is UTC."""
    try:
        # A `+` that was not escaped arrives as a space: 10:00:00 01:00.
        read = datetime.fromisoformat(text.strip().replace(" ", "+") if text.count(" ") == 1 and "T" in text else text)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRequest(f"{text[:40]!r} is no time.", hint="Write ISO 8601, such as 2026-11-20T15:00:00Z.") from None


def show_change(change: Change) -> ChangeShown:
    """A change as a caller sees it."""
    return ChangeShown(
        revision=change.revision,
        prompt=change.prompt,
        before=change.before,
        after=change.after,
        cause=change.cause,
        actor=change.actor,
        at=change.at,
        release=change.release_id,
        reason=change.reason,
    )


def _told(environment: Environment) -> list[Told]:
    return in_words(environment.policy, tracks_latest=environment.tracks_latest)


def show(environment: Environment) -> EnvironmentShown:
    """An environment as a caller sees it."""
    return EnvironmentShown(
        name=environment.name,
        kind=environment.kind,
        position=environment.position,
        tracks_latest=environment.tracks_latest,
        policy=environment.policy.to_json(),
        told=[RuleTold(rule=told.rule, sentence=told.sentence) for told in _told(environment)],
        preset=environment.policy.preset,
        policy_revision=environment.policy_revision,
        revision=environment.revision,
        updated_at=environment.updated_at,
    )
