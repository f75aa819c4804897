"""Weighing a release: its exact moves, and the facts its policy is held against. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cuebook_server.domain import variables
from cuebook_server.domain.access import roles_of
from cuebook_server.domain.content import texts
from cuebook_server.domain.decision import Approval, Facts, ItemFacts, decide, sign
from cuebook_server.domain.diff import reach
from cuebook_server.domain.environment import Environment
from cuebook_server.domain.errors import (
    AlreadyLive,
    NeverLiveHere,
    NotFound,
    NothingToRollBack,
    NotReleasedHere,
    PointerMoved,
    TracksLatest,
)
from cuebook_server.domain.prompt import Prompt, Version, check_text
from cuebook_server.domain.release import (
    ITEMS_MAX,
    REASON_CHARS_MAX,
    BadRelease,
    Decision,
    Item,
    Kind,
    Release,
    Step,
    Wanted,
    lived,
)
from cuebook_server.services.environments import check_rules, known, ways_back
from cuebook_server.services.fetches import retiring
from cuebook_server.services.ports import Scope, UnitOfWork
from cuebook_server.services.prompts import locate_all, serves, versions_of


@dataclass(frozen=True, slots=True)
class Request:
    """A release as somebody asks for it.

    shrink_meant: a text that shrinks to less than half is meant to. policy: the rules to change, for a release of that kind.
    time: roll everything back to what was served at that moment; no items are named then.
    """

    environment: str
    kind: Kind
    items: Sequence[Wanted]
    reason: str = ""
    shrink_meant: bool = False
    policy: Mapping[str, object] | None = None
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """One pointer's move with the versions it is between; ``first`` when the prompt never had a pointer here."""

    item: Item
    old: Version | None
    new: Version | None
    first: bool


@dataclass(frozen=True, slots=True)
class Weighed:
    """A release that is not applied: its exact moves (or the rules it changes), the facts and the policy's decision."""

    environment: Environment
    kind: Kind
    reason: str
    moves: tuple[Move, ...]
    facts: Facts
    decision: Decision
    policy: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        """The moves without the versions' content."""
        return tuple(move.item for move in self.moves)

    @property
    def notes(self) -> tuple[str, ...]:
        """What would break a caller of the version that is replaced, and who may still use what is retired."""
        breaking = (f"{facts.item.prompt}: {sentence}" for facts in self.facts.items for sentence in facts.breaking)
        return (*breaking, *self.warnings)

    @property
    def stale_items(self) -> tuple[Item, ...]:
        """The items that replace something else than what is live now."""
        return tuple(move.item for move in self.moves if move.item.replaces != (move.old.number if move.old else None))


def weigh(scope: Scope, uow: UnitOfWork, request: Request, author: str) -> Weighed:
    """Weigh what somebody asks for, against what is live now."""
    check_text("reason", request.reason, REASON_CHARS_MAX)
    if (request.kind == "policy") != (request.policy is not None):
        raise BadRelease("A change of the policy names its rules, and nothing else does.")
    if request.kind == "policy":
        return _weigh_rules(scope, uow, request, author)
    if request.time is not None:
        request = _as_of(scope, request, request.time)
    check_size(request.items)
    environment = known(scope, request.environment)
    if environment.tracks_latest:
        raise TracksLatest(f"{environment.name} serves the newest version of every prompt.")
    prompts = locate_all(scope, [wanted.prompt for wanted in request.items])
    pointers = scope.environments.pointers(environment, [prompt.prompt_id for prompt in prompts])
    moves = _moves(scope, pointers, _items(scope, environment, request, prompts, pointers))
    facts = Facts(request.kind, request.reason, author, uow.now, (), shrink_meant=request.shrink_meant)
    return _decided(scope, environment, moves, facts)


def check_size(items: Sequence[Wanted]) -> None:
    """Refuse more items than a release may hold, before anything is looked up for them."""
    if not 1 <= len(items) <= ITEMS_MAX:
        raise BadRelease(f"A release holds 1 to {ITEMS_MAX} items, not {len(items)}.")


def _as_of(scope: Scope, request: Request, moment: datetime) -> Request:
    """A rollback of everything to what the environment served at a moment, prompt by prompt.

    What served nothing then, because it came later or was retired, stays: a rollback brings back and takes nothing away.
    """
    if request.kind != "rollback" or request.items:
        raise BadRelease("A moment is for rolling everything back.", hint="Name prompts, or a time.")
    environment = known(scope, request.environment)
    _, changes = scope.environments.at(environment, moment, ())
    ids = [change.prompt_id for change in changes]
    live = scope.environments.pointers(environment, ids)
    items = [
        Wanted(change.prompt, change.after) for change in changes if change.after not in (None, live.get(change.prompt_id))
    ]
    if not items:
        raise AlreadyLive(f"{environment.name} serves what it served then.", revision=environment.revision)
    return replace(request, items=items, time=None)


