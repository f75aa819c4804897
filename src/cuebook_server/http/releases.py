"""Releases over HTTP: propose, approve, apply; or at once, where the policy asks for nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import Field

from cuebook_server.domain.release import BadRelease, Item, Kind, Release, Review, State
from cuebook_server.domain.schedule import Schedule
from cuebook_server.http.door import Before, Body, Limit, Route, Shown, Through, responses
from cuebook_server.http.environments import moment
from cuebook_server.http.renewing import ItemShown, MovedShown, SinceShown, show_item, show_moved, show_since
from cuebook_server.services import environments, releases, schedules
from cuebook_server.services.deeds import Deed
from cuebook_server.services.ports import NUMBER_MAX

router = APIRouter(prefix="/projects/{project}", tags=["releases"], route_class=Route)
Number = Annotated[int, Field(ge=1, le=NUMBER_MAX)]
_STATES: Mapping[str, tuple[State, ...]] = {
    "open": ("proposed",),
    "applied": ("applied",),
    "ended": ("declined", "withdrawn", "failed"),
}
ReleaseId = Annotated[int, Path(ge=1, le=NUMBER_MAX)]


class ItemIn(Body):
    """One prompt to release. ``replaces`` is what you believe to be live (``null``: nothing); if it is not, you get a 409."""

    prompt: str
    version: Number | None = None
    replaces: Number | None = None


class ReleaseIn(Body):
    """A change of one environment: applied whole, or not at all. One of kind ``policy`` changes rules: those in ``policy``, or
    a ``preset``'s. A rollback without items goes back to what was served at a ``time``, prompt by prompt.

    ``propose``: ask for it, and let others approve and apply. ``dry_run``: weigh it, and change nothing. ``emergency``: break
    the glass; needs its own right and a reason, and leaves a review open. ``shrink_meant``: a text that lost more than half is
    meant to. ``at``: propose it, to be applied at that moment, such as ``2026-11-24T09:00[Europe/Paris]``.
    """

    environment: str
    items: list[ItemIn] = Field(default_factory=list)
    reason: str = ""
    kind: Kind = "promote"
    propose: bool = False
    dry_run: bool = False
    emergency: bool = False
    shrink_meant: bool = False
    policy: dict[str, Any] | None = None
    preset: str | None = None
    time: str | None = None
    at: str | None = None


class MomentIn(Body):
    """A moment to come with its zone, such as ``2026-11-24T09:00[Europe/Paris]`` or ``2026-11-24T08:00Z``."""

    at: str


class ApproveIn(Body):
    """What the approval means, such as "reviewed the wording". Left out: what you said when you approved this release, or the
    one that it takes up again.
    """

    meaning: str | None = None


class RebaseIn(Body):
    """Other versions than those proposed, or further prompts; without any, the release must be stale."""

    items: list[ItemIn] = Field(default_factory=list)


class WhyIn(Body):
    """Why."""

    reason: str = ""


class TextIn(Body):
    """What somebody says."""

    text: str


class RuleShown(Shown):
    """One rule of the policy and its verdict."""

    rule: str
    passed: bool
    sentence: str
    evidence: dict[str, Any]


class DecisionShown(Shown):
    """What the policy says: every rule with its verdict."""

    allowed: bool
    policy_revision: int
    rules: list[RuleShown]


class ScheduleShown(Shown):
    """When a release is to be applied, the zone it was given in, and in whose name."""

    at: datetime
    zone: str
    by: str


class ReleaseShown(Shown):
    """A release. ``notes`` say what would break a caller of the version that is replaced, and who may still use what is
    retired; ``policy``: the rules it changes.
    """

    id: int
    environment: str
    kind: str
    state: str
    reason: str
    author: str
    created_at: datetime
    applied_at: datetime | None
    epoch: int
    revision: int | None
    items: list[ItemShown]
    decision: DecisionShown
    notes: list[str]
    policy: dict[str, Any] | None
    emergency: bool
    rebases: int | None
    schedule: ScheduleShown | None
    ended_at: datetime | None
    ended_by: str
    ended_why: str


class ApprovalShown(Shown):
    """A person's signature. ``counts``: it is of exactly this release as it would be applied now."""

    person: str
    roles: list[str]
    meaning: str
    at: datetime
    counts: bool


class CommentShown(Shown):
    """What somebody said."""

    author: str
    text: str
    at: datetime


class ReviewShown(Shown):
    """The debt of an emergency."""

    release: int
    environment: str
    skipped: list[str]
    opened_by: str
    opened_at: datetime
    closed_by: str | None
    closed_at: datetime | None
    comment: str


class StandingShown(ReleaseShown):
    """A release as it stands now. ``state`` may be approved, stale or expired too; ``decision`` and ``notes`` are those of
    this moment while it waits.

    ``moved``: what made it stale. ``since``: for everybody whose approval does not count any more, what changed since.
    ``forecast``: what the policy would say at the moment the release is scheduled for, if nothing else happens until then.
    ``deeds``: what you can do with it now, beside saying something.
    """

    deeds: list[Deed]
    forecast: DecisionShown | None
    approvals: list[ApprovalShown]
    comments: list[CommentShown]
    review: ReviewShown | None
    moved: list[MovedShown]
    since: list[SinceShown]


