"""Tuesday 09:00: applied then and once, or stale or failed and said so; never late, and never silently not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from cuebook_server.domain.errors import Forbidden, NotFound
from cuebook_server.domain.release import Release
from cuebook_server.domain.schedule import GRACE, BadMoment
from cuebook_server.services import credentials, environments, members, people, releases, schedules
from cuebook_server.services.releases import ReleaseEnded, StaleRelease
from tests.factories import Registry, request
from tests.people import Person, recognised

HOUR = 3_600.0


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """`a` and `b` run in staging."""
    for name in ("a", "b"):
        registry.save(name, "x")
        registry.promote(name, to="staging")
    return registry


@pytest.fixture
def releaser(registry: Registry) -> Person:
    return registry.hire("releaser", "releaser")


def in_an_hour(registry: Registry) -> str:
    return (registry.clock.now + timedelta(hours=1)).isoformat()


def scheduled(registry: Registry, *items: str, who: Person | None = None) -> Release:
    release = registry.propose(*items or ("a",))
    who = who or registry.people.owner
    return registry.do_as(who, schedules.schedule, release.release_id, in_an_hour(registry)).release


def come(registry: Registry, seconds: float = HOUR) -> None:
    """Time goes on, and every node looks."""
    registry.clock.tick(seconds)
    schedules.keep_all(registry.units, lambda: False)


def last(registry: Registry) -> tuple[str, str, str]:
    entry = registry.audit()[-1]
    return entry["action"], entry["principal"], entry["reason"]


def test_it_is_applied_at_its_moment_and_not_before(registry: Registry, releaser: Person) -> None:
    release = scheduled(registry, who=releaser)
    come(registry, HOUR - 1)
    assert registry.live("a")["production"] is None
    come(registry, 1)
    assert registry.live("a")["production"] == 1
    found = registry.ask(releases.find, release.release_id).release
    assert (found.state, found.applied_at, found.revision) == ("applied", registry.clock.now, 1)
    entry = registry.audit()[-1]
    assert (entry["action"], entry["principal"], entry["source"]) == ("release.promote", "releaser", "schedule")
    assert entry["request_id"] == f"schedule-{release.release_id}"
    come(registry)
    assert registry.ask(environments.one, "production").revision == 1


def test_all_nodes_look_at_once_and_one_does_it(registry: Registry) -> None:
    scheduled(registry, "a", "b")
    registry.clock.tick(HOUR)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: schedules.keep_all(registry.units, lambda: False), range(8)))
    assert registry.ask(environments.one, "production").revision == 1
    assert [entry["action"] for entry in registry.audit()].count("release.promote") == 3


def test_a_crash_before_the_commit_leaves_it_due(registry: Registry) -> None:
    scheduled(registry)
    registry.clock.tick(HOUR)

    def crash() -> None:
        with registry.units.write() as uow:
            ((project, release_id),) = uow.projects.due(10)
            assert schedules.keep(uow, project, release_id) is not None
            raise SystemError("the machine is gone")

    with pytest.raises(SystemError):
        crash()
    assert registry.live("a")["production"] is None
    come(registry, 1)
    assert registry.live("a")["production"] == 1


def test_a_base_that_moved_makes_it_stale_and_says_so(registry: Registry) -> None:
    release = scheduled(registry)
    registry.promote("a", to="production")
    come(registry)
    standing = registry.ask(releases.find, release.release_id)
    assert (standing.seen, standing.release.schedule) == ("stale", None)
    assert standing.comments[-1].text == (
        "Not applied on Friday, 2026-11-20 16:00 (UTC): production has changed since release 3 was proposed: "
        "release 4 by owner brought version 1 of a. Rebase it, then schedule it anew."
    )
    assert last(registry)[0] == "release.stale"


def test_the_policy_is_asked_again_at_that_moment(registry: Registry) -> None:
    release = scheduled(registry)
    registry.rules(approvals={"count": 1})
    come(registry)
    found = registry.ask(releases.find, release.release_id).release
    assert (found.state, found.ended_by) == ("failed", "owner")
    assert found.ended_why == "1 of 1 approvals missing (reviewer, releaser, admin; not the author)."
    assert last(registry) == ("release.failed", "owner", found.ended_why)
    assert registry.live("a")["production"] is None


def test_who_lost_the_right_meanwhile_applies_nothing(registry: Registry, releaser: Person) -> None:
    release = scheduled(registry, who=releaser)
    registry.do(members.remove, "releaser", "releaser", None)
    come(registry)
    found = registry.ask(releases.find, release.release_id).release
    assert (found.state, registry.live("a")["production"]) == ("failed", None)
    assert "no project" in found.ended_why or "does not hold" in found.ended_why


def test_who_lost_their_account_meanwhile_applies_nothing(registry: Registry, releaser: Person) -> None:
    release = scheduled(registry, who=releaser)
    with registry.units.write() as uow:
        people.disable(registry.people.operator.actor, uow, "releaser")
    come(registry)
    found = registry.ask(releases.find, release.release_id).release
    assert (found.state, found.ended_why) == ("failed", "releaser has no account any more.")


def test_nor_does_the_token_of_somebody_who_left(registry: Registry) -> None:
    second = registry.hire("second", "admin")
    token = registry.do_as(second, credentials.create_token, name="ci", role="releaser").credential.token
    with registry.units.read() as uow:
        release = scheduled(registry, who=recognised(uow, token))
    registry.do(members.remove, "second", "admin", None)
    come(registry)
    found = registry.ask(releases.find, release.release_id).release
    assert (found.state, registry.live("a")["production"]) == ("failed", None)
    assert "second, who answers for it" in found.ended_why


def test_nor_does_the_token_of_somebody_who_may_less_now(registry: Registry) -> None:
    second = registry.hire("second", "admin")
    token = registry.do_as(second, credentials.create_token, name="ci", role="releaser").credential.token
    with registry.units.read() as uow:
        release = scheduled(registry, who=recognised(uow, token))
    registry.do(members.add, "second", "author")
    registry.do(members.remove, "second", "admin", None)
    come(registry)
    found = registry.ask(releases.find, release.release_id).release
    assert (found.state, registry.live("a")["production"]) == ("failed", None)
    assert found.ended_why == "ci does not hold `releases.apply` in production."


def test_nobody_up_at_its_moment_means_not_at_all(registry: Registry) -> None:
    release = scheduled(registry)
    come(registry, HOUR + GRACE.total_seconds() + 1)
    found = registry.ask(releases.find, release.release_id).release
    assert (found.state, registry.live("a")["production"]) == ("failed", None)
    assert last(registry)[:2] == ("release.failed", "cuebook")
    entry = registry.audit()[-1]
    assert (entry["source"], entry["request_id"]) == ("cuebook", f"schedule-{release.release_id}")
    assert found.ended_why == "Nothing ran when its moment came: Friday, 2026-11-20 16:00 (UTC)."


def test_the_forecast_says_what_the_policy_will_say_then(registry: Registry) -> None:
    freeze = {"starts": "2026-11-20T15:30", "ends": "2026-11-20T18:00"}
    registry.rules(freeze=[freeze])
    release = registry.propose("a")
    standing = registry.do(schedules.schedule, release.release_id, in_an_hour(registry))
    now, then = standing.weighed, standing.forecast
    assert now is not None
    assert then is not None
    assert (now.decision.allowed, [verdict.rule for verdict in then.unmet]) == (True, ["freeze"])
    assert registry.do(schedules.unschedule, release.release_id).forecast is None


def test_it_can_be_taken_back(registry: Registry) -> None:
    release = scheduled(registry)
    assert [row.release_id for row in registry.ask(schedules.waiting)] == [release.release_id]
    assert registry.do(schedules.unschedule, release.release_id).release.schedule is None
    assert last(registry)[0] == "release.unscheduled"
    assert registry.audit()[-1]["before"] == {"at": "2026-11-20T16:00:00+00:00"}
    come(registry)
    assert (registry.live("a")["production"], registry.ask(schedules.waiting)) == (None, [])
    with pytest.raises(NotFound, match="waits for no moment"):
        registry.do(schedules.unschedule, release.release_id)


def test_a_release_that_ended_or_is_stale_takes_no_moment(registry: Registry) -> None:
    first, second = registry.propose("a"), registry.propose("a")
    registry.do(releases.apply, first.release_id)
    with pytest.raises(ReleaseEnded, match="is applied"):
        registry.do(schedules.schedule, first.release_id, in_an_hour(registry))
    with pytest.raises(StaleRelease):
        registry.do(schedules.schedule, second.release_id, in_an_hour(registry))


@pytest.mark.parametrize("moment", ["2026-11-20T14:59Z", "2027-02-01T09:00Z"])
def test_the_moment_lies_ahead_and_within_the_proposals_life(registry: Registry, moment: str) -> None:
    release = registry.propose("a")
    with pytest.raises(BadMoment):
        registry.do(schedules.schedule, release.release_id, moment)


def test_who_may_not_apply_may_not_schedule(registry: Registry) -> None:
    release = registry.propose("a", who=registry.people.colleague)
    for who in (registry.people.colleague, registry.hire("pager", "on-call")):
        with pytest.raises(Forbidden):
            registry.do_as(who, schedules.schedule, release.release_id, in_an_hour(registry))
    with pytest.raises(NotFound):
        registry.do_as(registry.people.stranger, schedules.schedule, release.release_id, in_an_hour(registry))


def test_proposed_and_scheduled_in_one_step(registry: Registry) -> None:
    wanted = request("promote", "production", "a", "b")
    made = registry.do(schedules.propose, wanted, in_an_hour(registry))
    assert made.schedule is not None
    come(registry)
    assert (registry.live("a")["production"], registry.live("b")["production"]) == (1, 1)


def test_a_services_token_schedules_as_long_as_it_counts(registry: Registry) -> None:
    service = registry.people.operator
    first = scheduled(registry, "a", who=service)
    assert first.schedule is not None
    assert first.schedule.person is None
    come(registry)
    second = scheduled(registry, "b", who=service)
    with registry.units.write() as uow:
        uow.credentials.revoke_token(service.actor.credential)
    come(registry)
    assert (registry.live("a")["production"], registry.live("b")["production"]) == (1, None)
    assert registry.ask(releases.find, second.release_id).release.ended_why == "The token was revoked."
