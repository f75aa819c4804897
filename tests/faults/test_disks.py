"""A disk that fills up, takes no writes, or vanishes under a server: a real file system on a loop device each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from cuebook.audit import verify
from tests.factories import text
from tests.faults.disk import Disk
from tests.http.test_nodes import post, served, until
from tests.support import web
from tests.support.server import Server
from tests.support.server import start_server as start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SAVES_MAX = 300


def save(server: Server, name: str, size: int = 10) -> httpx2.Response:
    return post(server, f"prompts/{name}/versions", {"content": text("x" * size)})


def reads(server: Server) -> int | None:
    return served(server, "support.triage", server.keys["production"])


def everything_is_there(server: Server, saved: dict[str, str]) -> None:
    """What was confirmed, and a chain without a gap."""
    headers = {"Authorization": f"Bearer {server.token}"}
    exported = web.get(f"{server.url}/api/projects/{server.project}/audit/export", headers=headers, timeout=60).text
    chain = [json.loads(line) for line in exported.splitlines()]
    assert verify(chain).intact
    told_of = {entry["target"]: entry["after"]["digest"] for entry in chain if entry["action"] == "version.saved"}
    assert told_of.items() >= saved.items()


@pytest.mark.fault("C-04")
def test_a_full_disk_refuses_changes_and_serves(
    disk: Disk, start_server: Callable[..., Server], seen: Callable[[str], None]
) -> None:
    server = start_server(disk.place / "data")
    saved = {"before": save(server, "before").json()["digest"]}
    ballast, refused = disk.fill(), httpx2.Response(0)
    for number in range(SAVES_MAX):  # the log has room that was taken before
        refused = save(server, f"p{number}", 50_000)
        if refused.status_code != 201:
            break
        saved[f"p{number}"] = refused.json()["digest"]
    assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
    assert reads(server) is not None
    assert web.get(f"{server.url}/readyz").status_code == 200
    assert web.get(f"{server.url}/api/projects/{server.project}/prompts", headers=bearer(server)).status_code == 200
    ballast.unlink()
    until(lambda: save(server, "after").status_code in {200, 201})
    everything_is_there(server, saved)
    seen(f"{len(saved)} saves confirmed, all there")


def bearer(server: Server) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token}"}


@pytest.mark.fault("C-05")
def test_a_disk_that_takes_no_writes_is_served_from(disk: Disk, start_server: Callable[..., Server], tmp_path: Path) -> None:
    data = disk.place / "data"
    data.mkdir()
    (data / "output.txt").symlink_to(tmp_path / "output.txt")  # what a server prints is a test's own affair
    first = start_server(data)
    assert save(first, "a").status_code == 201
    first.stop()
    disk.remount("ro")
    again = start_server(data)
    refused = save(again, "b")
    assert (refused.status_code, refused.json()["code"]) == (503, "read_only")
    assert reads(again) is not None
    ready = web.get(f"{again.url}/readyz").json()
    assert (ready["state"], ready["writes"]) == ("ready", False)
    listed = web.get(f"{again.url}/api/projects/{again.project}/prompts", headers=bearer(again)).json()
    assert "a" in [prompt["name"] for prompt in listed["items"]]
    disk.remount("rw")
    until(lambda: save(again, "b").status_code in {200, 201})
    until(lambda: web.get(f"{again.url}/readyz").json()["writes"] is True)
    everything_is_there(again, {})


@pytest.mark.fault("C-05")
def test_what_a_killed_server_left_on_such_a_disk_is_served(
    disk: Disk, start_server: Callable[..., Server], tmp_path: Path
) -> None:
    """Its log is not in the database file yet, and cannot be put there."""
    data = disk.place / "data"
    data.mkdir()
    (data / "output.txt").symlink_to(tmp_path / "output.txt")
    first = start(data)
    assert save(first, "a").status_code == 201
    until(lambda: len(list((data / "last-known-good").glob("*"))) == 6)
    first.process.kill()
    first.process.wait()
    disk.unmount()
    disk.mount("ro")
    again = start_server(data)
    assert reads(again) is not None
    refused = save(again, "b")
    assert (refused.status_code, refused.json()["code"]) == (503, "read_only")


@pytest.mark.fault("C-08")
def test_a_disk_that_vanishes_takes_no_answer_with_it(
    disk: Disk, start_server: Callable[..., Server], seen: Callable[[str], None]
) -> None:
    server = start(disk.place / "data")  # it will be killed, which is no end for a server of the fixture's
    try:
        saved = {f"p{number}": save(server, f"p{number}").json()["digest"] for number in range(20)}
        disk.vanish()  # with the file that the server's log goes to
        refused = save(server, "lost")
        assert refused.status_code in {503, 507}
        assert "Traceback" not in refused.text
        assert [reads(server) for _ in range(50)].count(None) == 0
    finally:
        server.process.kill()
        server.process.wait()
    disk.unmount()
    disk.mount()
    again = start_server(server.data)
    everything_is_there(again, saved)
    seen(f"changes {refused.status_code}, all {len(saved)} saves there")