class WeighedShown(Shown):
    """What a release would do, and what the policy says of it."""

    dry_run: Literal[True] = True
    environment: str
    kind: str
    revision: int
    items: list[ItemShown]
    decision: DecisionShown
    notes: list[str]
    policy: dict[str, Any] | None


class ReleasesShown(Shown):
    """A page of releases, newest first."""

    items: list[ReleaseShown]
    next: str | None


class ReviewsShown(Shown):
    """The emergencies nobody has looked at yet."""

    items: list[ReviewShown]
    next: str | None = None


@router.post("/releases", response_model=ReleaseShown, status_code=201, responses=responses(200, model=WeighedShown))
def create_release(project: str, body: ReleaseIn, door: Through) -> Response:
    """Release to an environment: promote, roll back or retire. Version left out: the source's, or the previous one."""
    if body.emergency and (body.propose or body.at is not None):
        raise BadRelease("An emergency happens at once.", hint="Leave out `emergency`, or `propose` and `at`.")
    request = releases.Request(
        environment=body.environment,
        kind=body.kind,
        items=_wanted(body.items),
        reason=body.reason,
        shrink_meant=body.shrink_meant,
        policy=_rules(body),
        time=moment(body.time) if body.time is not None else None,
    )
    if body.dry_run:
        weighed = door.read(lambda actor, uow: releases.consider(actor, uow, project, request))
        return Response(show_weighed(weighed).model_dump_json(), media_type="application/json")
    if body.at is not None:
        at = body.at
        return door.write(lambda actor, uow: (201, show(schedules.propose(actor, uow, project, request, at))))
    use = releases.break_glass if body.emergency else releases.propose if body.propose else releases.create
    return door.write(lambda actor, uow: (201, show(use(actor, uow, project, request))))


@router.get("/releases")
def list_releases(
    project: str,
    door: Through,
    *,
    environment: str = "",
    state: Literal["open", "applied", "ended"] | None = None,
    before: Before = NUMBER_MAX,
    limit: Limit = 50,
) -> ReleasesShown:
    """List releases, newest first: those that are open, were applied, or ended without that."""
    states = _STATES[state] if state else ()
    rows = door.read(
        lambda actor, uow: releases.listed(actor, uow, project, environment, before=before, limit=limit, states=states)
    )
    return ReleasesShown(items=[show(row) for row in rows], next=str(rows[-1].release_id) if len(rows) == limit else None)


@router.get("/releases/{release_id}")
def get_release(project: str, release_id: ReleaseId, door: Through) -> StandingShown:
    """Show one release as it stands now: who, when, what, why, what the policy says, who approved."""
    return _standing(door.read(lambda actor, uow: releases.find(actor, uow, project, release_id)))


@router.post("/releases/{release_id}/approve", response_model=StandingShown)
def approve_release(project: str, release_id: ReleaseId, body: ApproveIn, door: Through) -> Response:
    """Approve a release: sign exactly what it would change now. Needs a person with a recent sign-in."""
    return door.write(lambda actor, uow: (200, _standing(releases.approve(actor, uow, project, release_id, body.meaning))))


@router.post("/releases/{release_id}/apply", response_model=ReleaseShown)
def apply_release(project: str, release_id: ReleaseId, door: Through) -> Response:
    """Apply a proposed release. Its policy is weighed again at this moment."""
    return door.write(lambda actor, uow: (200, show(releases.apply(actor, uow, project, release_id))))


@router.post("/releases/{release_id}/schedule", response_model=StandingShown)
def schedule_release(project: str, release_id: ReleaseId, body: MomentIn, door: Through) -> Response:
    """Say when a proposed release is to be applied. Everything is asked again at that moment; what has moved makes it stale."""
    return door.write(lambda actor, uow: (200, _standing(schedules.schedule(actor, uow, project, release_id, body.at))))


@router.delete("/releases/{release_id}/schedule", response_model=StandingShown)
def unschedule_release(project: str, release_id: ReleaseId, door: Through) -> Response:
    """Take the moment back: the release waits for people again."""
    return door.write(lambda actor, uow: (200, _standing(schedules.unschedule(actor, uow, project, release_id))))


@router.get("/schedule")
def list_scheduled(project: str, door: Through) -> ReleasesShown:
    """List the releases that wait for their moment, the next first."""
    rows = door.read(lambda actor, uow: schedules.waiting(actor, uow, project))
    return ReleasesShown(items=[show(row) for row in rows], next=None)


@router.post("/releases/{release_id}/decline", response_model=ReleaseShown)
def decline_release(project: str, release_id: ReleaseId, body: WhyIn, door: Through) -> Response:
    """End a proposed release with a no."""
    return door.write(lambda actor, uow: (200, show(releases.decline(actor, uow, project, release_id, body.reason))))


