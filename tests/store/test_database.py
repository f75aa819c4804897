"""What a database handle promises to whoever opens and closes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cuebook_server.store.database import SQLITE_VERSION_MIN, open_database, sqlite_module


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
