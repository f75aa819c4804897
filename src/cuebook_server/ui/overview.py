"""What the plain page tells: what runs where, what could be shipped next, and what changed lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cuebook_server.domain.access import Actor
from cuebook_server.domain.environment import Environment
from cuebook_server.domain.errors import NotFound
from cuebook_server.services import environments, projects
from cuebook_server.services.environments import Solo, StatusRow
from cuebook_server.services.glance import Entry, Shippable, lately, shippable
from cuebook_server.services.ports import UnitOfWork

ROWS_MAX = 100
NAMED_MAX = 3


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
        entries=lately(actor, uow, chosen),
        now=uow.now,
        solo=environments.solo(actor, uow, chosen),
    )
