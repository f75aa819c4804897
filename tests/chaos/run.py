"""A run: nodes on one database, a way to each that can be made worse, clients of three kinds, and one who releases."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import httpx2

from cuebook.admin import AdminClient
from cuebook.errors import CuebookError
from tests.chaos.history import Asked, Entry, Read, Released, entry
from tests.chaos.plan import Fault
from tests.chaos.proxy import Proxy
from tests.support import web
from tests.support.server import Server, clean_environment, start_server

PROMPTS = [f"chaos.p{number}" for number in range(4)]
KINDS = ("threads", "asyncio", "forked")
PLACE = "staging"
CALM_S_MAX = 120.0  # after the last fault every client has the last release by then
Say = Callable[[str], None]


class Nodes:
    """Server processes on one database, and the proxies before them."""

    def __init__(self, folder: Path, database: str, count: int) -> None:
        self._folder, self._database = folder, database
        self.servers = [start_server(folder / f"node{number}", database=database) for number in range(count)]
        self.first = self.servers[0]
        self.proxies = [Proxy(_port(server)) for server in self.servers]
        self._restarts: list[threading.Thread] = []

    def begin(self, fault: Fault) -> bool:
        """Let it happen; whether it can: a busy machine may still be starting a node that was killed."""
        proxy, process = self.proxies[fault.node], self.servers[fault.node].process
        if fault.kind in {"kill", "stop"} and process.poll() is not None:
            return False
        match fault.kind:
            case "kill":
                process.kill()
                process.wait()
            case "stop":
                os.kill(process.pid, signal.SIGSTOP)
            case "cut":
                proxy.cut()
            case "refuse":
                proxy.mode = "refuse"
                proxy.cut()
            case "silent" | "slow":
                proxy.mode = fault.kind
        return True

    def end(self, fault: Fault) -> None:
        """Let it be over."""
        match fault.kind:
            case "kill":
                self._restarts.append(threading.Thread(target=self._start, args=(fault.node,)))
                self._restarts[-1].start()
            case "stop":
                os.kill(self.servers[fault.node].process.pid, signal.SIGCONT)
            case _:
                self.proxies[fault.node].mode = "pass"

    def settle(self) -> None:
        """Wait until every node runs."""
        for restart in self._restarts:
            restart.join()

    def stop(self) -> None:
        """End them all."""
        self.settle()
        for server in self.servers:
            if server.process.poll() is None:
                os.kill(server.process.pid, signal.SIGCONT)
                server.stop()

    def _start(self, number: int) -> None:
        before = self.servers[number]
        self.servers[number] = start_server(self._folder / f"node{number}", database=self._database, port=_port(before))


class Promoter:
    """Saves a generation of every prompt and releases them together, again and again, at one node or another."""

    def __init__(self, nodes: Nodes, chance: Random) -> None:
        self._nodes, self._chance = nodes, chance
        first = nodes.first
        self._admins = {
            server.url: AdminClient(server.url, first.token, first.project, timeout_s=2.0, attempts_max=2)
            for server in nodes.servers
        }
        self.history: list[Entry] = []
        self.generation = self.unanswered = 0

    def work(self, over: threading.Event) -> None:
        """Until it is over."""
        while not over.is_set():
            self.release()
            over.wait(self._chance.uniform(0.05, 0.5))

    def release(self) -> int | None:
        """One generation; its revision, or ``None`` where nobody knows what became of it."""
        self.generation += 1
        node, other = self._chance.sample(self._nodes.servers, 2)
        admin, content = self._admins[node.url], {"kind": "text", "text": str(self.generation)}
        try:
            items = [{"prompt": name, "version": admin.save(name, content)["number"]} for name in PROMPTS]
            revision: int = admin.release(PLACE, items, reason="chaos")["revision"]
        except CuebookError:
            self.unanswered += 1
            return None
        self.history.append(Released(time.monotonic(), revision, self.generation))
        with suppress(httpx2.HTTPError):
            self.history.append(Asked(time.monotonic(), revision, self._ask(other, revision)))
        return revision

    def close(self) -> None:
        """Give the connections back."""
        for admin in self._admins.values():
            admin.close()

    def _ask(self, node: Server, revision: int) -> int | None:
        headers = {"Authorization": f"Bearer {self._nodes.first.keys[PLACE]}"}
        answer = web.get(f"{node.url}/v1/snapshot?min_revision={revision}", headers=headers, timeout=5)
        return int(answer.json()["revision"]) if answer.status_code == 200 else None


def run(
    folder: Path, database: str, faults: Sequence[Fault], *, nodes: int, clients: int, seconds: float, say: Say
) -> list[Entry]:
    """Everything once; what happened. Raises ``AssertionError`` where a client never gets the last release."""
    with ExitStack() as stack:
        site = Nodes(folder, database, nodes)
        stack.callback(site.stop)
        for proxy in site.proxies:
            stack.enter_context(proxy.running())
        promoter = Promoter(site, Random(len(faults)))
        stack.callback(promoter.close)
        assert promoter.release(), "the first release failed"
        readers = stack.enter_context(_readers(folder, site, clients))
        readers.wait_for(1)
        over = threading.Event()
        working = threading.Thread(target=promoter.work, args=(over,))
        working.start()
        stack.callback(over.set)
        _unfold(site, faults, seconds, say)
        over.set()
        working.join()
        site.settle()
        last = _last_release(promoter)
        say(f"{promoter.generation} releases, {promoter.unanswered} of them without an answer; the last is revision {last}")
        readers.wait_for(last)
    return [*promoter.history, *_written(folder)]


class Readers:
    """The client processes of a run, and what they have written down so far."""

    def __init__(self, folder: Path, processes: Sequence[subprocess.Popen[bytes]], count: int) -> None:
        self._folder, self._processes, self._count = folder, processes, count

    def wait_for(self, revision: int) -> None:
        """Until every reader has read this revision or a later one."""
        deadline = time.monotonic() + CALM_S_MAX
        while True:
            latest = {each.client: max(each.revisions) for each in _written(self._folder) if isinstance(each, Read)}
            if len(latest) == self._count and all(seen >= revision for seen in latest.values()):
                return
            ended = [process.args for process in self._processes if process.poll() is not None]
            assert not ended, f"a reader ended: {ended}"
            assert time.monotonic() < deadline, f"bounded staleness: revision {revision} did not arrive everywhere: {latest}"
            time.sleep(0.5)


@contextmanager
def _readers(folder: Path, site: Nodes, clients: int) -> Iterator[Readers]:
    """Client processes, each with all addresses, every one beginning at another."""
    urls, processes = [proxy.url for proxy in site.proxies], list[subprocess.Popen[bytes]]()
    for number in range(clients):
        kind, begin = KINDS[number % len(KINDS)], number % len(urls)
        settings = {"CUEBOOK_URL": ",".join(urls[begin:] + urls[:begin]), "CUEBOOK_KEY": site.first.keys[PLACE]}
        command = [sys.executable, "-m", "tests.chaos.reader", kind, f"{kind}{number}", str(folder), *PROMPTS]
        environment = clean_environment() | settings | {"PYTHONPATH": os.pathsep.join(sys.path)}
        with (folder / f"{kind}{number}.log").open("wb") as output:
            processes.append(subprocess.Popen(command, env=environment, stdout=output, stderr=output))
    try:
        count = sum(3 if KINDS[number % len(KINDS)] == "forked" else 2 for number in range(clients))
        yield Readers(folder, processes, count)
    finally:
        (folder / "stop").touch()
        for process in processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _unfold(site: Nodes, faults: Sequence[Fault], seconds: float, say: Say) -> None:
    began = time.monotonic()
    moments = [(fault.at_s, 1, fault) for fault in faults] + [(fault.at_s + fault.for_s, 0, fault) for fault in faults]
    unfolding = set[Fault]()
    for at_s, begins, fault in sorted(moments, key=lambda moment: moment[:2]):
        time.sleep(max(0.0, began + at_s - time.monotonic()))
        if begins and site.begin(fault):
            unfolding.add(fault)
            say(f"{at_s:6.1f} s  {fault.kind} node {fault.node} for {fault.for_s:g} s")
        elif begins:
            say(f"{at_s:6.1f} s  {fault.kind} node {fault.node}: not yet, it is still starting")
        elif fault in unfolding:
            site.end(fault)
    time.sleep(max(0.0, began + seconds - time.monotonic()))


def _last_release(promoter: Promoter) -> int:
    deadline = time.monotonic() + CALM_S_MAX
    while (revision := promoter.release()) is None:
        assert time.monotonic() < deadline, "no release is answered though every node runs"
    return revision


def _written(folder: Path) -> list[Entry]:
    """What the readers wrote so far; a line that is being written is left for later."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines(keepends=True)]
    return [entry(json.loads(line)) for line in lines if line.endswith("\n")]


def keep(history: Sequence[Entry], path: Path) -> None:
    """Write a history down, to look into it."""
    path.write_text("".join(json.dumps({"what": type(each).__name__, **asdict(each)}) + "\n" for each in history))


def _port(server: Server) -> int:
    return int(urlsplit(server.url).port or 0)
