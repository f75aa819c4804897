"""Releases: the only way to change what a pinned environment serves.

``apply`` moves pointers, and nothing else does. It checks the actor, weighs the policy, compares and sets each pointer, raises
the environment's revision once, and writes the release, the history and the audit entry, all in the caller's transaction:
readers see all of it or nothing. The database refuses a pointer that moves any other way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cuebook_server.domain import prompt as prompts_domain
from cuebook_server.domain import variables
from cuebook_server.domain.access import Actor, Permission
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.environment import Environment
from cuebook_server.domain.errors import (
    AlreadyLive,
    NeverLiveHere,
    NotFound,
    NothingToRollBack,
    NotReleasedHere,
    PointerMoved,
    PolicyRefused,
    TracksLatest,
)
from cuebook_server.domain.prompt import Prompt, Version
from cuebook_server.domain.release import (
    ITEMS_MAX,
    REASON_CHARS_MAX,
    BadRelease,
    Change,
    Decision,
    Item,
    Kind,
    Release,
    Wanted,
    decide,
    previous,
)
from cuebook_server.services.environments import known
from cuebook_server.services.ports import Scope, UnitOfWork
from cuebook_server.services.projects import enter
from cuebook_server.services.prompts import locate

_NEEDED: dict[Kind, Permission] = {"promote": "releases.apply", "retire": "releases.apply", "rollback": "releases.rollback"}


@dataclass(frozen=True, slots=True)
class Request:
    """A release as somebody asks for it."""

    environment: str
    kind: Kind
    items: Sequence[Wanted]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """One pointer's move with the versions it is between; ``first`` when the prompt never had a pointer here."""

    item: Item
    old: Version | None
    new: Version | None
    first: bool


@dataclass(frozen=True, slots=True)
class Weighed:
    """A release before it is applied: its exact moves, and the policy's decision."""

    environment: Environment
    request: Request
    moves: tuple[Move, ...]
    decision: Decision

    @property
    def items(self) -> tuple[Item, ...]:
        """The moves without the versions' content."""
        return tuple(move.item for move in self.moves)

    @property
    def notes(self) -> tuple[str, ...]:
        """What would break a caller of the version that is replaced."""
        return tuple(
            f"{move.item.prompt}: {breaking.sentence}"
            for move in self.moves
            if move.old and move.new
            for breaking in variables.breaking(move.old.served, move.new.served)
        )


def apply(actor: Actor, uow: UnitOfWork, project: str, request: Request) -> Release:
    """Apply a release: every item of it, or nothing."""
    scope = enter(actor, uow, project, _NEEDED[request.kind])
    weighed = _weigh(scope, request)
    if not weighed.decision.allowed:
        unmet = [verdict.sentence for verdict in weighed.decision.verdicts if not verdict.passed]
        raise PolicyRefused(" ".join(unmet), decision=weighed.decision.to_json())
    return _move(actor, scope, weighed)


def weigh(actor: Actor, uow: UnitOfWork, project: str, request: Request) -> Weighed:
    """What ``apply`` would do and what the policy says of it. Changes nothing."""
    return _weigh(enter(actor, uow, project, _NEEDED[request.kind]), request)


def find(actor: Actor, uow: UnitOfWork, project: str, release_id: int) -> Release:
    """One release."""
    found = enter(actor, uow, project).releases.find(release_id)
    if found is None:
        raise NotFound(f"There is no release {release_id}.")
    return found


def listed(actor: Actor, uow: UnitOfWork, project: str, environment: str, *, before: int, limit: int) -> Sequence[Release]:
    """Releases below a number, newest first, of one environment or (``""``) of all."""
    scope = enter(actor, uow, project)
    return scope.releases.list(known(scope, environment) if environment else None, before, limit)


def _weigh(scope: Scope, request: Request) -> Weighed:
    prompts_domain.check_text("reason", request.reason, REASON_CHARS_MAX)
    if not 1 <= len(request.items) <= ITEMS_MAX:
        raise BadRelease(f"A release holds 1 to {ITEMS_MAX} items, not {len(request.items)}.")
    environment = known(scope, request.environment)
    if environment.tracks_latest:
        raise TracksLatest(f"{environment.name} serves the newest version of every prompt.")
    moves = _moves(scope, environment, request)
    decision = decide(environment, request.kind, request.reason, _not_from_source(scope, environment, moves))
    return Weighed(environment, request, moves, decision)


def _not_from_source(scope: Scope, environment: Environment, moves: Sequence[Move]) -> Sequence[Item]:
    """The items whose version never ran in the environment that the policy says they come from."""
    source = scope.environments.find(environment.policy.comes_from) if environment.policy.comes_from else None
    if source is None:
        return []
    items = [move.item for move in moves]
    return [i for i in items if i.version is not None and not scope.environments.was_live(source, i.prompt_id, i.version)]


