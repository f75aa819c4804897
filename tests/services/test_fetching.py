"""What keys fetched: a warning to who retires a prompt, and a list of what nobody asks for."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from cuebook_server.domain.errors import NotFound, TracksLatest
from cuebook_server.domain.keys import DeliveryKey
from cuebook_server.services import credentials, fetches, releases
from cuebook_server.store import schema
from tests.factories import Registry, request


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """Production serves `a` and `b`, version 1."""
    for name in ("a", "b"):
        registry.save(name, "x")
        registry.ship(name, 1)
    return registry


@pytest.fixture
def key(registry: Registry) -> DeliveryKey:
    return made(registry)


def made(registry: Registry, environment: str = "production", name: str = "web") -> DeliveryKey:
    return registry.do(credentials.create_key, environment=environment, name=name).row


def fetch(registry: Registry, key: DeliveryKey, *names: str | None) -> None:
    """Fetch prompts by name now, or (``None``) everything, as a node writes it down."""
    with registry.database.read() as connection:
        rows = connection.execute(select(schema.prompt).where(schema.prompt.c.project_id == key.project_id))
        ids: dict[str | None, int | None] = {row.name: row.prompt_id for row in rows} | {None: None}
    registry.source.fetched({(key.selector, ids[name]): registry.clock.now for name in names})


def notes(registry: Registry, *names: str, environment: str = "production") -> tuple[str, ...]:
    return registry.ask(releases.consider, request("retire", environment, *names)).notes


def days(registry: Registry, count: float) -> None:
    registry.clock.tick(count * 86_400)


def orphans(registry: Registry, count: int = 30) -> dict[str, datetime | None]:
    return {row.prompt: row.fetched_at for row in registry.ask(fetches.orphans, "production", days=count).items}


# --- retiring --------------------------------------------------------------------------------------------------------
def test_retiring_warns_of_the_key_that_fetched_it(registry: Registry, key: DeliveryKey) -> None:
    assert notes(registry, "a") == ()
    fetch(registry, key, "a")
    assert notes(registry, "a", "b") == (f"a was fetched within the last 7 days by key 'web' ({key.selector}, 2026-11-20).",)
    assert notes(registry, "b") == ()
    days(registry, 7.1)
    assert notes(registry, "a") == ()


def test_retiring_warns_of_who_takes_everything(registry: Registry, key: DeliveryKey) -> None:
    fetch(registry, key, None)
    (note,) = notes(registry, "a")
    assert note.startswith(f"Everything production serves is taken by key 'web' ({key.selector}")


def test_another_environments_keys_are_none_of_its_business(registry: Registry) -> None:
    fetch(registry, made(registry, "staging"), "a", None)
    assert notes(registry, "a") == ()
    assert len(notes(registry, "a", environment="staging")) == 2


def test_a_warning_stands_on_the_release_and_blocks_nothing(registry: Registry, key: DeliveryKey) -> None:
    fetch(registry, key, "a")
    proposed = registry.propose("a", kind="retire")
    assert "'web'" in proposed.notes[0]
    days(registry, 8)
    standing = registry.ask(releases.find, proposed.release_id)
    assert standing.weighed is not None
    assert standing.weighed.notes == (), "a proposal shows what is so now"
    fetch(registry, key, "a")
    assert "'web'" in registry.retire("a").notes[0]
    assert registry.live("a")["production"] is None


def test_no_other_release_is_warned(registry: Registry, key: DeliveryKey) -> None:
    fetch(registry, key, "a", None)
    registry.save("a", "y")
    assert registry.promote("a@2", to="staging").notes == ()
    assert registry.promote("a@2", to="production").notes == ()
    assert registry.rollback("a").notes == ()


# --- who fetches a prompt --------------------------------------------------------------------------------------------
def fetchers(registry: Registry, name: str = "a", count: int = 30) -> list[tuple[str, str, bool]]:
    found = registry.ask(fetches.fetchers, name, days=count)
    return [(environment, of.key, of.prompt is not None) for environment, of in found.items]


def test_who_fetches_a_prompt_is_told_by_environment(registry: Registry, key: DeliveryKey) -> None:
    fetch(registry, key, "a", None)
    fetch(registry, made(registry, "staging", "try"), "a")
    assert fetchers(registry) == [("staging", "try", True), ("production", "web", True), ("production", "web", False)]
    assert fetchers(registry, "b") == [("production", "web", False)]
    days(registry, 31)
    assert fetchers(registry) == []


def test_who_takes_everything_takes_no_prompt_that_is_not_served(registry: Registry, key: DeliveryKey) -> None:
    fetch(registry, key, None)
    registry.retire("a")
    assert fetchers(registry) == []
    with registry.units.read() as uow, pytest.raises(NotFound):
        fetches.fetchers(registry.people.stranger.actor, uow, "desk", "a", days=1)


# --- orphans ---------------------------------------------------------------------------------------------------------
def test_what_nobody_asked_for_is_an_orphan_after_a_while(registry: Registry, key: DeliveryKey) -> None:
    days(registry, 29)
    assert orphans(registry) == {}
    fetch(registry, key, "a")
    then = registry.clock.now
    days(registry, 2)
    assert orphans(registry) == {"b": None}
    days(registry, 30)
    assert orphans(registry) == {"a": then, "b": None}


def test_a_new_version_is_no_new_life(registry: Registry) -> None:
    days(registry, 20)
    registry.save("a", "y")
    registry.ship("a", 2)
    days(registry, 11)
    (row, _) = registry.ask(fetches.orphans, "production", days=30).items
    assert (row.prompt, row.version, row.live_since) == ("a", 2, registry.clock.now - timedelta(days=31))


def test_what_was_retired_or_came_back_lately_is_none(registry: Registry) -> None:
    registry.retire("a", "b")
    days(registry, 31)
    assert orphans(registry) == {}
    registry.promote("a", to="production")
    assert orphans(registry) == {}
    days(registry, 31)
    assert orphans(registry) == {"a": None}


def test_keys_that_take_everything_stand_beside(registry: Registry, key: DeliveryKey) -> None:
    days(registry, 31)
    fetch(registry, key, None)
    found = registry.ask(fetches.orphans, "production", days=30)
    assert [(fetch.key, fetch.selector, fetch.at) for fetch in found.whole] == [("web", key.selector, registry.clock.now)]
    assert len(found.items) == 2


def test_they_come_a_page_at_a_time(registry: Registry) -> None:
    days(registry, 31)
    first = registry.ask(fetches.orphans, "production", days=30, limit=1).items
    rest = registry.ask(fetches.orphans, "production", days=30, after=first[0].prompt, limit=1).items
    assert [row.prompt for row in (*first, *rest)] == ["a", "b"]


def test_after_an_upgrade_nobody_is_called_an_orphan_too_early(registry: Registry) -> None:
    days(registry, 100)
    upgraded = registry.clock.now
    with registry.database.engine.begin() as connection:
        connection.execute(update(schema.registry).values(fetches_since=upgraded))
    assert registry.ask(fetches.orphans, "production", days=30).noted_since == upgraded
    assert orphans(registry) == {}
    assert notes(registry, "a") == (f"What was fetched before {upgraded:%Y-%m-%d %H:%M} UTC is not known.",)
    days(registry, 31)
    assert set(orphans(registry)) == {"a", "b"}
    assert notes(registry, "a") == ()


def test_looking_needs_no_more_than_reading(registry: Registry) -> None:
    with registry.units.read() as uow:
        viewer = registry.people.colleague.actor
        assert fetches.orphans(viewer, uow, "desk", "production", days=1).items == []
        with pytest.raises(NotFound):
            fetches.orphans(registry.people.stranger.actor, uow, "desk", "production", days=1)
    with pytest.raises(TracksLatest):
        registry.ask(fetches.orphans, "development", days=1)


# --- writing it down -------------------------------------------------------------------------------------------------
def test_a_later_moment_stays(registry: Registry, key: DeliveryKey) -> None:
    """Two nodes tell of the same key in any order."""
    days(registry, 31)
    fetch(registry, key, "a", None)
    now, registry.clock.now = registry.clock.now, registry.clock.now - timedelta(days=20)
    fetch(registry, key, "a", None)
    registry.clock.now = now
    assert orphans(registry, 1) == {"b": None}
    assert [fetch.at for fetch in registry.ask(fetches.orphans, "production", days=1).whole] == [now]


def test_noting_is_no_change_and_stands_in_no_chain(registry: Registry, key: DeliveryKey) -> None:
    before = registry.audit(), registry.source.heads()
    fetch(registry, key, "a", "b", None)
    fetch(registry, key, "a", "b", None)
    assert (registry.audit(), registry.source.heads()) == before
    with registry.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM fetched")).scalar() == 2


def test_what_a_restored_database_does_not_know_is_left_out(registry: Registry, key: DeliveryKey) -> None:
    unknown = (("gone", 1), ("gone", None), (key.selector, 99))
    registry.source.fetched(dict.fromkeys(unknown, registry.clock.now))
    assert notes(registry, "a", "b") == ()


def test_many_are_written_in_parts(registry: Registry, key: DeliveryKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cuebook_server.store.fetches.WRITTEN_AT_ONCE", 2)
    fetch(registry, key, "a", "b", None)
    assert len(notes(registry, "a", "b")) == 3
