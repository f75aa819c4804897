"""A command line of the test's own, and a real server behind it."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from cuebook.cli.app import run
from tests.support import web
from tests.support.passwords import PASSWORD
from tests.support.server import Server


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended and what it printed."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Stdout as text."""
        return self.out.decode()

    @property
    def json(self) -> Any:
        """Stdout as JSON."""
        return json.loads(self.out)


Command: TypeAlias = Callable[..., Ran]
People: TypeAlias = Callable[..., str]
AUTHOR, REVIEWER = "author@example.org", "reviewer@example.org"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> Command:
    """Runs a command in a clean environment: no server, no profile; ``stdin`` and ``environment`` may be given."""
    for name in [name for name in os.environ if name.startswith("CUEBOOK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def command(*arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> Ran:
        with monkeypatch.context() as patched:
            for name, value in (environment or {}).items():
                patched.setenv(name, value)
            patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            capfdbinary.readouterr()
            code = run(arguments)
            sys.stdout.flush()
            sys.stderr.flush()
        printed = capfdbinary.readouterr()
        return Ran(code, printed.out, printed.err.decode())

    return command


@pytest.fixture
def cuebook(bare: Command, server: Server, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command as an admin of the shared server's project."""
    for name in ("CUEBOOK_URL", "CUEBOOK_PROJECT", "CUEBOOK_TOKEN"):
        monkeypatch.setenv(name, server.environment()[name])
    return bare


@pytest.fixture
def name() -> str:
    """The name of a prompt that no other test has."""
    return f"test-{uuid.uuid4().hex[:12]}.prompt"


@pytest.fixture
def people(start_server: Callable[..., Server], bare: Command, tmp_path: Path) -> People:
    """Runs a command as the author, an admin, or the reviewer, a releaser, on a server of their own."""
    server = start_server()

    def run(who: str, *arguments: str, stdin: bytes = b"") -> str:
        home = {"XDG_CONFIG_HOME": str(tmp_path / who), "CUEBOOK_URL": server.url, "CUEBOOK_PROJECT": server.project}
        ran = bare(*arguments, stdin=stdin, environment=home)
        assert ran.code == 0, f"{arguments}: {ran.err}"
        return ran.text

    (secret,) = re.findall(rf"^Make the first account at {re.escape(server.url)}/set-up#(\S+)$", server.output, re.MULTILINE)
    form = {"secret": secret, "login": AUTHOR, "name": "Author", "password": PASSWORD}
    web.post(f"{server.url}/set-up", data=form, headers={"Origin": server.url})
    run(AUTHOR, "login", AUTHOR, stdin=f"{PASSWORD}\n".encode())
    link = run(AUTHOR, "people", "invite", REVIEWER, "--role", "releaser").strip()
    form = {"secret": link.removeprefix(f"{server.url}/invitation#"), "name": "Reviewer", "password": PASSWORD}
    web.post(f"{server.url}/invitation", data=form, headers={"Origin": server.url})
    run(REVIEWER, "login", REVIEWER, stdin=f"{PASSWORD}\n".encode())
    return run
