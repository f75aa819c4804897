"""The fleet: which clients run, what each of them holds, and how far a release has come among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cuebook_server.domain.access import Actor
from cuebook_server.domain.environment import Environment
from cuebook_server.domain.fleet import Instance, Order, Progress, progress
from cuebook_server.domain.release import Change, Release
from cuebook_server.services.environments import known
from cuebook_server.services.ports import NUMBER_MAX, UnitOfWork
from cuebook_server.services.projects import enter
from cuebook_server.services.releases import found


@dataclass(frozen=True, slots=True)
class Fleet:
    """An environment's instances, live or heard of within a day. ``change``: the last one, ``None``: nothing was released."""

    environment: Environment
    order: Order
    change: Change | None
    progress: Progress
    instances: Sequence[Instance]
    now: datetime


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far a release has come; ``progress`` is ``None`` where it was not applied."""

    release: Release
    progress: Progress | None
    now: datetime


def fleet(actor: Actor, uow: UnitOfWork, project: str, name: str) -> Fleet:
    """Who runs what in an environment, and how the last change reached them."""
    scope = enter(actor, uow, project)
    environment = known(scope, name)
    order = (scope.fleet.epoch(), environment.revision)
    changes = scope.environments.history(environment, NUMBER_MAX, 1)
    instances = scope.fleet.of(environment)
    made = progress(instances, order, changes[0].at if changes else environment.updated_at, uow.now)
    return Fleet(environment, order, changes[0] if changes else None, made, instances, uow.now)


def rollout(actor: Actor, uow: UnitOfWork, project: str, release_id: int) -> Rollout:
    """How far a release has come among the clients of its environment."""
    scope = enter(actor, uow, project)
    release = found(scope, release_id)
    if release.revision is None or release.applied_at is None:
        return Rollout(release, None, uow.now)
    instances = scope.fleet.of(known(scope, release.environment))
    return Rollout(release, progress(instances, (release.epoch, release.revision), release.applied_at, uow.now), uow.now)
