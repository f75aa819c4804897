"""What the database says of its past: where the audit chains end, what they held, and which cluster and timeline it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from cuebook_server.domain.errors import Unavailable
from cuebook_server.services import epochs
from tests.factories import Registry, open_registry


@pytest.fixture
def postgres_registry(postgres_url: str) -> Iterator[Registry]:
    with open_registry(postgres_url) as opened:
        yield opened


def test_a_chain_that_grew_goes_on(registry: Registry) -> None:
    seen = registry.source.heads().history
    assert registry.source.heads(seen).continues
    registry.save("a", "x")
    grown = registry.source.heads(seen)
    assert grown.continues
    assert grown.history != seen


@pytest.mark.parametrize("change", [lambda seq, hash_: (seq + 1, hash_), lambda seq, _: (seq, "other"), lambda _, h: (1, h)])
def test_a_chain_that_lacks_what_was_seen_does_not(registry: Registry, change: object) -> None:
    registry.save("a", "x")
    seen = dict(registry.source.heads().history)
    project = next(iter(seen))
    seen[project] = change(*seen[project])  # type: ignore[operator]  # each is a function of an entry's number and hash
    assert not registry.source.heads(seen).continues
    assert not registry.source.heads({**registry.source.heads().history, 999: (1, "x")}).continues


def test_sqlite_is_the_same_database_wherever_it_lies(registry: Registry) -> None:
    assert not registry.source.heads().moved


@pytest.mark.postgres
def test_another_cluster_or_timeline_is_noticed_and_nothing_of_it_served(postgres_registry: Registry) -> None:
    registry = postgres_registry
    registry.save("a", "x")
    key = next(iter(registry.source.heads().environments))
    assert registry.source.environment(key) is not None
    with registry.database.engine.begin() as connection:
        begun_on = connection.execute(text("SELECT begun_on FROM registry")).scalar_one()
        assert begun_on.endswith("/1"), "a fresh cluster's first timeline"
        connection.execute(text("UPDATE registry SET begun_on = '7300000000000000000/1'"))
    assert registry.source.heads().moved
    with pytest.raises(Unavailable):
        registry.source.environment(key)
    with registry.units.write() as uow:
        epochs.begin(epochs.NODE, uow, "moved")
    assert not registry.source.heads().moved
    assert registry.source.environment(key) is not None


@pytest.mark.postgres
def test_a_database_that_does_not_say_what_it_is_serves(postgres_registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cuebook_server.store.registry.IDENTITY", "(SELECT pg_walfile_name(NULL::text))")
    heads = postgres_registry.source.heads()
    assert (heads.moved, heads.registry != "") == (False, True)
    assert postgres_registry.source.environment(next(iter(heads.environments))) is not None
    with postgres_registry.units.write() as uow:
        epochs.begin(epochs.NODE, uow, "asked to")
    assert postgres_registry.source.heads().epoch > heads.epoch
