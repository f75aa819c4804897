"""A database file of an earlier day under a server and its clients: nothing older under numbers that meant something else."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import cuebook
from tests.factories import text
from tests.http.test_nodes import post, release, served, until
from tests.support import web
from tests.support.server import Server


def save(server: Server, words: str) -> None:
    assert post(server, "prompts/n/versions", {"content": text(words)}).status_code == 201


@contextmanager
def client_of(server: Server, disk: Path) -> Iterator[cuebook.Client]:
    with cuebook.Client(server.url, server.keys["production"], disk=disk, refresh_s=0.2, wait=20.0) as client:
        yield client


def ready(server: Server) -> dict[str, object]:
    return dict(web.get(f"{server.url}/readyz", timeout=10).json())


@pytest.fixture
def restored(start_server: Callable[..., Server], tmp_path: Path) -> Server:
    """A server that has served version 2 and stopped; its file is that of before, put back by hand."""
    server = start_server(tmp_path / "data")
    save(server, "one")
    release(server, 1)
    server.stop()
    shutil.copy(server.data / "cuebook.db", tmp_path / "backup.db")
    port = int(server.url.rpartition(":")[2])
    server = start_server(tmp_path / "data", port=port)
    save(server, "two, which the backup lacks")
    release(server, 2)
    return server


@pytest.mark.fault("C-29")
def test_clients_of_the_lost_past_follow_the_restored_one(
    restored: Server, start_server: Callable[..., Server], tmp_path: Path
) -> None:
    port = int(restored.url.rpartition(":")[2])
    with client_of(restored, tmp_path / "disk") as client:
        until(lambda: client.get("n").version == 2)
        before = client.state
        restored.stop()
        shutil.copy(tmp_path / "backup.db", restored.data / "cuebook.db")
        again = start_server(restored.data, port=port)
        until(lambda: client.get("n").version == 1)
        assert (client.state.epoch, client.state.revision) > (before.epoch, before.revision)
        assert (client.state.revision or 0) < (before.revision or 0)
        save(again, "another two")
        release(again, 2)
        until(lambda: client.get("n").render().text == "another two")
        assert served(again, "n", restored.keys["production"]) == 2
    assert ready(again)["epoch"] == client.state.epoch
    assert "went back in time" in again.output
    assert "cuebook_epochs_begun_total 1.0" in web.get(f"{again.url}/metrics", timeout=10).text
