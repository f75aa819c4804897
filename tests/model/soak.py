"""``make soak``: the same machinery for as long as one likes. Prints its seed, ends by itself, and fails when anything does.

Kills and races first, at full size; then random walks on both databases in turn until the time is over.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from cuebook_server.store.database import open_database
from tests.factories import open_registry
from tests.model import checks, crashing
from tests.model.choices import walk
from tests.model.killing import kill_often, race_over_http
from tests.model.racing import race
from tests.model.world import World
from tests.support import databases

PROMOTERS, TIMES = 8, 500
WALK_STEPS = 200
DATABASES: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "sqlite": databases.sqlite_database,
    "postgresql": databases.postgres_database,
}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", type=float, default=10)
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    asked.add_argument("--races", type=int, default=TIMES, help="how often each of eight promoters tries")
    wanted = asked.parse_args()
    print(f"soak: seed {wanted.seed}, {wanted.minutes:g} minutes", flush=True)
    began, chance = time.monotonic(), random.Random(wanted.seed)
    folder = Path(tempfile.mkdtemp(prefix="cuebook-soak-"))
    run_folder = databases.begin_run()
    try:
        _kills_and_races(folder, wanted.minutes * 60, wanted.races, chance)
        _walks(began + wanted.minutes * 60, chance)
    finally:
        databases.end_run(run_folder)
        shutil.rmtree(folder)


def _kills_and_races(folder: Path, seconds: float, races: int, chance: random.Random) -> None:
    _told("server killed", partial(kill_often, folder / "killed", seconds / 4, chance))
    _told("race over HTTP", partial(race_over_http, folder / "raced", PROMOTERS, races))
    for kind, fresh in DATABASES.items():
        with fresh() as url, open_registry(url) as registry:
            _told(f"race on {kind}", partial(race, registry, PROMOTERS, races))
        with fresh() as url:
            _told(f"every statement failed on {kind}", partial(_counted, partial(_fail_everywhere, url)))
    with databases.sqlite_database() as url:
        _told("killed at every statement", partial(_counted, partial(crashing.main, url, everywhere=True)))


def _counted(crash: Callable[[], dict[str, int]]) -> dict[str, int]:
    statements = crash()
    return {"use cases": len(statements), "statements": sum(statements.values())}


def _fail_everywhere(url: str) -> dict[str, int]:
    around = crashing.EveryStatement()
    database = open_database(url)
    try:
        crashing.everything_once(World(database, around))
    finally:
        database.close()
    return around.crashed


def _walks(deadline: float, chance: random.Random) -> None:
    """At least one on each database, then as many as there is time for."""
    walks, began = 0, time.monotonic()
    while walks < 2 or time.monotonic() < deadline:
        (kind, fresh), seed = [*DATABASES.items()][walks % 2], chance.randrange(10**9)
        with fresh() as url:
            database = open_database(url)
            try:
                world = World(database)
                walk(world, seed, WALK_STEPS)
                checks.finally_intact(world)
            except BaseException:
                print(f"the walk of seed {seed} on {kind} failed after {len(world.told)} answers", flush=True)
                raise
            finally:
                database.close()
        walks += 1
    print(f"walks: {walks} of {WALK_STEPS} steps in {time.monotonic() - began:.0f} s", flush=True)


def _told(what: str, run: Callable[[], dict[str, int]]) -> None:
    began = time.monotonic()
    counts = ", ".join(f"{count} {name}" for name, count in run().items())
    print(f"{what}: {counts} in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
