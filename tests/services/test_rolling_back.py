"""Rollback: one call, identical bytes, no rule but a reason, and only to what was live there."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import AlreadyLive, Forbidden, NeverLiveHere, NothingToRollBack, PolicyRefused
from cuebook_server.services import environments, prompts, releases
from tests.factories import Registry, request


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """Versions 1, 2 and 3 of `a` were live in production, in this order; version 4 was not."""
    for number in (1, 2, 3):
        registry.save("a", f"text {number}")
        registry.ship("a", number)
    registry.save("a", "text 4")
    return registry


def test_back_to_the_one_before_and_then_one_further(registry: Registry) -> None:
    assert [registry.rollback("a").items[0].version for _ in range(2)] == [2, 1]
    with pytest.raises(NothingToRollBack):
        registry.rollback("a")


def test_after_a_rollback_a_promotion_counts_as_new(registry: Registry) -> None:
    registry.rollback("a@1")
    registry.promote("a@3", to="production")
    assert registry.rollback("a").items[0].version == 1


def test_back_to_any_version_that_was_live_there(registry: Registry) -> None:
    assert registry.rollback("a@1").kind == "rollback"
    assert registry.live("a")["production"] == 1
    with pytest.raises(NeverLiveHere):
        registry.rollback("a@4")
    with pytest.raises(AlreadyLive):
        registry.rollback("a@1")


def test_the_same_bytes_and_digest_come_back_under_a_new_revision(registry: Registry) -> None:
    before = registry.ask(environments.one, "production").revision
    version = registry.ask(prompts.version, "a", "2")
    registry.rollback("a")
    assert b"text 2" in registry.served("a")
    assert registry.ask(prompts.version, "a", "production") == version
    assert registry.ask(environments.one, "production").revision == before + 1
    assert registry.audit()[-1]["after"] == {"a": {"version": 2, "digest": version.digest}}


def test_no_rule_stands_in_the_way_but_a_reason(registry: Registry) -> None:
    registry.do(environments.create, "vault")
    registry.do(environments.change, "production", policy={"comes_from": "vault", "reason_required": False})
    with pytest.raises(PolicyRefused):
        registry.promote("a@2", to="production")
    with pytest.raises(PolicyRefused, match="reason"):
        registry.rollback("a", reason=" ")
    assert registry.rollback("a", reason="users complain").items[0].version == 2


def test_several_go_back_together_or_not_at_all(registry: Registry) -> None:
    registry.save("b", "only one")
    registry.ship("b", 1)
    with pytest.raises(NothingToRollBack):
        registry.rollback("a", "b")
    assert registry.live("a")["production"] == 3


def test_what_was_retired_comes_back(registry: Registry) -> None:
    registry.retire("a")
    assert registry.rollback("a").items[0].version == 3
    assert registry.rollback("a").items[0].version == 2


def test_who_may_roll_back(registry: Registry) -> None:
    with pytest.raises(Forbidden):
        registry.do_as(registry.people.colleague, releases.create, request("rollback", "production", "a"))
    pilot = registry.hire("pilot", "releaser")
    assert registry.do_as(pilot, releases.create, request("rollback", "production", "a")).author == "pilot"


def back(registry: Registry, environment: str = "production") -> dict[str, int]:
    return dict(registry.ask(environments.at, environment, None, ()).back)


def test_where_a_rollback_would_lead_is_known_before(registry: Registry) -> None:
    registry.save("b", "only one")
    registry.ship("b", 1)
    assert back(registry) == {"a": 2}
    assert [registry.rollback("a").items[0].version, back(registry)] == [2, {"a": 1}]
    assert [registry.rollback("a").items[0].version, back(registry)] == [1, {}]
    registry.retire("b")
    assert [back(registry), registry.rollback("b").items[0].version] == [{"b": 1}, 1]


def test_nothing_goes_back_where_latest_is_tracked(registry: Registry) -> None:
    assert back(registry, "development") == {}
