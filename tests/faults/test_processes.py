"""What a machine does to a process: no memory left, a wrong clock, killed in a migration, ten thousand who listen."""

from __future__ import annotations

import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import event, inspect

from bench import events
from cuebook_server.store.database import open_database
from cuebook_server.store.migrate import is_current, migrate
from tests.factories import text
from tests.faults.disk import MIB
from tests.faults.ours import CGROUPS, new_name
from tests.faults.test_disks import everything_is_there
from tests.http.test_nodes import post, release, served, until
from tests.support.server import Server, cuebook
from tests.support.server import start_server as start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
WRITERS, CONTENT_BYTES, ROOM = 4, 250_000, 96 * MIB


@pytest.fixture
def group(root: None) -> Iterator[Path]:
    """A control group whose memory can be limited."""
    if not (CGROUPS / "memory.limit_in_bytes").exists():
        pytest.skip("this machine has no memory control groups of version 1")
    made = CGROUPS / new_name()
    made.mkdir()
    yield made
    made.rmdir()


@pytest.mark.fault("C-20", only=True)
def test_out_of_memory(group: Path, start_server: Callable[..., Server], tmp_path: Path, seen: Callable[[str], None]) -> None:
    limited = tmp_path / "limited"
    limited.write_text(f'#!/bin/sh\necho $$ > {group}/cgroup.procs\nexec {cuebook()} "$@"\n')
    limited.chmod(0o700)
    server, saved = start(tmp_path / "data", program=limited), dict[str, str]()
    used = int((group / "memory.usage_in_bytes").read_text())
    (group / "memory.limit_in_bytes").write_text(str(used + ROOM))
    writers = [threading.Thread(target=fill, args=(server, f"w{number}", saved)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert server.process.wait(10) == -signal.SIGKILL, server.output[-2000:]
    everything_is_there(start_server(server.data), saved)
    seen(f"killed by the kernel with {used // MIB + ROOM // MIB} MiB; {len(saved)} large saves were confirmed, all there")


def fill(server: Server, folder: str, saved: dict[str, str]) -> None:
    """Save large texts until nobody answers; all of them are held in memory, since development serves the newest."""
    for number in range(400):
        name = f"{folder}.p{number}"
        try:
            answer = post(server, f"prompts/{name}/versions", {"content": text(f"{number} " + "x" * CONTENT_BYTES)})
        except httpx2.HTTPError:
            return
        if answer.status_code == 201:
            saved[name] = answer.json()["digest"]


@pytest.mark.postgres
@pytest.mark.fault("C-13", only=True)
def test_two_nodes_a_day_apart(
    start_server: Callable[..., Server], postgres_url: str, tmp_path: Path, seen: Callable[[str], None]
) -> None:
    if not FAKETIME.exists():
        pytest.skip("libfaketime is not installed")
    today = start_server(tmp_path / "today", database=postgres_url)
    wrong = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "-1d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    yesterday = start_server(tmp_path / "yesterday", database=postgres_url, environment=wrong)
    yesterday = Server(yesterday.url, today.project, today.token, today.keys, yesterday.data, yesterday.process)
    nodes, saved = (today, yesterday), dict[str, str]()
    for number in range(1, 7):
        node = nodes[number % 2]
        assert post(node, "prompts/n/versions", {"content": text(f"text {number}")}).status_code == 201
        release(node, number)
        for other in nodes:
            until(lambda other=other, number=number: served(other, "n", today.keys["production"]) == number)  # type: ignore[misc]  # defaults bind the loop's values
    everything_is_there(today, saved)
    seen("6 releases by turns from nodes a day apart, each served by both in the order of the revisions; the chain holds")


@pytest.mark.parametrize("backend", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
@pytest.mark.fault("C-28")
def test_a_migration_that_is_killed(
    request: pytest.FixtureRequest, tmp_path: Path, backend: str, thorough: bool, seen: Callable[[str], None]
) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}" if backend == "sqlite" else request.getfixturevalue("empty_postgres_url")
    statement, killed = 1, 0
    while killed_at(url, statement):
        killed, statement = killed + 1, statement + (4 if thorough else 40)
        database = open_database(url)
        with database.read() as connection:
            assert set(inspect(connection).get_table_names()) <= {"alembic_version"}, "all of it, or nothing"
        database.close()
    database = open_database(url)
    assert is_current(database)
    database.close()
    assert killed > 2
    seen(f"{backend}: killed at {killed} statements of a migration from nothing, then finished")


def killed_at(url: str, statement: int) -> bool:
    """Migrate in a process that is killed before the so-and-so-many-th statement; whether it got that far."""
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        return os.WIFSIGNALED(status)
    try:
        left = [statement]

        def count(*_: Any) -> None:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        database = open_database(url)
        event.listen(database.engine, "before_cursor_execute", count)
        migrate(database)
        os._exit(0)
    finally:
        os._exit(1)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the bench leaves its pipes to the end of its process
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.fault("C-15", only=True)
def test_ten_thousand_streams(seen: Callable[[str], None]) -> None:
    """The bench's own run, which ends with an error when one of them is not taken in, or does not come back."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 2 * events.STREAMS:
        pytest.skip(f"no process may open {2 * events.STREAMS:,} files here (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        rows = events.run()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
    seen(", ".join(f"{row.name}: {row.value:.1f} {row.unit}" for row in rows[:3]))
