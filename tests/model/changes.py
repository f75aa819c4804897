"""What people do with environments: release, propose, approve, apply, roll back, break the glass, and change the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from cuebook_server.domain.policy import PRESETS
from cuebook_server.domain.release import Kind, Wanted
from cuebook_server.services import environments, releases
from tests.model import oracle
from tests.model.oracle import NEEDS, Items
from tests.model.state import LAX, Approved, Environment, Release, changed
from tests.model.world import World


def _draft(world: World, who: str, request: releases.Request, items: Items) -> Release:
    """The release that a request would make, with the next number."""
    player = world.players[who]
    return Release(
        number=len(world.state.releases) + 1,
        environment=request.environment,
        kind=request.kind,
        items=items,
        reason=request.reason,
        author=player.principal,
        person=player.person or player.owner,
        created_at=world.now,
        policy=request.policy,
        shrink_meant=request.shrink_meant,
    )


def _weighed(world: World, who: str, request: releases.Request) -> tuple[set[str], Release]:
    """What speaks against a request, its policy aside, and the release it would make."""
    if request.policy is not None:
        return oracle.plan_rules(world.state, request.environment, request.policy), _draft(world, who, request, {})
    wanted, missing = list(request.items), set[str]()
    if request.time is not None:
        wanted = oracle.as_of(world.state, request.environment, request.time)
        missing = set() if wanted else {"already_live"}
    against, items = oracle.plan(world.state, request.environment, request.kind, wanted)
    return against | missing, _draft(world, who, request, items)


def _rules(world: World, release: Release) -> set[str]:
    """What the policy says against it; asked only of what can be moved."""
    return {"policy_refused"} if oracle.unmet(world.state, release, world.now) else set()


def ask(
    environment: str, kind: Kind, *items: Wanted, reason: str = "because", shrink: bool = False, ago: timedelta | None = None
) -> Callable[[World], releases.Request]:
    """A request for a release; ``ago``: roll everything back to that long ago."""
    return lambda world: releases.Request(
        environment, kind, items, reason, shrink_meant=shrink, time=None if ago is None else world.now - ago
    )


def release(world: World, who: str, request: releases.Request) -> None:
    """Release at once: promote, retire, roll back (one prompt, several, or all of it to a moment)."""
    against, made = _weighed(world, who, request)
    against = against or _rules(world, made)
    against |= world.may(who, NEEDS[request.kind], request.environment)
    entries = [(f"release.{request.kind}", f"release {made.number}")]
    if request.policy is not None:
        entries = [("environment.changed", request.environment), *entries]
    if done := world.step(who, against, entries, releases.create, request):
        world.state.apply(world.state.add(made), world.now)
        assert (done.state, done.revision) == ("applied", made.revision)


def propose(world: World, who: str, request: releases.Request) -> None:
    against, made = _weighed(world, who, request)
    against |= world.may(who, "releases.propose", request.environment)
    if world.step(who, against, [("release.proposed", f"release {made.number}")], releases.propose, request):
        world.state.add(made)


def _waiting(world: World, who: str, number: int, right: str) -> tuple[set[str], Release | None]:
    of = world.state.releases.get(number)
    if of is None:
        return world.may(who, "read") | {"not_found"}, None
    return world.may(who, right, of.environment) | oracle.waits(of, world.now), of


def approve(world: World, who: str, number: int, meaning: str, signed_ago: timedelta) -> None:
    """A person's word on exactly this release, soon after they proved who they are."""
    against, of = _waiting(world, who, number, "releases.approve")
    player, roles = world.players[who], frozenset[str]()
    if of is not None:
        rules = world.state.environments[of.environment].policy["approvals"]
        roles = frozenset(oracle.roles(world.state, player, of.environment))
        against |= {"person_needed"} if player.person is None else set()
        against |= {"recent_sign_in_needed"} if signed_ago > oracle.MINUTES_15 else set()
        against |= {"bad_release"} if not meaning.strip() else set()
        against |= {"stale_release"} if oracle.stale(world.state, of) else set()
        against |= {"own_work"} if not rules["author"] and player.person in oracle.involved(world.state, of) else set()
        against |= {"forbidden"} if not roles & set(rules["roles"]) else set()
    entries = [("release.approved", f"release {number}")]
    if world.step(who, against, entries, releases.approve, number, meaning, signed_ago=signed_ago) and of and player.person:
        revision = world.state.environments[of.environment].policy_revision
        of.approvals.append(Approved(player.person, roles, revision, world.now))


def apply(world: World, who: str, number: int) -> None:
    """Apply what was proposed; its policy is weighed again, now."""
    against, of = _waiting(world, who, number, "releases.apply")
    entries = [("nothing", "")]
    if of is not None:
        against |= world.may(who, NEEDS[of.kind], of.environment)
        against |= {"stale_release"} if oracle.stale(world.state, of) else set()
        after = changed(world.state.environments[of.environment].policy, of.policy or {})
        if of.policy is not None:
            against |= oracle.source_problem(world.state, of.environment, after)
        against |= _rules(world, of) if of.state == "proposed" else set()
        now_so = of.policy is None or after == world.state.environments[of.environment].policy
        entries = [] if now_so else [("environment.changed", of.environment)]
        entries.append((f"release.{of.kind}", f"release {number}"))
    if world.step(who, against, entries, releases.apply, number) and of:
        world.state.apply(of, world.now)


