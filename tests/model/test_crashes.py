"""A crash at any moment leaves the whole effect or nothing, and the same request sent again has one effect."""

from __future__ import annotations

import inspect
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cuebook_server.services import credentials, environments, gates, imports, members, prompts, recalls, releases, schedules
from cuebook_server.store.database import open_database
from tests.model import checks
from tests.model.crashing import EveryStatement, everything_once
from tests.model.killing import kill_often
from tests.model.world import World

SECONDS_MAX = 280
pytestmark = pytest.mark.timeout(300)  # hundreds of crashes, on a machine that may be busy
READING = {
    "credentials": {"list_keys", "list_tokens"},
    "environments": {"listed", "one", "at", "history", "rule_changes", "status", "solo"},
    "members": {"members"},
    "prompts": {"version", "versions", "compare", "listed", "one", "search", "dependents", "stays"},
    "recalls": {"listed"},
    "releases": {"consider", "find", "listed", "reviews"},
    "schedules": {"waiting"},
}


def writing() -> Iterator[str]:
    """The use cases of a project that write, by their names: everything that takes an actor and a project and does not read."""
    for module in (credentials, environments, gates, imports, members, prompts, recalls, releases, schedules):
        home = module.__name__.rpartition(".")[2]
        for name, function in inspect.getmembers(module, inspect.isfunction):
            takes = list(inspect.signature(function).parameters)[:3]
            mine = function.__module__ == module.__name__ and not name.startswith("_")
            if mine and takes == ["actor", "uow", "project"] and name not in READING.get(home, ()):
                yield f"{home}.{name}"


def crashed_all(statements: dict[str, int]) -> None:
    """Every use case took part; ``grant_in`` is a part of two of them, and ``schedules.propose`` is two of them."""
    assert set(statements) == set(writing()) - {"members.grant_in", "schedules.propose"}
    assert min(statements.values()) > 5


def test_every_statement_of_every_use_case_fails_once(database_url: str) -> None:
    """On PostgreSQL, which takes its time, every fourth; ``make soak`` fails them all there too."""
    around = EveryStatement(stride=1 if database_url.startswith("sqlite") else 4)
    database = open_database(database_url)
    try:
        world = World(database, around)
        everything_once(world)
        world.check()
        checks.finally_intact(world)
    finally:
        database.close()
    crashed_all(around.crashed)


@pytest.mark.fault("C-01")
def test_the_process_is_killed_in_every_use_case(database_url: str, seen: Callable[[str], None]) -> None:
    root = Path(__file__).parents[2]
    path = os.pathsep.join(str(folder) for folder in (root / "src", root))
    command = [sys.executable, "-m", "tests.model.crashing", database_url]
    ended = subprocess.run(
        command, cwd=root, env=os.environ | {"PYTHONPATH": path}, capture_output=True, timeout=SECONDS_MAX, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()[-4000:]
    statements = json.loads(ended.stdout)
    crashed_all(statements)
    seen(f"killed in {len(statements)} use cases on {database_url.partition(':')[0]}")


@pytest.mark.fault("C-01")
def test_a_server_killed_under_writers_loses_nothing(tmp_path: Path, thorough: bool, seen: Callable[[str], None]) -> None:
    """Kill -9 at any moment; ``make soak`` goes on for minutes."""
    told = kill_often(tmp_path / "data", 60 if thorough else 2, random.Random(1))
    assert min(told.values()) > 0
    seen("a server under 4 writers (seed 1): " + ", ".join(f"{count} {what}" for what, count in told.items()))
