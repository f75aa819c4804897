"""A prepared registry behind the whole application, put back in milliseconds after a try that changed it.

In `desk`, production serves version 2 of `a` (1 was live before) and version 1 of `b`; staging serves version 3 of `a` for a
long time; version 4 of `a`, and `c`, never left development. A proposal by the writer waits: version 3 of `a` to production.
Nobody who tries a door wrote anything of it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx2
from sqlalchemy import text

from cuebook_server.adapters import sealing, signing
from cuebook_server.domain.access import Actor, Grant, Role
from cuebook_server.domain.release import Release
from cuebook_server.services import credentials as minting
from cuebook_server.services import environments, prompts, releases
from cuebook_server.services.ports import UnitOfWork
from cuebook_server.settings import Settings
from cuebook_server.store import schema_people
from cuebook_server.store.database import sqlite_module
from cuebook_server.wiring import Application
from tests import factories
from tests.doors.credentials import PEOPLE, Credential, everybody, session
from tests.doors.credentials import personal as personal_token
from tests.factories import Clock, Registry, request
from tests.http.problems import problem
from tests.people import PROJECT, Person, recognised
from tests.support import databases
from tests.support.passwords import cheap

API = f"/api/projects/{PROJECT}"
AGES = timedelta(days=40)
PRODUCTION = 3


@dataclass(frozen=True)
class State:
    """What counts of `desk`, read by SQL of the tests' own. ``told``: how much the audit tells, beside denied attempts."""

    pointers: tuple[tuple[Any, ...], ...]
    environments: tuple[tuple[Any, ...], ...]
    told: int

    @property
    def production(self) -> tuple[Any, ...]:
        """What production points at, at which revision."""
        return tuple(row for row in self.pointers if row[0] == PRODUCTION), self.environment[0]

    @property
    def environment(self) -> tuple[Any, ...]:
        """Production's revision, rules, their revision, and whether it tracks latest."""
        return next(row[1:] for row in self.environments if row[0] == PRODUCTION)

    @property
    def policy(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.environment[1])
        return found