def _weigh_rules(scope: Scope, uow: UnitOfWork, request: Request, author: str) -> Weighed:
    """Weigh a change of the policy itself, by the policy that stands."""
    if request.items:
        raise BadRelease("A change of the policy moves no prompt.", hint="Release the prompts by themselves.")
    environment = known(scope, request.environment)
    assert request.policy is not None
    rules = environment.policy.changed(request.policy)
    check_rules(scope, rules, environment.name)
    if rules == environment.policy:
        raise AlreadyLive(f"{environment.name} has these rules already.", revision=environment.revision)
    told = rules.to_json()
    facts = Facts(request.kind, request.reason, author, uow.now, ())
    return _decided(scope, environment, (), facts, {name: told[name] for name in request.policy})


def weigh_again(
    scope: Scope, uow: UnitOfWork, release: Release, approvals: Sequence[Approval], *, at: datetime | None = None
) -> Weighed:
    """Weigh a release that was proposed: the same moves, against the policy, the pointers and the approvals of now.

    at: as if it were that moment.
    """
    environment = known(scope, release.environment)
    pointers = scope.environments.pointers(environment, [item.prompt_id for item in release.items])
    facts = Facts(
        release.kind,
        release.reason,
        release.person or release.author,
        at or uow.now,
        (),
        shrink_meant=release.shrink_meant,
        approvals=_still_held(scope, uow, environment, approvals),
    )
    return _decided(scope, environment, _moves(scope, pointers, release.items), facts, release.policy)


def _still_held(scope: Scope, uow: UnitOfWork, environment: Environment, approvals: Sequence[Approval]) -> Sequence[Approval]:
    """The approvals of people who still hold a role the policy asks for: rights taken away count no more, at once."""
    wanted = set(environment.policy.approvals.roles)
    grants = uow.people.active_grants({given.person for given in approvals})
    place = scope.project.project_id, environment.name
    return [given for given in approvals if wanted & given.roles & roles_of(grants.get(given.person, ()), *place)]


def _decided(
    scope: Scope,
    environment: Environment,
    moves: tuple[Move, ...],
    facts: Facts,
    rules: Mapping[str, Any] | None = None,
) -> Weighed:
    policy = environment.policy
    source = scope.environments.find(policy.comes_from) if policy.comes_from and facts.kind == "promote" else None
    recalls = {(made.prompt_id, made.number): made.reason for made in scope.prompts.recalls()}
    including = _including(scope, moves) if recalls else {}
    coming = {move.item.prompt_id: move.new.number for move in moves if move.new}
    lives = scope.environments.steps_since(source, coming) if source else {}
    items = [
        replace(
            _facts(move, lives.get(move.item.prompt_id, ()), facts.now),
            recalled=recalls.get((move.item.prompt_id, move.item.version or 0), ""),
            fragments=including.get((move.item.prompt_id, move.item.version or 0), ()),
        )
        for move in moves
    ]
    gates = scope.releases.gate_results([i.digest for i in items if i.digest]) if policy.gates else ()
    signature = sign(environment.name, items, environment.policy_revision, rules)
    facts = replace(facts, items=items, gates=gates, signature=signature)
    decision = decide(policy, environment.policy_revision, facts)
    retired = [move.item.prompt_id for move in moves if move.item.version is None]
    warnings = retiring(scope, environment, retired, facts.now) if retired else ()
    return Weighed(environment, facts.kind, facts.reason, moves, facts, decision, rules, warnings)


def _including(scope: Scope, moves: Sequence[Move]) -> Mapping[tuple[int, int], tuple[str, ...]]:
    """The recalled fragments that versions of these prompts include, in words."""
    found: dict[tuple[int, int], tuple[str, ...]] = {}
    for row in scope.prompts.including_recalled([move.item.prompt_id for move in moves]):
        key = row.prompt_id, row.number
        found[key] = (*found.get(key, ()), f"{row.fragment} version {row.fragment_number}")
    return found


def _facts(move: Move, life: Sequence[Step], now: datetime) -> ItemFacts:
    """What is known of one move; ``life``: the prompt's life in the source since the version last became live there."""
    if move.new is None:
        return ItemFacts(move.item, None)
    ran, rolled_back = lived(life, move.new.number, now)
    known_facts = ItemFacts(
        move.item,
        move.new.digest,
        live_in_source=ran,
        rolled_back=rolled_back,
        savers=frozenset({move.new.person or move.new.author}),
    )
    if move.old is None:
        return known_facts
    return replace(
        known_facts,
        change=reach(move.old.served, move.new.served),
        breaking=tuple(breaking.sentence for breaking in variables.breaking(move.old.served, move.new.served)),
        shrunk=2 * len(texts(move.new.served).strip()) < len(texts(move.old.served).strip()),
    )


