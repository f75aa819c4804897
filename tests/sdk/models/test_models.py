"""The ways in which Python applications make processes, each started for real against a real registry."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Literal

import httpx2
import pytest
import uvloop

import cuebook
from cuebook.admin import AdminClient
from tests.sdk.models import application, tasks
from tests.support import web
from tests.support.server import free_port, start_server

# Two minutes are for one test of the everyday run; this one starts a server twice, on a machine that may be busy.
pytestmark = [
    pytest.mark.fault("C-19"),
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
]
WORKERS = 2
SECONDS_MAX = 45
STARTS = 20
Ask = Callable[[], list[str]]


class Registry:
    """A real registry that is restarted under the applications, and the only one that releases."""

    def __init__(self, data: Path) -> None:
        self.server = start_server(data)
        self._numbers = count(1)
        self.release()

    def release(self) -> str:
        """Release a new text to staging, and give that text."""
        text = f"text {next(self._numbers)}"
        with AdminClient(self.server.url, self.server.token, self.server.project) as admin:
            admin.save(application.NAME, {"kind": "text", "engine": "simple", "text": text, "variables": {}})
            self.revision = admin.release("staging", [{"prompt": application.NAME}], reason="a new text")["revision"]
        return text

    def start(self) -> None:
        """Start it again at the same address."""
        self.server = start_server(self.server.data, port=int(self.server.url.rsplit(":", 1)[1]))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    running = Registry(tmp_path_factory.mktemp("registry"))
    yield running
    running.server.stop()


@pytest.fixture
def settings(registry: Registry, tmp_path: Path) -> dict[str, str]:
    """The variables of an application of staging."""
    here = {"MODELS_NOTES": str(tmp_path), "MODELS_FOLDER": str(tmp_path), "PYTHONPATH": os.pathsep.join(["src", "."])}
    return registry.server.environment("staging") | here


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not true():
        assert time.monotonic() < deadline, f"it did not happen: {what}"
        time.sleep(0.05)


def each_serves(ask: Ask, text: str, workers: int) -> set[str]:
    """Ask until every worker serves the text; their process ids."""
    newest: dict[str, str] = {}

    def all_do() -> bool:
        for told in ask():
            process, _, newest[process] = told.partition(" ")
        return len(newest) >= workers and set(newest.values()) == {text}

    until(all_do, f"{workers} workers serve {text!r}")
    return set(newest)


def follows(registry: Registry, ask: Ask, parent: Callable[[], int | None], workers: int = WORKERS) -> None:
    """Each worker serves, hears of a release, serves on without the registry, and hears of the next; so does the parent."""
    started = each_serves(ask, registry.release(), workers)
    text = registry.release()
    assert each_serves(ask, text, workers) == started
    until(lambda: parent() == registry.revision, "the parent hears of a release")
    registry.server.stop()
    try:
        assert each_serves(ask, text, workers) == started
    finally:
        registry.start()
    assert each_serves(ask, registry.release(), workers) == started
    until(lambda: parent() == registry.revision, "the parent hears of a release after a restart")


@contextmanager
def running(*command: str, settings: dict[str, str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server of one of the process models."""
    with output.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-m", *command], env=settings, stdout=file, stderr=subprocess.STDOUT)
    try:
        yield process
    except BaseException:
        sys.stderr.write(output.read_text(errors="replace")[-4000:])
        raise
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def noted(folder: Path, process: int) -> int | None:
    path = folder / f"{process}.revision"
    return int(path.read_text()) if path.exists() else None


def over_http(port: int) -> Ask:
    """Several questions at once, so that more than one worker has to answer."""

    def one(_: int) -> str:
        try:
            return web.get(f"http://127.0.0.1:{port}", timeout=10).raise_for_status().text
        except httpx2.ConnectError:  # not there yet
            return ""

    def ask() -> list[str]:
        with ThreadPoolExecutor(2 * WORKERS) as pool:
            return [told for told in pool.map(one, range(2 * WORKERS)) if told]

    return ask


def test_gunicorn_preload(registry: Registry, settings: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    command = ("gunicorn", "--preload", "--workers", str(WORKERS), "--bind", f"127.0.0.1:{port}", "--no-control-socket")
    target = f"{application.__name__}:make_wsgi()"
    with running(*command, target, settings=settings, output=tmp_path / "output") as process:
        follows(registry, over_http(port), lambda: noted(tmp_path, process.pid))


def test_uvicorn_workers(registry: Registry, settings: dict[str, str], tmp_path: Path) -> None:
    """The parent only watches over its workers: it has no client."""
    port = free_port()
    command = ("uvicorn", "--factory", "--workers", str(WORKERS), "--port", str(port), "--loop", "uvloop", "--lifespan", "off")
    with running(*command, f"{application.__name__}:make_asgi", settings=settings, output=tmp_path / "output"):
        follows(registry, over_http(port), lambda: registry.revision)


def test_celery_prefork(registry: Registry, settings: dict[str, str], tmp_path: Path) -> None:
    app = tasks.make_app(tmp_path)
    command = ("celery", "-A", tasks.__name__, "worker", "--pool", "prefork", "--concurrency", str(WORKERS))

    def ask() -> list[str]:
        sent = [app.send_task("answer") for _ in range(2 * WORKERS)]
        tasks.hand_over(tmp_path)
        return [each.get(timeout=SECONDS_MAX, interval=0.02) for each in sent]

    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    with running(*command, *quiet, settings=settings, output=tmp_path / "output") as process:
        follows(registry, ask, lambda: noted(tmp_path, process.pid))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(
    registry: Registry,
    settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    method: Literal["fork", "spawn", "forkserver"],
) -> None:
    ours = {name: settings[name] for name in ("CUEBOOK_URL", "CUEBOOK_KEY", "CUEBOOK_DISK")}
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    application.client.cache_clear()
    with application.client() as client:
        application.answer()
        # The server that forks is started once, with the variables of that moment, perhaps by another test.
        with multiprocessing.get_context(method).Pool(WORKERS, application.configure, (ours,)) as pool:

            def ask() -> list[str]:
                return [
                    each.get(SECONDS_MAX) for each in [pool.apply_async(application.slow_answer) for _ in range(2 * WORKERS)]
                ]

            follows(registry, ask, lambda: client.revision)
    application.client.cache_clear()


def test_asyncio_with_uvloop(registry: Registry, settings: dict[str, str]) -> None:
    """One process; the programs it starts meanwhile are forks too, which uvloop makes in a way of its own."""

    async def application_() -> None:
        loop = asyncio.get_running_loop()
        async with cuebook.AsyncClient(
            settings["CUEBOOK_URL"], settings["CUEBOOK_KEY"], refresh_s=application.REFRESH_S
        ) as client:

            async def read() -> list[str]:
                return [f"{os.getpid()} {(await client.render(application.NAME)).text}"]

            await read()
            for _ in range(STARTS):
                assert await (await asyncio.create_subprocess_exec("true")).wait() == 0
            ask: Ask = lambda: asyncio.run_coroutine_threadsafe(read(), loop).result(SECONDS_MAX)  # noqa: E731 - typed, and on one line
            await asyncio.to_thread(follows, registry, ask, lambda: client.revision, workers=1)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert isinstance(runner.get_loop(), uvloop.Loop)
        runner.run(application_())
