"""Which clients run what, and how far a release has come: as any node shows it, whoever heard of them."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from cuebook_server.domain.errors import NotFound
from cuebook_server.domain.fleet import FORGOTTEN_AFTER, About, Instance, Order, seen
from cuebook_server.domain.keys import DeliveryKey
from cuebook_server.domain.release import Release
from cuebook_server.services import credentials, fleet
from cuebook_server.store import fleet as store
from cuebook_server.store.database import open_database
from cuebook_server.store.snapshots import SqlSnapshotSource
from tests.factories import Registry, open_registry
from tests.support.settled import Settled


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """Production serves `a`, version 1, as revision 1."""
    registry.save("a", "x")
    registry.ship("a", 1)
    return registry


@pytest.fixture
def key(registry: Registry) -> DeliveryKey:
    return made(registry)


def made(registry: Registry, environment: str = "production") -> DeliveryKey:
    return registry.do(credentials.create_key, environment=environment, name="web").row


def hear(registry: Registry, key: DeliveryKey, instance: str, revision: int | None, before: Instance | None = None) -> Instance:
    """A node hears of an instance now, and writes it down."""
    order: Order | None = None if revision is None else (1, revision)
    word = seen(before, key.selector, About("python/1.0", instance, "network"), order, registry.clock.now)
    registry.source.heard([word])
    return word


def promote(registry: Registry) -> Release:
    registry.save("a", f"at {registry.clock.now}")
    registry.promote("a", to="staging")
    return registry.promote("a", to="production")


def ship_and_reach(registry: Registry, key: DeliveryKey, seconds: tuple[float, ...]) -> Release:
    """Instances that hold the first revision, and a release that reaches them one after the other."""
    words = [hear(registry, key, f"i{n}", 1) for n in range(len(seconds))]
    registry.clock.tick(10)
    release = promote(registry)
    assert release.applied_at is not None
    for n, second in enumerate(seconds):
        registry.clock.now = release.applied_at + timedelta(seconds=second)
        hear(registry, key, f"i{n}", release.revision, words[n])
    return release


def test_the_instances_of_an_environment(registry: Registry, key: DeliveryKey) -> None:
    hear(registry, key, "a", 1)
    hear(registry, key, "b", None)
    hear(registry, made(registry, "staging"), "c", 1)
    found = registry.ask(fleet.fleet, "production")
    assert [(each.about.instance, each.order, each.key) for each in found.instances] == [
        ("a", (1, 1), "web"),
        ("b", None, "web"),
    ]
    assert (found.order, found.progress.live, found.progress.running) == ((1, 1), 2, 1)
    assert found.change is not None
    assert found.change.release_id is not None


def test_how_long_a_release_took(registry: Registry, key: DeliveryKey) -> None:
    release = ship_and_reach(registry, key, (1, 2, 30))
    progress = registry.ask(fleet.rollout, release.release_id).progress
    assert progress is not None
    assert progress.within_ms == {50: 2_000, 99: 30_000, 100: 30_000}
    assert registry.ask(fleet.fleet, "production").progress == progress


def test_an_older_release_keeps_its_times(registry: Registry, key: DeliveryKey) -> None:
    release = ship_and_reach(registry, key, (1, 2))
    later = promote(registry)
    (one, other) = registry.ask(fleet.fleet, "production").instances
    registry.clock.tick(5)
    hear(registry, key, "i0", later.revision, one)
    assert other.order == (1, release.revision)
    progress = registry.ask(fleet.rollout, release.release_id).progress
    assert progress is not None
    assert (progress.running, progress.within_ms[100]) == (2, 2_000)


def test_what_two_nodes_heard_is_one(registry: Registry, key: DeliveryKey) -> None:
    """A node that has just been started knows no arrivals; those that another wrote stay."""
    hear(registry, key, "a", 1)
    registry.clock.tick(60)
    hear(registry, key, "a", 1)
    (instance,) = registry.ask(fleet.fleet, "production").instances
    assert instance.seen_at - instance.arrivals[0].at == timedelta(seconds=60)
    late = replace(instance, seen_at=instance.seen_at - timedelta(seconds=30), order=None)
    registry.source.heard([late])
    assert [each.order for each in registry.ask(fleet.fleet, "production").instances] == [(1, 1)], "the later word counts"


def test_a_release_that_waits_has_not_arrived_anywhere(registry: Registry) -> None:
    registry.save("a", "y")
    waiting = registry.propose("a@2", to="staging")
    assert registry.ask(fleet.rollout, waiting.release_id).progress is None
    with pytest.raises(NotFound):
        registry.ask(fleet.rollout, 99)


def test_instances_are_forgotten_after_a_day(registry: Registry, key: DeliveryKey) -> None:
    hear(registry, key, "a", 1)
    registry.clock.tick(FORGOTTEN_AFTER.total_seconds())
    hear(registry, key, "b", 1)
    registry.clock.tick(1)
    assert [each.about.instance for each in registry.ask(fleet.fleet, "production").instances] == ["b"]
    registry.source.forget_instances(registry.clock.now)
    assert count(registry) == 1


def test_a_key_with_too_many_keeps_the_last(registry: Registry, key: DeliveryKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cuebook_server.store.fleet.INSTANCES_MAX", 3)
    monkeypatch.setattr("cuebook_server.store.fleet.WRITTEN_AT_ONCE", 2)
    for name in "abcde":
        hear(registry, key, name, 1)
        registry.clock.tick(1)
    registry.source.forget_instances(registry.clock.now)
    assert [each.about.instance for each in registry.ask(fleet.fleet, "production").instances] == ["c", "d", "e"]
    assert count(registry) == 3


def test_what_a_restored_database_does_not_know_is_left_out(registry: Registry, key: DeliveryKey) -> None:
    hear(registry, replace(key, selector="gone"), "a", 1)
    assert count(registry) == 0


def test_hearing_is_no_change_and_stands_in_no_chain(registry: Registry, key: DeliveryKey) -> None:
    before = registry.audit(), registry.source.heads()
    hear(registry, key, "a", 1)
    assert (registry.audit(), registry.source.heads()) == before


def test_a_stranger_sees_nobody(registry: Registry) -> None:
    with registry.units.read() as uow, pytest.raises(NotFound):
        fleet.fleet(registry.people.stranger.actor, uow, "desk", "production")
    with registry.units.read() as uow, pytest.raises(NotFound):
        fleet.rollout(registry.people.stranger.actor, uow, "desk", 1)


def count(registry: Registry) -> int:
    with registry.database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM fleet_instance")).scalar_one())


def test_a_node_that_writes_down_waits_for_another_process(settled_sqlite: Settled, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads what is known first; a SQLite transaction that began so cannot write any more once another process has."""
    with (
        open_registry(settled_sqlite.url, settled_sqlite.people) as registry,
        open_registry(settled_sqlite.url, settled_sqlite.people) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        key, known = made(registry), store._known

        def meanwhile(*read: Any) -> Any:
            found = known(*read)
            with suppress(TimeoutError):
                pool.submit(other.save, "b", "x").result(0.3)
            return found

        monkeypatch.setattr(store, "_known", meanwhile)
        hear(registry, key, "i", 1)
        assert [one.about.instance for one in registry.ask(fleet.fleet, "production").instances] == ["i"]


@pytest.mark.parametrize("known_before", [True, False])
def test_two_nodes_that_hear_of_one_client_at_once_lose_nothing(
    registry: Registry, key: DeliveryKey, monkeypatch: pytest.MonkeyPatch, *, known_before: bool
) -> None:
    """Behind a balancer its stream ends at one node and its polls at another: the second to write once wrote over the first."""
    before = hear(registry, key, "a", 1) if known_before else None
    one, other = (seen(before, key.selector, About("python/1.0", "a", "network"), (1, n), registry.clock.now) for n in (2, 3))
    known, began = store._known, list[Future[None]]()

    def meanwhile(*read: Any) -> Any:
        found = known(*read)
        if not began:
            began.append(pool.submit(node.heard, [other]))
            with suppress(TimeoutError):
                began[0].result(0.3)
        return found

    monkeypatch.setattr(store, "_known", meanwhile)
    with ThreadPoolExecutor(1) as pool, closing(open_database(registry.database.url)) as database:
        node = SqlSnapshotSource(database)
        registry.source.heard([one])
        began[0].result()
    (instance,) = registry.ask(fleet.fleet, "production").instances
    assert {arrival.order for arrival in instance.arrivals} >= {(1, 2), (1, 3)}
