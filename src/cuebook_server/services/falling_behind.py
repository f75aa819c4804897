"""Looking, now and then, whether an environment has been behind the one it comes from for long. A finding is told once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cuebook_server.domain.audit import AuditFilter, Happening
from cuebook_server.domain.environment import Environment
from cuebook_server.services.drift import rows
from cuebook_server.services.outbox import SERVER
from cuebook_server.services.ports import Project, PromptRow, Scope, Units
from cuebook_server.services.rounds import for_each

PROMPTS_MAX = 200
# Prompts looked at in one environment; a project with more apart has other worries.
APART_MAX = 2_000
Side = Mapping[str, Mapping[str, int | None] | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """What an environment (``here``) serves, and what its source (``there``) has served instead for long, by prompt."""

    environment: Environment
    source: str
    here: Side
    there: Side


def look(units: Units, days: int, stopping: Callable[[], bool] = lambda: False) -> None:
    """Look at every project; where a finding changed, write it into the project's chain."""
    with units.read() as uow:
        projects = uow.projects.all()

    def look_at(project: Project) -> None:
        with units.read() as uow:
            scope = uow.scope(project)
            changed = any(_is_news(scope, found) for found in _findings(scope, uow.now, days))
        if changed:
            with units.write() as uow:
                _tell(uow.scope(project), uow.now, days)

    for_each(projects, look_at, stopping)


def _tell(scope: Scope, now: datetime, days: int) -> None:
    for found in _findings(scope, now, days):
        if _is_news(scope, found):  # looked at again behind the project's lock: of several nodes, one tells
            name = found.environment.name
            action = "drift.found" if found.here else "drift.ended"
            sentence = f"{len(found.here)} prompts behind {found.source} for more than {days} days."
            told = Happening(
                action,
                name,
                environment=name,
                revision=found.environment.revision,
                reason=sentence,
                before=found.here,
                after=found.there,
            )
            scope.audit.append(SERVER, told)


def _is_news(scope: Scope, found: Finding) -> bool:
    """The same prompts at the same versions are no news, however far the source has gone on."""
    last = scope.audit.latest(AuditFilter(action="drift.", environment=found.environment.name), limit=1)
    return (last[0]["before"] if last else {}) != found.here


def _findings(scope: Scope, now: datetime, days: int) -> Iterator[Finding]:
    environments = {environment.name: environment for environment in scope.environments.all()}
    watched = [(one, environments.get(one.policy.comes_from or "")) for one in environments.values() if not one.tracks_latest]
    all_rows = rows(scope) if any(source for _, source in watched) else []
    for environment, source in watched:
        if source is not None:
            apart = [row for row in all_rows if row.live[environment.name] not in (None, row.live[source.name])]
            since = _since(scope, environment, source, apart[:APART_MAX])
            late = [row for row in apart if row.name in since and now - since[row.name] > timedelta(days=days)][:PROMPTS_MAX]
            yield Finding(environment, source.name, _side(late, environment), _side(late, source))


def _since(scope: Scope, environment: Environment, source: Environment, apart: Sequence[PromptRow]) -> Mapping[str, datetime]:
    """When the source left the version that the environment serves; where it never had it, when the environment took it."""
    ids = {name: prompt.prompt_id for name, prompt in scope.prompts.find_all([row.name for row in apart]).items()}
    live = {ids[row.name]: number for row in apart if (number := row.live[environment.name]) is not None}
    left, took = (scope.environments.steps_since(place, live) for place in (source, environment))
    return {name: (left.get(number, ())[1:2] or took[number])[0].at for name, number in ids.items()}


def _side(late: Sequence[PromptRow], of: Environment) -> Side:
    numbers = {row.name: row.live[of.name] for row in late}
    return {name: None if number is None else {"version": number} for name, number in numbers.items()}
