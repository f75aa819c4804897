"""Event streams of real servers: over nodes and workers, when a key is revoked, and when a server stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.delivery.listener import Listener
from tests.delivery.proxies import balanced
from tests.support import web
from tests.support.server import Server, cuebook

TRIAGE = "support.triage"  # the sample project's: production serves 1, staging 2
WAIT_S_MAX = 20.0


def port(server: Server) -> int:
    return int(server.url.rpartition(":")[2])


def api(server: Server, method: str, path: str, body: Any = None) -> Any:
    url, headers = f"{server.url}/api/projects/{server.project}/{path}", {"Authorization": f"Bearer {server.token}"}
    answer = web.request(method, url, json=body, headers=headers, timeout=30)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def release(server: Server, number: int) -> int:
    body = {"environment": "production", "items": [{"prompt": TRIAGE, "version": number}], "reason": "streams hear of it"}
    return int(api(server, "POST", "releases", body)["revision"])


def read(url: str, key: str, path: str = f"/v1/prompts/{TRIAGE}") -> httpx2.Response:
    return web.get(url + path, headers={"Authorization": f"Bearer {key}"} if key else {}, timeout=30)


def until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S_MAX
    while not seen():
        assert time.monotonic() < deadline, "it was not seen"
        time.sleep(0.05)


def hears(client: Listener, revision: int) -> bool:
    """Whether the stream tells of this revision (or a newer one, which says the same and more)."""
    while client.next("head").data["revision"] < revision:
        pass
    return True


@pytest.mark.slow
def test_every_worker_tells_its_clients(start_server: Callable[..., Server], tmp_path: Path) -> None:
    server = start_server(tmp_path / "data", "--workers", "2")
    with ExitStack() as stack:
        clients = [stack.enter_context(Listener(port(server), server.keys["production"])) for _ in range(12)]
        revision = release(server, 2)
        assert all(hears(client, revision) for client in clients)
        server.process.terminate()
        assert {client.next("goodbye").data["reason"] for client in clients} == {"drain"}


@pytest.mark.fault("C-21")
def test_a_server_that_stops_says_so_first(start_server: Callable[..., Server], tmp_path: Path) -> None:
    server = start_server(tmp_path / "data", environment={"CUEBOOK_DRAIN_S": "30"})
    key = server.keys["production"]
    with Listener(port(server), key) as client, httpx2.Client(headers={"Authorization": f"Bearer {key}"}) as held:
        assert held.get(f"{server.url}/v1/prompts").status_code == 200
        client.next("head")
        server.process.terminate()
        assert client.end()[-1].data["reason"] == "drain"
        ready = read(server.url, key, "/readyz")
        assert (ready.status_code, ready.json()["state"]) == (503, "draining")
        refused = read(server.url, key, "/v1/events")
        assert (refused.status_code, refused.json()["code"]) == (503, "draining")
        answered = held.get(f"{server.url}/v1/prompts")
        assert (answered.status_code, answered.headers["connection"]) == (200, "close")
        server.process.wait(WAIT_S_MAX)  # nobody is connected any more: long before the 30 s


def test_told_twice_it_stops_now(start_server: Callable[..., Server], tmp_path: Path) -> None:
    server = start_server(tmp_path / "data", environment={"CUEBOOK_DRAIN_S": "300"})
    with httpx2.Client() as held:
        assert held.get(f"{server.url}/readyz").status_code == 200
        server.process.terminate()
        until(lambda: read(server.url, "", "/readyz").json()["state"] == "draining")
        server.process.terminate()
        server.process.wait(WAIT_S_MAX)


@pytest.mark.fault("C-21")
@pytest.mark.slow
def test_behind_a_balancer_nobody_notices(start_server: Callable[..., Server], tmp_path: Path) -> None:
    """Clients without pause, through nginx over two nodes, one of which is told to stop."""
    one = start_server(tmp_path / "one")
    other = start_server(tmp_path / "two", database=f"sqlite:///{tmp_path / 'one' / 'cuebook.db'}")
    statuses: list[int] = []
    over = threading.Event()
    (tmp_path / "nginx").mkdir()

    def ask(url: str) -> None:
        with httpx2.Client(headers={"Authorization": f"Bearer {one.keys['production']}"}, timeout=30) as client:
            while not over.is_set():
                statuses.append(client.get(f"{url}/v1/prompts/{TRIAGE}").status_code)

    with balanced([port(one), port(other)], tmp_path / "nginx") as through:
        askers = [threading.Thread(target=ask, args=(f"http://127.0.0.1:{through}",)) for _ in range(4)]
        for asker in askers:
            asker.start()
        time.sleep(0.5)
        one.stop()
        before = len(statuses)
        while len(statuses) < before + 50:
            time.sleep(0.01)
        over.set()
        for asker in askers:
            asker.join(WAIT_S_MAX)
    assert set(statuses) == {200}


@pytest.mark.fault("C-22")
@pytest.mark.slow
def test_a_server_that_runs_out_of_files_recovers(start_server: Callable[..., Server], tmp_path: Path) -> None:
    """It holds what it can, says no to the rest, and goes on when they leave."""
    tight = tmp_path / "tight"
    tight.write_text(f'#!/bin/sh\nulimit -n 64\nexec {cuebook()} "$@"\n')
    tight.chmod(0o700)
    server = start_server(tmp_path / "data", program=tight)
    key = server.keys["production"]
    with ExitStack() as stack:
        for _ in range(100):
            try:
                stack.enter_context(Listener(port(server), key))
            except (ConnectionError, EOFError):
                continue
    until(lambda: (answer := read_or_none(server.url, key)) is not None and answer.status_code == 200)
    with Listener(port(server), key) as client:
        assert hears(client, release(server, 2))
    assert 'cuebook_refused_total{what="connections"}' in read(server.url, "", "/metrics").text


def read_or_none(url: str, key: str) -> httpx2.Response | None:
    try:
        return read(url, key)
    except httpx2.HTTPError:
        return None


def test_the_metrics_count_streams(start_server: Callable[..., Server], tmp_path: Path) -> None:
    server = start_server(tmp_path / "data", environment={"CUEBOOK_STREAMS_PER_KEY": "1"})
    key = server.keys["production"]
    with Listener(port(server), key) as client, Listener(port(server), key) as refused:
        assert (client.status, refused.status) == (200, 503)
        figures = read(server.url, "", "/metrics").text
    assert "\ncuebook_streams 1.0\n" in figures
    assert 'cuebook_refused_total{what="streams_of_a_key"} 1.0' in figures
