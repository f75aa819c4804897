"""A database that cannot be written any more still starts, and serves what it holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cuebook_server.cli.serve import _prepare, _tell
from cuebook_server.domain.errors import ReadOnly
from cuebook_server.settings import Settings
from cuebook_server.store.unit_of_work import SqlUnits
from tests.support import web
from tests.support.server import Server


@pytest.mark.slow
def test_what_was_set_up_is_not_written_again(start_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    server = start_server()
    server.stop()

    def refuse(*_: object) -> None:
        raise ReadOnly

    monkeypatch.setattr(SqlUnits, "write", refuse)
    first, link = _prepare(Settings(data=server.data), demo=True)
    assert (first, link) == (None, None)


def test_a_damaged_first_run_stops_no_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After a power cut it was an empty file, and the server ended while it read that."""
    (tmp_path / "first-run.json").write_text("")
    _tell(Settings(data=tmp_path), "http://127.0.0.1:1", None, None)
    assert "is not brought up to date" in capsys.readouterr().err


def test_a_server_starts_again_where_it_was(start_server: Callable[..., Server], tmp_path: Path) -> None:
    first = start_server(tmp_path / "data")
    key = {"Authorization": f"Bearer {first.keys['production']}"}
    before = web.get(f"{first.url}/v1/prompts/support.triage", headers=key).content
    first.stop()
    again = start_server(tmp_path / "data")
    assert web.get(f"{again.url}/v1/prompts/support.triage", headers=key).content == before
