"""What is fetched, over HTTP: who fetches a prompt, and the orphans of an environment."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from cuebook_server.domain.fetch import ORPHAN_DAYS
from cuebook_server.http.door import Limit, Route, Shown, Through
from cuebook_server.services import fetches

router = APIRouter(prefix="/projects/{project}", tags=["environments"], route_class=Route)
DAYS_MAX = 3_650


class FetcherShown(Shown):
    """A key that took the prompt; ``by_name`` is false where it takes everything the environment serves."""

    environment: str
    key: str
    selector: str
    at: datetime
    by_name: bool


class FetchersShown(Shown):
    """Which keys took the prompt since a moment. ``noted_since``: what was fetched before is not known (null: all of it is)."""

    since: datetime
    noted_since: datetime | None
    items: list[FetcherShown]
    next: str | None = None


class OrphanShown(Shown):
    """A prompt that is served and not asked for by name; ``fetched_at``: when it last was, null: never."""

    prompt: str
    version: int
    live_since: datetime
    fetched_at: datetime | None


class WholeShown(Shown):
    """A key that takes everything the environment serves: any prompt may be in use through it."""

    key: str
    selector: str
    at: datetime


class OrphansShown(Shown):
    """A page of orphans, by name, and the keys through which they may be used all the same.

    ``noted_since``: what was fetched before is not known (null: all of it is). Nothing is listed until it is before ``since``.
    """

    environment: str
    since: datetime
    noted_since: datetime | None
    whole: list[WholeShown]
    items: list[OrphanShown]
    next: str | None


@router.get("/prompts/{name}/fetches", tags=["prompts"])
def list_fetches(
    project: str, name: str, door: Through, *, days: Annotated[int, Query(ge=1, le=DAYS_MAX)] = ORPHAN_DAYS
) -> FetchersShown:
    """List the keys that fetched the prompt within some days, by environment."""
    found = door.read(lambda actor, uow: fetches.fetchers(actor, uow, project, name, days=days))
    items = [
        FetcherShown(environment=environment, key=of.key, selector=of.selector, at=of.at, by_name=of.prompt is not None)
        for environment, of in found.items
    ]
    return FetchersShown(since=found.since, noted_since=found.noted_since, items=items)


@router.get("/environments/{environment}/orphans")
def list_orphans(
    project: str,
    environment: str,
    door: Through,
    *,
    days: Annotated[int, Query(ge=1, le=DAYS_MAX)] = ORPHAN_DAYS,
    after: str = "",
    limit: Limit = 200,
) -> OrphansShown:
    """List what the environment has served for some days and no key has fetched by name: what could be retired."""
    found = door.read(lambda actor, uow: fetches.orphans(actor, uow, project, environment, days=days, after=after, limit=limit))
    items = [
        OrphanShown(prompt=row.prompt, version=row.version, live_since=row.live_since, fetched_at=row.fetched_at)
        for row in found.items
    ]
    return OrphansShown(
        environment=environment,
        since=found.since,
        noted_since=found.noted_since,
        whole=[WholeShown(key=fetch.key, selector=fetch.selector, at=fetch.at) for fetch in found.whole],
        items=items,
        next=items[-1].prompt if len(items) == limit else None,
    )
