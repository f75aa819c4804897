"""A node starts and serves while its database is away, and goes on by itself when it is back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from cuebook_server.domain.keys import mint
from tests.factories import text
from tests.http.test_nodes import post, release, served, until
from tests.support import web
from tests.support.postgres import Cluster, stoppable
from tests.support.server import Server


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server that this test may stop."""
    with stoppable() as running:
        running.start()
        yield running


def ready(server: Server) -> httpx2.Response:
    return web.get(f"{server.url}/readyz", timeout=10)


def kept(server: Server) -> None:
    """Wait until the copy holds what the server serves."""
    until(lambda: len(list((server.data / "last-known-good").glob("*"))) == 6)
    time.sleep(1.5)  # the copy is looked after once a second


@pytest.mark.fault("C-18")
@pytest.mark.slow
@pytest.mark.postgres
def test_a_node_starts_serves_and_goes_on(start_server: Callable[..., Server], cluster: Cluster) -> None:
    first = start_server(database=cluster.url("postgres"))
    key = first.keys["production"]
    assert ready(first).json()["writes"] is True
    kept(first)
    first.stop()
    cluster.stop()
    again = start_server(database=cluster.url("postgres"))
    found = ready(again)
    assert (found.status_code, found.json()["state"], found.json()["writes"]) == (200, "stale", False)
    answer = web.get(f"{again.url}/v1/prompts/support.triage", headers={"Authorization": f"Bearer {key}"}, timeout=10)
    assert answer.status_code == 200
    assert float(answer.headers["cuebook-as-of"]) / 1000 < time.time() - 1
    refused = post(again, "prompts/n/versions", {"content": text("x")})
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert web.get(f"{again.url}/", timeout=10).status_code == 503
    cluster.resume()
    until(lambda: ready(again).json()["state"] == "ready")
    until(lambda: post(again, "prompts/n/versions", {"content": text("x")}).status_code in {200, 201})
    release(again, 1)
    assert served(again, "n", key) == 1


@pytest.mark.slow
@pytest.mark.postgres
def test_a_first_start_waits_for_its_database(cluster: Cluster, start_server: Callable[..., Server], tmp_path: Path) -> None:
    cluster.stop()
    waiting = start_server(tmp_path / "data", database=cluster.url("postgres"), wait=False)
    until(lambda: answers(waiting, 503))
    assert ready(waiting).json()["state"] == "starting"
    assert ready(waiting).headers["retry-after"]
    key = {"Authorization": f"Bearer {mint('prd', bytes(40)).token}"}
    assert web.get(f"{waiting.url}/v1/prompts", headers=key, timeout=10).status_code == 503, "not 401: it cannot know"
    cluster.resume()
    until(lambda: ready(waiting).status_code == 200)
    until((tmp_path / "data" / "first-run.json").exists)


def answers(server: Server, status: int) -> bool:
    try:
        return ready(server).status_code == status
    except httpx2.HTTPError:
        return False


@pytest.mark.fault("C-07")
def test_a_damaged_file_is_served_around(start_server: Callable[..., Server], tmp_path: Path) -> None:
    first = start_server(tmp_path / "data")
    kept(first)
    first.stop()
    file = tmp_path / "data" / "cuebook.db"
    file.write_bytes(b"\0" * file.stat().st_size)
    again = start_server(tmp_path / "data")
    assert ready(again).json()["state"] == "stale"
    assert served(again, "support.triage", first.keys["production"]) is not None
    assert post(again, "prompts/n/versions", {"content": text("x")}).status_code == 503
    assert file.read_bytes() == b"\0" * file.stat().st_size, "nothing is made anew over what is damaged"
