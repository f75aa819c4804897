"""What a browser does with the pages: a cookie that httpx would not send over plain HTTP, and the real Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from cuebook_server.domain.access import Grant
from cuebook_server.domain.session import COOKIE
from cuebook_server.services import people
from cuebook_server.services.ports import UnitOfWork
from cuebook_server.store.database import open_database
from cuebook_server.store.unit_of_work import SqlUnits
from tests.support import web
from tests.support.passwords import PASSWORD, cheap
from tests.support.server import Server

LOGIN = "author@example.org"
SECONDS_MAX = 60
_QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=4000",
]


def account(server: Server) -> None:
    """An admin of the whole instance has an account; her password's hash is a cheap one."""
    with _write(server) as uow:
        if uow.people.find(LOGIN) is None:
            uow.people.add_grant(uow.people.add(LOGIN, "Author", cheap().hash(PASSWORD)), Grant("admin"))


def reset_link(server: Server) -> str:
    """The secret of a link to a new password, as an operator makes it."""
    account(server)
    with _write(server) as uow:
        return people.reset_link(uow, LOGIN)


def first_link(server: Server) -> str:
    """The secret of the link that the start printed."""
    (secret,) = re.findall(r"^Make the first account at \S+/set-up#(\S+)$", server.output, re.MULTILINE)
    return str(secret)


@contextmanager
def _write(server: Server) -> Iterator[UnitOfWork]:
    database = open_database(f"sqlite:///{server.data / 'cuebook.db'}")
    try:
        with SqlUnits(database).write() as uow:
            yield uow
    finally:
        database.close()


def post(server: Server, path: str, *, cookie: str = "", origin: str | None = "", **fields: str) -> httpx2.Response:
    """Send a form as our own pages do; ``origin`` ``None`` leaves the header out."""
    headers = {"Origin": origin or server.url} if origin is not None else {}
    if cookie:
        headers["Cookie"] = f"{COOKIE}={cookie}"
    return web.post(f"{server.url}{path}", data=fields, headers=headers)


def get(server: Server, path: str = "/", *, cookie: str = "", **headers: str) -> httpx2.Response:
    return web.get(f"{server.url}{path}", headers=headers | ({"Cookie": f"{COOKIE}={cookie}"} if cookie else {}))


def given_cookie(answer: httpx2.Response) -> str:
    """The session's secret, out of the answer to a sign-in."""
    return answer.headers["set-cookie"].partition("=")[2].partition(";")[0]


def signed_in(server: Server) -> str:
    """A new session's secret."""
    account(server)
    return given_cookie(post(server, "/sign-in", login=LOGIN, password=PASSWORD))


@dataclass(frozen=True, slots=True)
class Chromium:
    """The real browser, with a profile of its own that lasts for one test."""

    program: str
    profile: Path

    def dom(self, url: str) -> str:
        """What the page at an address has become when its scripts and forms have run."""
        command = [self.program, *_QUIET, f"--user-data-dir={self.profile}", "--dump-dom", url]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS_MAX).stdout


def find_chromium(profile: Path) -> Chromium:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no `chromium` on this machine: what only a browser can show was not tried")
    return Chromium(program, profile)
