"""Where a prompt's versions are and were live."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import NotFound
from cuebook_server.services import prompts
from cuebook_server.services.ports import Stay
from tests.factories import START, Registry


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """`a`: version 1 was live in production twice and is again, version 2 once; version 3 was only saved."""
    for number in (1, 2):
        registry.save("a", f"text {number}")
        registry.clock.tick()
        registry.ship("a", number)
        registry.clock.tick()
    registry.rollback("a")
    registry.save("a", "text 3")
    return registry


def stays(registry: Registry, environment: str, before: int = 99, limit: int = 100) -> list[Stay]:
    found, _ = registry.ask(prompts.stays, "a", before=before, limit=limit)
    return [stay for stay in found if stay.environment == environment]


def test_a_version_that_came_back_is_live_now(registry: Registry) -> None:
    newer, older = stays(registry, "production")
    assert (older.number, older.times, older.until) == (1, 2, None)
    assert (older.first_at - START).total_seconds() == 60
    assert (older.last_at - START).total_seconds() == 240
    assert (newer.number, newer.times, newer.until) == (2, 1, older.last_at)


def test_where_latest_is_tracked_every_version_was_live_until_the_next(registry: Registry) -> None:
    assert [(stay.number, stay.until is None) for stay in stays(registry, "development")] == [(3, True), (2, False), (1, False)]


def test_what_was_retired_is_live_no_more(registry: Registry) -> None:
    registry.clock.tick()
    registry.retire("a")
    assert [stay.until is None for stay in stays(registry, "production")] == [False, False]


def test_a_page_has_the_versions_of_a_page_of_versions(registry: Registry) -> None:
    assert [stay.number for stay in stays(registry, "development", before=3, limit=1)] == [2]
    assert registry.ask(prompts.stays, "a", before=3, limit=1)[1] == 2
    assert registry.ask(prompts.stays, "a", before=1, limit=5) == ([], 1)


def test_the_environments_stand_in_their_order(registry: Registry) -> None:
    found, _ = registry.ask(prompts.stays, "a", before=3, limit=1)
    assert [stay.environment for stay in found] == ["development", "staging", "production"]


def test_a_stranger_learns_nothing(registry: Registry) -> None:
    with registry.units.read() as uow, pytest.raises(NotFound):
        prompts.stays(registry.people.stranger.actor, uow, "desk", "a", before=9, limit=9)
