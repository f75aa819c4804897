"""What the first page tells: what runs where, what could be shipped next, and what changed lately."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cuebook_server.domain.access import Actor
from cuebook_server.domain.environment import Environment
from cuebook_server.domain.errors import NotFound
from cuebook_server.domain.release import Change
from cuebook_server.services import environments, projects, prompts
from cuebook_server.services.environments import Solo, StatusRow
from cuebook_server.services.ports import UnitOfWork

ROWS_MAX = 100
ENTRIES_MAX = 5  # of each environment, so that many saves do not hide the one release
NAMED_MAX = 3
_NUMBER_MAX = 2**31 - 1


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
class Overview:
    """A project at a glance; ``after`` is where the next page of prompts begins, empty on the last."""

    principal: str
    project: str
    projects: tuple[str, ...]
    environments: Sequence[Environment]
    rows: Sequence[StatusRow]
    after: str
    entries: Sequence[Entry]
    now: datetime
    solo: Sequence[Solo]

    @property
    def shippable(self) -> list[Shippable]:
        """What the environments of these rows could be given next, by the policy's order of stops."""
        return [found for row in self.rows for found in shippable(self.environments, row)]


def look(actor: Actor, uow: UnitOfWork, project: str, after: str) -> Overview:
    """A project (``""``: the first) with the page of prompts that begins after a name."""
    names = tuple(found.name for found in projects.visible(actor, uow))
    if not names:
        raise NotFound("There is no project yet.", hint="Make one: POST /api/projects.")
    chosen = project or names[0]
    stops, rows = environments.status(actor, uow, chosen, prompts=(), after=after, limit=ROWS_MAX + 1)
    return Overview(
        principal=actor.principal,
        project=chosen,
        projects=names,
        environments=stops,
        rows=rows[:ROWS_MAX],
        after=rows[ROWS_MAX - 1].prompt if len(rows) > ROWS_MAX else "",
        entries=sorted(
            (entry for stop in stops for entry in _lately(actor, uow, chosen, stop)), key=lambda entry: entry.at, reverse=True
        ),
        now=uow.now,
        solo=environments.solo(actor, uow, chosen),
    )


def shippable(stops: Sequence[Environment], row: StatusRow) -> Iterator[Shippable]:
    """The promotions that would bring a newer version one stop on."""
    for stop in stops:
        source = stop.policy.comes_from
        waiting, serves = row.versions.get(source or ""), row.versions[stop.name]
        if source and waiting and waiting > (serves or 0):
            yield Shippable(row.prompt, waiting, source, stop.name, serves)


def _lately(actor: Actor, uow: UnitOfWork, project: str, stop: Environment) -> Iterator[Entry]:
    """The environment's newest revisions, newest first."""
    revisions: dict[int, list[Change]] = {}
    for change in environments.history(actor, uow, project, stop.name, before=_NUMBER_MAX, limit=ENTRIES_MAX):
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
                if change.cause == "promote" and change.before and change.prompt not in superseded
            ),
        )
        superseded |= {change.prompt for change in changes}


def _message(actor: Actor, uow: UnitOfWork, project: str, save: Change) -> str:
    """Where latest is tracked no release gives a reason: the author's message does."""
    assert save.after is not None
    found = prompts.versions(actor, uow, project, save.prompt, before=save.after + 1, limit=1)
    return found[0].message if found else ""
