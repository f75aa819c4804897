"""A project at a glance: what could be shipped next, what changed lately, and what waits for whoever looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cuebook_server.domain.access import Actor
from cuebook_server.domain.environment import Environment
from cuebook_server.domain.release import Change, Release
from cuebook_server.services import environments, prompts, releases
from cuebook_server.services.environments import StatusRow
from cuebook_server.services.ports import NUMBER_MAX, UnitOfWork
from cuebook_server.services.projects import enter
from cuebook_server.services.releases import Standing

ENTRIES_MAX = 5  # of each environment, so that many saves do not hide the one release
OPEN_MAX = 20  # each is weighed again
Deed = Literal["approve", "apply", "rebase", "wait"]


@dataclass(frozen=True, slots=True)
class Shippable:
    """A version that waits one stop before an environment. ``serves`` is ``None`` where the prompt is new to it."""

    prompt: str
    version: int
    source: str
    target: str
    serves: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One release, or one save where latest is tracked. ``takes_back``: prompts that a rollback returns to what was before."""

    environment: str
    at: datetime
    cause: str
    actor: str
    why: str
    changes: tuple[Change, ...]
    takes_back: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A release that waits, as it stands now (``seen``), and what somebody can do about it; ``wait``: it is their own."""

    release: Release
    seen: str
    deed: Deed


def shippable(stops: Sequence[Environment], row: StatusRow) -> Iterator[Shippable]:
    """The promotions that would bring a newer version one stop on."""
    for stop in stops:
        source = stop.policy.comes_from
        waiting, serves = row.versions.get(source or ""), row.versions[stop.name]
        if source and waiting and waiting > (serves or 0):
            yield Shippable(row.prompt, waiting, source, stop.name, serves)


def lately(actor: Actor, uow: UnitOfWork, project: str) -> Sequence[Entry]:
    """What changed last, in every environment: its newest releases, or saves where latest is tracked. Newest first."""
    found = (entry for stop in environments.listed(actor, uow, project) for entry in _of(actor, uow, project, stop))
    return sorted(found, key=lambda entry: entry.at, reverse=True)


def _of(actor: Actor, uow: UnitOfWork, project: str, stop: Environment) -> Iterator[Entry]:
    """The environment's newest revisions, newest first."""
    newest = environments.history(actor, uow, project, stop.name, before=NUMBER_MAX, limit=ENTRIES_MAX)
    back = environments.ways_back(enter(actor, uow, project), stop, {change.prompt_id for change in newest})
    revisions: dict[int, list[Change]] = {}
    for change in newest:
        revisions.setdefault(change.revision, []).append(change)
    superseded: set[str] = set()
    for changes in list(revisions.values())[:ENTRIES_MAX]:
        first = changes[0]
        yield Entry(
            environment=stop.name,
            at=first.at,
            cause=first.cause,
            actor=first.actor,
            why=_message(actor, uow, project, first) if stop.tracks_latest else first.reason,
            changes=tuple(changes),
            takes_back=tuple(
                change.prompt
                for change in changes
                if change.cause == "promote"
                and change.prompt not in superseded
                and back.get(change.prompt_id, 0) == change.before
            ),
        )
        superseded |= {change.prompt for change in changes}


def _message(actor: Actor, uow: UnitOfWork, project: str, save: Change) -> str:
    """Where latest is tracked no release gives a reason: the author's message does."""
    assert save.after is not None
    found = prompts.versions(actor, uow, project, save.prompt, before=save.after + 1, limit=1)
    return found[0].message if found else ""


def waiting(actor: Actor, uow: UnitOfWork, project: str) -> Sequence[Waiting]:
    """The releases that wait for this actor, and the actor's own that wait for others; newest first."""
    scope = enter(actor, uow, project)
    found = []
    for release in scope.releases.open(OPEN_MAX):
        standing = releases.find(actor, uow, project, release.release_id)
        if deed := _deed(actor, standing):
            found.append(Waiting(release, standing.seen, deed))
    return found


def _deed(actor: Actor, standing: Standing) -> Deed | None:
    release, can = standing.release, standing.deeds
    mine = actor.answerable == (release.person or release.author)
    if "apply" in can and release.schedule is None:
        return "apply"
    if "rebase" in can and mine:
        return "rebase"
    if "approve" in can and standing.seen == "proposed":
        return "approve"
    return "wait" if mine and standing.seen in {"proposed", "approved"} else None
