"""Releases that wait for a moment, and the worker that keeps it."""

from __future__ import annotations

from datetime import datetime, timedelta

from cuebook_server.services import schedules
from tests.model import oracle
from tests.model.oracle import NEEDS
from tests.model.state import Release, changed
from tests.model.world import Entries, World

GRACE = timedelta(minutes=15)
OURSELVES = "cuebook"


def _ended(world: World, of: Release) -> set[str]:
    stale = {"stale_release"} if oracle.stale(world.state, of) else set()
    return oracle.waits(of, world.now) | stale


def schedule(world: World, who: str, number: int, ahead: timedelta) -> None:
    """Say when a release is to be applied, in one's own name."""
    of, at = world.state.releases.get(number), world.now + ahead
    against = world.may(who, "read")
    if of is None:
        against |= {"not_found"}
    else:
        against |= world.may(who, "releases.apply", of.environment) | world.may(who, NEEDS[of.kind], of.environment)
        against |= _ended(world, of)
        against |= set() if world.now < at < of.created_at + oracle.DAYS_30 else {"bad_moment"}
    entries = [("release.scheduled", f"release {number}")]
    if world.step(who, against, entries, schedules.schedule, number, at.isoformat()) and of:
        of.scheduled = (at, who)


def unschedule(world: World, who: str, number: int) -> None:
    """Take the moment back."""
    of, against = world.state.releases.get(number), world.may(who, "read")
    if of is None:
        against |= {"not_found"}
    else:
        mine = of.author == world.players[who].principal
        against |= set() if mine else world.may(who, "releases.apply", of.environment)
        against |= _ended(world, of) | (set() if of.scheduled else {"not_found"})
    if world.step(who, against, [("release.unscheduled", f"release {number}")], schedules.unschedule, number) and of:
        of.scheduled = None


def keep(world: World) -> None:
    """The worker's round: what is due is applied, or it is stale or failed and says so; never late, never silently not."""
    due = [r for r in world.state.releases.values() if r.state == "proposed" and r.scheduled and r.scheduled[0] <= world.now]
    expected, principals = Entries(), list[str]()
    for of in sorted(due, key=lambda r: (r.scheduled or (world.now, ""))[0]):
        assert of.scheduled is not None
        entries, by = _kept(world, of, *of.scheduled)
        expected, principals = expected + entries, principals + [by] * len(entries)
    schedules.keep_all(world.registry.units, lambda: False)
    world.done += 1
    assert [entry["principal"] for entry in world.chain.new(world, expected)] == principals


def _kept(world: World, of: Release, at: datetime, who: str) -> tuple[Entries, str]:
    """What becomes of a release at its moment: the entries of it, and by whom."""
    player, target = world.players[who], f"release {of.number}"
    if world.now - at > GRACE or player.revoked:
        of.state = "failed"
        return [("release.failed", target)], OURSELVES
    after = changed(world.state.environments[of.environment].policy, of.policy or {})
    against = world.may(who, "releases.apply", of.environment) | world.may(who, NEEDS[of.kind], of.environment)
    against |= oracle.waits(of, world.now)
    if not against and oracle.stale(world.state, of):
        of.scheduled = None
        return [("release.stale", target)], player.principal
    against |= oracle.unmet(world.state, of, world.now)
    against |= oracle.source_problem(world.state, of.environment, after) if of.policy is not None else set()
    if against:
        of.state = "failed"
        return [("release.failed", target)], player.principal
    entries = [("environment.changed", of.environment)] if after != world.state.environments[of.environment].policy else []
    world.state.apply(of, world.now)
    return [*entries, (f"release.{of.kind}", target)], player.principal
