"""Several nodes on one database: what one does, the others serve; and what a killed node had confirmed is there."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from cuebook.audit import verify
from tests.delivery.listener import Listener
from tests.factories import text
from tests.http.test_events import hears, port, read
from tests.http.test_events import release as release_triage
from tests.support import web
from tests.support.server import Server, start_server

WAIT_S_MAX = 40.0  # a bound, not a measurement: the measurement stands in bench/server.py


def until(seen: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + WAIT_S_MAX
    while not seen():
        assert time.monotonic() < deadline, "it was not seen"
        time.sleep(0.02)


def post(server: Server, path: str, body: Any, **headers: str) -> httpx2.Response:
    return web.post(
        f"{server.url}/api/projects/{server.project}/{path}",
        json=body,
        headers={"Authorization": f"Bearer {server.token}", **headers},
        timeout=30,
    )


def served(server: Server, name: str, key: str, environment: str = "production") -> int | None:
    answer = web.get(f"{server.url}/v1/prompts/{name}", headers={"Authorization": f"Bearer {key}"}, timeout=10)
    return int(answer.json()["version"]) if answer.status_code == 200 else None


@pytest.fixture(scope="module")
def nodes(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two servers on one database, which every test leaves running; each has prompts of its own in there."""
    with ExitStack() as stack:
        first, second = (_started(stack, tmp_path_factory.mktemp(name), shared_url) for name in ("one", "two"))
        yield first, replace(second, project=first.project, token=first.token, keys=first.keys)


def _started(stack: ExitStack, data: Path, url: str) -> Server:
    server = start_server(data, database=url)
    stack.callback(server.stop)
    return server


def release(server: Server, number: int) -> None:
    for environment in ("staging", "production"):
        body = {"environment": environment, "items": [{"prompt": "n", "version": number}], "reason": "nodes"}
        assert post(server, "releases", body).status_code == 201


@pytest.mark.fault("C-11")
def test_what_one_node_releases_the_other_serves(nodes: tuple[Server, Server], shared_url: str) -> None:
    one, other = nodes
    key = one.keys["production"]
    for number in (1, 2):
        assert post(one, "prompts/n/versions", {"content": text(f"text {number}")}).status_code == 201
        release(one, number)
        assert served(one, "n", key) == number, "the author's own node has it in the very next answer"
        until(lambda n=number: served(other, "n", key) == n)  # type: ignore[misc]  # a default binds the loop's value
    if shared_url.startswith("postgresql"):
        deafen(shared_url)
    back = {"environment": "production", "items": [{"prompt": "n"}], "reason": "nodes", "kind": "rollback"}
    assert post(other, "releases", back).status_code == 201
    assert served(other, "n", key) == 1
    until(lambda: served(one, "n", key) == 1)


def deafen(url: str) -> None:
    """Cut every connection, the listening ones too, as a failover or a proxy does."""
    with psycopg.connect(url, autocommit=True) as connection:
        cut = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        ).fetchone()
        assert cut is not None
        assert cut[0] >= 2


def test_a_revoked_key_is_refused_by_every_node(nodes: tuple[Server, Server]) -> None:
    one, other = nodes
    made = post(one, "keys", {"environment": "development", "name": "k"}).json()
    until(lambda: served(other, "support.triage", made["key"]) is not None)
    assert post(one, f"keys/{made['selector']}/revoke", None).status_code == 200
    assert served(one, "support.triage", made["key"]) is None
    until(lambda: served(other, "support.triage", made["key"]) is None)


def test_one_idempotency_key_has_one_effect_on_two_nodes(nodes: tuple[Server, Server]) -> None:
    answers: list[httpx2.Response] = []
    headers = {"idempotency-key": "once"}

    def send(node: Server) -> None:
        answers.append(post(node, "prompts/once/versions", {"content": text("x")}, **headers))

    threads = [threading.Thread(target=send, args=(node,)) for node in nodes * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert json.loads(answers[0].content)["number"] == 1


def test_what_one_node_does_the_clients_of_another_hear(nodes: tuple[Server, Server]) -> None:
    one, other = nodes
    made = post(one, "keys", {"environment": "production", "name": "a stream"}).json()
    until(lambda: read(other.url, made["key"]).status_code == 200)
    with Listener(port(other), one.keys["production"]) as stays, Listener(port(other), made["key"]) as leaves:
        for number in (2, 1):
            revision = release_triage(one, number)
            assert hears(stays, revision)
            assert hears(leaves, revision)
        assert post(one, f"keys/{made['selector']}/revoke", None).status_code == 200
        assert leaves.next("goodbye").data["reason"] == "revoked"
        assert leaves.end() == []
        assert hears(stays, release_triage(one, 2))


@pytest.mark.fault("C-01")
@pytest.mark.slow
def test_what_was_confirmed_survives_a_kill(database_url: str, tmp_path: Any) -> None:
    confirmed: dict[str, str] = {}
    server = start_server(tmp_path / "data", database=database_url)
    for round_number in range(3):
        writers = [threading.Thread(target=write, args=(server, f"w{round_number}.{n}", confirmed)) for n in range(3)]
        for writer in writers:
            writer.start()
        time.sleep(random.Random(round_number).uniform(0.3, 0.9))  # somewhere in the middle of the writes
        server.process.kill()
        server.process.wait()
        for writer in writers:
            writer.join()
        server = start_server(tmp_path / "data", database=database_url)
    assert confirmed
    everything_is_there(server, confirmed)
    server.stop()


def write(server: Server, folder: str, confirmed: dict[str, str]) -> None:
    """Save as long as somebody answers."""
    for number in range(1_000):
        name = f"{folder}.p{number}"
        try:
            answer = post(server, f"prompts/{name}/versions", {"content": text(f"{name} {{{{x}}}}")})
        except httpx2.HTTPError:
            return
        if answer.status_code == 201:
            confirmed[name] = answer.json()["digest"]


def everything_is_there(server: Server, confirmed: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {server.token}"}
    base = f"{server.url}/api/projects/{server.project}"
    exported = web.get(f"{base}/audit/export", headers=headers, timeout=60).text
    chain = [json.loads(line) for line in exported.splitlines()]
    assert verify(chain).intact
    saved = {entry["target"]: entry["after"]["digest"] for entry in chain if entry["action"] == "version.saved"}
    assert saved.items() >= confirmed.items()
    for name in list(confirmed)[::10]:
        found = web.get(f"{base}/prompts/{name}/versions/1", headers=headers, timeout=30).json()
        assert found["digest"] == confirmed[name]
