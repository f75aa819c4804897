"""Two nodes write at once on PostgreSQL, where each statement sees what was committed before it: nobody fails, nobody waits.

SQLite has one writer at a time; there the same tests say that nothing else changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import pytest

from cuebook_server.domain.errors import AlreadyExists, Busy
from cuebook_server.domain.notice import NOTICE_LIFE
from cuebook_server.services import first_run, projects
from cuebook_server.services.ports import Answer, Project, UnitOfWork
from cuebook_server.services.requests import once
from cuebook_server.store import database as databases
from cuebook_server.store.database import open_database
from cuebook_server.store.unit_of_work import SqlUnits
from tests.factories import Registry, open_registry
from tests.people import ELSEWHERE, PROJECT
from tests.support import settled
from tests.support.settled import Settled

T = TypeVar("T")


@pytest.fixture
def on_postgres() -> Iterator[Registry]:
    with settled.on_postgres() as found, open_registry(found.url, found.people) as opened:
        yield opened


def beside(registry: Registry, use: Callable[[UnitOfWork], object], other: Callable[[], T]) -> Future[T]:
    """Run ``other`` in a thread that begins while the transaction of ``use`` is open."""
    with ThreadPoolExecutor(1) as pool:
        with registry.units.write() as uow:
            use(uow)
            began = pool.submit(other)
            with pytest.raises(TimeoutError):
                began.result(0.3)
        return began


def create(registry: Registry, name: str) -> Project:
    with registry.units.write() as uow:
        return projects.create(registry.people.operator.actor, uow, name)


def test_two_who_make_a_project_at_once_make_two(registry: Registry) -> None:
    operator = registry.people.operator.actor
    second = beside(registry, lambda uow: projects.create(operator, uow, "one"), lambda: create(registry, "two")).result()
    with registry.units.read() as uow:
        assert sorted(found.name for found in projects.visible(operator, uow))[-2:] == ["one", "two"]
        assert uow.projects.find("two") == second


def test_of_two_who_make_the_same_project_one_hears_that_the_name_is_taken(registry: Registry) -> None:
    operator = registry.people.operator.actor
    second = beside(registry, lambda uow: projects.create(operator, uow, "one"), lambda: create(registry, "one"))
    with pytest.raises(AlreadyExists):
        second.result()


@pytest.mark.postgres
def test_of_two_nodes_that_start_first_one_fills_the_registry(postgres_url: str) -> None:
    database = open_database(postgres_url)
    units = SqlUnits(database)

    def start() -> first_run.FirstRun | None:
        with units.write() as uow:
            return first_run.set_up(uow)

    with ThreadPoolExecutor(2) as pool, units.write() as uow:
        assert first_run.set_up(uow) is not None
        second = pool.submit(start)
        with pytest.raises(TimeoutError):
            second.result(0.3)
    assert second.result() is None
    database.close()


@pytest.mark.postgres
def test_who_forgets_old_answers_keeps_nobody_else_from_it(on_postgres: Registry) -> None:
    """Each waiting for a row that the other had deleted, two nodes once came to a deadlock."""
    registry = on_postgres

    def repeatable(uow: UnitOfWork, key: str) -> Answer:
        return once(registry.people.owner.actor, uow, key, b"x", lambda: Answer(200, "{}"), secret="s")

    def other() -> Answer:
        with registry.units.write() as uow:
            return repeatable(uow, "three")

    with registry.units.write() as uow:
        for key in ("one", "two"):
            repeatable(uow, key)
    registry.clock.tick(2 * 86_400)
    with ThreadPoolExecutor(1) as pool, registry.units.write() as uow:
        repeatable(uow, "four")
        assert pool.submit(other).result(5).status == 200


@pytest.mark.postgres
def test_who_forgets_old_notices_keeps_no_other_project_waiting(on_postgres: Registry) -> None:
    registry = on_postgres
    with registry.units.read() as uow:
        desk, elsewhere = (uow.projects.find(name) for name in (PROJECT, ELSEWHERE))
    assert desk
    assert elsewhere

    def notice(project: Project) -> None:
        with registry.units.write() as uow:
            uow.scope(project).notices.add(["owner", "stranger"], 1, "A release waits.", None)

    for project in (desk, elsewhere):
        notice(project)
    registry.clock.tick(2 * NOTICE_LIFE.total_seconds())
    with ThreadPoolExecutor(1) as pool, registry.units.write() as uow:
        uow.scope(desk).notices.add(["owner"], 2, "Another waits.", None)
        pool.submit(notice, elsewhere).result(5)


def test_who_waits_for_a_disk_that_hangs_is_told_so(settled_sqlite: Settled, monkeypatch: pytest.MonkeyPatch) -> None:
    """In SQLite one writes at a time: every thread of a server once waited for ever behind one, and nobody read any more."""
    monkeypatch.setattr(databases, "BUSY_TIMEOUT_MS", 100)
    with (
        open_registry(settled_sqlite.url, settled_sqlite.people) as registry,
        ThreadPoolExecutor(1) as pool,
        registry.units.write(),
    ):
        with pytest.raises(Busy):
            pool.submit(create, registry, "one").result(10)
        with registry.units.read() as uow:
            assert projects.visible(registry.people.operator.actor, uow)