def _moves(scope: Scope, pointers: Mapping[int, int | None], items: Sequence[Item]) -> tuple[Move, ...]:
    """The items with the versions they are between: what is live now, and what is to be."""
    versions = versions_of(scope, ((i.prompt_id, number) for i in items for number in (pointers.get(i.prompt_id), i.version)))

    def version(item: Item, number: int | None) -> Version | None:
        return versions[item.prompt_id, number] if number is not None else None

    return tuple(
        Move(item, version(item, pointers.get(item.prompt_id)), version(item, item.version), item.prompt_id not in pointers)
        for item in items
    )


def _items(
    scope: Scope, environment: Environment, request: Request, prompts: Sequence[Prompt], pointers: Mapping[int, int | None]
) -> list[Item]:
    """The exact items asked for, without those that change nothing."""
    if len({prompt.prompt_id for prompt in prompts}) != len(prompts):
        raise BadRelease("A prompt stands twice in the release.", hint="Name each prompt once.")
    for prompt, wanted in zip(prompts, request.items, strict=True):
        _check_guard(environment, prompt, wanted, pointers.get(prompt.prompt_id))
    numbers = _numbers(scope, environment, request, prompts)
    items = [
        Item(prompt.prompt_id, prompt.name, number, pointers.get(prompt.prompt_id))
        for prompt, number in zip(prompts, numbers, strict=True)
    ]
    moving = [item for item in items if item.version != item.replaces]
    if not moving:
        raise AlreadyLive(f"{environment.name} already serves this.", revision=environment.revision)
    return moving


def _check_guard(environment: Environment, prompt: Prompt, wanted: Wanted, live: int | None) -> None:
    if wanted.guarded and wanted.replaces != live:
        raise PointerMoved(
            f"{environment.name} serves version {live} of {prompt.name}, not {wanted.replaces}.",
            prompt=prompt.name,
            yours=wanted.replaces,
            theirs=live,
            revision=environment.revision,
        )


def _numbers(scope: Scope, environment: Environment, request: Request, prompts: Sequence[Prompt]) -> list[int | None]:
    """The version each item means, where it was left open: the source's for a promotion, the previous for a rollback."""
    asked = list(zip(prompts, (wanted.version for wanted in request.items), strict=True))
    if request.kind == "retire":
        return [None for _ in asked]
    if request.kind == "rollback":
        lives = scope.environments.lives(environment, [prompt.prompt_id for prompt in prompts])
        back = ways_back(scope, environment, [prompt.prompt_id for prompt in prompts])
        return [_earlier(environment, prompt, number, lives.get(prompt.prompt_id, ()), back) for prompt, number in asked]
    in_source = _in_source(scope, environment, [prompt for prompt, number in asked if number is None])
    for prompt, number in asked:
        if number is not None and not 1 <= number <= prompt.latest:
            raise NotFound(f"{prompt.name} has no version {number}; the newest is {prompt.latest}.")
    return [in_source[prompt.prompt_id] if number is None else number for prompt, number in asked]


def _earlier(
    environment: Environment, prompt: Prompt, number: int | None, life: Sequence[int | None], back: Mapping[int, int]
) -> int:
    """What to roll back to: the version asked for, if it was live here, or the one before."""
    if number is not None and number not in life:
        raise NeverLiveHere(f"Version {number} of {prompt.name} was never live in {environment.name}.")
    found = back.get(prompt.prompt_id) if number is None else number
    if found is None:
        raise NothingToRollBack(f"No earlier version of {prompt.name} was live in {environment.name}.")
    return found


def _in_source(scope: Scope, environment: Environment, prompts: Sequence[Prompt]) -> Mapping[int, int | None]:
    """What the environment this one comes from serves of these prompts, by prompt id."""
    if not prompts:
        return {}
    source = scope.environments.find(environment.policy.comes_from or "")
    if source is None:
        raise BadRelease(
            f"Which version of {prompts[0].name}? {environment.name} comes from no other environment.",
            hint="Name the version.",
        )
    found = serves(scope, source, prompts)
    for prompt in prompts:
        if found.get(prompt.prompt_id) is None:
            first = "Save one that was not recalled." if source.tracks_latest else f"Promote it to {source.name} first."
            raise NotReleasedHere(f"{source.name} serves no version of {prompt.name}.", hint=first)
    return found
