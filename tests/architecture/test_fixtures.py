"""The tests' own foundations: every test has a migrated database to itself, on both engines."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, text

from cuebook_server.store.database import open_database


def test_a_database_is_migrated(database_url: str) -> None:
    database = open_database(database_url)
    with database.read() as connection:
        assert {"version", "pointer", "audit_entry"} <= set(inspect(connection).get_table_names())
    database.close()


@pytest.mark.parametrize("time", ["first", "second"])
def test_a_database_is_nobody_elses(database_url: str, time: str) -> None:
    database = open_database(database_url)
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE left_behind (id INTEGER)"))
    database.close()


def test_an_empty_database_is_empty(empty_postgres_url: str) -> None:
    database = open_database(empty_postgres_url)
    with database.read() as connection:
        assert inspect(connection).get_table_names() == []
    database.close()
