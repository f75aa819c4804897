"""Ten thousand event streams on one node: memory, how fast they are told, and what another client notices of them.

The clients and the server share the machine's cores. The node that holds the streams is told by another one on the same
database, as behind a balancer; the bystander fetches a prompt from the first.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil

from bench.rows import Row
from tests.support.server import Server, start_server

STREAMS = 10_000
PROMOTIONS = 6
PROMOTERS = 8
BUSY_S = 8.0
COME_BACK_S = 20.0  # what a node tells ten thousand clients
ROOT = Path(__file__).parent.parent
TRIAGE = "support.triage"  # of the sample project: production serves version 1, there are three


class Crowd:
    """The process of the clients."""

    def __init__(self, port: str, key: str) -> None:
        self._process = _python("bench._listeners", port, key, str(STREAMS), stdin=subprocess.PIPE)

    def do(self, command: str) -> Any:
        """Tell it something, and wait for what it says to that."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{command}\n")
        stdin.flush()
        return json.loads(stdout.readline())

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def run() -> list[Row]:
    """Everything on SQLite, with two nodes; some two minutes."""
    with ExitStack() as stack:
        node, writer = stack.enter_context(_nodes())
        port = node.url.rpartition(":")[2]
        process = psutil.Process(node.process.pid)
        crowd = Crowd(port, writer.keys["production"])
        stack.callback(crowd.stop)
        before = process.memory_info().rss
        there, _ = crowd.do("connect 10")
        if there < STREAMS:
            raise RuntimeError(f"only {there} of {STREAMS} streams were taken in; the limit on open files may be too low")
        kilobytes = (process.memory_info().rss - before) / 1024 / STREAMS
        beside = _beside(port, writer.keys["staging"])
        idle = beside(lambda: time.sleep(BUSY_S))
        told: list[float] = []
        calm = beside(lambda: told.extend(_told(crowd, writer)))
        busy = beside(lambda: _promote_all(writer, lambda seconds: crowd.do(f"read {seconds}")))
        back: list[float] = []
        storm = beside(lambda: back.append(_storm(crowd)))
        crowd.do("close")
        alone = beside(lambda: _promote_all(writer, time.sleep))
    streams = f"{STREAMS:,} streams"
    return [
        Row(f"{streams}: memory of each", kilobytes, "KiB", None, 32, "most"),
        Row(f"{streams}: 99 % told of a promotion, slowest of {PROMOTIONS}", max(told), "s", None, 2, "most"),
        Row(f"{streams}: all back within {COME_BACK_S:.0f} s of jitter", max(back), "s", None, 60, "most"),
        Row(f"{streams}, idle: another client's GET, p99", idle, "ms"),
        Row("the same during promotions, against idle", calm, "ms", calm / idle, 2, "most"),
        Row(f"the same with {PROMOTERS} promoters without pause, against idle", busy, "ms", busy / idle, 2, "most"),
        Row("the same while all come back, against idle", storm, "ms", storm / idle, 2, "most"),
        Row(f"{PROMOTERS} promoters without pause and no stream at all: another client's GET, p99", alone, "ms"),
        Row(f"{streams} and {PROMOTERS} promoters, against no stream and {PROMOTERS} promoters", busy, "ms", busy / alone),
    ]


@contextmanager
def _nodes() -> Iterator[tuple[Server, Server]]:
    """The node that is measured, and another one on its database, which takes the changes."""
    folder = Path(tempfile.mkdtemp(prefix="cuebook-bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        writer = start_server(folder / "writer")
        stack.callback(writer.stop)
        node = start_server(folder / "node", database=f"sqlite:///{folder / 'writer' / 'cuebook.db'}")
        stack.callback(node.stop)
        yield node, writer


def _told(crowd: Crowd, writer: Server) -> list[float]:
    """From a promotion's request to the moment when 99 of 100 clients have heard of it, in seconds."""
    seconds = []
    with _api(writer) as client:
        for turn in range(PROMOTIONS):
            began = time.monotonic()
            moments = crowd.do(f"wait {_promote(client, 2 - turn % 2)}")
            seconds.append(moments[int(0.99 * STREAMS)] - began)
            time.sleep(BUSY_S / PROMOTIONS / 2)
    return seconds


def _promote_all(writer: Server, meanwhile: Callable[[float], object]) -> None:
    until = time.monotonic() + BUSY_S

    def promote(number: int) -> None:
        with _api(writer) as client:
            while time.monotonic() < until:
                _promote(client, 1 + number % 3)

    promoters = [threading.Thread(target=promote, args=(number,)) for number in range(PROMOTERS)]
    for promoter in promoters:
        promoter.start()
    meanwhile(BUSY_S)
    for promoter in promoters:
        promoter.join()


def _storm(crowd: Crowd) -> float:
    began = time.monotonic()
    crowd.do("close")
    there, refused = crowd.do(f"connect {COME_BACK_S}")
    if there < STREAMS or refused:
        raise RuntimeError(f"{there} came back and {refused} were refused")
    return time.monotonic() - began


def _api(server: Server) -> httpx2.Client:
    return httpx2.Client(
        base_url=f"{server.url}/api/projects/{server.project}", headers={"Authorization": f"Bearer {server.token}"}, timeout=60
    )


def _promote(client: httpx2.Client, version: int) -> int:
    """Promote; what is live already is no error where eight do the same."""
    items = [{"prompt": TRIAGE, "version": version}]
    answer = client.post("/releases", json={"environment": "production", "items": items, "reason": "bench"})
    if answer.status_code not in {201, 409}:
        raise RuntimeError(answer.text)
    return int(answer.json().get("revision") or 0)


def _beside(port: str, key: str) -> Callable[[Callable[[], object]], float]:
    """A function that does something, and says how long the 99th of a hundred fetches took meanwhile, in milliseconds."""

    def meanwhile(something: Callable[[], object]) -> float:
        bystander = _python("bench._bystander", port, key, stdin=subprocess.PIPE)
        assert bystander.stdout is not None
        bystander.stdout.readline()
        something()
        took = sorted(json.loads(bystander.communicate("\n")[0]))
        return float(took[int(0.99 * len(took))])

    return meanwhile


def _python(*arguments: str, stdin: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", *arguments], cwd=ROOT, stdin=stdin, stdout=subprocess.PIPE, text=True)
