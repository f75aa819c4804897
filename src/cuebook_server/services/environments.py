"""Environments: their rules, what they serve, and what they served at any moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cuebook_server.domain import names
from cuebook_server.domain.access import Actor, Grant
from cuebook_server.domain.audit import AuditFilter, Happening
from cuebook_server.domain.environment import KINDS, Environment, Kind, Plan
from cuebook_server.domain.errors import AlreadyExists, Conflict, Invalid, NotFound
from cuebook_server.domain.person import Person
from cuebook_server.domain.policy import PRESETS, BadPolicy, Policy
from cuebook_server.domain.policy_words import compared
from cuebook_server.domain.release import Change, previous
from cuebook_server.services.ports import PromptRow, Scope, UnitOfWork
from cuebook_server.services.projects import enter
from cuebook_server.services.prompts import locate, locate_all

ENVIRONMENTS_MAX = 64
RULE_CHANGES_MAX = 500
POSITION_MAX = 10_000


class BadEnvironment(Invalid):
    """The environment is not valid."""

    code = "bad_environment"
    hint = "Correct what is named above."


class PolicyProtected(Conflict):
    """The environment's rules change only by a release that its approvers let in."""

    code = "policy_protected"
    hint = "Propose it: `cuebook env set ENV RULE=VALUE --propose -m REASON`."


