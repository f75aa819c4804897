"""The server as a whole: contended promotions, a large registry's start, size, search and status, and how fast nodes hear."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import httpx2
import psutil

from bench import _large
from bench.rows import Row
from cuebook_server.delivery.board import Board
from cuebook_server.delivery.watcher import Watcher
from cuebook_server.domain.release import Change
from cuebook_server.services import environments
from cuebook_server.store.database import open_database
from cuebook_server.store.migrate import migrate
from cuebook_server.store.snapshots import SqlSnapshotSource
from tests.factories import Registry
from tests.support import databases
from tests.support.server import start_server

WRITERS = 8
LARGE = _large.Size()
PROMOTIONS = {"SQLite": 10_000, "PostgreSQL": 2_000}
HEARINGS = {"polling alone": 8, "told": 30}
HEARD_S_MAX = 5.0
ASKED = 20


def run() -> list[Row]:
    """Everything on SQLite; contention and hearing on PostgreSQL too."""
    folder = Path(tempfile.mkdtemp(prefix="cuebook-bench-"))
    run_folder = databases.begin_run()
    try:
        rows = large(folder)
        with databases.postgres_database() as postgres:
            for kind, url in (("SQLite", _fresh(folder)), ("PostgreSQL", postgres)):
                with closing(open_database(url)) as database:
                    registry = Registry(database)
                    rows += [*contention(registry, kind), *hearing(registry, kind)]
        return rows
    finally:
        databases.end_run(run_folder)
        shutil.rmtree(folder)


def _fresh(folder: Path) -> str:
    url = f"sqlite:///{folder / 'writers.db'}"
    with closing(open_database(url)) as database:
        migrate(database)
    return url


# --- a large registry ----------------------------------------------------------------------------------------------------
def large(folder: Path) -> list[Row]:
    """Start on 10,000 prompts x 20 versions, and what searching and the status page take there."""
    url = f"sqlite:///{folder / 'large.db'}"
    with closing(open_database(url)) as database:
        migrate(database)
        token = _large.fill(database, LARGE)
    started = time.perf_counter()
    server = start_server(folder / "data", database=url)
    ready = time.perf_counter() - started
    try:
        process = psutil.Process(server.process.pid)
        megabytes, worked = process.memory_info().rss / 1e6, sum(process.cpu_times()[:2])
        base = f"{server.url}/api/projects/default"
        with httpx2.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
            asked = {
                "search for a rare word": f"{base}/search?q=prompt4711",
                "search for a word of every version": f"{base}/search?q=urgent",
                "status, 100 prompts": f"{base}/status?limit=100",
            }
            times = [Row(f"{what}, of {LARGE.prompts:,}", _median_ms(client, to), "ms") for what, to in asked.items()]
    finally:
        server.stop()
    size = f"{LARGE.prompts:,} prompts x {LARGE.versions} versions"
    return [
        Row(f"{size}: ready after", ready, "s", None, 5, "most"),
        Row(f"{size}: processor time until then", worked, "s"),
        Row(f"{size}: memory", megabytes, "MB", None, 300, "most"),
        *times,
    ]


def _median_ms(client: httpx2.Client, url: str) -> float:
    def once() -> float:
        started = time.perf_counter()
        assert client.get(url).json()["items"], url
        return (time.perf_counter() - started) * 1000

    return statistics.median(once() for _ in range(ASKED))


# --- eight writers at once -----------------------------------------------------------------------------------------------
def contention(registry: Registry, kind: str) -> list[Row]:
    """All move one pointer; every promotion must count, and none may meet an error of the database."""
    for number in range(2 * WRITERS):
        registry.save("contended", f"text {number}")
    each = PROMOTIONS[kind] // WRITERS
    before = registry.ask(environments.one, "staging").revision
    errors: list[Exception] = []
    seconds = _together(lambda writer: _promote(registry, writer, each, errors))
    lost = each * WRITERS - (registry.ask(environments.one, "staging").revision - before)
    what = f"{kind}: {each * WRITERS:,} promotions by {WRITERS} writers"
    return [
        Row(f"{what}: promotions a second", each * WRITERS / seconds, "1/s"),
        Row(f"{what}: lost", lost, "", None, 0, "most"),
        Row(f"{what}: errors", len(errors), "", None, 0, "most"),
        Row(f"{what}: breaks in the pointer's history", _breaks(registry), "", None, 0, "most"),
    ]


def _promote(registry: Registry, writer: int, times: int, errors: list[Exception]) -> None:
    for turn in range(times):
        try:
            # Two versions of its own in turn: whatever is live, this one moves the pointer.
            registry.promote(f"contended@{2 * writer + turn % 2 + 1}", to="staging")
        except Exception as error:  # noqa: BLE001  # any error at all is what is counted
            errors.append(error)


def _together(work: Callable[[int], None]) -> float:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(WRITERS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def _breaks(registry: Registry) -> int:
    """Changes that do not begin where the one before ended, or skip a revision."""
    rows: list[Change] = []
    before = 2**31 - 1
    while page := registry.ask(environments.history, "staging", before=before, limit=1_000):
        rows += page
        before = page[-1].revision
    rows.reverse()
    return sum(new.before != old.after or new.revision != old.revision + 1 for old, new in pairwise(rows))


# --- how fast another node hears -----------------------------------------------------------------------------------------
class Polling(SqlSnapshotSource):
    """A node that nobody tells anything."""

    def hints(self) -> Iterator[None]:
        while not self._stopped.wait(self._poll_s()):
            yield


def hearing(registry: Registry, kind: str) -> list[Row]:
    """From a promotion's answer to another node's memory."""
    told = "with NOTIFY" if kind == "PostgreSQL" else "with data_version"
    slow = _hear(registry, Polling(registry.database), HEARINGS["polling alone"])
    quick = _hear(registry, SqlSnapshotSource(registry.database), HEARINGS["told"])
    return [
        Row(f"{kind}: in another node's memory by polling alone, at most", max(slow), "s", None, 1.5, "most"),
        Row(f"{kind}: in another node's memory {told}, median", statistics.median(quick) * 1000, "ms", None, 50, "most"),
    ]


def _hear(registry: Registry, source: SqlSnapshotSource, times: int) -> list[float]:
    staging = registry.ask(environments.one, "staging")
    key = (staging.project_id, staging.environment_id)
    with _node(source) as board:
        return [_one(registry, board, key, turn) for turn in range(times)]


def _one(registry: Registry, board: Board, key: tuple[int, int], turn: int) -> float:
    live = registry.live("contended")["staging"]
    revision = registry.promote(f"contended@{1 if live != 1 else 2}", to="staging").revision or 0
    started = time.perf_counter()
    while board.environments[key].revision < revision:
        assert time.perf_counter() - started < HEARD_S_MAX, f"promotion {turn} was never heard of"
        time.sleep(0.0005)
    return time.perf_counter() - started


@contextmanager
def _node(source: SqlSnapshotSource) -> Iterator[Board]:
    board = Board(source)
    watcher = Watcher(board, source)
    watcher.start()
    try:
        deadline = time.monotonic() + HEARD_S_MAX
        while not board.loaded and time.monotonic() < deadline:
            time.sleep(0.01)
        yield board
    finally:
        source.stop()
        watcher.stop()
