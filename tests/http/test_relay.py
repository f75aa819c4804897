"""A registry and two relays behind one another, as people start them: what goes through, and what stops."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

import cuebook
from cuebook import signing
from tests.factories import text
from tests.http.test_nodes import post, until
from tests.support import web
from tests.support.server import Server, start_server

PATHS = ("/v1/snapshot", "/v1/prompts", "/v1/prompts/n")
# Three processes start, one after the other, on a machine that does other things too.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass
class Tiers:
    """``origin`` <- ``near`` <- ``far``. All of them sign or pass on what ``root`` certified. ``started``: every process."""

    origin: Server
    near: Server
    far: Server
    root: str
    key: Path
    started: list[Server]

    @property
    def prd(self) -> str:
        return self.origin.keys["production"]

    def get(self, server: Server, path: str, key: str | None = None, **headers: str) -> httpx2.Response:
        told = {"Authorization": f"Bearer {key or self.prd}", **headers}
        return web.get(server.url + path, headers=told, timeout=10)

    def told(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.origin.token}"}
        return web.get(f"{self.origin.url}/api/projects/{self.origin.project}/{path}", headers=headers, timeout=10).json()

    def fleet(self) -> set[tuple[str, str]]:
        """The clients that the registry knows of, and where each has its prompts from."""
        instances = self.told("environments/production/fleet")["items"]
        return {(one["instance"], one["source"]) for one in instances}

    def version(self, server: Server) -> Any:
        answer = self.get(server, "/v1/prompts/n")
        return answer.json().get("version")

    def release(self, number: int) -> None:
        for environment in ("staging", "production"):
            body = {"environment": environment, "items": [{"prompt": "n", "version": number}], "reason": "relays"}
            assert post(self.origin, "releases", body).status_code == 201

    def save(self, said: str) -> int:
        answer = post(self.origin, "prompts/n/versions", {"content": text(said)})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["number"])


def relay(data: Path, origin: Server, key: Path, root: str, port: int = 0) -> Server:
    given = ("--relay-of", origin.url, "--key", str(key))
    return start_server(data, *given, port=port, environment={"CUEBOOK_ROOT_KEY": root})


@pytest.fixture(scope="module")
def tiers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiers]:
    """Three processes, and a prompt ``n`` at version 1 in production."""
    folder, started = tmp_path_factory.mktemp("tiers"), list[Server]()
    try:
        started.append(origin := start_server(folder / "origin"))
        root = _certify(origin)
        key = folder / "relay.key"
        key.write_text(post(origin, "keys", {"relays": ["staging", "production"], "name": "edge"}).json()["key"] + "\n")
        started.append(near := relay(folder / "near", origin, key, root))
        started.append(far := relay(folder / "far", near, key, root))
        found = Tiers(origin, near, far, root, key, started)
        found.release(found.save("One"))
        until(lambda: found.version(far) == 1)
        yield found
    finally:
        for server in started:
            _kill(server)


def _kill(server: Server) -> None:
    server.process.kill()
    server.process.wait()


def _certify(origin: Server) -> str:
    """Let the origin sign, and the public key of the root that says so."""
    root = signing.read_key(signing.new_key())
    online = signing.public_of(signing.read_key((origin.data / "signing-key.pem").read_bytes()))
    now, known = int(time.time()), signing.public_of(root)
    word = signing.write_certificate(signing.Certificate(known, online, now, now + 86_400), root.sign)
    (origin.data / "signing-certificate.txt").write_text(word)
    return known


def test_a_release_reaches_every_tier_in_the_same_bytes(tiers: Tiers) -> None:
    number = tiers.save("Two")
    tiers.release(number)
    until(lambda: tiers.version(tiers.far) == number)
    for path in PATHS:
        answers = [tiers.get(server, path) for server in (tiers.origin, tiers.near, tiers.far)]
        assert len({(one.status_code, one.content, one.headers["etag"]) for one in answers}) == 1
        assert [one.headers.get("cuebook-depth") for one in answers] == [None, "1", "2"]
    signed = {tiers.get(server, PATHS[0]).headers["cuebook-signature"] for server in (tiers.origin, tiers.near, tiers.far)}
    assert len(signed) == 1


def test_an_application_behind_both_demands_the_root_and_hears_of_releases(tiers: Tiers) -> None:
    with cuebook.Client(tiers.far.url, tiers.prd, root_key=tiers.root, project=tiers.origin.project, disk=False) as client:
        client.get("n")
        assert client.state.verified == "signatures are checked"
        number = tiers.save("Three")
        tiers.release(number)
        until(lambda: client.get("n").version == number)
        assert [client.fetch("n", version=wanted).version for wanted in ("stable", number - 1)] == [number, number - 1]
        assert client.state.unverified == 0
        until(lambda: (client.state.instance, "network") in tiers.fleet())


def test_the_registry_shows_which_keys_are_used_behind_both(tiers: Tiers) -> None:
    made = post(tiers.origin, "keys", {"environment": "production", "name": "edge web"}).json()
    until(lambda: tiers.get(tiers.far, PATHS[2], made["key"]).status_code == 200)
    with cuebook.Client(tiers.far.url, made["key"], disk=False) as client:
        assert client.get("n").version
        until(lambda: "edge web" in {one["key"] for one in tiers.told("environments/production/fleet")["items"]})


def test_a_session_behind_both_leaves_a_version_that_was_recalled_after_it_was_replaced(tiers: Tiers) -> None:
    with cuebook.Client(tiers.far.url, tiers.prd, disk=False) as client:
        rude = tiers.save("Rude")
        tiers.release(rude)
        until(lambda: client.get("n").version == rude)
        conversation = client.session("one")
        assert conversation.get("n").version == rude
        kind = tiers.save("Kind")
        tiers.release(kind)
        until(lambda: client.get("n").version == kind and client.state.streaming)
        assert conversation.get("n").version == rude
        assert post(tiers.origin, f"prompts/n/versions/{rude}/recall", {"reason": "rude"}).status_code == 201
        until(lambda: conversation.get("n").version == kind)


def test_a_revoked_key_is_refused_by_every_tier(tiers: Tiers) -> None:
    made = post(tiers.origin, "keys", {"environment": "production", "name": "k"}).json()
    until(lambda: tiers.get(tiers.far, PATHS[2], made["key"]).status_code == 200)
    assert post(tiers.origin, f"keys/{made['selector']}/revoke", None).status_code == 200
    for server in (tiers.near, tiers.far):
        until(lambda server=server: tiers.get(server, PATHS[2], made["key"]).status_code == 401)  # type: ignore[misc]  # a default binds the loop's value


def test_a_relay_has_no_management_and_no_other_environment(tiers: Tiers) -> None:
    told = tiers.get(tiers.near, "/api/me").json()
    assert (told["code"], told["hint"].endswith(f"{tiers.origin.url}.")) == ("not_found", True)
    assert tiers.get(tiers.near, PATHS[2], tiers.origin.keys["development"]).status_code == 401
    assert tiers.get(tiers.near, f"{PATHS[0]}?environment=staging").json()["code"] == "environment_mismatch"


def test_cut_off_relays_serve_start_anew_and_catch_up(tiers: Tiers) -> None:
    before = {path: tiers.get(tiers.near, path) for path in PATHS}
    tiers.origin.process.send_signal(signal.SIGSTOP)  # it takes connections and says nothing: worse than being gone
    try:
        until(lambda: web.get(f"{tiers.near.url}/readyz").json()["state"] == "stale")
        tiers.near.stop()
        port = int(tiers.near.url.rpartition(":")[2])
        tiers.near = relay(tiers.near.data, tiers.origin, tiers.key, tiers.root, port)
        tiers.started.append(tiers.near)
        for path, one in before.items():
            other = tiers.get(tiers.near, path)
            assert (other.status_code, other.content, other.headers["etag"]) == (200, one.content, one.headers["etag"])
        assert "cuebook-stale" in tiers.get(tiers.near, PATHS[2]).headers
    finally:
        tiers.origin.process.send_signal(signal.SIGCONT)
    number = tiers.save("Four")
    tiers.release(number)
    until(lambda: tiers.version(tiers.far) == number)


def test_a_registry_that_is_killed_is_found_again(tiers: Tiers) -> None:
    _kill(tiers.origin)
    assert [tiers.get(server, PATHS[0]).status_code for server in (tiers.near, tiers.far)] == [200, 200]
    port = int(tiers.origin.url.rpartition(":")[2])
    again = start_server(tiers.origin.data, port=port)
    tiers.started.append(again)
    tiers.origin = replace(again, project=tiers.origin.project, token=tiers.origin.token, keys=tiers.origin.keys)
    number = tiers.save("Five")
    tiers.release(number)
    until(lambda: tiers.version(tiers.far) == number)
