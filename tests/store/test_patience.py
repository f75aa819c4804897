"""Whoever asks is answered in time, whatever stands before: other people's locks, a commit that a standby does not confirm.

A trigger that sleeps in the commit stands for the standby: no setting of PostgreSQL ends either.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing

import psycopg
import pytest
from sqlalchemy import event, text

from cuebook_server.domain.errors import Busy, OutcomeUnknown, Unavailable
from cuebook_server.services.ports import Project
from cuebook_server.store import bounded
from cuebook_server.store import database as databases
from cuebook_server.store.bounded import patience
from cuebook_server.store.database import Database, open_database
from cuebook_server.store.unit_of_work import SqlUnitOfWork, SqlUnits

pytestmark = [pytest.mark.postgres, pytest.mark.fault("C-10")]


def slow(table: str) -> bytes:
    """Statements after which the commit of what adds a row takes eight seconds."""
    return f"""
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(8); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()
    """.encode()


@pytest.fixture
def database(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    for name, value in {"ANSWER_S": 1.5, "LEAST_S": 1.0}.items():
        monkeypatch.setattr(bounded, name, value)
    monkeypatch.setattr(databases, "LOCK_TIMEOUT_MS", 500)
    monkeypatch.setattr(databases, "IDLE_TIMEOUT_MS", 5_000)
    found = open_database(postgres_url)
    yield found
    found.close()


@pytest.fixture
def units(database: Database) -> SqlUnits:
    return SqlUnits(database)


def save(units: SqlUnits, name: str) -> None:
    with units.write() as uow:
        uow.projects.add(name)


def sleep(database: Database, seconds: float) -> None:
    with database.ask() as connection:
        connection.execute(text("SELECT pg_sleep(:s)"), {"s": seconds})


def test_a_commit_that_nobody_confirms_is_of_unknown_outcome(units: SqlUnits, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(slow("project"))
    with patience(), pytest.raises(OutcomeUnknown):
        save(units, "shop")
    with units.read() as uow:
        assert uow.projects.find("shop") is None, "the connection that still waits is nobody else's"


def test_a_lock_that_another_holds_is_no_unknown_outcome(units: SqlUnits, database: Database) -> None:
    save(units, "shop")
    with ExitStack() as stack:
        first = stack.enter_context(units.write())
        project = first.projects.find("shop")
        assert project is not None
        first.scope(project)
        with patience(), pytest.raises(Busy), units.write() as second:
            second.scope(project)


@pytest.mark.parametrize("waits", [[8.0], [1.0, 8.0]])
def test_several_waits_share_one_patience(database: Database, waits: list[float]) -> None:
    *before, last = waits
    with patience():
        for seconds in before:
            sleep(database, seconds)
        with pytest.raises(Unavailable):
            sleep(database, last)


def test_what_goes_on_working_is_not_ended(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import of many prompts may take longer than anybody's patience, one short step after the other."""
    monkeypatch.setattr(bounded, "LEAST_S", 3.0)
    with patience():
        for _ in range(8):
            sleep(database, 0.1)


def test_what_may_be_lost_waits_for_no_standby(database: Database, units: SqlUnits) -> None:
    said = list[str]()
    event.listen(database.engine, "before_cursor_execute", lambda *told: said.append(told[2]))
    for transaction in (units.write, database.write):
        with transaction():
            pass
    assert said == []
    for transaction in (units.jot, database.jot):
        with transaction():
            pass
    assert said == ["SET LOCAL synchronous_commit = off"] * 2


def test_a_node_that_freezes_in_a_change_holds_up_its_project_for_a_while_only(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that is paused keeps its connections, and what they have locked: the network says that all is well."""
    monkeypatch.setattr(databases, "IDLE_TIMEOUT_MS", 300)

    def enter(uow: SqlUnitOfWork) -> Project:
        project = uow.projects.find("shop")
        assert project is not None
        return uow.scope(project).project

    with closing(open_database(postgres_url)) as opened, ExitStack() as stack:
        units = SqlUnits(opened)
        save(units, "shop")
        enter(stack.enter_context(units.write()))
        with units.write() as other:
            assert enter(other).name == "shop"
        with pytest.raises(Unavailable):
            stack.close()
