"""A second opinion on who may do what, and on what a policy lets in, written from the promises rather than from the code.

Every function names all that speaks against a step. The product must refuse with one of these codes, and must not refuse when
there is none; which of several it names is its own business.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cuebook_server.domain.release import Wanted
from tests.model.state import TONE, Environment, Moved, Player, Release, State, changed

HOURS_72, DAYS_30, MINUTES_15 = timedelta(hours=72), timedelta(days=30), timedelta(minutes=15)
_LOOK = {"read"}
_WRITE = _LOOK | {"prompts.write", "releases.propose"}
_JUDGE = _LOOK | {"releases.approve"}
_SHIP = _WRITE | _JUDGE | {"releases.apply", "releases.rollback", "versions.recall"}
RIGHTS: Mapping[str, set[str]] = {
    "viewer": _LOOK,
    "author": _WRITE,
    "reviewer": _JUDGE,
    "releaser": _SHIP,
    "on-call": _LOOK | {"releases.rollback", "releases.break_glass"},
    "admin": _SHIP | {"environments.write", "keys.write", "tokens.write", "members.write"},
}
NEEDS = {
    "promote": "releases.apply",
    "retire": "releases.apply",
    "rollback": "releases.rollback",
    "policy": "environments.write",
}
Reasons = set[str]
Items = dict[str, tuple[int | None, int | None]]


def roles(state: State, who: Player, environment: str | None) -> set[str]:
    return _held(state, who.person, environment) if who.person else {who.role}


def _held(state: State, login: str, environment: str | None) -> set[str]:
    return {role for role, place in state.grants.get(login, ()) if place in (None, environment)}


def sees(state: State, who: Player) -> bool:
    return bool(state.grants.get(who.person)) if who.person else who.role in RIGHTS


def may(state: State, who: Player, right: str, environment: str | None = None) -> Reasons:
    """Nothing when the player may; else what they hear."""
    if who.revoked:
        return {"key_revoked"}
    if not sees(state, who):
        return {"not_found"}
    if right == "read" or any(right in RIGHTS[role] for role in roles(state, who, environment)):
        return set()
    return {"forbidden"}


# --- what a release would move ------------------------------------------------------------------------------------------
def plan(state: State, environment: str, kind: str, wanted: list[Wanted]) -> tuple[Reasons, Items]:
    """The exact moves, and what makes them impossible."""
    of, reasons, items = state.environments[environment], set(), {}
    if of.tracks:
        reasons.add("tracks_latest")
    for want in wanted:
        prompt = state.prompt(want.prompt)
        if prompt is None:
            reasons.add("not_found")
            continue
        if prompt.name in items:
            reasons.add("bad_release")
        serves = state.serves(environment, prompt.name)
        if want.guarded and want.replaces != serves:
            reasons.add("pointer_moved")
        problem, version = meant(state, of, kind, prompt.name, want.version)
        reasons |= problem
        items[prompt.name] = (version, serves)
    items = {name: move for name, move in items.items() if move[0] != move[1]}
    return reasons if items or reasons else {"already_live"}, items


def meant(state: State, of: Environment, kind: str, name: str, number: int | None) -> tuple[Reasons, int | None]:
    """The version an item means."""
    if kind == "retire":
        return set(), None
    if kind == "rollback":
        return _earlier(state, of, name, number)
    if number is not None:
        return ({"not_found"} if not 1 <= number <= len(state.prompts[name].versions) else set()), number
    source = of.policy["comes_from"]
    if source is None:
        return {"bad_release"}, None
    found = state.serves(source, name)
    return ({"not_released_here"} if found is None else set()), found


def _earlier(state: State, of: Environment, name: str, number: int | None) -> tuple[Reasons, int | None]:
    life = [move.after for move in of.of(name)]
    if number is not None:
        return ({"never_live_here"} if number not in life else set()), number
    found = before(life, harmful(state, name))
    return ({"nothing_to_roll_back"} if found is None else set()), found


def before(life: list[int | None], barred: set[int]) -> int | None:
    """One step back: what had been reached before, where going back to something undoes all that came after it."""
    path: list[int] = []
    for number in life:
        if number is not None:
            path = [*path[: path.index(number)], number] if number in path else [*path, number]
    if life and life[-1] is not None:
        path.pop()
    return next((number for number in reversed(path) if number not in barred), None)


def harmful(state: State, name: str) -> set[int]:
    """The versions that were recalled, and those that include a version of ``tone`` that was."""
    of, tones = state.prompts[name], state.prompts[TONE].recalled if TONE in state.prompts else set()
    return of.recalled | {number for number, version in enumerate(of.versions, 1) if version.tone in tones}


def as_of(state: State, environment: str, moment: datetime) -> list[Wanted]:
    """What served at a moment and does not now."""
    of, then = state.environments[environment], dict[str, int | None]()
    for move in of.moves:
        if move.at <= moment:
            then[move.prompt] = move.after
    return [Wanted(name, number) for name, number in then.items() if number not in (None, state.serves(environment, name))]


def source_problem(state: State, name: str, policy: Mapping[str, Any]) -> Reasons:
    """``comes_from`` names another environment, and following it never comes back."""
    seen, current = {name}, policy["comes_from"]
    while current is not None:
        if current in seen or current not in state.environments:
            return {"bad_policy"}
        seen.add(current)
        current = state.environments[current].policy["comes_from"]
    return set()


def plan_rules(state: State, environment: str, rules: Mapping[str, Any]) -> Reasons:
    of = state.environments[environment]
    after = changed(of.policy, rules)
    return source_problem(state, environment, after) | ({"already_live"} if after == of.policy else set())


# --- what its policy says ------------------------------------------------------------------------------------------------
def stale(state: State, release: Release) -> bool:
    return any(state.serves(release.environment, name) != replaces for name, (_, replaces) in release.items.items())


def unmet(state: State, release: Release, now: datetime) -> Reasons:
    """The rules that a release does not meet now."""
    policy = state.environments[release.environment].policy
    found: Reasons = set()
    if not release.reason.strip() and (policy["reason_required"] or release.kind == "rollback"):
        found.add("reason_required")
    if any(new in harmful(state, name) for name, (new, _) in release.items.items()):
        found.add("recalled")
    if release.kind == "rollback":
        return found
    if release.kind != "policy" and any(_at(w["starts"]) <= now < _at(w["ends"]) for w in policy["freeze"]):
        found.add("freeze")
    if len(people(state, release, now)) < needed(state, release):
        found.add("approvals")
    return found if release.kind == "policy" else found | _of_versions(state, release, policy, now)


def _of_versions(state: State, release: Release, policy: Mapping[str, Any], now: datetime) -> Reasons:
    found: Reasons = set()
    if len(release.items) > policy["max_items"]:
        found.add("max_items")
    for name, (new, old) in release.items.items():
        if new is None:
            continue
        if release.kind == "promote":
            found |= _source(state, policy, name, new, now)
        versions = state.prompts[name].versions
        if any(not _passed(state, policy, gate, digest_of(state, name, new), now) for gate in policy["gates"]):
            found.add("gates")
        if old is not None:
            here, there = versions[new - 1], versions[old - 1]
            if policy["breaking_variables"] == "block" and here.needs != there.needs:
                found.add("breaking_variables")
            if policy["shrink_guard"] and not release.shrink_meant and 2 * len(here.served) < len(there.served):
                found.add("shrink_guard")
    return found


def _source(state: State, policy: Mapping[str, Any], name: str, number: int, now: datetime) -> Reasons:
    if policy["comes_from"] is None:
        return set()
    life = state.environments[policy["comes_from"]].of(name)
    runs = [i for i, move in enumerate(life) if move.after == number]
    if not runs:
        return {"comes_from", "soak"} if policy["soak_s"] else {"comes_from"}
    next_: Moved | None = life[runs[-1] + 1] if runs[-1] + 1 < len(life) else None
    ran = (next_.at if next_ else now) - life[runs[-1]].at
    short = ran < timedelta(seconds=policy["soak_s"]) or (next_ is not None and next_.cause == "rollback")
    return {"soak"} if policy["soak_s"] and short else set()


def _passed(state: State, policy: Mapping[str, Any], gate: str, digest: str, now: datetime) -> bool:
    said = [g for g in state.gates if g.digest == digest and gate in (g.name, f"{g.name}@{g.suite}")]
    return bool(said) and said[-1].passed and said[-1].at >= now - timedelta(seconds=policy["gate_age_s"])


def digest_of(state: State, name: str, number: int) -> str:
    """A stand-in for the digest: what makes two versions the same content."""
    version = state.prompts[name].versions[number - 1]
    return f"{version.content} {version.tone}"


def needed(state: State, release: Release) -> int:
    rules = state.environments[release.environment].policy["approvals"]
    small = release.items and all(_is_wording(state, name, *move) for name, move in release.items.items())
    return int(rules["wording"] if rules["wording"] is not None and small else rules["count"])


def _is_wording(state: State, name: str, new: int | None, old: int | None) -> bool:
    if new is None or old is None:
        return False
    here, there = (state.prompts[name].versions[number - 1] for number in (new, old))
    return here.needs == there.needs and here.content.model == there.content.model


def involved(state: State, release: Release) -> set[str]:
    savers = {state.prompts[name].versions[new - 1].person for name, (new, _) in release.items.items() if new}
    return savers | {release.answers}


def people(state: State, release: Release, now: datetime) -> set[str]:
    """Whose approvals count: each person once, on these very items, under this policy, in time, and not of their own work."""
    of = state.environments[release.environment]
    rules = of.policy["approvals"]
    counted = {
        given.person
        for given in release.approvals
        if given.policy_revision == of.policy_revision
        and now - given.at < HOURS_72
        and given.roles & set(rules["roles"]) & _held(state, given.person, of.name)
    }
    return counted if rules["author"] else counted - involved(state, release)


def waits(release: Release, now: datetime) -> Reasons:
    """Nothing while a release can still be approved or applied."""
    over = release.state != "proposed" or now - release.created_at >= DAYS_30
    return {"release_ended"} if over else set()


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
