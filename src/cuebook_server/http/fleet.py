"""The fleet over HTTP: who runs what in an environment, and how far a release has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path

from cuebook_server.domain.fleet import Instance, Order, Progress
from cuebook_server.http.door import Limit, Route, Shown, Through
from cuebook_server.services import fleet
from cuebook_server.services.ports import NUMBER_MAX

router = APIRouter(prefix="/projects/{project}", tags=["environments"], route_class=Route)


class InstanceShown(Shown):
    """A running client: its name and SDK, its key, what it holds (null: nothing) since when, and whether it lives.

    ``source``: where what it holds came from: network, disk, bundle, fallback or none.
    """

    instance: str
    sdk: str
    source: str
    key: str
    selector: str
    epoch: int | None
    revision: int | None
    since: datetime | None
    first_seen: datetime
    seen_at: datetime
    live: bool
    current: bool


class WithinShown(Shown):
    """After how many milliseconds 50, 99 and 100 per cent of the timed instances held a revision; null: not yet."""

    p50: int | None
    p99: int | None
    p100: int | None


class ProgressShown(Shown):
    """How far a revision has come.

    ``live``: instances heard of within three minutes, or 20 seconds where the last thing heard was that they hung up;
    ``running``: those of them that hold the revision or a later one;
    ``timed``: those that ran before it was applied, of which ``within_ms`` and ``curve`` (milliseconds, how many by then) tell;
    ``waiting``: some that do not hold it.
    """

    live: int
    running: int
    timed: int
    within_ms: WithinShown
    curve: list[tuple[int, int]]
    waiting: list[InstanceShown]


class CountShown(Shown):
    """How many live instances have something in common."""

    name: str
    instances: int


class FleetShown(Shown):
    """An environment's instances, those of the last day, a page; the counts are of all that live.

    ``release``: the release that made the present revision (null: a save, or nothing yet), applied at ``changed_at``.
    """

    environment: str
    now: datetime
    epoch: int
    revision: int
    release: int | None
    changed_at: datetime | None
    progress: ProgressShown
    sdks: list[CountShown]
    sources: list[CountShown]
    keys: list[CountShown]
    revisions: list[CountShown]
    items: list[InstanceShown]
    next: str | None


class RolloutShown(Shown):
    """How far a release has come; ``progress`` is null where it was not applied."""

    release: int
    environment: str
    state: str
    now: datetime
    epoch: int | None
    revision: int | None
    applied_at: datetime | None
    progress: ProgressShown | None


@router.get("/environments/{environment}/fleet")
def show_fleet(project: str, environment: str, door: Through, *, after: str = "", limit: Limit = 200) -> FleetShown:
    """Show which clients run, what each holds, and how long the last change took to reach them."""
    found = door.read(lambda actor, uow: fleet.fleet(actor, uow, project, environment))
    live = [each for each in found.instances if each.is_live(found.now)]
    page = [each for each in found.instances if _cursor(each) > after][:limit]
    return FleetShown(
        environment=environment,
        now=found.now,
        epoch=found.order[0],
        revision=found.order[1],
        release=found.change.release_id if found.change else None,
        changed_at=found.change.at if found.change else None,
        progress=_progress(found.progress, found.order, found.now),
        sdks=_counts(each.about.sdk for each in live),
        sources=_counts(each.about.source for each in live),
        keys=_counts(each.key for each in live),
        revisions=_counts("-" if each.order is None else str(each.order[1]) for each in live),
        items=[_instance(each, found.order, found.now) for each in page],
        next=_cursor(page[-1]) if len(page) == limit else None,
    )


@router.get("/releases/{release_id}/rollout")
def show_rollout(project: str, release_id: Annotated[int, Path(ge=1, le=NUMBER_MAX)], door: Through) -> RolloutShown:
    """Show how far a release has come among the running clients: ask again and again to watch it."""
    found = door.read(lambda actor, uow: fleet.rollout(actor, uow, project, release_id))
    release, made = found.release, found.progress
    order = (release.epoch, release.revision or 0)
    return RolloutShown(
        release=release.release_id,
        environment=release.environment,
        state=release.state,
        now=found.now,
        epoch=release.epoch if made else None,
        revision=release.revision,
        applied_at=release.applied_at,
        progress=_progress(made, order, found.now) if made else None,
    )


def _progress(made: Progress, order: Order, now: datetime) -> ProgressShown:
    return ProgressShown(
        live=made.live,
        running=made.running,
        timed=made.timed,
        within_ms=WithinShown(**{f"p{percent}": ms for percent, ms in made.within_ms.items()}),
        curve=list(made.curve),
        waiting=[_instance(each, order, now) for each in made.waiting],
    )


def _instance(each: Instance, order: Order, now: datetime) -> InstanceShown:
    return InstanceShown(
        instance=each.about.instance,
        sdk=each.about.sdk,
        source=each.about.source,
        key=each.key,
        selector=each.selector,
        epoch=each.order[0] if each.order else None,
        revision=each.order[1] if each.order else None,
        since=each.arrivals[-1].at if each.order and each.arrivals else None,
        first_seen=each.first_seen,
        seen_at=each.seen_at,
        live=each.is_live(now),
        current=each.runs(order),
    )


def _counts(names: Iterable[str]) -> list[CountShown]:
    return [CountShown(name=name, instances=count) for name, count in Counter(names).most_common()]


def _cursor(each: Instance) -> str:
    return f"{each.selector}.{each.about.instance}"
