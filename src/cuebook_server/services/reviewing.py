"""What a reviewer sees of a release: what each item would change, held against two versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cuebook_server.domain.access import Actor
from cuebook_server.domain.release import Item, Release, Step, longest
from cuebook_server.services import reads
from cuebook_server.services.environments import known
from cuebook_server.services.ports import Scope, UnitOfWork
from cuebook_server.services.projects import enter
from cuebook_server.services.prompts import Comparison, locate, side_by_side
from cuebook_server.services.releases import found


@dataclass(frozen=True, slots=True)
class ItemDiff:
    """One item of a release, held against what is live (once it has ended: was live) and against what lived there longest.

    live: the number it takes the place of. longest, lived: the version that was live longest in the 90 days before, and how
    long. The comparisons are ``None`` where there is nothing to compare; that with ``longest`` also where it is the live one.
    """

    item: Item
    live: int | None
    longest: int | None
    lived: timedelta
    against_live: Comparison | None
    against_longest: Comparison | None


def compare(actor: Actor, uow: UnitOfWork, project: str, release_id: int, *, after: int, limit: int) -> Sequence[ItemDiff]:
    """What a release changes, item by item, from the item after a position on."""
    scope = enter(actor, uow, project)
    release = found(scope, release_id)
    items = [_compare(scope, release, item, uow.now) for item in release.items[after : after + limit]]
    compared = [side for item in items for side in (item.against_live, item.against_longest) if side]
    shown = [version for side in compared for version in (side.old, side.new)]
    reads.note(actor, uow, scope, reads.whole(scope, *shown))
    return items


def measure(scope: Scope, release: Release, item: Item, now: datetime) -> tuple[int, timedelta] | None:
    """The version that lived longest where an item goes, as it was when the release was applied, ended, or is now."""
    moment = release.applied_at or release.ended_at or now
    steps = scope.environments.steps(known(scope, release.environment), item.prompt_id)
    return longest([step for step in steps if _before(step, release, moment)], moment)


def _before(step: Step, release: Release, moment: datetime) -> bool:
    return step.revision < release.revision if release.revision is not None else step.at <= moment


def _compare(scope: Scope, release: Release, item: Item, now: datetime) -> ItemDiff:
    prompt = locate(scope, item.prompt)
    live = item.replaces
    if release.state == "proposed":
        live = scope.environments.pointers(known(scope, release.environment), [item.prompt_id]).get(item.prompt_id)
    number, lived = measure(scope, release, item, now) or (None, timedelta())
    new, old, stayed = (scope.prompts.version(prompt, n) if n else None for n in (item.version, live, number))
    return ItemDiff(item, live, number, lived, side_by_side(old, new), side_by_side(stayed, new) if number != live else None)
