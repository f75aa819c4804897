"""What a database handle promises to whoever opens and closes it."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError

from cuebook_server.domain.errors import OutcomeUnknown, Unavailable
from cuebook_server.store.database import SQLITE_VERSION_MIN, Database, open_database, sqlite_module
from cuebook_server.store.unit_of_work import SqlUnitOfWork, write
from tests.factories import Registry


@pytest.mark.fault("C-03")
def test_a_sqlite_that_can_lose_a_page_is_not_used(sqlite_url: str, seen: Callable[[str], None]) -> None:
    database = open_database(sqlite_url)
    with database.read() as connection:
        version = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
    database.close()
    assert sqlite_module().sqlite_version_info >= SQLITE_VERSION_MIN
    assert tuple(int(part) for part in version.split(".")) >= (3, 51, 3)
    seen(f"SQLite {version}")


@pytest.mark.postgres
def test_a_connection_in_use_is_closed_when_it_comes_back(postgres_url: str) -> None:
    database = open_database(postgres_url)
    with database.read() as connection:
        held = connection.connection.driver_connection
        assert held is not None
        database.close()
        assert not held.closed
    assert held.closed


def end_others(url: str) -> None:
    """What a PostgreSQL that stops in an orderly way does to every connection."""
    with psycopg.connect(url, autocommit=True) as connection:
        others = "pid <> pg_backend_pid() AND datname = current_database()"
        connection.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}".encode())


def change(database: Database, *steps: Callable[[SqlUnitOfWork], object]) -> None:
    with write(database) as uow:
        for step in steps:
            step(uow)


@pytest.mark.postgres
def test_a_connection_that_ends_in_a_change_refuses_it(postgres_url: str) -> None:
    database = open_database(postgres_url)

    def look(uow: SqlUnitOfWork) -> object:
        return uow.projects.all()

    with pytest.raises(Unavailable) as refused:
        change(database, lambda _: end_others(postgres_url), look)
    assert refused.type is Unavailable, "nothing was committed, and whoever asks may know it"
    with pytest.raises(OutcomeUnknown):
        change(database, look, lambda _: end_others(postgres_url))
    change(database, look)
    database.close()


def test_an_error_of_the_database_tells_no_value_of_its_statement(registry: Registry) -> None:
    """It ends in the log, which is read by more people than the database is."""
    with registry.units.write() as uow:
        uow.people.add("anna", "Anna", "the first hash")
    with pytest.raises(IntegrityError) as raised, registry.units.write() as uow:
        uow.people.add("anna", "Anna", "hash of a password")
    assert "INSERT INTO person" in str(raised.value)
    assert "hash of a password" not in str(raised.value)
