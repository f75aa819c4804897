"""backup, restore, restored: as an operator types them, with an application attached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import cuebook
from tests.cli.conftest import Command
from tests.factories import text
from tests.http.test_nodes import post, release, until
from tests.support import web
from tests.support.server import Server


def save(server: Server, words: str) -> None:
    assert post(server, "prompts/n/versions", {"content": text(words)}).status_code == 201


def test_a_backup_is_put_back_under_an_application(bare: Command, start_server: Callable[..., Server], tmp_path: Path) -> None:
    server, file = start_server(), tmp_path / "monday.db"
    data, port = ("--data", str(server.data)), int(server.url.rpartition(":")[2])
    save(server, "one")
    release(server, 1)
    made = bare("backup", str(file), *data)
    assert (made.code, made.text.startswith(f"Backed up to {file}: ")) == (0, True)
    assert bare("backup", str(file), *data).code == 1
    save(server, "two")
    release(server, 2)
    assert "A server uses" in bare("restore", str(file), *data).err
    with cuebook.Client(server.url, server.keys["production"], disk=tmp_path / "disk", refresh_s=0.2, wait=20.0) as client:
        until(lambda: client.get("n").version == 2)
        server.stop()
        put_back = bare("restore", str(file), *data)
        assert put_back.code == 0, put_back.err
        assert "cuebook.db.replaced-" in put_back.text
        again = start_server(server.data, port=port)
        until(lambda: client.get("n").render().text == "one")
        assert f"it begins epoch {client.state.epoch}." in put_back.text
        save(again, "two, and another one")
        release(again, 2)
        until(lambda: client.get("n").render().text == "two, and another one")
    told = f"{again.url}/api/projects/{server.project}/audit?action=epoch.begun"
    entries = web.get(told, headers={"Authorization": f"Bearer {server.token}"}).json()["items"]
    assert [(e["principal"], e["reason"]) for e in entries] == [("operator", "restored from monday.db")]
    other_tools(bare, again, data)


def other_tools(bare: Command, server: Server, data: tuple[str, str]) -> None:
    """A server that runs follows the word that its database was put back."""
    said = bare("restored", *data)
    assert said.code == 0
    epoch = int(said.text.split()[1])
    until(lambda: web.get(f"{server.url}/readyz").json()["epoch"] == epoch)


@pytest.mark.fault("C-25")
def test_a_second_server_in_a_folder_is_refused(bare: Command, server: Server) -> None:
    second = bare("serve", "--data", str(server.data), "--port", "0")
    assert (second.code, "Another server runs in" in second.err) == (1, True)
    assert web.get(f"{server.url}/readyz").json()["state"] == "ready"


def test_only_a_file_is_backed_up(bare: Command, tmp_path: Path) -> None:
    refused = bare("backup", str(tmp_path / "b"), "--database", "postgresql://nobody@localhost/none")
    assert (refused.code, "`cuebook restored`" in refused.err) == (1, True)
    assert "There is no" in bare("backup", str(tmp_path / "b"), "--data", str(tmp_path / "none")).err