@dataclass(frozen=True, slots=True)
class Moment:
    """An environment at a moment: its revision then, and the change that made each prompt what it was.

    back: what a rollback that is made now returns to, by prompt; prompts without anything to go back to are left out.
    """

    environment: Environment
    time: datetime
    revision: int
    changes: Sequence[Change]
    back: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RulesChange:
    """A change of an environment's rules, at one of its revisions; ``release``: what changed them, if it was one.

    rules: the names of those that changed. went, came: the rules in words, as they were and as they are since.
    """

    at: datetime
    actor: str
    revision: int
    release: int | None
    reason: str
    rules: Sequence[str]
    went: Sequence[str]
    came: Sequence[str]


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A prompt across the environments.

    behind: versions and days between the newest version and what is live. since: when what is live came there.
    """

    prompt: str
    latest: int
    versions: Mapping[str, int | None]
    behind: Mapping[str, tuple[int, float]]
    since: Mapping[str, datetime]
    owner: str
    tags: Sequence[str]


@dataclass(frozen=True, slots=True)
class Solo:
    """A production environment where one person decides alone.

    next_step: the command that ends this, once a second person could approve; ``None`` while there is one only.
    """

    environment: str
    next_step: str | None


def known(scope: Scope, name: str) -> Environment:
    """The environment of that name, or ``NotFound``."""
    found = scope.environments.find(name)
    if found is None:
        there = ", ".join(environment.name for environment in scope.environments.all())
        raise NotFound(f"There is no environment {names.clip(name)!r}.", hint=f"The project has {there}.")
    return found


def listed(actor: Actor, uow: UnitOfWork, project: str) -> Sequence[Environment]:
    """Every environment, from first stop to last."""
    return enter(actor, uow, project).environments.all()


def one(actor: Actor, uow: UnitOfWork, project: str, name: str) -> Environment:
    """One environment with its policy."""
    return known(enter(actor, uow, project), name)


def create(
    actor: Actor,
    uow: UnitOfWork,
    project: str,
    name: str,
    *,
    kind: Kind = "other",
    tracks_latest: bool = False,
    position: int | None = None,
    policy: Mapping[str, object] | None = None,
) -> Environment:
    """Make an environment. It serves nothing until something is released to it (or, tracking, everything at once)."""
    scope = enter(actor, uow, project, "environments.write")
    existing = scope.environments.all()
    names.slug(name, what="an environment")
    if any(environment.name == name for environment in existing):
        raise AlreadyExists(f"There is an environment {name!r} already.")
    if len(existing) >= ENVIRONMENTS_MAX:
        raise BadEnvironment(f"A project has at most {ENVIRONMENTS_MAX} environments.")
    if kind not in KINDS:
        raise BadEnvironment(f"{kind!r} is no kind of environment.", hint=f"Kinds: {', '.join(KINDS)}.")
    rules = Policy(latest_allowed=tracks_latest, reason_required=not tracks_latest).changed(policy or {})
    check_rules(scope, rules, name)
    made = scope.environments.add(Plan(name, kind, tracks_latest, rules), _position(position, len(existing)))
    after = {"kind": kind, "tracks_latest": tracks_latest, "position": made.position, "policy": rules.to_json()}
    scope.audit.append(actor, Happening("environment.created", name, environment=name, after=after))
    return made


def change(
    actor: Actor,
    uow: UnitOfWork,
    project: str,
    name: str,
    *,
    policy: Mapping[str, object] | None = None,
    position: int | None = None,
) -> Environment:
    """Change an environment's rules (those named; the others stay) or its place in the order.

    The rules of an environment that asks for approvals are changed by a release of it, which asks for them too.
    """
    scope = enter(actor, uow, project, "environments.write")
    before = known(scope, name)
    rules = before.policy.changed(policy or {})
    if before.policy.approvals.count and rules != before.policy:
        raise PolicyProtected(f"{name} asks for approvals, and so does a change of its rules.")
    return change_in(actor, scope, before, rules, _position(position, before.position))


def adopt(actor: Actor, uow: UnitOfWork, project: str, name: str, preset: str) -> Environment:
    """Make an environment as strict as a preset; the rules the preset leaves alone stay."""
    return change(actor, uow, project, name, policy=preset_rules(preset))


def preset_rules(preset: str) -> Mapping[str, object]:
    """The rules a preset sets."""
    if preset not in PRESETS:
        raise BadPolicy(f"{names.clip(preset)!r} is no preset.", hint=f"Presets: {', '.join(PRESETS)}.")
    return PRESETS[preset]


def change_in(actor: Actor, scope: Scope, before: Environment, rules: Policy, position: int) -> Environment:
    """Write rules and place, within a project that is open already and for an actor who was let in.

    What is so already is not written: it would raise the policy's revision, and with it void every approval.
    """
    check_rules(scope, rules, before.name)
    if (rules, position) == (before.policy, before.position):
        return before
    after = scope.environments.change(before, rules, position)
    told = [{"position": side.position, "policy": side.policy.to_json()} for side in (before, after)]
    scope.audit.append(
        actor,
        Happening(
            "environment.changed",
            before.name,
            environment=before.name,
            revision=after.revision,
            before=told[0],
            after=told[1],
        ),
    )
    return after


def _position(wanted: int | None, otherwise: int) -> int:
    position = otherwise if wanted is None else wanted
    if not 0 <= position <= POSITION_MAX:
        raise BadEnvironment(f"The position {position} is not between 0 and {POSITION_MAX}.")
    return position


def check_rules(scope: Scope, policy: Policy, name: str) -> None:
    """Refuse rules that could never be met: approvals that nobody may give, or a source that is none or leads back here."""
    if policy.approvals.count and not policy.approvals.roles:  # and nobody could ever take such a rule back
        raise BadPolicy("approvals.roles is empty: nobody could approve.", hint="Name roles, such as reviewer and releaser.")
    policies = {environment.name: environment.policy for environment in scope.environments.all()} | {name: policy}
    seen, current = [name], policy.comes_from
    while current is not None:
        if current not in policies:
            raise BadPolicy(f"comes_from names {names.clip(current)!r}, which is no environment here.")
        if current in seen:
            raise BadPolicy(f"comes_from goes in a circle: {' -> '.join([*seen, current])}.")
        seen.append(current)
        current = policies[current].comes_from


def at(actor: Actor, uow: UnitOfWork, project: str, name: str, moment: datetime | None, prompts: Sequence[str]) -> Moment:
    """The time machine: what the environment served at a moment (``None``: now), of some prompts or of all."""
    time = moment or uow.now
    scope = enter(actor, uow, project)
    environment = known(scope, name)
    wanted = [found.prompt_id for found in locate_all(scope, prompts)]
    revision, changes = scope.environments.at(environment, time, wanted)
    earlier = ways_back(scope, environment, wanted or None)
    back = {change.prompt: earlier[change.prompt_id] for change in changes if change.prompt_id in earlier}
    return Moment(environment, time, revision, changes, back)


def ways_back(scope: Scope, environment: Environment, prompt_ids: Collection[int] | None) -> Mapping[int, int]:
    """What a rollback without a number returns to, of these prompts or of all, by prompt id; nothing where latest is tracked.

    Never a version that was recalled, or includes one that was.
    """
    if environment.tracks_latest:
        return {}
    recalled = {(row.prompt_id, row.number) for row in scope.prompts.recalls()}
    recalled |= {(row.prompt_id, row.number) for row in scope.prompts.including_recalled(prompt_ids)}
    barred: dict[int, set[int]] = defaultdict(set)
    for prompt_id, number in recalled:
        barred[prompt_id].add(number)
    lives = scope.environments.lives(environment, prompt_ids)
    found = {prompt_id: previous(life, barred[prompt_id]) for prompt_id, life in lives.items()}
    return {prompt_id: number for prompt_id, number in found.items() if number is not None}


def history(
    actor: Actor, uow: UnitOfWork, project: str, name: str, *, before: int, limit: int, prompt: str = ""
) -> Sequence[Change]:
    """What changed in the environment below a revision, newest first; of one prompt or (``""``) of all."""
    scope = enter(actor, uow, project)
    of = locate(scope, prompt).prompt_id if prompt else None
    return scope.environments.history(known(scope, name), before, limit, of)


def rule_changes(actor: Actor, uow: UnitOfWork, project: str, name: str, *, since: int, before: int) -> Sequence[RulesChange]:
    """How the rules changed between two revisions (the second one left out), newest first; told by the audit chain."""
    scope = enter(actor, uow, project)
    place = known(scope, name).name

    def told(action: str) -> Sequence[Mapping[str, Any]]:
        return scope.audit.latest(AuditFilter(action=action, environment=place), limit=RULE_CHANGES_MAX)

    releases = {entry["seq"]: entry for entry in told("release.policy")}
    changes = (entry for entry in told("environment.changed") if since <= entry["revision"] < before)
    # A release that changes rules is told right behind the change.
    found = (_rules_change(entry, releases.get(entry["seq"] + 1)) for entry in changes)
    return [change for change in found if change.rules]


def _rules_change(entry: Mapping[str, Any], release: Mapping[str, Any] | None) -> RulesChange:
    before, after = entry["before"]["policy"], entry["after"]["policy"]
    changed = sorted(rule for rule in {*before, *after} if before.get(rule) != after.get(rule))
    try:
        went, came = compared(Policy().changed(before), Policy().changed(after))
    except BadPolicy:  # a rule that was, and is none any more
        went, came = [], []
    told = release or entry
    return RulesChange(
        at=datetime.fromisoformat(entry["at"]),
        actor=entry["principal"],
        revision=entry["revision"],
        release=int(told["target"].removeprefix("release ")) if release else None,
        reason=told["reason"],
        rules=changed,
        went=went,
        came=came,
    )


def status(
    actor: Actor, uow: UnitOfWork, project: str, *, prompts: Sequence[str], after: str, limit: int
) -> tuple[Sequence[Environment], Sequence[StatusRow]]:
    """What runs where: prompts by environments, and how far each is from the newest version."""
    scope = enter(actor, uow, project)
    wanted = [found.name for found in locate_all(scope, prompts)]
    rows = scope.lists.prompts(names=wanted, after=after, limit=limit)
    numbers = {number for row in rows for number in (row.latest, *row.live.values()) if number}
    saved = scope.lists.saved_at([row.name for row in rows], numbers)
    released = scope.lists.released_at([row.name for row in rows])
    return scope.environments.all(), [_status_row(row, saved[row.name], released[row.name]) for row in rows if row.latest]


def solo(actor: Actor, uow: UnitOfWork, project: str) -> Sequence[Solo]:
    """The production environments as strict as `solo`, and what comes next for them."""
    scope = enter(actor, uow, project)
    alone = [found for found in scope.environments.all() if found.kind == "prd" and found.policy.preset == "solo"]
    members = uow.people.members(scope.project.project_id) if alone else ()
    return [Solo(found.name, _next_step(found, members)) for found in alone]


def _next_step(environment: Environment, members: Sequence[tuple[Person, Grant]]) -> str | None:
    approvers = {
        person.login
        for person, grant in members
        if person.disabled_at is None and grant.holds("releases.approve", environment.project_id, environment.name)
    }
    return f"cuebook env preset {environment.name} team" if len(approvers) > 1 else None


def _status_row(row: PromptRow, saved_at: Mapping[int, datetime], released_at: Mapping[str, datetime]) -> StatusRow:
    newest = saved_at[row.latest]
    behind = {
        name: (row.latest - number, (newest - saved_at[number]).total_seconds() / 86_400)
        for name, number in row.live.items()
        if number is not None
    }
    # Where latest is tracked nothing was released: a version is live there since it was saved.
    since = {name: released_at.get(name, saved_at[number]) for name, number in row.live.items() if number is not None}
    return StatusRow(row.name, row.latest, row.live, behind, since, row.owner, row.tags)
