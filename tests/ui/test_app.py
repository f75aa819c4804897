"""The pages in this process: what a told clock and a failing database show."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from cuebook_server.domain.errors import ReadOnly, Unavailable
from cuebook_server.domain.origin import Place
from cuebook_server.domain.session import COOKIE, IDLE_MAX, SEEN_EVERY
from cuebook_server.services import sessions
from cuebook_server.services.sessions import Visit
from cuebook_server.ui import overview
from cuebook_server.ui.app import AGAIN_S, PLAIN, Pages
from cuebook_server.ui.door import Door
from tests.factories import Registry
from tests.support.passwords import cheap


def begin(registry: Registry) -> str:
    with registry.units.write() as uow:
        person = uow.people.find("owner")
        assert person is not None
        return sessions.begin(uow, person, Visit("req_1", ""))


def look(registry: Registry, cookie: str, path: str = PLAIN) -> httpx2.Response:
    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=Pages(registry.units, Door(Place("127.0.0.1")), cheap()))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(path, headers={"Cookie": f"{COOKIE}={cookie}"})

    return asyncio.run(ask())


def test_looking_keeps_a_session_alive(registry: Registry) -> None:
    cookie = begin(registry)
    for _ in range(3):
        registry.clock.tick(IDLE_MAX.total_seconds() - 1)
        assert look(registry, cookie).status_code == 200
    registry.clock.tick(IDLE_MAX.total_seconds())
    assert look(registry, cookie).status_code == 303


def test_looking_often_writes_seldom(registry: Registry) -> None:
    cookie = begin(registry)
    registry.clock.tick(SEEN_EVERY.total_seconds() - 1)
    look(registry, cookie)
    with registry.database.read() as connection:
        assert connection.execute(text("SELECT created_at = seen_at FROM session")).scalar_one()


def test_a_database_that_only_reads_still_shows_its_pages(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = begin(registry)
    registry.clock.tick(IDLE_MAX.total_seconds() / 2)

    def refuse() -> Any:
        raise ReadOnly

    monkeypatch.setattr(registry.units, "write", refuse)
    assert look(registry, cookie).status_code == 200


def test_a_page_that_cannot_be_had_now_asks_again_by_itself(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(overview, "look", refuse)
    answer = look(registry, begin(registry))
    assert answer.status_code == 503
    assert f'<meta http-equiv="refresh" content="{AGAIN_S}">' in answer.text


def test_what_nobody_foresaw_is_told_to_the_log_only(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(overview, "look", fail)
    answer = look(registry, begin(registry))
    assert (answer.status_code, "secret detail" in answer.text) == (500, False)
    assert answer.headers["cuebook-request-id"] in answer.text
    assert "secret detail" in "".join(capsys.readouterr())
