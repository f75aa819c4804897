"""A project at a glance, over HTTP: what changed lately, and what waits for the caller."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from cuebook_server.http.door import Route, Shown, Through
from cuebook_server.http.environments import ChangeShown, show_change
from cuebook_server.http.releases import ReleaseShown, show
from cuebook_server.services import glance
from cuebook_server.services.glance import Deed, Entry, Waiting

router = APIRouter(prefix="/projects/{project}", tags=["glance"], route_class=Route)
CHANGES_MAX = 50  # of one release; the environment's history has them all


class EntryShown(Shown):
    """One release, or one save where latest is tracked. ``takes_back``: prompts that a rollback returns to what was before.

    ``changes`` are the first 50 of ``count``.
    """

    environment: str
    at: datetime
    cause: str
    actor: str
    why: str
    release: int | None
    count: int
    changes: list[ChangeShown]
    takes_back: list[str]


class EntriesShown(Shown):
    """What changed lately, newest first."""

    items: list[EntryShown]
    next: str | None = None


class WaitingShown(Shown):
    """A release that waits, as it stands now, and what you can do about it; ``wait``: it is yours and waits for others."""

    release: ReleaseShown
    deed: Deed


class WaitingsShown(Shown):
    """What waits for you, newest first; of the 20 newest open releases."""

    items: list[WaitingShown]
    next: str | None = None


@router.get("/lately")
def list_lately(project: str, door: Through) -> EntriesShown:
    """Show what changed lately: the newest five releases, or saves where latest is tracked, of each environment."""
    found = door.read(lambda actor, uow: glance.lately(actor, uow, project))
    return EntriesShown(items=[_entry(row) for row in found])


@router.get("/waiting")
def list_waiting(project: str, door: Through) -> WaitingsShown:
    """List the releases that wait for you, and your own that wait for others."""
    found = door.read(lambda actor, uow: glance.waiting(actor, uow, project))
    return WaitingsShown(items=[_waiting(row) for row in found])


def _entry(entry: Entry) -> EntryShown:
    return EntryShown(
        environment=entry.environment,
        at=entry.at,
        cause=entry.cause,
        actor=entry.actor,
        why=entry.why,
        release=entry.changes[0].release_id,
        count=len(entry.changes),
        changes=[show_change(change) for change in entry.changes[:CHANGES_MAX]],
        takes_back=list(entry.takes_back[:CHANGES_MAX]),
    )


def _waiting(waiting: Waiting) -> WaitingShown:
    return WaitingShown(release=show(waiting.release).model_copy(update={"state": waiting.seen}), deed=waiting.deed)