def _moves(scope: Scope, environment: Environment, request: Request) -> tuple[Move, ...]:
    """The exact moves asked for, without those that change nothing."""
    prompts = [locate(scope, wanted.prompt) for wanted in request.items]
    if len({prompt.prompt_id for prompt in prompts}) != len(prompts):
        raise BadRelease("A prompt stands twice in the release.", hint="Name each prompt once.")
    pointers = scope.environments.pointers(environment, [prompt.prompt_id for prompt in prompts])
    moves = []
    for prompt, wanted in zip(prompts, request.items, strict=True):
        serves = pointers.get(prompt.prompt_id)
        if wanted.guarded and wanted.replaces != serves:
            raise PointerMoved(
                f"{environment.name} serves version {serves} of {prompt.name}, not {wanted.replaces}.",
                prompt=prompt.name,
                yours=wanted.replaces,
                theirs=serves,
                revision=environment.revision,
            )
        version = _version(scope, environment, request.kind, prompt, wanted)
        if version != serves:
            old, new = (scope.prompts.version(prompt, number) if number else None for number in (serves, version))
            item = Item(prompt.prompt_id, prompt.name, version, serves)
            moves.append(Move(item, old, new, first=prompt.prompt_id not in pointers))
    if not moves:
        raise AlreadyLive(f"{environment.name} already serves this.", revision=environment.revision)
    return tuple(moves)


def _version(scope: Scope, environment: Environment, kind: Kind, prompt: Prompt, wanted: Wanted) -> int | None:
    """The version an item means, where it was left open: the source's for a promotion, the previous for a rollback."""
    if kind == "retire":
        return None
    if kind == "rollback":
        return _earlier(scope, environment, prompt, wanted.version)
    if wanted.version is None:
        return _from_source(scope, environment, prompt)
    if not 1 <= wanted.version <= prompt.latest:
        raise NotFound(f"{prompt.name} has no version {wanted.version}; the newest is {prompt.latest}.")
    return wanted.version


def _earlier(scope: Scope, environment: Environment, prompt: Prompt, number: int | None) -> int:
    history = scope.environments.live_numbers(environment, prompt.prompt_id)
    if number is not None and number not in history:
        raise NeverLiveHere(f"Version {number} of {prompt.name} was never live in {environment.name}.")
    found = previous(history) if number is None else number
    if found is None:
        raise NothingToRollBack(f"No earlier version of {prompt.name} was live in {environment.name}.")
    return found


def _from_source(scope: Scope, environment: Environment, prompt: Prompt) -> int:
    source = scope.environments.find(environment.policy.comes_from or "")
    if source is None:
        raise BadRelease(
            f"Which version of {prompt.name}? {environment.name} comes from no other environment.", hint="Name the version."
        )
    serves = (
        prompt.latest if source.tracks_latest else scope.environments.pointers(source, [prompt.prompt_id]).get(prompt.prompt_id)
    )
    if serves is None:
        raise NotReleasedHere(f"{source.name} serves no version of {prompt.name}.", hint=f"Promote it to {source.name} first.")
    return serves


def _move(actor: Actor, scope: Scope, weighed: Weighed) -> Release:
    """Move every pointer of a release that was let in. No other function does."""
    request = weighed.request
    environment = scope.environments.raise_revision(weighed.environment)
    release = scope.releases.add(
        environment,
        kind=request.kind,
        reason=request.reason,
        author=actor.principal,
        items=weighed.items,
        decision=weighed.decision,
        notes=weighed.notes,
    )
    for move in weighed.moves:
        change = Change(
            revision=environment.revision,
            prompt_id=move.item.prompt_id,
            prompt=move.item.prompt,
            before=move.item.replaces,
            after=move.item.version,
            cause=request.kind,
            actor=actor.principal,
            at=environment.updated_at,
            release_id=release.release_id,
        )
        scope.environments.record(environment, change)
        scope.environments.move(environment, move.item, release.release_id, first=move.first)
    scope.audit.append(actor, _happened(release, weighed.moves))
    return release


def _happened(release: Release, moves: Sequence[Move]) -> Happening:
    return Happening(
        f"release.{release.kind}",
        f"release {release.release_id}",
        environment=release.environment,
        revision=release.revision,
        reason=release.reason,
        before={move.item.prompt: _told(move.old) for move in moves},
        after={move.item.prompt: _told(move.new) for move in moves},
    )


def _told(version: Version | None) -> dict[str, object] | None:
    return {"version": version.number, "digest": version.digest} if version else None
