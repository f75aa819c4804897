"""A sync of the disk failed, and the server goes on: why it may (ADR 0017), tried where it would show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import needs
from tests.faults.disk import Disk
from tests.faults.test_disks import everything_is_there, save
from tests.faults.test_io_errors import SYNC, injected
from tests.faults.test_power import cut, holds, mounted
from tests.support import web
from tests.support.server import Server
from tests.support.server import start_server as start

pytestmark = [pytest.mark.fault("C-06"), pytest.mark.slow, pytest.mark.timeout(300)]


def refuse(server: Server, database: Path, *names: str) -> None:
    """Saves whose sync fails."""
    files = [database, database.with_name(f"{database.name}-wal")]
    with injected(server.process.pid, files, SYNC, "EIO", "1+"):
        assert {save(server, name).status_code for name in names} == {503}


def test_what_is_confirmed_later_outlives_a_power_cut(
    disk: Disk, start_server: Callable[..., Server], tmp_path: Path, thorough: bool, seen: Callable[[str], None]
) -> None:
    needs("strace")
    database = disk.place / "cuebook.db"
    server = start_server(tmp_path / "data", database=f"sqlite:///{database}")
    told, cuts = dict[str, str](), list[tuple[Path, dict[str, str]]]()
    for turn in range(12 if thorough else 2):
        refuse(server, database, f"refused{turn}", f"refused{turn}.again")
        for name in (f"kept{turn}", f"kept{turn}.again"):
            told[name] = save(server, name, 10 + 400 * turn).json()["digest"]
        cuts.append((tmp_path / f"cut{turn}", dict(told)))
        cut(server.process, disk, cuts[-1][0])
    assert "disk I/O error" in server.output, "the operator is told what the disk said"
    for image, kept in cuts:
        with mounted(image) as place:
            holds(place / "cuebook.db", kept)
    seen(f"{len(cuts)} power cuts, each after syncs that failed: {len(told)} saves confirmed since, none lost")


def test_a_restart_makes_a_refused_change_come_true_or_not_but_never_half(tmp_path: Path, seen: Callable[[str], None]) -> None:
    """What was written and not synced still is in the kernel's memory, and the next process to open the file believes it.

    Unless something else was written in its place before.
    """
    needs("strace")
    server = start(tmp_path / "data")
    kept = {"kept": save(server, "kept").json()["digest"]}
    refuse(server, server.data / "cuebook.db", "refused")
    server.process.kill()
    server.process.wait()
    again = start(server.data)
    try:
        everything_is_there(again, kept)
        headers = {"Authorization": f"Bearer {again.token}"}
        answer = web.get(f"{again.url}/api/projects/{again.project}/prompts/refused", headers=headers)
    finally:
        again.stop()
    assert answer.status_code in {200, 404}
    there = "there, whole," if answer.status_code == 200 else "not there"
    seen(f"a change that was refused and never reached the disk is {there} after a kill and a start")
