"""Promotion: exact versions, all items or nothing, by the environment's rules."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import (
    AlreadyLive,
    Forbidden,
    NotFound,
    NotReleasedHere,
    PointerMoved,
    PolicyRefused,
    TracksLatest,
)
from cuebook_server.domain.prompt import BadMetadata
from cuebook_server.domain.release import BadRelease, Wanted
from cuebook_server.services import environments, releases
from tests.factories import Registry, request, text


def test_an_exact_version_goes_live(registry: Registry) -> None:
    for content in ("x", "y"):
        registry.save("a", content)
    release = registry.promote("a@1", to="staging", reason="a pilot")
    assert (release.revision, release.author, release.reason, release.state) == (1, "owner", "a pilot", "applied")
    assert registry.live("a") == {"development": 2, "staging": 1, "production": None}
    assert registry.ask(releases.find, release.release_id).release == release


def test_an_open_version_is_what_the_source_serves(registry: Registry) -> None:
    for content in ("x", "y"):
        registry.save("a", content)
    registry.promote("a", to="staging")
    registry.save("a", "z")
    assert registry.promote("a", to="production").items[0].version == 2


def test_an_open_version_needs_a_source_that_serves_one(registry: Registry) -> None:
    registry.save("a", "x")
    with pytest.raises(NotReleasedHere, match="staging serves no version"):
        registry.promote("a", to="production")
    registry.do(environments.create, "canary")
    with pytest.raises(BadRelease, match="Which version"):
        registry.promote("a", to="canary")


def test_several_items_are_one_revision(registry: Registry) -> None:
    for name in ("a", "b", "c"):
        registry.save(name, "x")
    assert registry.promote("a", "b", "c", to="staging").revision == 1
    assert [row.revision for row in registry.ask(environments.history, "staging", before=99, limit=10)] == [1, 1, 1]


def test_one_bad_item_leaves_the_others_where_they_were(registry: Registry) -> None:
    for name in ("a", "b"):
        registry.save(name, "x")
    before = registry.audit()
    for bad in ("b@9", "nothing@1"):
        with pytest.raises(NotFound):
            registry.promote("a", bad, to="staging")
    assert registry.live("a")["staging"] is None
    assert registry.audit() == before
    assert registry.ask(environments.one, "staging").revision == 0


def test_a_version_comes_from_the_environment_before(registry: Registry) -> None:
    for content in ("x", "y"):
        registry.save("a", content)
    registry.ship("a", 1)
    with pytest.raises(PolicyRefused, match="a version 2 never ran in staging") as refused:
        registry.promote("a@2", to="production")
    decision = refused.value.data["decision"]
    assert (decision["allowed"], [rule["passed"] for rule in decision["rules"]]) == (False, [True, False])
    assert decision["rules"][1]["evidence"] == {"environment": "staging", "missing": ["a version 2"]}
    assert registry.live("a")["production"] == 1


def test_a_version_that_ran_there_once_may_follow_later(registry: Registry) -> None:
    for content in ("x", "y"):
        registry.save("a", content)
    for number in (1, 2):
        registry.promote(f"a@{number}", to="staging")
    assert registry.promote("a@1", to="production").items[0].version == 1


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_production_asks_for_a_reason(registry: Registry, reason: str) -> None:
    registry.save("a", "x")
    registry.promote("a", to="staging", reason=reason)
    with pytest.raises(PolicyRefused, match="A reason is missing"):
        registry.promote("a", to="production", reason=reason)


def test_what_is_live_already_is_said_and_counts_nothing(registry: Registry) -> None:
    for name in ("a", "b"):
        registry.save(name, "x")
    registry.promote("a", to="staging")
    with pytest.raises(AlreadyLive):
        registry.promote("a@1", to="staging")
    assert [item.prompt for item in registry.promote("a", "b", to="staging").items] == ["b"]
    assert registry.ask(environments.one, "staging").revision == 2


def test_an_environment_that_tracks_latest_takes_no_release(registry: Registry) -> None:
    registry.save("a", "x")
    with pytest.raises(TracksLatest):
        registry.promote("a@1", to="development")


def test_a_prompt_stands_once_in_a_release(registry: Registry) -> None:
    registry.save("a", "x")
    with pytest.raises(BadRelease, match="twice"):
        registry.promote("a", "a@1", to="staging")
    for items in ((), ("a",) * 1_001):
        with pytest.raises(BadRelease, match="1 to 1000 items"):
            registry.promote(*items, to="staging")


def test_unknown_environments_and_long_reasons_are_refused(registry: Registry) -> None:
    registry.save("a", "x")
    with pytest.raises(NotFound, match="no environment 'nowhere'"):
        registry.promote("a", to="nowhere")
    with pytest.raises(BadMetadata):
        registry.promote("a", to="staging", reason="r" * 2_001)


def test_who_saw_something_else_live_is_shown_both_sides(registry: Registry) -> None:
    for content in ("x", "y", "z"):
        registry.save("a", content)
    registry.promote(Wanted("a", 1, None, guarded=True), to="staging")
    registry.promote(Wanted("a", 2, 1, guarded=True), to="staging")
    with pytest.raises(PointerMoved, match="serves version 2 of a, not 1") as lost:
        registry.promote(Wanted("a", 3, 1, guarded=True), to="staging")
    assert dict(lost.value.data) == {"prompt": "a", "yours": 1, "theirs": 2, "revision": 2}
    assert registry.live("a")["staging"] == 2


def test_weighing_says_the_same_and_changes_nothing(registry: Registry) -> None:
    registry.save("a", "x")
    before = registry.audit()
    weighed = registry.ask(releases.consider, request("promote", "staging", "a"))
    assert (weighed.decision.allowed, weighed.items[0].version) == (True, 1)
    assert registry.audit() == before
    refused = registry.ask(releases.consider, request("promote", "production", "a@1"))
    assert not refused.decision.allowed
    assert registry.live("a")["staging"] is None


def test_a_change_that_breaks_callers_is_noted(registry: Registry) -> None:
    registry.save("a", "Dear {{name}}")
    registry.save("a", "Dear {{name}} of {{town}}")
    registry.promote("a@1", to="staging")
    assert "town" in registry.promote("a@2", to="staging").notes[0]
    registry.save("a", text("Dear {{name}}!"))
    registry.promote("a@1", to="staging")
    assert registry.promote("a@3", to="staging").notes == ()


def test_who_may_promote(registry: Registry) -> None:
    registry.save("a", "x")
    wanted = request("promote", "staging", "a")
    with pytest.raises(Forbidden):
        registry.do_as(registry.people.colleague, releases.create, wanted)
    with pytest.raises(NotFound):
        registry.do_as(registry.people.stranger, releases.create, wanted)
    assert registry.do_as(registry.hire("pilot", "releaser"), releases.create, wanted).author == "pilot"


def test_releases_are_listed_newest_first(registry: Registry) -> None:
    for content in ("x", "y"):
        registry.save("a", content)
        registry.promote("a", to="staging")
    registry.promote("a", to="production")
    assert [r.release_id for r in registry.ask(releases.listed, "", before=99, limit=2)] == [3, 2]
    assert [r.release_id for r in registry.ask(releases.listed, "", before=2, limit=2)] == [1]
    assert [r.environment for r in registry.ask(releases.listed, "production", before=99, limit=9)] == ["production"]
    with pytest.raises(NotFound):
        registry.ask(releases.find, 99)
