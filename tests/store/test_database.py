"""What a database handle promises to whoever opens and closes it."""

from __future__ import annotations

import pytest

from cuebook_server.store.database import open_database


@pytest.mark.postgres
def test_a_connection_in_use_is_closed_when_it_comes_back(postgres_url: str) -> None:
    database = open_database(postgres_url)
    with database.read() as connection:
        held = connection.connection.driver_connection
        assert held is not None
        database.close()
        assert not held.closed
    assert held.closed
