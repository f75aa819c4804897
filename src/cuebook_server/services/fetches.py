"""What is really fetched: who would miss what is retired, and what nobody asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cuebook_server.domain.access import Actor
from cuebook_server.domain.environment import Environment
from cuebook_server.domain.errors import TracksLatest
from cuebook_server.domain.fetch import LATELY_DAYS, Fetch, Orphan, warnings
from cuebook_server.services.environments import known
from cuebook_server.services.ports import Scope, UnitOfWork
from cuebook_server.services.projects import enter
from cuebook_server.services.prompts import locate


@dataclass(frozen=True, slots=True)
class Fetchers:
    """Which keys took a prompt since a moment, by environment: by its name, or with everything where it is served.

    noted_since: what was fetched before is not known; ``None``: all of it is.
    """

    since: datetime
    items: Sequence[tuple[str, Fetch]]
    noted_since: datetime | None


@dataclass(frozen=True, slots=True)
class Orphans:
    """What an environment serves and no key has asked for by name since a moment.

    whole: keys that took everything since then; any prompt may be in use through them. noted_since: what was fetched before is
    not known (``None``: all of it is), so that nothing is listed until it lies before ``since``.
    """

    since: datetime
    items: Sequence[Orphan]
    whole: Sequence[Fetch]
    noted_since: datetime | None


def fetchers(actor: Actor, uow: UnitOfWork, project: str, name: str, *, days: int) -> Fetchers:
    """Who fetches a prompt: the keys of each environment that took it within some days, newest first."""
    scope = enter(actor, uow, project)
    of = locate(scope, name)
    since = uow.now - timedelta(days=days)
    (row,) = scope.lists.prompts(names=[of.name], limit=1)
    items = [
        (environment.name, fetch)
        for environment in scope.environments.all()
        for fetch in (
            *scope.fetches.by_name(environment, [of.prompt_id], since),
            *(scope.fetches.whole(environment, since) if row.live[environment.name] else ()),
        )
    ]
    return Fetchers(since, items, scope.fetches.noted_since())


def orphans(actor: Actor, uow: UnitOfWork, project: str, name: str, *, days: int, after: str = "", limit: int = 200) -> Orphans:
    """List what could be retired: served for longer than ``days``, and not fetched by name for as long."""
    scope = enter(actor, uow, project)
    environment = known(scope, name)
    if environment.tracks_latest:
        raise TracksLatest(
            f"{name} serves every save, and nothing can be retired from it.", hint="Ask for another environment."
        )
    since = uow.now - timedelta(days=days)
    noted = scope.fetches.noted_since()
    is_known = noted is None or noted <= since
    found = scope.fetches.orphans(environment, since, after, limit) if is_known else ()
    return Orphans(since, found, scope.fetches.whole(environment, since), noted)


def retiring(scope: Scope, environment: Environment, prompt_ids: Sequence[int], now: datetime) -> tuple[str, ...]:
    """What somebody who retires these prompts should know."""
    since = now - timedelta(days=LATELY_DAYS)
    fetches = [*scope.fetches.by_name(environment, prompt_ids, since), *scope.fetches.whole(environment, since)]
    noted = scope.fetches.noted_since()
    return warnings(environment.name, fetches, noted if noted and noted > since else None)
