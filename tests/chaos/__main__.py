"""``make chaos``: kills, stops and cuts off nodes under clients that read all the time, and checks what these saw.

Prints its seed; ``--seed`` makes the same plan again. Fails when a promise was broken, and then keeps the history.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.chaos.history import broken, delays
from tests.chaos.plan import plan
from tests.chaos.run import keep, run
from tests.support import databases


def main() -> int:
    """Run, check, tell."""
    asked = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    asked.add_argument("--minutes", type=float, default=3)
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    asked.add_argument("--nodes", type=int, default=3)
    asked.add_argument("--clients", type=int, default=6, help="processes: threads, asyncio and forked in turn")
    wanted = asked.parse_args()
    seconds = wanted.minutes * 60
    faults = plan(wanted.seed, seconds, wanted.nodes)
    print(f"chaos: seed {wanted.seed}, {wanted.minutes:g} minutes, {wanted.nodes} nodes, {wanted.clients} client processes")
    folder, databases_of_run = Path(tempfile.mkdtemp(prefix="cuebook-chaos-")), databases.begin_run()
    try:
        with databases.postgres_database() as url:
            history = run(
                folder,
                url,
                faults,
                nodes=wanted.nodes,
                clients=wanted.clients,
                seconds=seconds,
                say=lambda s: print(s, flush=True),
            )
    finally:
        databases.end_run(databases_of_run)
    found, took = broken(history), delays(history)
    print(f"{len(faults)} faults: {dict(Counter(fault.kind for fault in faults))}; {len(history):,} entries")
    print(f"release to client: median {_at(took, 50):.3f} s, 99 % {_at(took, 99):.3f} s, worst {_at(took, 100):.3f} s")
    if found:
        keep(history, folder / "history.jsonl")
        print("BROKEN PROMISES (seed", wanted.seed, "; the history:", folder / "history.jsonl", ")", *found, sep="\n  ")
        return 1
    shutil.rmtree(folder)
    print(
        "Monotonic reads, atomic releases, one content a revision, read your writes, availability, bounded staleness: all held."
    )
    return 0


def _at(took: list[float], percent: int) -> float:
    return took[min(len(took) - 1, len(took) * percent // 100)]


if __name__ == "__main__":
    sys.exit(main())
