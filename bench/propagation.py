"""How soon a commit is in the memory of an application that is connected to another node; in calm, and while things break.

One node on PostgreSQL, one client in a process of its own, and whoever commits is a third process, as another node would be.
The clock begins when the commit has returned. What breaks, all at once: the node's connections to the database (its listening
one too), every connection between the client and the node, and one in five events of the stream is lost on its way.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from bench.rows import Row
from cuebook_server.services import credentials
from cuebook_server.store.database import open_database
from tests.chaos.proxy import Proxy
from tests.factories import Registry
from tests.support import databases
from tests.support.server import start_server

CALM, BROKEN = 300, 200
PAUSE_S = (0.05, 0.15)
AFTER = 10  # commits that are not counted: an event that is lost is made good by the next one
BREAK_EVERY = 10  # commits
LOST = 0.2
ARRIVED_S = 3.0
ROOT = Path(__file__).parent.parent
PROMPT, PLACE = "propagated", "staging"
NAME = "application_name=bench"  # of the connections that commit
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name <> 'bench' AND pid <> pg_backend_pid()"
)


def run() -> list[Row]:
    """Calm first, then broken; some two minutes."""
    folder = Path(tempfile.mkdtemp(prefix="cuebook-bench-"))
    run_folder = databases.begin_run()
    try:
        with ExitStack() as stack:
            url = stack.enter_context(databases.postgres_database())
            registry = Registry(stack.enter_context(closing(open_database(f"{url}{'&' if '?' in url else '?'}{NAME}"))))
            for number in (1, 2):
                registry.save(PROMPT, f"text {number}")
            registry.promote(f"{PROMPT}@2", to=PLACE)
            key = registry.do(credentials.create_key, environment=PLACE, name="bench").credential.token
            node = start_server(folder / "node", database=url)
            stack.callback(node.stop)
            proxy = stack.enter_context(Proxy(urlsplit(node.url).port or 0).running())
            calm = _heard(registry, node.url, key, CALM, lambda _: None)
            proxy.lost = LOST
            broken = _heard(registry, proxy.url, key, BROKEN, _breaking(url, proxy))
    finally:
        databases.end_run(run_folder)
        shutil.rmtree(folder)
    what = "from a commit to a client's memory, by another node"
    return [
        Row(f"{what}: median of {CALM}", _share(calm, 0.5), "ms", None, 10, "most"),
        Row(f"{what}: 99 %", _share(calm, 0.99), "ms", None, 50, "most"),
        Row(f"the same while things break: median of {BROKEN}", _share(broken, 0.5), "ms"),
        Row("the same while things break: the longest", broken[-1], "ms", None, 1_000, "most"),
    ]


def _heard(registry: Registry, url: str, key: str, commits: int, between: Callable[[int], None]) -> list[float]:
    """Promote so often, and when each was there, in milliseconds, the shortest first."""
    command = [sys.executable, "-m", "bench._hearer", url, key]
    committed = []
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as hearer:
        try:
            assert hearer.stdout is not None
            assert hearer.stdout.readline() == "begun\n", "the client never began"
            for turn in range(commits + AFTER):
                between(turn)
                time.sleep(random.uniform(*PAUSE_S))
                release = registry.promote(f"{PROMPT}@{1 + turn % 2}", to=PLACE)
                committed.append((release.revision or 0, time.monotonic()))
            time.sleep(ARRIVED_S)
            told, _ = hearer.communicate("\n", timeout=30)
        finally:
            hearer.kill()
    return sorted(_waits(committed[:commits], json.loads(told)))


def _waits(committed: Sequence[tuple[int, float]], seen: Sequence[tuple[int, float]]) -> Iterator[float]:
    """Until the revision, or a later one, was there; the client may see it before whoever commits has gone on."""
    revisions = [revision for revision, _ in seen]
    for revision, at in committed:
        yield max(seen[bisect_left(revisions, revision)][1] - at, 0.0) * 1000


def _breaking(database: str, proxy: Proxy) -> Callable[[int], None]:
    """Now and then every connection of the node to its database, and every one of the client's, ends."""

    def between(turn: int) -> None:
        if turn % BREAK_EVERY == BREAK_EVERY // 2:
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute(CUT)
        if turn % BREAK_EVERY == 0:
            proxy.cut()

    return between


def _share(waits: Sequence[float], share: float) -> float:
    return waits[int(share * len(waits))]
