"""Power fails: what is on the disk at that moment is all there is, and everything confirmed must be in it.

The image behind a mounted disk holds what has reached the disk; what is in the kernel's memory only is not in it. A copy of it,
taken while every writer stands still, is what a power cut leaves.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from cuebook.audit import verify
from cuebook_server.store.database import open_database, sqlite_module
from tests.faults.disk import Disk
from tests.faults.writer import writing
from tests.model.checks import everything
from tests.support.server import Server

SEED = 7
pytestmark = [pytest.mark.fault("C-02"), pytest.mark.slow, pytest.mark.timeout(300)]
# Each number is printed when SQLite has confirmed it, and nothing asks the disk to keep it.
CARELESS = """
import itertools, sys
from cuebook_server.store.database import sqlite_module
connection = sqlite_module().connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode=wal")
connection.execute("PRAGMA synchronous=OFF")
for number in itertools.count(1):
    connection.execute("INSERT INTO told VALUES (?)", (number,))
    print(number, flush=True)
"""


def cut(process: subprocess.Popen[bytes], disk: Disk, copy: Path) -> None:
    """What a power cut at this moment would leave."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        shutil.copyfile(disk.image, copy)
    finally:
        os.kill(process.pid, signal.SIGCONT)


@contextmanager
def mounted(image: Path) -> Iterator[Path]:
    """A disk after the power came back."""
    disk = Disk.of(image)
    disk.mount()
    try:
        yield disk.place
    finally:
        disk.unmount()
        image.unlink()


def test_what_was_confirmed_is_on_the_disk(
    disk: Disk, start_server: Callable[..., Server], tmp_path: Path, thorough: bool, seen: Callable[[str], None]
) -> None:
    server = start_server(tmp_path / "data", database=f"sqlite:///{disk.place / 'cuebook.db'}")
    chance, cuts = random.Random(SEED), list[tuple[Path, dict[str, str]]]()
    with writing(server) as confirmed:
        for number in range(30 if thorough else 4):
            time.sleep(chance.uniform(0.02, 0.3))
            told = dict(confirmed)
            cut(server.process, disk, tmp_path / f"cut{number}")
            cuts.append((tmp_path / f"cut{number}", told))
    for image, told in cuts:
        with mounted(image) as place:
            holds(place / "cuebook.db", told)
    seen(f"{len(cuts)} power cuts (seed {SEED}), {len(cuts[-1][1])} saves confirmed by the last, none lost")


def holds(file: Path, told: dict[str, str]) -> None:
    """Every confirmed version is there with its digest, and the chain has an entry for each."""
    database = open_database(f"sqlite:///{file}")
    try:
        tables = everything(database)
    finally:
        database.close()
    names = {(row["project_id"], row["prompt_id"]): row["name"] for row in tables["prompt"]}
    there = {names[row["project_id"], row["prompt_id"]]: row["digest"] for row in tables["version"]}
    assert there.items() >= told.items()
    chain = [json.loads(row["body"]) for row in tables["audit_entry"]]
    assert verify(chain).intact
    assert {entry["target"] for entry in chain if entry["action"] == "version.saved"} == set(there)


def test_the_copies_show_what_a_careless_writer_loses(disk: Disk, tmp_path: Path, seen: Callable[[str], None]) -> None:
    file = disk.place / "careless.db"
    with closing(sqlite_module().connect(file)) as connection:
        connection.execute("CREATE TABLE told (number)")
    os.sync()
    with subprocess.Popen([sys.executable, "-c", CARELESS, str(file)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        told = [int(line) for line, _ in zip(writer.stdout, range(200), strict=False)][-1]
        cut(writer, disk, tmp_path / "cut")
        writer.kill()
    with mounted(tmp_path / "cut") as place, closing(sqlite_module().connect(place / "careless.db")) as connection:
        (there,) = connection.execute("SELECT count(*) FROM told").fetchone()
    assert there < told, "a method that finds this one's loss would find ours"
    seen(f"of {told} that a writer with synchronous=OFF confirmed, {there} are there")
