"""A PostgreSQL that hangs holds up nobody who keeps a node current; one that refuses to tell of changes is asked."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, cast

import psycopg
import pytest

from cuebook_server.domain.errors import Unavailable
from cuebook_server.store import bounded, snapshots
from cuebook_server.store import database as databases
from cuebook_server.store.database import Database, open_database
from cuebook_server.store.snapshots import SqlSnapshotSource

pytestmark = pytest.mark.postgres


@pytest.fixture
def reading(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(bounded.Bounded, "answer_s", 2.0)
    database = open_database(postgres_url)
    found = database.for_delivery()
    yield found
    found.close()
    database.close()


@contextmanager
def stopped(url: str, query: str) -> Iterator[None]:
    """The server's process that ran the query last, stopped: alive, connected, and silent."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ~ %s AND pid <> pg_backend_pid()",
            [query],
        ).fetchone()
    assert row is not None
    os.kill(row[0], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(row[0], signal.SIGCONT)


def test_a_hung_connection_is_given_up_and_the_next_one_reads(reading: Database) -> None:
    source = SqlSnapshotSource(reading)
    before = source.heads()
    with stopped(reading.url, "ROLLBACK|registry|recovery"):
        try:
            assert source.heads() == before, "the pool asks before it lends, and makes a new one"
        except Unavailable:
            assert source.heads() == before


@pytest.mark.fault("C-12")
def test_a_listener_that_hears_nothing_notices_when_nobody_is_there(reading: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"POLL_S": 0.05, "HEARTBEAT_S": 0.1, "HEARTBEAT_TIMEOUT_S": 1.0}.items():
        monkeypatch.setattr(snapshots, name, value)
    source = SqlSnapshotSource(reading)
    hints = source.hints()
    next(hints)
    with stopped(reading.url, "LISTEN|SELECT 1"), pytest.raises(psycopg.OperationalError):
        list(islice(hints, 100))
    again = source.hints()
    next(again)
    source.stop()
    assert list(again) in ([], [None])


def test_a_standby_is_asked_and_said_to_be_one_once(
    reading: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in {"POLL_S": 0.02, "HEARTBEAT_S": 0.0}.items():
        monkeypatch.setattr(snapshots, name, value)
    execute = bounded.Bounded.execute

    def refuse(self: bounded.Bounded, query: Any, *rest: Any, **more: Any) -> Any:
        if str(query).startswith("LISTEN"):
            raise psycopg.errors.ReadOnlySqlTransaction("cannot execute LISTEN during recovery")
        return execute(self, query, *rest, **more)

    with monkeypatch.context() as patched:
        patched.setattr(bounded.Bounded, "execute", refuse)
        hints = SqlSnapshotSource(reading).hints()
        for _ in range(5):
            next(hints)
    assert [record.message.partition(":")[0] for record in caplog.records] == ["this database is a standby"]
    next(hints)
    with psycopg.connect(reading.url, autocommit=True) as connection:
        heard = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query ~ '^(LISTEN|SELECT 1)'"
        ).fetchone()
        assert heard == (1,), "once it is promoted it is listened to, without a new connection"
    hints.close()  # type: ignore[attr-defined]  # a generator, which is more than an iterator


def test_whether_a_connection_lives_is_not_asked_for_long(reading: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded.Bounded, "answer_s", 60.0)
    monkeypatch.setattr(databases, "PING_S", 0.5)
    source = SqlSnapshotSource(reading)
    before = source.heads()
    with stopped(reading.url, "ROLLBACK|registry|recovery"):
        assert source.heads() == before
    with reading.ask() as connection:
        assert cast("bounded.Bounded", connection.connection.driver_connection).answer_s == 60.0
