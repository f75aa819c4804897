"""Changes the rules of access, policy and pointers in small ways, one at a time, and counts which changes the tests notice.

``make mutants`` runs it over the modules that ``[tool.mutmut]`` in pyproject.toml names. It fails when fewer than 90 of 100
changes are noticed. ``mutmut results`` and ``mutmut show NAME`` then tell of those that were not.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

NEEDED = 0.9
FOLDER = Path("mutants")
LOG = FOLDER / "run.log"
ENDS = ("killed", "survived", "no_tests", "timeout", "suspicious", "segfault")
STATS = FOLDER / "mutmut-cicd-stats.json"


def main() -> None:
    """Run mutmut with the options given, and exit with whether enough was noticed."""
    shutil.rmtree(FOLDER, ignore_errors=True)  # what is known of older tests would choose the wrong ones
    FOLDER.mkdir()
    with LOG.open("wb") as log:  # it shows its progress in megabytes
        done = subprocess.run(
            [sys.executable, "-m", "mutmut", "run", *sys.argv[1:]],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
        )
    if done.returncode:
        sys.exit(f"mutmut did not run to its end: see {LOG}")
    subprocess.run([sys.executable, "-m", "mutmut", "export-cicd-stats"], stdout=subprocess.DEVNULL, check=True)
    stats = json.loads(STATS.read_text())
    tried = sum(stats[end] for end in ENDS)
    share = stats["killed"] / max(tried, 1)
    print(f"{stats['killed']} of {tried} changes were noticed: {share:.1%}; {NEEDED:.0%} are needed.")
    print(", ".join(f"{end.replace('_', ' ')}: {stats[end]}" for end in ENDS))
    sys.exit(share < NEEDED)


if __name__ == "__main__":
    main()
