"""A cable is pulled: nothing arrives, nobody is told. Between a node and its database, and between a client and its server."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.factories import text
from tests.faults.network import Network
from tests.faults.ours import run
from tests.http.test_nodes import post, release, served, until
from tests.support import web
from tests.support.postgres import Cluster, stoppable
from tests.support.server import Server, start_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
NOTICED_S_MAX, REFUSED_S_MAX, HEARD_S_MAX = 10.0, 10.0, 90.0
LATE_S = 10.0  # for a machine that is busy with other things


def ready(server: Server) -> dict[str, Any]:
    return dict(web.get(f"{server.url}/readyz", timeout=10).json())


def took(seen: Callable[[], bool], s_max: float) -> float:
    """How long it was until this was seen."""
    began = time.monotonic()
    while not seen():
        assert time.monotonic() - began < s_max, "it was not seen"
        time.sleep(0.05)
    return time.monotonic() - began


@contextmanager
def reading(server: Server) -> Iterator[list[float]]:
    """Somebody fetches a prompt all the time; how long each answer took. Every one of them is good."""
    over, waited, wrong = threading.Event(), list[float](), list[str]()

    def read() -> None:
        with httpx2.Client(headers={"Authorization": f"Bearer {server.keys['production']}"}, timeout=30) as client:
            while not over.wait(0.02):
                began = time.monotonic()
                answer = client.get(f"{server.url}/v1/prompts/n")
                waited.append(time.monotonic() - began)
                if answer.status_code != 200:
                    wrong.append(answer.text)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield waited
    finally:
        over.set()
        thread.join()
    assert wrong == []


# --- a node and its database ---------------------------------------------------------------------------------------------
@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with stoppable() as running:
        running.start()
        yield running


def settled(server: Server) -> None:
    for number in (1, 2):
        assert post(server, "prompts/n/versions", {"content": text(f"text {number}")}).status_code == 201
    release(server, 1)


@pytest.mark.fault("C-12", "C-18", only=True)
def test_a_node_whose_database_falls_silent(
    network: Network, cluster: Cluster, start_server: Callable[..., Server], tmp_path: Path, seen: Callable[[str], None]
) -> None:
    near = start_server(tmp_path / "near", database=cluster.url("postgres"))
    settled(near)
    socket = str(cluster.root / "socket" / ".s.PGSQL.5432")
    with network.python("tests.faults.forward", network.there, "5432", socket) as forward:
        assert forward.stdout is not None
        assert forward.stdout.readline() == "ready\n"
        far = start_server(tmp_path / "far", database=f"postgresql://postgres@{network.there}:5432/postgres")
        far = Server(far.url, near.project, near.token, near.keys, far.data, far.process)
        until(lambda: served(far, "n", near.keys["production"]) == 1)
        with reading(far) as waited:
            network.cut()
            noticed_s = took(lambda: ready(far)["state"] == "stale", NOTICED_S_MAX + LATE_S)
            began = time.monotonic()
            refused = post(far, "prompts/n/versions", {"content": text("lost")})
            refused_s = time.monotonic() - began
            assert refused.status_code == 503, refused.text
            release(near, 2)
            assert served(far, "n", near.keys["production"]) == 1
            network.mend()
            caught_up_s = took(lambda: served(far, "n", near.keys["production"]) == 2, 30.0)
            until(lambda: ready(far)["state"] == "ready")
            until(lambda: post(far, "prompts/n/versions", {"content": text("after")}).status_code == 201)
    assert refused_s < REFUSED_S_MAX + LATE_S
    seen(
        f"stale after {noticed_s:.1f} s, a change refused after {refused_s:.1f} s, {len(waited)} reads 200 (longest "
        f"{max(waited) * 1000:.0f} ms), caught up {caught_up_s:.1f} s after it was mended"
    )


@pytest.mark.fault("C-26", only=True)
def test_a_database_that_hangs(
    cluster: Cluster, start_server: Callable[..., Server], tmp_path: Path, seen: Callable[[str], None]
) -> None:
    server = start_server(tmp_path / "data", database=cluster.url("postgres"))
    settled(server)
    postmaster = (cluster.root / "files" / "postmaster.pid").read_text().split()[0]
    family = [postmaster, *run("ps", "-o", "pid=", "--ppid", postmaster).split()]
    with reading(server) as waited:
        run("kill", "-STOP", *family)
        try:
            began = time.monotonic()
            refused = post(server, "prompts/n/versions", {"content": text("lost")})
            refused_s = time.monotonic() - began
        finally:
            run("kill", "-CONT", *family)
        assert refused.status_code == 503, refused.text
        until(lambda: post(server, "prompts/n/versions", {"content": text("after")}).status_code in {200, 201})
        release(server, 2)
        until(lambda: served(server, "n", server.keys["production"]) == 2)
    assert refused_s < REFUSED_S_MAX + LATE_S
    seen(f"a change refused after {refused_s:.1f} s, {len(waited)} reads 200 (longest {max(waited) * 1000:.0f} ms)")


# --- a client and its server ---------------------------------------------------------------------------------------------
class Reader:
    """A client on the other machine, and what it said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[Mapping[str, Any]] = []
        self._thread = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._thread.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            self.lines.append(json.loads(line))

    def has(self, version: int) -> bool:
        return any(line["version"] == version for line in self.lines)

    @property
    def longest_ms(self) -> float:
        return max(float(line["longest_s"]) for line in self.lines) * 1000


