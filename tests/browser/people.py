"""Who looks at the pages: everybody with an account, a role in the sample project, and a session of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from cuebook_server.domain.access import Grant, Role
from cuebook_server.services import sessions
from cuebook_server.services.ports import UnitOfWork
from cuebook_server.services.sessions import Visit
from cuebook_server.store.database import open_database
from cuebook_server.store.unit_of_work import SqlUnits
from tests.support.passwords import PASSWORD, cheap
from tests.support.server import Server

# The stranger has a project of their own, and none of what is looked at here exists for them.
ROLES: Mapping[str, tuple[Role, str]] = {
    "owner": ("admin", "default"),
    "author": ("author", "default"),
    "reviewer": ("reviewer", "default"),
    "releaser": ("releaser", "default"),
    "oncall": ("on-call", "default"),
    "stranger": ("admin", "elsewhere"),
}


@dataclass(frozen=True, slots=True)
class Desk:
    """A server, and the session of everybody by login. The password of each is ``tests.support.passwords.PASSWORD``."""

    server: Server
    cookies: Mapping[str, str]
    database: str

    @contextmanager
    def write(self) -> Iterator[UnitOfWork]:
        """Reach beside the API, for what a story needs to begin with."""
        database = open_database(self.database)
        try:
            with SqlUnits(database).write() as uow:
                yield uow
        finally:
            database.close()


def login(name: str) -> str:
    """How somebody signs in."""
    return f"{name}@example.org"


def settle(server: Server, database: str = "") -> Desk:
    """Give everybody an account and a session on a server that was started a moment ago."""
    desk = Desk(server, {}, database or f"sqlite:///{server.data / 'cuebook.db'}")
    with desk.write() as uow:
        uow.projects.add("elsewhere")
        cookies = {name: _hire(uow, name, *place) for name, place in ROLES.items()}
    return Desk(server, cookies, desk.database)


def _hire(uow: UnitOfWork, name: str, role: Role, project: str) -> str:
    found = uow.projects.find(project)
    assert found is not None
    person = uow.people.add(login(name), name.capitalize(), cheap().hash(PASSWORD))
    uow.people.add_grant(person, Grant(role, found.project_id))
    hired = uow.people.find(login(name))
    assert hired is not None
    return sessions.begin(uow, hired, Visit("req_test", "127.0.0.1"))
