"""Upgrades rehearsed: up, down and up again on both databases; two at once; a newer schema refused with the version needed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from cuebook_server.domain.errors import SchemaTooNew
from cuebook_server.services import prompts
from cuebook_server.store import guards as guarding
from cuebook_server.store import migrate as migrating
from cuebook_server.store.database import Database, open_database
from cuebook_server.store.migrate import is_current, migrate
from cuebook_server.store.schema import metadata
from tests.factories import Registry, item

GUARD = "SELECT count(*) FROM {} WHERE {} LIKE '%by_release'"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return str(request.getfixturevalue("empty_postgres_url"))


@pytest.fixture
def database(empty: str) -> Iterator[Database]:
    opened = open_database(empty)
    yield opened
    opened.close()


def guards(database: Database) -> int:
    where = ("sqlite_master", "name") if database.dialect == "sqlite" else ("pg_trigger", "tgname")
    with database.read() as connection:
        return int(connection.execute(text(GUARD.format(*where))).scalar_one())


def test_the_schema_is_what_the_code_believes(database: Database) -> None:
    migrate(database)
    ours = {table.name for table in metadata.sorted_tables}
    with database.read() as connection:
        context = MigrationContext.configure(
            connection,
            # The word index is of the database's own kind; SQLite keeps it in several tables.
            opts={"include_name": lambda name, kind, _: kind != "table" or name in ours},
        )
        assert compare_metadata(context, metadata) == []
    assert is_current(database)


def test_down_to_nothing_and_up_again(database: Database) -> None:
    migrate(database)
    before = guards(database)
    assert before >= 2
    for revision in [*migrating._known()[1:], "base"]:
        migrate(database, revision) if revision == "base" else down(database, revision)
    with database.read() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    migrate(database)
    assert guards(database) == before


def down(database: Database, revision: str) -> None:
    """One step down, with the guards where there are tables to guard."""
    from alembic import command

    with database.engine.connect().execution_options(immediate=True) as connection, connection.begin():
        guarding.drop(connection, database.dialect)
        config = migrating._config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def test_what_was_imported_stays_known_through_a_step_back(database: Database) -> None:
    migrate(database)
    registry = Registry(database)
    registry.imported(item("a", "x", "k1"), item("a", "y", "k2"))
    down(database, "0002")
    migrate(database)
    assert [r.status for r in registry.imported(item("a", "x", "k1"), item("a", "y", "k2"))] == ["unchanged"] * 2
    assert registry.ask(prompts.version, "a", "2").content["text"] == "y"
    assert guards(database) >= 2


def test_an_upgrade_says_since_when_fetches_are_noted(database: Database) -> None:
    """Else everything would look unused on the day of the upgrade."""
    migrate(database)
    since = text("SELECT fetches_since FROM registry")
    with database.read() as connection:
        assert connection.execute(since).scalar_one() is None, "from its first day"
    down(database, "0008")
    migrate(database)
    with database.read() as connection:
        assert connection.execute(since).scalar_one() is not None


def test_migrating_twice_changes_nothing(database: Database) -> None:
    migrate(database)
    registry = Registry(database)
    registry.save("a", "x")
    migrate(database)
    assert registry.live("a")["development"] == 1


def test_a_newer_schema_is_refused_with_the_version_needed(database: Database) -> None:
    migrate(database)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("UPDATE registry SET written_by = '7.5.0'"))
    with pytest.raises(SchemaTooNew, match=r"written by Cuebook 7\.5\.0") as refused:
        migrate(database)
    assert "7.5.0 or newer" in refused.value.advice
    assert not is_current(database)
    with database.read() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"


@pytest.mark.fault("C-28")
def test_a_migration_that_fails_leaves_the_schema_as_it_was(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(migrating, "_sign", fail)
    with pytest.raises(RuntimeError):
        migrate(database)
    with database.read() as connection:
        assert inspect(connection).get_table_names() == []


def _migrate(url: str) -> None:
    database = open_database(url)
    migrate(database)
    database.close()


def test_two_processes_may_migrate_at_once(empty: str, database: Database) -> None:
    spawn = multiprocessing.get_context("spawn")
    both = [spawn.Process(target=_migrate, args=(empty,)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert is_current(database)