@pytest.fixture
def origin(tmp_path: Path, network: Network) -> Iterator[Server]:
    """A server that the other machine reaches."""
    running = start_server(tmp_path / "origin", "--host", "0.0.0.0")
    settled(running)
    yield running
    running.process.kill()  # a client that was cut off may hold a connection
    running.process.wait()


@contextmanager
def client_of(network: Network, origin: Server, host: str = "") -> Iterator[Reader]:
    url = f"http://{host or network.here}:{origin.url.rpartition(':')[2]}"
    with network.python("tests.faults.reader", "n", CUEBOOK_URL=url, CUEBOOK_KEY=origin.keys["production"]) as process:
        reader = Reader(process)
        until(lambda: reader.has(1))
        yield reader


@pytest.mark.fault("C-12", only=True)
def test_a_client_whose_server_is_replaced_in_silence(network: Network, origin: Server, seen: Callable[[str], None]) -> None:
    """Half-open: the client's stream stands, and on the other side nobody knows of it any more."""
    with client_of(network, origin) as reader:
        network.cut()
        origin.process.kill()
        origin.process.wait()
        again = start_server(origin.data, "--host", "0.0.0.0", port=int(origin.url.rpartition(":")[2]))
        try:
            release(Server(again.url, origin.project, origin.token, origin.keys, origin.data, again.process), 2)
            network.mend()
            heard_s = took(lambda: reader.has(2), HEARD_S_MAX)
            longest_ms = reader.longest_ms
        finally:
            again.process.kill()
            again.process.wait()
    seen(f"a client with a half-open stream has the release {heard_s:.1f} s after the way is open again")
    assert longest_ms < 1_000


@pytest.mark.fault("C-24", only=True)
def test_a_client_behind_a_bad_line(network: Network, origin: Server, seen: Callable[[str], None]) -> None:
    with client_of(network, origin) as reader:
        network.spoil()
        release(origin, 2)
        heard_s = took(lambda: reader.has(2), HEARD_S_MAX)
        assert reader.longest_ms < 1_000
        seen(f"a release arrived after {heard_s:.1f} s; the longest of all reads took {reader.longest_ms:.1f} ms")


@pytest.mark.fault("C-23", only=True)
def test_a_client_whose_servers_name_moves(network: Network, origin: Server, seen: Callable[[str], None]) -> None:
    network.names(**{"registry.test": network.here})
    with client_of(network, origin, "registry.test") as reader:
        network.names()  # nothing is a name any more
        run("ip", "address", "delete", f"{network.here}/30", "dev", network.device)
        release(origin, 2)
        took(lambda: reader.lines[-1]["phase"] == "stale", HEARD_S_MAX)
        assert not reader.has(2)
        moved = network.here.rpartition(".")[0] + ".254"
        run("ip", "address", "add", f"{moved}/24", "dev", network.device)
        network.inside("ip", "route", "add", moved, "dev", "cable")
        network.names(**{"registry.test": moved})
        heard_s = took(lambda: reader.has(2), HEARD_S_MAX)
        seen(f"served on while no name resolved; {heard_s:.1f} s after the name led elsewhere it had the release")
        assert reader.longest_ms < 1_000
