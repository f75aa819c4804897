"""An environment that falls behind its source for long is told of once, and once more when it has caught up."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from cuebook_server.services import falling_behind
from tests.factories import Registry

DAY_S = 86_400


@pytest.fixture
def behind(registry: Registry) -> Registry:
    """Staging has version 2 of `a`, production still version 1; staging has `b`, which production never had."""
    registry.save("a", "one")
    registry.ship("a", 1)
    registry.save("a", "two")
    registry.save("b", "one")
    registry.clock.tick(DAY_S)
    registry.promote("a", "b", to="staging")
    return registry


def found(registry: Registry, days: int = 14) -> list[dict[str, Any]]:
    """What a look writes into the chain."""
    before = len(registry.audit())
    falling_behind.look(registry.units, days)
    return registry.audit()[before:]


def test_what_is_behind_for_long_is_told_once(behind: Registry) -> None:
    behind.clock.tick(14 * DAY_S)
    assert found(behind) == []
    behind.clock.tick(1)
    (entry,) = found(behind)
    assert (entry["action"], entry["environment"], entry["principal"]) == ("drift.found", "production", "cuebook")
    assert (entry["before"], entry["after"]) == ({"a": {"version": 1}}, {"a": {"version": 2}})
    assert entry["reason"] == "1 prompts behind staging for more than 14 days."
    assert found(behind) == []


def test_a_source_that_goes_on_is_no_news(behind: Registry) -> None:
    """Behind since the source left its version, however often the source changes meanwhile."""
    behind.clock.tick(15 * DAY_S)
    assert len(found(behind)) == 1
    behind.save("a", "three")
    behind.promote("a", to="staging")
    assert found(behind) == []


def test_a_source_that_never_rests_hides_nothing(behind: Registry) -> None:
    for number in range(3):
        behind.clock.tick(6 * DAY_S)
        behind.save("a", f"more {number}")
        behind.promote("a", to="staging")
    assert [entry["action"] for entry in found(behind)] == ["drift.found"]


def test_the_end_is_told_once_too(behind: Registry) -> None:
    behind.clock.tick(15 * DAY_S)
    found(behind)
    behind.promote("a", to="production")
    assert [entry["action"] for entry in found(behind)] == ["drift.ended"]
    assert found(behind) == []


def test_another_prompt_is_news(behind: Registry) -> None:
    behind.promote("b", to="production")
    behind.clock.tick(15 * DAY_S)
    assert list(found(behind)[0]["before"]) == ["a"]
    behind.save("b", "two")
    behind.promote("b", to="staging")
    behind.clock.tick(15 * DAY_S)
    assert list(found(behind)[0]["before"]) == ["a", "b"]


def test_what_staging_takes_from_latest_counts_as_well(behind: Registry) -> None:
    behind.save("a", "three")
    behind.promote("a@2", to="production")
    behind.clock.tick(15 * DAY_S)
    assert [entry["environment"] for entry in found(behind)] == ["staging"]


def test_a_process_that_ends_looks_no_further(behind: Registry) -> None:
    behind.clock.tick(15 * DAY_S)
    before = len(behind.audit())
    falling_behind.look(behind.units, 14, lambda: True)
    assert len(behind.audit()) == before


def test_a_project_that_cannot_be_read_holds_up_no_other(behind: Registry) -> None:
    """The first start's project comes before all others."""
    behind.clock.tick(14 * DAY_S + 1)
    with behind.database.engine.begin() as connection:
        connection.execute(text("UPDATE environment SET policy = 'no JSON' WHERE project_id = 1"))
    before = len(behind.audit())
    with pytest.raises(ValueError, match="Expecting value"):
        falling_behind.look(behind.units, 14)
    assert [entry["action"] for entry in behind.audit()[before:]] == ["drift.found"]
