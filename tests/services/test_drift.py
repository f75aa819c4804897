"""Drift between environments, and going back to a whole past revision."""

from __future__ import annotations

from datetime import datetime

import pytest

from cuebook_server.domain.errors import AlreadyLive, NotFound, PolicyRefused
from cuebook_server.domain.release import BadRelease, Release, Wanted
from cuebook_server.services import drift, recalls, releases
from tests.factories import Registry, text


def compared(registry: Registry, one: str = "staging", other: str = "production") -> drift.Drift:
    return registry.ask(drift.compare, one, other)


def test_environments_that_serve_the_same_do_not_differ(registry: Registry) -> None:
    registry.save("a", "x")
    registry.ship("a", 1)
    found = compared(registry)
    assert (found.differences, found.promotion) == ([], None)


def test_how_far_they_are_apart_and_what_would_change(registry: Registry) -> None:
    registry.save("a", "one two")
    registry.ship("a", 1)
    registry.clock.tick(36 * 3_600)
    registry.save("a", "one three")
    registry.save("a", text("one three", model={"provider": "openai", "name": "gpt-5.2"}))
    registry.promote("a", to="staging")
    (row,) = compared(registry).differences
    assert (row.prompt, row.one, row.other, row.versions, row.days, row.reach) == ("a", 3, 1, 2, 1.5, "model")
    assert any("gpt-5.2" in phrase for phrase in row.summary)
    back = compared(registry, "production", "staging").differences[0]
    assert (back.versions, back.days) == (-2, -1.5)


def test_a_fragment_that_moved_is_a_difference(registry: Registry) -> None:
    registry.save("tone", "Be kind.")
    registry.save("a", "{{> tone}} Answer.")
    registry.ship("a", 1)
    registry.save("tone", "Be brief and kind.")
    registry.save("a", "{{> tone}} Answer.")
    registry.promote("a", to="staging")
    (row,) = compared(registry).differences
    assert any("fragment `tone`" in phrase for phrase in row.summary)
    assert len(row.summary) == 2, "the lock, and the words it brings"


def test_what_only_one_serves(registry: Registry) -> None:
    registry.save("a", "x")
    registry.promote("a", to="staging")
    (row,) = compared(registry).differences
    assert (row.one, row.other, row.versions, row.summary) == (1, None, None, ("only in staging",))


def test_what_the_other_would_become_is_weighed_and_not_done(registry: Registry) -> None:
    for name in ("a", "b"):
        registry.save(name, "x")
    registry.promote("a", "b", to="staging")
    registry.rules(approvals={"count": 1})
    before = registry.audit()
    promotion = compared(registry).promotion
    assert promotion is not None
    assert [(item.prompt, item.version) for item in promotion.items] == [("a", 1), ("b", 1)]
    assert [verdict.rule for verdict in promotion.decision.unmet] == ["approvals"]
    assert registry.audit() == before
    assert compared(registry, "production", "staging").promotion is None
    with pytest.raises(NotFound):
        compared(registry, "staging", "nowhere")


def back(registry: Registry, moment: datetime, *items: Wanted) -> Release:
    request = releases.Request("production", "rollback", items, "it was better", time=moment)
    return registry.do(releases.create, request)


def test_production_as_it_was_yesterday(registry: Registry) -> None:
    for name in ("a", "b"):
        registry.save(name, "x")
        registry.ship(name, 1)
    then = registry.clock.tick()
    registry.clock.tick()
    for name in ("a", "c"):
        registry.save(name, "y")
        registry.ship(name, 2 if name == "a" else 1)
    registry.retire("b")
    release = back(registry, then)
    assert {item.prompt: (item.replaces, item.version) for item in release.items} == {"a": (2, 1), "b": (None, 1)}
    assert registry.live("c")["production"] == 1, "what came since stays"
    with pytest.raises(AlreadyLive):
        back(registry, then)


def test_nothing_that_was_recalled_comes_back(registry: Registry) -> None:
    registry.save("a", "x")
    registry.ship("a", 1)
    then = registry.clock.tick()
    registry.clock.tick()
    registry.save("a", "y")
    registry.ship("a", 2)
    registry.do(recalls.recall, "a", 1, "it insults people")
    with pytest.raises(PolicyRefused, match="recalled"):
        back(registry, then)


def test_a_moment_and_names_are_two_ways(registry: Registry) -> None:
    registry.save("a", "x")
    with pytest.raises(BadRelease):
        back(registry, registry.clock.now, Wanted("a"))