@dataclass
class Client:
    """Asks the application in this process, on a loop of its own: a test client with threads takes four times as long."""

    app: Application
    loop: asyncio.AbstractEventLoop
    http: httpx2.AsyncClient

    def request(self, method: str, path: str, **more: Any) -> httpx2.Response:
        return self.loop.run_until_complete(self.http.request(method, path, **more))

    def get(self, path: str, **more: Any) -> httpx2.Response:
        return self.request("GET", path, **more)

    def exactly(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> int:
        """The status of a path as it stands: clients tidy dots away before they send it."""
        sent = json.dumps(body).encode() if body is not None else b""
        said: list[dict[str, Any]] = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(sent))]
            + [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": sent, "more_body": False}

        async def send(message: Any) -> None:
            said.append(message)

        self.loop.run_until_complete(self.app(scope, receive, send))
        return int(said[0]["status"])


@dataclass
class World:
    """The application and everybody's credentials. ``keep`` makes a template of the present state, ``reset`` goes back."""

    app: Application
    client: Client
    registry: Registry
    folder: Path
    credentials: list[Credential] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    proposal: int = 0
    epoch: int = 1
    began: datetime = field(default_factory=lambda: datetime.now(UTC) - AGES)
    template: Path = Path()

    # --- trying doors ------------------------------------------------------------------------------------------------
    def knock(self, by: Credential | Person, method: str, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        """Ask as somebody; a path without a slash at its front lies in the project. Every refusal has the one form."""
        self.client.http.cookies.clear()
        where = path if path.startswith("/") else f"{API}/{path}"
        headers = by.headers | more.pop("headers", {})
        answer = self.client.request(method, where, json=body, headers=headers, **more)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400 and method != "HEAD":
            problem(answer)
        return answer

    def state(self) -> State:
        with self.app.database.read() as connection:

            def ask(sql: str) -> tuple[tuple[Any, ...], ...]:
                return tuple(tuple(row) for row in connection.execute(text(sql)))

            return State(
                ask(
                    "SELECT environment_id, prompt_id, number, release_id, revision FROM pointer WHERE project_id = 2"
                    " ORDER BY environment_id, prompt_id"
                ),
                ask(
                    "SELECT environment_id, revision, policy, policy_revision, tracks_latest FROM environment"
                    " WHERE project_id = 2 ORDER BY environment_id"
                ),
                int(connection.execute(text("SELECT count(*) FROM audit_entry WHERE action <> 'access.denied'")).scalar_one()),
            )

    def served(self, environment: str = "prd") -> bytes:
        """Every byte an application of that environment gets, but the list of what was recalled, which only takes away."""
        answer = self.client.get("/v1/snapshot", headers={"Authorization": f"Bearer {self.keys[environment]}"})
        assert answer.status_code == 200
        return answer.content.partition(b',"recalled":')[0] + b"}"

    # --- going back --------------------------------------------------------------------------------------------------
    def keep(self, name: str) -> Path:
        """The present state as a template, which ``reset`` goes back to from now on."""
        self.template = self.folder / f"{name}.db"
        self.template.unlink(missing_ok=True)
        self._copy(self.folder / "live.db", self.template)
        return self.template

    def reset(self, template: Path | None = None) -> None:
        """Everything as it was. As after any restore, the epoch rises: the node takes the older revisions for new."""
        self.template = template or self.template
        self.epoch += 1
        with self.app.database.write_lock:
            self._copy(self.template, self.folder / "live.db", f"UPDATE registry SET epoch = {self.epoch}")
            # A long run is no reason to sign in again.
            now = datetime.now(UTC)
            with self.app.database.engine.begin() as connection:
                connection.execute(schema_people.session.update().values(signed_in_at=now, seen_at=now))
        assert self.app.board.refresh_now()
        self.at_present()

    def _copy(self, source: Path, target: Path, first: str = "SELECT 1") -> None:
        module = sqlite_module()
        here, there = module.connect(source), module.connect(target, timeout=10)
        try:
            there.execute("PRAGMA synchronous = OFF")  # nobody cuts the power of a try
            here.execute(first)
            here.commit()
            here.backup(there)
        finally:
            here.close()
            there.close()

    # --- preparing ---------------------------------------------------------------------------------------------------
    def at_present(self) -> datetime:
        """The registry's clock is the machine's, as the application's is."""
        self.registry.clock.now = datetime.now(UTC)
        return self.registry.clock.now

    def hire(self, login: str, role: Role, environment: str | None = None) -> Person:
        """Somebody with a role in `desk`, who just signed in."""
        with self.registry.units.write() as uow:
            person = uow.people.add(login, login, None)
            uow.people.add_grant(person, Grant(role, 2, environment))
            return recognised(uow, personal_token(uow, person, of=session(uow, person)))

    def by(self, name: str) -> Credential:
        return next(credential for credential in self.credentials if credential.name == name)

    def approve(self, release: Release | int, *people: Person, meaning: str = "read it") -> None:
        number = release if isinstance(release, int) else release.release_id
        for who in people:
            self.registry.do_as(who, releases.approve, number, meaning)


def fill(world: World, preset: str) -> None:
    """What the module says, with production as strict as a preset for all of its life but the first releases."""
    registry = world.registry
    writer = registry.hire("writer", "author")
    for content in ("warm", "formal", "brief and clear", "drafted only"):
        registry.do_as(writer, save, "a", content)
    registry.do_as(writer, save, "b", "beta")
    registry.do_as(writer, save, "c", "gamma")
    for number in (1, 2):
        registry.clock.tick()
        registry.ship("a", number)
    registry.ship("b", 1)
    registry.clock.tick()
    registry.promote("a@3", to="staging")
    registry.do(environments.adopt, "production", preset)
    world.at_present()
    world.proposal = registry.do_as(writer, releases.propose, request("promote", "production", "a@3")).release_id
    with registry.units.write() as uow:
        people(world, uow)


def save(actor: Actor, uow: UnitOfWork, project: str, name: str, content: str) -> None:
    prompts.save(actor, uow, project, name, prompts.Draft(factories.text(content)))


def people(world: World, uow: UnitOfWork) -> None:
    ids: dict[str, int | None] = {project.name: project.project_id for project in uow.projects.all()} | {"": None}
    for login, (role, project, environment) in PEOPLE.items():
        person = uow.people.add(login, login.capitalize(), None)
        uow.people.add_grant(person, Grant(role, ids[project], environment))
    owner = world.registry.people.owner.actor
    for environment, kind in (("development", "dev"), ("staging", "stg"), ("production", "prd")):
        made = minting.create_key(owner, uow, PROJECT, environment=environment, name="door")
        world.keys[kind] = made.credential.token
    world.credentials = list(everybody(uow, world.keys))


@contextmanager
def open_world(preset: str, folder: Path) -> Iterator[World]:
    """A filled world on SQLite."""
    live = Path(shutil.copy(databases.sqlite_template(), folder / "live.db"))
    with _application(f"sqlite:///{live}", folder) as (app, client):
        world = World(app, client, Registry(app.database, Clock(datetime.now(UTC) - AGES)), folder)
        fill(world, preset)
        world.keep("base")
        world.reset()
        yield world


@contextmanager
def open_postgres_world(preset: str, url: str, folder: Path) -> Iterator[World]:
    """A filled world on PostgreSQL, which has no way back."""
    with _application(url, folder) as (app, client):
        world = World(app, client, Registry(app.database, Clock(datetime.now(UTC) - AGES)), folder)
        fill(world, preset)
        assert app.board.refresh_now()
        yield world


@contextmanager
def _application(url: str, folder: Path) -> Iterator[tuple[Application, Client]]:
    """Without what a server starts beside the requests: each commit brings this node up to date by itself."""
    audit_key, seal_key = folder / "audit-key.pem", folder / "seal-key"
    signing.ensure(audit_key)
    sealing.ensure(seal_key)
    app = Application(Settings(data=folder, database=url, audit_key=audit_key, seal_key=seal_key), cheap())
    loop = asyncio.new_event_loop()
    # Errors of ours are answered, as they are over a socket, instead of being thrown at the test.
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    http = httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1")
    try:
        yield app, Client(app, loop, http)
    finally:
        loop.run_until_complete(http.aclose())
        app.close()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
