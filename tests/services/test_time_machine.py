"""The time machine: what an environment served at any moment, of one prompt or of all."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cuebook_server.domain.errors import NotFound
from cuebook_server.services import environments, releases
from tests.factories import START, Registry

SECOND = timedelta(seconds=1)


def at(registry: Registry, time: datetime, *prompts: str, environment: str = "production") -> dict[str, int | None]:
    moment = registry.ask(environments.at, environment, time, prompts)
    return {change.prompt: change.after for change in moment.changes}


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """In production since START: minute 1 a@1, minute 2 b@1, minute 3 a@2, minute 4 a retired. Saves come before minute 1."""
    for name, content in (("a", "x"), ("b", "x"), ("a", "y")):
        registry.save(name, content)
    registry.promote("a@1", "b@1", to="staging")
    registry.promote("a@2", to="staging")
    for item in ("a@1", "b@1", "a@2"):
        registry.clock.tick(60)
        registry.promote(item, to="production", reason=item)
    registry.clock.tick(60)
    registry.retire("a")
    return registry


@pytest.mark.parametrize(
    ("minutes", "served"),
    [(0, {}), (1, {"a": 1}), (1.5, {"a": 1}), (2, {"a": 1, "b": 1}), (3, {"a": 2, "b": 1}), (99, {"a": None, "b": 1})],
)
def test_any_moment(registry: Registry, minutes: float, served: dict[str, int | None]) -> None:
    assert at(registry, START + minutes * 60 * SECOND) == served


def test_one_prompt(registry: Registry) -> None:
    assert at(registry, START + 180 * SECOND, "a") == {"a": 2}
    assert at(registry, START + 60 * SECOND, "b") == {}
    with pytest.raises(NotFound):
        at(registry, START, "nothing")


def test_the_moment_says_who_and_why(registry: Registry) -> None:
    change = registry.ask(environments.at, "production", START + 150 * SECOND, ["b"]).changes[0]
    assert (change.actor, change.reason, change.cause, change.at) == ("owner", "b@1", "promote", START + 120 * SECOND)


def test_before_anything_there_is_nothing(registry: Registry) -> None:
    moment = registry.ask(environments.at, "production", START - SECOND, [])
    assert (moment.revision, list(moment.changes)) == (0, [])


def test_development_is_remembered_too(registry: Registry) -> None:
    registry.save("a", "z")
    assert at(registry, START, environment="development") == {"a": 2, "b": 1}
    assert at(registry, registry.clock.now, environment="development") == {"a": 3, "b": 1}


def test_a_clock_that_goes_back_makes_no_hole_in_history(registry: Registry) -> None:
    before = registry.clock.now
    registry.clock.tick(-86_400)
    registry.promote("a@1", to="production")
    assert at(registry, before, "a") == {"a": 1}
    assert registry.ask(environments.one, "production").updated_at == before


def test_a_change_of_the_rules_counts_as_a_revision_though_it_moved_nothing(registry: Registry) -> None:
    before = registry.clock.now
    registry.clock.tick(60)
    registry.do(releases.create, releases.Request("production", "policy", (), "fewer", policy={"max_items": 9}))
    then, now = (registry.ask(environments.at, "production", moment, ()) for moment in (before, None))
    assert (then.revision, now.revision, now.changes) == (4, 5, then.changes)
    assert now.revision == registry.ask(environments.one, "production").revision


def test_without_a_moment_it_is_now(registry: Registry) -> None:
    found = registry.ask(environments.at, "production", None, ("b",))
    assert (found.time, [change.after for change in found.changes]) == (registry.clock(), [1])