def end(world: World, who: str, number: int, how: str, why: str) -> None:
    """Decline somebody's release, or withdraw one's own."""
    declines = how == "declined"
    against, of = _waiting(world, who, number, "releases.approve" if declines else "releases.propose")
    if of is not None and not declines and world.players[who].answers != of.answers:
        against |= {"forbidden"}
    use = releases.decline if declines else releases.withdraw
    if world.step(who, against, [(f"release.{how}", f"release {number}")], use, number, why) and of:
        of.state = how


def comment(world: World, who: str, number: int, text: str) -> None:
    against = world.may(who, "read") | (set() if number in world.state.releases else {"not_found"})
    against |= {"bad_release"} if not text.strip() else set()
    world.step(who, against, [("release.commented", f"release {number}")], releases.comment, number, text)


def rebase(world: World, who: str, number: int, *revised: Wanted) -> None:
    """Take a release up again, over what is live now or with other versions; its approvals do not come along."""
    against, of = _waiting(world, who, number, "releases.propose")
    if of is None:
        world.step(who, against, [], releases.rebase, number, revised)
        return
    against |= {"forbidden"} if revised and world.players[who].answers != of.answers else set()
    named = {name: Wanted(name, new) for name, (new, _) in of.items.items()}
    for want in revised:
        found = world.state.prompt(want.prompt)
        against |= {"not_found"} if found is None else set()
        named |= {found.name if found else want.prompt: want}
    items = list(named.values())
    request = releases.Request(of.environment, of.kind, items, of.reason, of.shrink_meant, of.policy)  # type: ignore[arg-type]  # a Kind
    wrong, made = _weighed(world, who, request)
    wrong |= {"bad_release"} if of.policy is not None and items else set()
    wrong |= {"not_stale"} if made.items == of.items else set()
    entries = [("release.withdrawn", f"release {number}"), ("release.proposed", f"release {made.number}")]
    if world.step(who, against | wrong, entries, releases.rebase, number, revised):
        of.state = "withdrawn"
        world.state.add(made)


def break_glass(world: World, who: str, request: releases.Request) -> None:
    """Past the policy in an emergency; what was recalled stays out even then."""
    against = world.may(who, "releases.break_glass", request.environment)
    against |= {"bad_release"} if not request.reason.strip() or request.kind == "policy" else set()
    wrong, made = _weighed(world, who, request)
    if not wrong and "recalled" in oracle.unmet(world.state, made, world.now):
        wrong = {"policy_refused"}
    entries = [("release.break_glass", f"release {made.number}")]
    if world.step(who, against | wrong, entries, releases.break_glass, request):
        made.emergency, made.review = True, "open"
        world.state.apply(world.state.add(made), world.now)


def close_review(world: World, who: str, number: int, text: str) -> None:
    """Somebody else says what came of an emergency."""
    of, player = world.state.releases.get(number), world.players[who]
    if of is None:
        against = world.may(who, "read") | {"not_found"}
    else:
        against = world.may(who, "releases.approve", of.environment)
        against |= {"not_found"} if of.review != "open" else set()
        against |= {"person_needed"} if player.person is None else set()
        against |= {"own_work"} if player.person in (of.person, of.author) else set()
        against |= {"bad_release"} if not text.strip() else set()
    if world.step(who, against, [("review.closed", f"release {number}")], releases.close_review, number, text) and of:
        of.review = "closed"


# --- the rules themselves ------------------------------------------------------------------------------------------------
def rules(world: World, who: str, environment: str, policy: Mapping[str, Any]) -> None:
    """Change the rules directly: only where they ask for nobody's approval."""
    _rule(world, who, environment, policy, lambda: (environments.change, (environment,), {"policy": policy}))


def preset(world: World, who: str, environment: str, name: str) -> None:
    """Make an environment as strict as a preset."""
    _rule(world, who, environment, PRESETS[name], lambda: (environments.adopt, (environment, name), {}))


def _rule(world: World, who: str, environment: str, policy: Mapping[str, Any], use: Callable[[], Any]) -> None:
    against, of = world.may(who, "environments.write"), world.state.environments[environment]
    after = changed(of.policy, policy)
    against |= oracle.source_problem(world.state, environment, after)
    against |= {"policy_protected"} if of.policy["approvals"]["count"] and after != of.policy else set()
    entries = [("environment.changed", environment)] if after != of.policy else []
    function, args, kwargs = use()
    if world.step(who, against, entries, function, *args, **kwargs) and after != of.policy:
        of.policy, of.policy_revision = after, of.policy_revision + 1


def add_environment(world: World, who: str, name: str, *, tracks: bool, source: str | None) -> None:
    """A new environment serves nothing, or, tracking latest, everything at once."""
    against = world.may(who, "environments.write")
    against |= {"already_exists"} if name in world.state.environments else set()
    policy = changed(LAX, {"latest_allowed": tracks, "reason_required": not tracks, "comes_from": source})
    against |= oracle.source_problem(world.state, name, policy)
    told: dict[str, Any] = {"tracks_latest": tracks, "policy": {"comes_from": source}}
    if world.step(who, against, [("environment.created", name)], environments.create, name, **told):
        world.state.environments[name] = Environment(name, tracks, policy, world.now)