@router.post("/releases/{release_id}/withdraw", response_model=ReleaseShown)
def withdraw_release(project: str, release_id: ReleaseId, body: WhyIn, door: Through) -> Response:
    """Take one's own proposal back."""
    return door.write(lambda actor, uow: (200, show(releases.withdraw(actor, uow, project, release_id, body.reason))))


@router.post("/releases/{release_id}/comments", response_model=StandingShown, status_code=201)
def comment_release(project: str, release_id: ReleaseId, body: TextIn, door: Through) -> Response:
    """Say something about a release."""
    return door.write(lambda actor, uow: (201, _standing(releases.comment(actor, uow, project, release_id, body.text))))


@router.post("/releases/{release_id}/rebase", response_model=ReleaseShown, status_code=201)
def rebase_release(project: str, release_id: ReleaseId, door: Through, body: RebaseIn | None = None) -> Response:
    """Take a stale release up again, over what is live now; or any of yours, with other versions."""
    revised = _wanted(body.items) if body else []
    return door.write(lambda actor, uow: (201, show(releases.rebase(actor, uow, project, release_id, revised))))


@router.get("/reviews")
def list_reviews(project: str, door: Through) -> ReviewsShown:
    """List the emergencies nobody has looked at yet."""
    return ReviewsShown(items=[show_review(row) for row in door.read(lambda actor, uow: releases.reviews(actor, uow, project))])


@router.post("/releases/{release_id}/review", response_model=ReviewShown)
def close_review(project: str, release_id: ReleaseId, body: TextIn, door: Through) -> Response:
    """Close the review of an emergency, with what was found. Nobody closes their own."""
    return door.write(lambda actor, uow: (200, show_review(releases.close_review(actor, uow, project, release_id, body.text))))


def _rules(body: ReleaseIn) -> dict[str, Any] | None:
    """The rules a release changes: a preset's, then those named."""
    if body.preset is None:
        return body.policy
    return {**environments.preset_rules(body.preset), **(body.policy or {})}


def _wanted(items: list[ItemIn]) -> list[releases.Wanted]:
    return [releases.Wanted(i.prompt, i.version, i.replaces, guarded="replaces" in i.model_fields_set) for i in items]


def _items(items: tuple[Item, ...]) -> list[ItemShown]:
    return [show_item(item) for item in items]


def show_weighed(weighed: releases.Weighed) -> WeighedShown:
    """A release that would be, as a caller sees it."""
    return WeighedShown(
        environment=weighed.environment.name,
        kind=weighed.kind,
        revision=weighed.environment.revision,
        items=_items(weighed.items),
        decision=DecisionShown.model_validate(weighed.decision.to_json()),
        notes=list(weighed.notes),
        policy=dict(weighed.policy) if weighed.policy is not None else None,
    )


def show_review(review: Review) -> ReviewShown:
    """A review as a caller sees it."""
    return ReviewShown(
        release=review.release_id,
        environment=review.environment,
        skipped=list(review.skipped),
        opened_by=review.opened_by,
        opened_at=review.opened_at,
        closed_by=review.closed_by,
        closed_at=review.closed_at,
        comment=review.comment,
    )


def _standing(standing: releases.Standing) -> StandingShown:
    shown = show(standing.release).model_dump() | {"state": standing.seen}
    if standing.weighed is not None:
        shown["decision"] = DecisionShown.model_validate(standing.weighed.decision.to_json())
        shown["notes"] = list(standing.weighed.notes)
    counting = standing.counting
    approvals = [
        ApprovalShown(
            person=given.person,
            roles=sorted(given.roles),
            meaning=given.meaning,
            at=given.at,
            counts=given in counting,
        )
        for given in standing.approvals
    ]
    comments = [CommentShown(author=said.author, text=said.text, at=said.at) for said in standing.comments]
    review = show_review(standing.review) if standing.review else None
    moved, since = [show_moved(each) for each in standing.moved], [show_since(each) for each in standing.since]
    forecast = DecisionShown.model_validate(standing.forecast.to_json()) if standing.forecast else None
    told: dict[str, Any] = {"comments": comments, "review": review, "moved": moved, "since": since, "forecast": forecast}
    return StandingShown(**shown, **told, approvals=approvals, deeds=list(standing.deeds))


def _schedule(wanted: Schedule | None) -> ScheduleShown | None:
    return ScheduleShown(at=wanted.at, zone=wanted.zone, by=wanted.by) if wanted else None


def show(release: Release) -> ReleaseShown:
    """A release as a caller sees it."""
    return ReleaseShown(
        id=release.release_id,
        environment=release.environment,
        kind=release.kind,
        state=release.state,
        reason=release.reason,
        author=release.author,
        created_at=release.created_at,
        applied_at=release.applied_at,
        epoch=release.epoch,
        revision=release.revision,
        items=_items(release.items),
        decision=DecisionShown.model_validate(release.decision),
        notes=list(release.notes),
        policy=dict(release.policy) if release.policy is not None else None,
        emergency=release.emergency,
        rebases=release.rebases,
        schedule=_schedule(release.schedule),
        ended_at=release.ended_at,
        ended_by=release.ended_by,
        ended_why=release.ended_why,
    )
