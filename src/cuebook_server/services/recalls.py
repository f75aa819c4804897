"""Recalling a version: it is declared harmful, taken out of every environment at once, and let in nowhere again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.environment import Environment
from cuebook_server.domain.errors import Conflict, NotFound
from cuebook_server.domain.prompt import BadMetadata, Including, Prompt, Recall, check_text
from cuebook_server.domain.release import REASON_CHARS_MAX
from cuebook_server.services.ports import Scope, UnitOfWork
from cuebook_server.services.projects import enter
from cuebook_server.services.prompts import follow, locate, serves
from cuebook_server.services.releases import take_back

AFFECTED_MAX = 1_000


class AlreadyRecalled(Conflict):
    """The version was recalled before."""

    code = "already_recalled"
    hint = "Nothing needs to be done."


@dataclass(frozen=True, slots=True)
class Affected:
    """A version that includes a recalled one, and the environments that serve it. No release brings it in any more."""

    including: Including
    live: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a recall did: the environments that served the version, and what each serves instead (``None``: nothing)."""

    recall: Recall
    instead: dict[str, int | None]
    affected: Sequence[Affected]


def recall(actor: Actor, uow: UnitOfWork, project: str, name: str, number: int, reason: str) -> Recalled:
    """Declare a version harmful. Every environment that serves it goes back to the last one that is not, or to nothing."""
    scope = enter(actor, uow, project, "versions.recall")
    if not check_text("reason", reason, REASON_CHARS_MAX).strip():
        raise BadMetadata("A recall needs a reason.", hint="Say what is wrong with the version.")
    before = locate(scope, name)
    if scope.prompts.version(before, number) is None:
        raise NotFound(f"{before.name} has no version {number}; the newest is {before.latest}.")
    if number in before.recalled:
        raise AlreadyRecalled(f"Version {number} of {before.name} was recalled before.")
    serving = [found for found in scope.environments.all() if serves(scope, found, [before]).get(before.prompt_id) == number]
    made = Recall(before.prompt_id, before.name, number, reason, actor.principal, uow.now)
    scope.prompts.recall(made)
    scope.audit.append(actor, Happening("version.recalled", f"{before.name}@{number}", reason=reason))
    after = locate(scope, name)
    instead = {found.name: _replace(actor, uow, scope, found, after, made) for found in serving}
    return Recalled(made, instead, _of(made, _affected(scope)))


def listed(actor: Actor, uow: UnitOfWork, project: str) -> Sequence[tuple[Recall, Sequence[Affected]]]:
    """The versions that were recalled, newest first, each with those that include it."""
    scope = enter(actor, uow, project)
    affected = _affected(scope)
    return [(made, _of(made, affected)) for made in scope.prompts.recalls()]


def _of(made: Recall, affected: Sequence[Affected]) -> Sequence[Affected]:
    return [row for row in affected if (row.including.fragment, row.including.fragment_number) == (made.prompt, made.number)]


def _affected(scope: Scope) -> Sequence[Affected]:
    """The versions that include a recalled one, what is live first."""
    rows = scope.prompts.including_recalled()
    including = scope.prompts.find_all({row.prompt for row in rows}).values()
    live: dict[tuple[int, int | None], tuple[str, ...]] = {}
    for environment in scope.environments.all():
        for served in serves(scope, environment, including).items():
            live[served] = (*live.get(served, ()), environment.name)
    affected = [Affected(row, live.get((row.prompt_id, row.number), ())) for row in rows]
    return sorted(affected, key=lambda row: not row.live)[:AFFECTED_MAX]


def _replace(actor: Actor, uow: UnitOfWork, scope: Scope, environment: Environment, prompt: Prompt, made: Recall) -> int | None:
    if not environment.tracks_latest:
        return take_back(actor, uow, scope, environment, made).items[0].version
    follow(actor, scope, environment, prompt, before=made.number, after=prompt.newest, cause="recall")
    return prompt.newest
