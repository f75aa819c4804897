"""People learn what waits for them, what went past them, and what became of what they proposed; nobody else does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from cuebook_server.domain.notice import NOTICE_LIFE
from cuebook_server.services import environments, notices, people, prompts, releases
from tests.factories import Registry, request, text
from tests.people import Person


@pytest.fixture
def team(registry: Registry) -> Registry:
    """Production asks for one approval; version 2 of `a` waits in staging."""
    registry.save("a", "one")
    registry.ship("a", 1)
    registry.save("a", "two")
    registry.promote("a", to="staging")
    registry.do(environments.adopt, "production", "team")
    return registry


def told(registry: Registry, who: Person) -> Sequence[str]:
    with registry.units.read() as uow:
        return [one.sentence for one in notices.mine(who.at(registry.clock.now), uow, before=10**6, limit=100)[0]]


def unread(registry: Registry, who: Person) -> int:
    with registry.units.read() as uow:
        return notices.mine(who.actor, uow, before=10**6, limit=1)[1]


def test_who_could_approve_learns_what_waits(team: Registry) -> None:
    reviewer, viewer = team.hire("reviewer", "reviewer"), team.hire("viewer", "viewer")
    team.propose("a", who=team.people.colleague)
    sentence = "Release 4 to production waits for approval: colleague proposed it."
    assert [told(team, who) for who in (reviewer, team.people.owner)] == [[sentence], [sentence]]
    assert [told(team, who) for who in (viewer, team.people.colleague, team.people.stranger)] == [[], [], []]


def test_who_holds_the_role_in_another_environment_only_learns_nothing(team: Registry) -> None:
    from cuebook_server.services import members

    elsewhere = team.hire("elsewhere", "viewer")
    team.do(members.add, "elsewhere", "reviewer", "staging")
    team.propose("a", who=team.people.colleague)
    assert told(team, elsewhere) == []


def test_who_proposed_is_not_told_what_they_did(team: Registry) -> None:
    reviewer = team.hire("reviewer", "reviewer")
    team.propose("a", who=team.people.owner)
    assert [len(told(team, who)) for who in (reviewer, team.people.owner)] == [1, 0]


def test_what_waits_for_nobody_is_told_to_nobody(team: Registry) -> None:
    reviewer = team.hire("reviewer", "reviewer")
    team.propose("a@1", to="staging", who=team.people.colleague)
    assert told(team, reviewer) == []


def test_the_people_an_emergency_skipped_learn_of_it(team: Registry) -> None:
    reviewer, pager = team.hire("reviewer", "reviewer"), team.hire("pager", "on-call")
    team.do_as(pager, releases.break_glass, request("promote", "production", "a", reason="it burns"))
    (sentence,) = told(team, reviewer)
    assert sentence == "pager broke the glass in production with release 4, past its rules: it needs a review."
    assert told(team, pager) == []
    assert told(team, team.people.stranger) == []


def test_without_the_emergency_there_is_no_notice_of_it(team: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written in the same transaction: both, or neither."""
    reviewer, pager = team.hire("reviewer", "reviewer"), team.hire("pager", "on-call")
    monkeypatch.setattr("cuebook_server.store.notices.NoticeStore.add", _fail)
    with pytest.raises(RuntimeError):
        team.do_as(pager, releases.break_glass, request("promote", "production", "a", reason="it burns"))
    monkeypatch.undo()
    assert (told(team, reviewer), team.live("a")["production"]) == ([], 1)


def _fail(*_: object) -> None:
    raise RuntimeError


def test_an_author_learns_what_became_of_a_proposal(team: Registry) -> None:
    release = team.propose("a", who=team.people.colleague)
    team.do(releases.decline, release.release_id, "too\nharsh")
    assert told(team, team.people.colleague) == ["Your release 4 to production was declined: too harsh"]


def test_an_author_learns_that_another_release_came_first(team: Registry) -> None:
    team.do(prompts.save, "b", prompts.Draft(text("other"), "", None))
    team.promote("b", to="staging")
    mine = team.propose("a", who=team.people.colleague)
    team.propose("b", who=team.people.colleague)
    theirs = team.propose("a@2")
    team.approve(theirs, team.hire("reviewer", "reviewer"))
    team.do(releases.apply, theirs.release_id)
    expected = f"Your release {mine.release_id} to production is stale: release {theirs.release_id} came first."
    assert told(team, team.people.colleague) == [expected]


def test_what_was_read_is_read_up_to_there(team: Registry) -> None:
    reviewer = team.hire("reviewer", "reviewer")
    for _ in range(3):
        team.propose("a", who=team.people.colleague)
    with team.units.write() as uow:
        rows, _ = notices.mine(reviewer.actor, uow, before=10**6, limit=100)
        assert notices.read(reviewer.actor, uow, rows[1].notice_id) == 2
        assert notices.read(team.people.colleague.actor, uow, rows[0].notice_id) == 0
    assert unread(team, reviewer) == 1
    assert unread(team, team.people.owner) == 3


def test_who_left_the_project_is_told_of_it_no_more(team: Registry) -> None:
    from cuebook_server.services import members

    reviewer = team.hire("reviewer", "reviewer")
    team.propose("a", who=team.people.colleague)
    team.do(members.remove, "reviewer", "reviewer")
    with team.units.read() as uow:
        from cuebook_server.services import callers

        now = callers.by_token(uow, reviewer.token, request_id="test", source="")
        assert notices.mine(now, uow, before=10**6, limit=10) == ([], 0)


def test_a_service_is_told_nothing(team: Registry) -> None:
    team.propose("a", who=team.people.colleague)
    assert told(team, team.people.operator) == []


def test_a_disabled_account_is_told_nothing(team: Registry) -> None:
    reviewer = team.hire("reviewer", "reviewer")
    with team.units.write() as uow:
        people.disable(team.people.operator.actor, uow, "reviewer")
    team.propose("a", who=team.people.colleague)
    assert told(team, reviewer) == []


def test_what_is_long_past_is_forgotten(team: Registry) -> None:
    reviewer = team.hire("reviewer", "reviewer")
    team.propose("a", who=team.people.colleague)
    team.clock.tick((NOTICE_LIFE + timedelta(seconds=1)).total_seconds())
    team.propose("a", who=team.people.colleague)
    assert len(told(team, reviewer)) == 1
