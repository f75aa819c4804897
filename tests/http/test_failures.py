"""When the disk is full or read-only: writes are refused by name, nothing is half done, reading and delivery go on."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from tests.factories import text
from tests.http.conftest import Site
from tests.http.problems import code, problem


def pragma(site: Site, statement: str) -> None:
    """Put every connection of the application into a state, as a fault would."""

    def configure(connection: Any, *_: object) -> None:
        connection.execute(statement)

    site.app.database.engine.dispose()
    event.listen(site.app.database.engine, "checkout", configure)


def delivered(site: Site) -> int:
    return site.client.get("/v1/prompts/a", headers={"Authorization": f"Bearer {site.key}"}).status_code


@pytest.fixture
def site(sqlite_site: Site) -> Site:
    """Production serves a@1."""
    sqlite_site.registry.save("a", "x")
    sqlite_site.registry.ship("a", 1)
    made = sqlite_site.post("keys", {"environment": "production", "name": "app"})
    sqlite_site.key = made.json()["key"]
    return sqlite_site


@pytest.mark.fault("C-05")
def test_on_a_read_only_database_reading_goes_on(site: Site) -> None:
    pragma(site, "PRAGMA query_only = ON")
    for path, body in (("prompts/a/versions", {"content": text("y")}), ("keys", {"environment": "staging", "name": "k"})):
        answer = site.post(path, body)
        assert code(answer) == "503 read_only"
        assert answer.headers["retry-after"]
    # Somebody who was not seen before: neither that they are here nor what they are refused can be written down.
    colleague = site.registry.people.colleague
    assert site.get("status", who=colleague).json()["items"][0]["versions"]["production"] == 1
    assert code(site.post("keys", {"environment": "staging", "name": "k"}, who=colleague)) == "403 forbidden"
    assert delivered(site) == 200


@pytest.mark.fault("C-04")
def test_on_a_full_disk_nothing_is_half_done(site: Site) -> None:
    before = site.registry.audit()
    with site.app.database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    pragma(site, f"PRAGMA max_page_count = {pages}")
    answers = [site.post("prompts/a/versions", {"content": text(f"{n} " + "y" * 100_000)}) for n in range(3)]
    assert code(answers[-1]) == "507 storage_full"
    assert problem(answers[-1])["hint"]
    assert [answer.status_code for answer in answers].count(201) == len(site.registry.audit()) - len(before)
    assert site.registry.live("a")["production"] == 1
    assert delivered(site) == 200


def test_when_the_database_is_gone_the_node_serves_what_it_has(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy import exc

    def fail(*_: object, **__: object) -> None:
        raise exc.OperationalError("", {}, Exception("unable to open database file"))

    monkeypatch.setattr(site.app.database.engine, "connect", fail)
    assert code(site.get("status")) == "503 unavailable"
    assert delivered(site) == 200
    assert site.client.get("/healthz").status_code == 200
