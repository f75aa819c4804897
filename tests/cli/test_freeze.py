"""freeze: a file with which an application starts where no registry is."""

from __future__ import annotations

import json
from pathlib import Path

import cuebook
from tests.cli.conftest import Command
from tests.support.server import Server


def settings(server: Server, environment: str = "production") -> dict[str, str]:
    return {"CUEBOOK_URL": server.url, "CUEBOOK_KEY": server.keys[environment]}


def test_an_application_starts_from_what_was_frozen(bare: Command, server: Server, tmp_path: Path) -> None:
    path = tmp_path / "prompts.json"
    ran = bare("freeze", "--env", "production", "-o", str(path), environment=settings(server))
    assert ran.code == 0
    assert "prompts of production at revision" in ran.text
    key = server.keys["production"]
    with cuebook.Client("http://127.0.0.1:9", key, bundle=path, disk=False) as client:
        prompt = client.get("support.triage")
        assert (prompt.source, prompt.environment) == ("bundle", "production")
    assert not any(part in path.read_text() for part in key.split("_")[2:])


def test_it_can_be_told_to_machines(bare: Command, server: Server, tmp_path: Path) -> None:
    path = tmp_path / "prompts.json"
    told = bare("freeze", "-o", str(path), "--json", environment=settings(server)).json
    written = json.loads(path.read_text())
    assert {name: told[name] for name in ("environment", "epoch", "revision", "as_of", "body_digest")} == {
        name: written[name] for name in ("environment", "epoch", "revision", "as_of", "body_digest")
    }
    assert told["prompts"] == len(json.loads(written["body"])["prompts"])


def test_a_key_of_another_environment_writes_nothing(bare: Command, server: Server, tmp_path: Path) -> None:
    path = tmp_path / "prompts.json"
    path.write_text("as it was")
    ran = bare("freeze", "--env", "production", "-o", str(path), environment=settings(server, "staging"))
    assert (ran.code, [file.read_text() for file in tmp_path.glob("*prompts*")]) == (4, ["as it was"])


def test_without_a_key_it_says_what_is_missing(bare: Command, server: Server, tmp_path: Path) -> None:
    ran = bare("freeze", "-o", str(tmp_path / "x"), environment={"CUEBOOK_URL": server.url, "CUEBOOK_TOKEN": "x"})
    assert ran.code == 3
    assert "CUEBOOK_KEY" in ran.err


def test_where_nothing_can_be_written_the_file_that_was_named_is_named(bare: Command, server: Server, tmp_path: Path) -> None:
    for wrong in (tmp_path, tmp_path / "absent" / "x.json"):
        ran = bare("freeze", "-o", str(wrong), environment=settings(server))
        assert (ran.code, f"{wrong} cannot be written" in ran.err) == (3, True)
    assert list(tmp_path.iterdir()) == []
