"""A real PostgreSQL primary dies, and its standby, which lacks the last release, takes over. Nobody keeps what was lost."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest

import cuebook
from tests.factories import text
from tests.faults.test_disks import everything_is_there
from tests.faults.writer import writing
from tests.http.test_nodes import post, release, served, until
from tests.support import web
from tests.support.postgres import Cluster, stoppable
from tests.support.server import Server

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(300)]
SEED = 3


@pytest.fixture
def primary() -> Iterator[Cluster]:
    with stoppable() as running:
        running.start()
        yield running


@pytest.fixture
def standby(primary: Cluster) -> Iterator[Cluster]:
    with stoppable() as following:
        following.follow(primary)
        yield following


def url_of(*clusters: Cluster) -> str:
    """Whichever of them takes writes."""
    hosts = ",".join(str(cluster.root / "socket") for cluster in clusters)
    return f"postgresql://postgres@/postgres?host={hosts}&target_session_attrs=read-write"


def ask(cluster: Cluster, question: str) -> str:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
        assert row is not None
        return str(row[0])


def caught_up(primary: Cluster, standby: Cluster) -> None:
    here = ask(primary, "SELECT pg_current_wal_insert_lsn()")
    until(lambda: ask(standby, f"SELECT pg_last_wal_replay_lsn() >= '{here}'::pg_lsn") == "True")


def ready(server: Server) -> dict[str, object]:
    return dict(web.get(f"{server.url}/readyz", timeout=10).json())


@contextmanager
def readers(*servers: Server) -> Iterator[list[str]]:
    """Applications that ask all the time; whatever they were answered but 200 is in the list."""
    wrong, ended, asked = list[str](), threading.Event(), list[int]()
    key = {"Authorization": f"Bearer {servers[0].keys['production']}"}

    def read(server: Server) -> None:
        with httpx2.Client(headers=key, timeout=10) as client:
            while not ended.wait(0.01):
                answer = client.get(f"{server.url}/v1/prompts/n")
                asked.append(answer.status_code)
                if answer.status_code != 200:
                    wrong.append(answer.text)

    threads = [threading.Thread(target=read, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield wrong
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert len(asked) > 10


def settled(server: Server) -> None:
    """Three versions; the first one runs everywhere."""
    for number in (1, 2, 3):
        assert post(server, "prompts/n/versions", {"content": text(f"text {number}")}).status_code == 201
    release(server, 1)


@pytest.mark.fault("C-10")
def test_the_lost_release_is_kept_by_nobody(
    start_server: Callable[..., Server], primary: Cluster, standby: Cluster, tmp_path: Path
) -> None:
    url = url_of(primary, standby)
    one = start_server(tmp_path / "one", database=url)
    settled(one)
    other = start_server(tmp_path / "two", database=url)
    key = one.keys["production"]
    caught_up(primary, standby)
    standby.stop()
    with ExitStack() as stack:
        clients = [
            stack.enter_context(cuebook.Client(node.url, key, disk=tmp_path / f"disk{n}", refresh_s=0.2, wait=20.0))
            for n, node in enumerate((one, other))
        ]
        wrong = stack.enter_context(readers(one, Server(other.url, "", "", one.keys, other.data, other.process)))
        release(one, 2)
        for client in clients:
            until(lambda client=client: client.get("n").version == 2)  # type: ignore[misc]  # a default binds the loop's value
        lost = clients[0].state
        primary.stop()
        until(lambda: ready(one)["state"] == "stale" and ready(other)["state"] == "stale")
        assert post(one, "prompts/n/versions", {"content": text("x")}).status_code == 503
        standby.resume()
        standby.promote()
        until(lambda: ready(one)["state"] == "ready" and ready(other)["state"] == "ready")
        for client in clients:
            until(lambda client=client: client.get("n").version == 1)  # type: ignore[misc]  # a default binds the loop's value
        release(one, 3)
        for client in clients:
            until(lambda client=client: client.get("n").version == 3)  # type: ignore[misc]  # a default binds the loop's value
            assert client.state.revision == lost.revision, "the number that the lost release had"
            assert (client.state.epoch or 0) > (lost.epoch or 0)
        assert wrong == []
    assert served(other, "n", key) == 3
    begun = f"{one.url}/api/projects/{one.project}/audit?action=epoch.begun"
    entries = web.get(begun, headers={"Authorization": f"Bearer {one.token}"}, timeout=10).json()["items"]
    assert [entry["principal"] for entry in entries] == ["cuebook"], "of two nodes that noticed one began it"


@pytest.mark.fault("C-09")
def test_a_crash_of_the_database_is_no_other_past(
    start_server: Callable[..., Server], primary: Cluster, tmp_path: Path
) -> None:
    one = start_server(tmp_path / "one", database=url_of(primary))
    settled(one)
    time.sleep(1.0)  # these tests' server confirms before the disk has it, to be quick
    epoch = ready(one)["epoch"]
    with readers(one) as wrong:
        for _ in range(3):
            primary.stop()
            primary.resume()
            until(lambda: ready(one)["state"] == "ready")
        assert wrong == []
    assert ready(one)["epoch"] == epoch
    release(one, 2)
    assert served(one, "n", one.keys["production"]) == 2


@pytest.mark.fault("C-09")
def test_crashes_under_writers_lose_nothing_confirmed(
    start_server: Callable[..., Server], tmp_path: Path, thorough: bool, seen: Callable[[str], None]
) -> None:
    chance, healed = random.Random(SEED), list[float]()
    with stoppable("synchronous_commit=on") as database:  # what it confirms is in its log, as anywhere but in these tests
        database.start()
        server = start_server(tmp_path / "one", database=url_of(database))
        settled(server)
        with readers(server) as wrong, writing(server) as confirmed:
            for _ in range(20 if thorough else 3):
                time.sleep(chance.uniform(0.1, 0.5))
                database.stop()
                database.resume()
                began, before = time.monotonic(), len(confirmed)
                until(lambda before=before: len(confirmed) > before)  # type: ignore[misc]  # a default binds the loop's value
                healed.append(time.monotonic() - began)
        assert wrong == []
        everything_is_there(server, confirmed)
        server.stop()
    seen(
        f"{len(healed)} crashes (seed {SEED}), {len(confirmed)} saves confirmed and there, the next within {max(healed):.1f} s"
    )


@pytest.mark.fault("C-10")
def test_a_node_that_asks_a_standby_waits_until_it_is_promoted(
    start_server: Callable[..., Server], primary: Cluster, standby: Cluster, tmp_path: Path
) -> None:
    writer = start_server(tmp_path / "one", database=primary.url("postgres"))
    settled(writer)
    caught_up(primary, standby)
    reader = start_server(tmp_path / "two", database=standby.url("postgres"))
    key, epoch = writer.keys["production"], ready(writer)["epoch"]
    assert (ready(reader)["writes"], ready(reader)["epoch"]) == (False, epoch)
    release(writer, 2)
    until(lambda: served(reader, "n", key) == 2)
    assert reader.output.count("this database is a standby") == 1
    primary.stop()
    standby.promote()
    until(lambda: ready(reader)["writes"] is True and ready(reader)["epoch"] != epoch)
    assert served(reader, "n", key) == 2


def wait_for_standby(primary: Cluster) -> None:
    """From now on the primary confirms a commit when a standby has it."""
    with psycopg.connect(primary.url("postgres"), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        connection.execute("SELECT pg_reload_conf()")
    until(lambda: ask(primary, "SELECT sync_state FROM pg_stat_replication") == "sync")


@pytest.mark.fault("C-10", only=True)
def test_with_a_synchronous_standby_nothing_confirmed_is_lost(
    start_server: Callable[..., Server], tmp_path: Path, thorough: bool, seen: Callable[[str], None]
) -> None:
    with stoppable("synchronous_commit=on") as primary, stoppable() as standby:
        primary.start()
        standby.follow(primary)
        server = start_server(tmp_path / "one", database=url_of(primary, standby))
        settled(server)
        wait_for_standby(primary)

        def save(name: str) -> httpx2.Response:
            return post(server, f"prompts/{name}/versions", {"content": text(name)}, **{"Idempotency-Key": name})

        with readers(server) as wrong:
            with writing(server) as confirmed:
                until(lambda: len(confirmed) > 20)
            standby.stop()
            began = time.monotonic()
            assert save("lost").json()["code"] == "unknown_outcome"
            took_s = time.monotonic() - began
            if thorough:
                standby.resume()
                until(lambda: save("lost").status_code == 201)
                assert save("lost").json()["number"] == 1, "it was made once, when the standby came back"
                standby.stop()
                assert save("late").json()["code"] == "unknown_outcome"
            primary.stop()
            standby.resume()
            standby.promote()
            until(lambda: save("last").status_code == 201)
        assert wrong == []
        everything_is_there(server, confirmed)
        server.stop()
    seen(f"{len(confirmed)} saves confirmed and there; one without the standby is answered after {took_s:.1f} s, as unknown")
