"""A real ``cuebook serve``, started as people start it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.support import web

READY_SECONDS_MAX = 100
STOP_SECONDS_MAX = 15


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and what its first start wrote down. ``keys`` are the delivery keys by environment."""

    url: str
    project: str
    token: str
    keys: Mapping[str, str]
    data: Path
    process: subprocess.Popen[bytes]

    @property
    def output(self) -> str:
        """What it printed so far, for a failure's message."""
        return (self.data / "output.txt").read_text(errors="replace")

    def environment(self, name: str = "production") -> dict[str, str]:
        """The variables with which an application of that environment, or the command line, is told of this server."""
        return clean_environment() | {
            "CUEBOOK_URL": self.url,
            "CUEBOOK_PROJECT": self.project,
            "CUEBOOK_TOKEN": self.token,
            "CUEBOOK_KEY": self.keys.get(name, ""),
        }

    def stop(self) -> None:
        """Ask it to end, as an operator does; AssertionError when it ends badly, or not at all and has to be killed."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(STOP_SECONDS_MAX)
            assert code in {0, -signal.SIGTERM}, f"the server ended with {code}:\n{self.output[-4000:]}"
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not end within {STOP_SECONDS_MAX} s:\n{self.output[-4000:]}") from None


def start_server(
    data: Path,
    *arguments: str,
    database: str = "",
    environment: Mapping[str, str] | None = None,
    port: int = 0,
    program: Path | None = None,
    wait: bool = True,
) -> Server:
    """Start a server over ``data`` and (unless told not to) wait until it is ready. Give the port of the one before, and it
    has its address."""
    data.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    command = [str(program or cuebook()), "serve", "--data", str(data), "--port", str(port), *arguments]
    if database:
        command += ["--database", database]
    with (data / "output.txt").open("ab") as output:
        process = subprocess.Popen(
            command,
            env=clean_environment() | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    server = Server(url, "", "", {}, data, process)
    try:
        if wait:
            _wait_until_ready(server)
    except BaseException:
        process.kill()
        process.wait()
        raise
    first_run = data / "first-run.json"
    if not first_run.exists():
        return server
    known = json.loads(first_run.read_text())
    return Server(url, known["project"], known["token"], known["keys"], data, process)


def cuebook() -> Path:
    """The command as it is installed beside the Python that runs the tests."""
    return Path(sys.executable).with_name("cuebook")


def clean_environment() -> dict[str, str]:
    """The environment without any setting of Cuebook, so that a developer's own never leak into a test."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CUEBOOK_")}
    ours["CUEBOOK_DISK"] = "off"  # no disk copies in the home of whoever runs the tests
    return ours | {"PYTHONUNBUFFERED": "1", "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        if (code := server.process.poll()) is not None:
            raise AssertionError(f"the server ended with {code}:\n{server.output[-4000:]}")
        try:
            if web.get(f"{server.url}/readyz", timeout=2).status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"the server was not ready within {READY_SECONDS_MAX} s:\n{server.output[-4000:]}")
