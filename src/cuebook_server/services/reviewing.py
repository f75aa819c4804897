"""What a reviewer sees of a release: what each item would change, held against two versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cuebook_server.domain.access import Actor
from cuebook_server.domain.prompt import Version
from cuebook_server.domain.release import Item, Release, Step, longest
from cuebook_server.services import reads
from cuebook_server.services.environments import known
from cuebook_server.services.ports import Scope, UnitOfWork
from cuebook_server.services.projects import enter
from cuebook_server.services.prompts import Comparison, side_by_side, versions_of
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
    compared = _compare_all(scope, release, release.items[after : after + limit], uow.now)
    sides = [side for item in compared for side in (item.against_live, item.against_longest) if side]
    shown = [version for side in sides for version in (side.old, side.new)]
    reads.note(actor, uow, scope, reads.whole(scope, *shown))
    return compared


def _compare_all(scope: Scope, release: Release, items: Sequence[Item], now: datetime) -> Sequence[ItemDiff]:
    live = {item.prompt_id: item.replaces for item in items}
    if release.state == "proposed":
        pointers = scope.environments.pointers(known(scope, release.environment), list(live))
        live = {prompt_id: pointers.get(prompt_id) for prompt_id in live}
    measured = longest_of(scope, release, items, now)
    stayed = {prompt_id: number for prompt_id, (number, _) in measured.items()}
    numbers = ((i.prompt_id, number) for i in items for number in (i.version, live[i.prompt_id], stayed.get(i.prompt_id)))
    versions = versions_of(scope, numbers)
    return [_compare(item, live[item.prompt_id], measured.get(item.prompt_id), versions) for item in items]


def longest_of(scope: Scope, release: Release, items: Sequence[Item], now: datetime) -> Mapping[int, tuple[int, timedelta]]:
    """By prompt id, the version that lived longest where an item goes: when the release was applied, ended, or now."""
    moment = release.applied_at or release.ended_at or now
    lives = scope.environments.steps(known(scope, release.environment), [item.prompt_id for item in items])
    found = {prompt_id: longest([s for s in life if _before(s, release, moment)], moment) for prompt_id, life in lives.items()}
    return {prompt_id: measured for prompt_id, measured in found.items() if measured}


def _before(step: Step, release: Release, moment: datetime) -> bool:
    return step.revision < release.revision if release.revision is not None else step.at <= moment


def _compare(
    item: Item, live: int | None, measured: tuple[int, timedelta] | None, versions: Mapping[tuple[int, int], Version]
) -> ItemDiff:
    number, lived = measured or (None, timedelta())
    new, old, stayed = (versions.get((item.prompt_id, n or 0)) for n in (item.version, live, number))
    return ItemDiff(item, live, number, lived, side_by_side(old, new), side_by_side(stayed, new) if number != live else None)
