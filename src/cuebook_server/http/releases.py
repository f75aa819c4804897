"""Releases over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from cuebook_server.domain.release import Item, Release, Wanted
from cuebook_server.http.door import Body, Limit, Route, Shown, Through, responses
from cuebook_server.http.prompts import NUMBER_MAX
from cuebook_server.services import releases

router = APIRouter(prefix="/projects/{project}/releases", tags=["releases"], route_class=Route)
Number = Annotated[int, Field(ge=1, le=NUMBER_MAX)]


class ItemIn(Body):
    """One prompt to release. ``replaces`` is what you believe to be live (``null``: nothing); if it is not, you get a 409."""

    prompt: str
    version: Number | None = None
    replaces: Number | None = None


class ReleaseIn(Body):
    """A change of one environment: applied whole, or not at all. ``dry_run`` weighs it and changes nothing."""

    environment: str
    items: list[ItemIn]
    reason: str = ""
    kind: Literal["promote", "rollback", "retire"] = "promote"
    dry_run: bool = False


class ItemShown(Shown):
    """One pointer's move; ``version`` is null where the prompt was retired, ``replaces`` where nothing was live."""

    prompt: str
    version: int | None
    replaces: int | None


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


class ReleaseShown(Shown):
    """A release. ``notes`` say what would break a caller of the version that was replaced."""

    id: int
    environment: str
    kind: str
    state: str
    reason: str
    author: str
    created_at: datetime
    applied_at: datetime
    epoch: int
    revision: int
    items: list[ItemShown]
    decision: DecisionShown
    notes: list[str]


class WeighedShown(Shown):
    """What a release would do, and what the policy says of it."""

    dry_run: Literal[True] = True
    environment: str
    kind: str
    revision: int
    items: list[ItemShown]
    decision: DecisionShown
    notes: list[str]


class ReleasesShown(Shown):
    """A page of releases, newest first."""

    items: list[ReleaseShown]
    next: str | None


@router.post("", response_model=ReleaseShown, status_code=201, responses=responses(200, model=WeighedShown))
def create_release(project: str, body: ReleaseIn, door: Through) -> Response:
    """Release to an environment: promote, roll back or retire. Version left out: the source's, or the previous one."""
    request = releases.Request(
        environment=body.environment,
        kind=body.kind,
        items=[Wanted(i.prompt, i.version, i.replaces, guarded="replaces" in i.model_fields_set) for i in body.items],
        reason=body.reason,
    )
    if body.dry_run:
        weighed = door.read(lambda actor, uow: releases.weigh(actor, uow, project, request))
        return Response(_show_weighed(weighed).model_dump_json(), media_type="application/json")
    return door.write(lambda actor, uow: (201, show(releases.apply(actor, uow, project, request))))


@router.get("")
def list_releases(
    project: str,
    door: Through,
    *,
    environment: str = "",
    before: Annotated[int, Query(ge=1, le=NUMBER_MAX)] = NUMBER_MAX,
    limit: Limit = 50,
) -> ReleasesShown:
    """List releases, newest first."""
    rows = door.read(lambda actor, uow: releases.listed(actor, uow, project, environment, before=before, limit=limit))
    return ReleasesShown(items=[show(row) for row in rows], next=str(rows[-1].release_id) if len(rows) == limit else None)


@router.get("/{release_id}")
def get_release(project: str, release_id: Annotated[int, Path(ge=1, le=NUMBER_MAX)], door: Through) -> ReleaseShown:
    """Show one release: who, when, what, why, and what the policy said."""
    return show(door.read(lambda actor, uow: releases.find(actor, uow, project, release_id)))


def _items(items: tuple[Item, ...]) -> list[ItemShown]:
    return [ItemShown(prompt=item.prompt, version=item.version, replaces=item.replaces) for item in items]


def _show_weighed(weighed: releases.Weighed) -> WeighedShown:
    return WeighedShown(
        environment=weighed.environment.name,
        kind=weighed.request.kind,
        revision=weighed.environment.revision,
        items=_items(weighed.items),
        decision=DecisionShown.model_validate(weighed.decision.to_json()),
        notes=list(weighed.notes),
    )


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
    )
