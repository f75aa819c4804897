"""What a browser does with the pages: a cookie that httpx would not send over plain HTTP, and the real Chromium."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from cuebook_server.services import sessions
from cuebook_server.store.database import open_database
from cuebook_server.store.unit_of_work import SqlUnits
from cuebook_server.ui.door import COOKIE
from tests.support.server import Server

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


def link(server: Server) -> str:
    """The secret of a new sign-in link, made as a start of the server makes it."""
    database = open_database(f"sqlite:///{server.data / 'cuebook.db'}")
    try:
        with SqlUnits(database).write() as uow:
            return sessions.invite(uow, request_id="test")
    finally:
        database.close()


def post(server: Server, path: str, *, cookie: str = "", origin: str | None = "", **fields: str) -> httpx2.Response:
    """Send a form as our own pages do; ``origin`` ``None`` leaves the header out."""
    headers = {"Origin": origin or server.url} if origin is not None else {}
    if cookie:
        headers["Cookie"] = f"{COOKIE}={cookie}"
    return httpx2.post(f"{server.url}{path}", data=fields, headers=headers)


def get(server: Server, path: str = "/", *, cookie: str = "", **headers: str) -> httpx2.Response:
    return httpx2.get(f"{server.url}{path}", headers=headers | ({"Cookie": f"{COOKIE}={cookie}"} if cookie else {}))


def given_cookie(answer: httpx2.Response) -> str:
    """The session's secret, out of the answer to a sign-in."""
    return answer.headers["set-cookie"].partition("=")[2].partition(";")[0]


def signed_in(server: Server) -> str:
    """A new session's secret."""
    return given_cookie(post(server, "/sign-in", secret=link(server)))


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
