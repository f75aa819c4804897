"""The whole application in this process, over a real database, with everybody in it."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from fastapi.testclient import TestClient

from cuebook_server.adapters import sealing, signing
from cuebook_server.settings import Settings
from cuebook_server.wiring import Application
from tests.factories import Registry
from tests.people import PROJECT, People, Person
from tests.support import databases
from tests.support.passwords import cheap
from tests.support.settled import Settled


@pytest.fixture(autouse=True)
def _plain_log() -> Iterator[None]:
    """As the server logs: without a trace's local variables, which take seconds to draw."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    yield
    structlog.reset_defaults()


@dataclass
class Site:
    """A running application. Who asks is the owner unless told otherwise; relative paths are below the project."""

    app: Application
    client: TestClient
    registry: Registry
    key: str = ""

    def ask(self, method: str, path: str, body: Any = None, *, who: Person | None = None, **more: Any) -> httpx2.Response:
        headers = {**(who or self.registry.people.owner).headers, **more.pop("headers", {})}
        where = path if path.startswith("/") else f"/api/projects/{PROJECT}/{path}"
        if body is not None:
            more["json"] = body
        return self.client.request(method, where, headers=headers, **more)

    def get(self, path: str, **more: Any) -> httpx2.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        return self.ask("POST", path, body, **more)


def open_site(url: str, known: People | None = None) -> Iterator[Site]:
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "audit-key.pem"
        signing.ensure(key)
        sealing.ensure(Path(folder) / "seal-key")
        seal_key = Path(folder) / "seal-key"
        # Webhooks of the tests go to this machine.
        settings = Settings(data=Path(folder), database=url, audit_key=key, seal_key=seal_key, webhook_networks="127.0.0.0/8")
        yield from _open(Application(settings, cheap()), known)


def _open(app: Application, known: People | None) -> Iterator[Site]:
    # Errors of ours are answered, as they are over a socket, instead of being thrown at the test.
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Site(app, client, Registry(app.database, known=known))


@pytest.fixture
def site(settled_database: Settled) -> Iterator[Site]:
    """On both databases."""
    yield from open_site(settled_database.url, settled_database.people)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shared_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a migrated database: the tests of a file run together on SQLite and together on PostgreSQL."""
    with databases.sqlite_database() if request.param == "sqlite" else databases.postgres_database() as url:
        yield url


@pytest.fixture(scope="module")
def shared_site(shared_url: str) -> Iterator[Site]:
    """On both databases, for the tests of one file that refuse something and so leave it as it was."""
    yield from open_site(shared_url)


@pytest.fixture
def sqlite_site(settled_sqlite: Settled) -> Iterator[Site]:
    """On SQLite alone, for what does not depend on the database."""
    yield from open_site(settled_sqlite.url, settled_sqlite.people)
