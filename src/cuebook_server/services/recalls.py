"""Recalling a version: it is declared harmful, taken out of every environment at once, and let in nowhere again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.environment import Environment
from cuebook_server.domain.errors import Conflict, NotFound
from cuebook_server.domain.prompt import BadMetadata, Prompt, Recall, check_text
from cuebook_server.domain.release import REASON_CHARS_MAX, Change
from cuebook_server.services.ports import Scope, UnitOfWork
from cuebook_server.services.projects import enter
from cuebook_server.services.prompts import locate
from cuebook_server.services.releases import take_back


class AlreadyRecalled(Conflict):
    """The version was recalled before."""

    code = "already_recalled"
    hint = "Nothing needs to be done."


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a recall did: the environments that served the version, and what each serves instead (``None``: nothing)."""

    recall: Recall
    instead: dict[str, int | None]


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
    serving = [found for found in scope.environments.all() if _serves(scope, found, before) == number]
    made = Recall(before.prompt_id, before.name, number, reason, actor.principal, uow.now)
    scope.prompts.recall(made)
    scope.audit.append(actor, Happening("version.recalled", f"{before.name}@{number}", reason=reason))
    after = locate(scope, name)
    return Recalled(made, {found.name: _replace(actor, uow, scope, found, after, made) for found in serving})


def listed(actor: Actor, uow: UnitOfWork, project: str) -> Sequence[Recall]:
    """The versions that were recalled, newest first."""
    return enter(actor, uow, project).prompts.recalls()


def _serves(scope: Scope, environment: Environment, prompt: Prompt) -> int | None:
    if environment.tracks_latest:
        return prompt.newest
    return scope.environments.pointers(environment, [prompt.prompt_id]).get(prompt.prompt_id)


def _replace(actor: Actor, uow: UnitOfWork, scope: Scope, environment: Environment, prompt: Prompt, made: Recall) -> int | None:
    if not environment.tracks_latest:
        return take_back(actor, uow, scope, environment, made).items[0].version
    raised = scope.environments.raise_revision(environment)
    change = Change(
        revision=raised.revision,
        prompt_id=prompt.prompt_id,
        prompt=prompt.name,
        before=made.number,
        after=prompt.newest,
        cause="recall",
        actor=actor.principal,
        at=raised.updated_at,
    )
    scope.environments.record(raised, change)
    return prompt.newest
