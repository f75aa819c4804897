"""One bit of a database flips: nothing is served that does not fit its digest."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from cuebook_server.delivery.board import Board
from cuebook_server.store import files
from cuebook_server.store.database import open_database
from cuebook_server.store.snapshots import SqlSnapshotSource
from tests.factories import open_registry

SEED = 11
PROMPTS = 40
pytestmark = [pytest.mark.fault("C-07"), pytest.mark.slow]
Served = dict[tuple[str, str], tuple[str, bytes]]  # environment and name: digest and bytes


@pytest.fixture
def original(sqlite_url: str) -> Path:
    """A database file whose content is mostly prompts."""
    with open_registry(sqlite_url) as registry:
        for number in range(PROMPTS):
            registry.save(f"p{number}", f"prompt {number}: " + "be brief and kind. " * 40)
            registry.ship(f"p{number}", 1)
    return files.file_of(sqlite_url)


def served(file: Path) -> tuple[Served, int]:
    """What a node would serve from this file, and how many prompts it refuses to."""
    database = open_database(f"sqlite:///{file}")
    try:
        board = Board(SqlSnapshotSource(database))
        board.refresh_now()
    finally:
        database.close()
    found = {
        (snapshot.environment.name, entry.name): (entry.digest, entry.body)
        for snapshot in board.environments.values()
        for entry in snapshot.entries.values()
    }
    return found, board.damaged()


def flips(original: Path, copy: Path, times: int) -> Iterator[None]:
    """The copy, with another bit of it flipped each time."""
    chance, data = random.Random(SEED), original.read_bytes()
    for _ in range(times):
        flipped = bytearray(data)
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        copy.write_bytes(flipped)
        yield


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # SQLite's own complaint on closing
def test_what_is_served_fits_its_digest(original: Path, tmp_path: Path, thorough: bool, seen: Callable[[str], None]) -> None:
    good, _ = served(original)
    text_of = {digest: orjson.loads(body)["text"] for digest, body in good.values()}
    refused, unreadable, times = 0, 0, 300 if thorough else 40
    for _ in flips(original, tmp_path / "copy.db", times):
        found, damaged = served(tmp_path / "copy.db")
        refused, unreadable = refused + damaged, unreadable + (not found)
        for digest, body in found.values():
            assert text_of.get(digest) == orjson.loads(body)["text"]
        for left_over in tmp_path.glob("copy.db*"):
            left_over.unlink()
    assert refused
    seen(f"{times} flipped bits (seed {SEED}): {refused} prompts refused, {unreadable} files unreadable, nothing else served")
