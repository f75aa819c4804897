"""``make bench``: runs every measurement of this folder, prints it and keeps it in docs/reference/performance.md.

A measurement is a module with ``run() -> list[Row]``, and has a part of that page. Name modules to run only those. Those that
install other systems run only when they are named.
"""

from __future__ import annotations

import importlib
import math
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.rows import Row
from tools.pages import fill, table

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs/reference/performance.md"
ON_REQUEST = {"peers"}
HEAD = ("measured", "value", "ratio", "target", "")


def measurements() -> list[str]:
    """The names of the modules that measure something."""
    return sorted(
        path.stem for path in HERE.glob("*.py") if "def run(" in path.read_text(encoding="utf-8") and path.stem[0] != "_"
    )


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table."""
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    sign = "≥" if row.bound == "least" else "≤"
    unit = f" {row.unit}" if row.ratio is None and row.unit else ""
    target = "" if row.target is None else f"{sign} {row.target:g}{unit}"
    verdict = {True: "reached", False: "**missed**", None: ""}[row.reached]
    value = "" if math.isnan(row.value) else f"{row.value:,.{_places(row.value)}f} {row.unit}".strip()
    return (row.name, value, ratio, target, verdict)


def machine(load: float) -> str:
    """What kind of machine measured, when, and how busy it was before; never whose."""
    cores = len(os.sched_getaffinity(0))
    when = datetime.now(UTC).date().isoformat()
    what = f"{cores} cores ({platform.machine()}), {platform.system()}, Python {platform.python_version()}"
    return f"{when}, {what}; {load:.1f} other processes wanted to run when it began."


def main(names: Sequence[str]) -> int:
    """Run the measurements, all or the named ones; 1 when a target was missed."""
    unknown = set(names) - set(measurements())
    if unknown:
        print(f"There is no measurement {', '.join(sorted(unknown))}; there are: {', '.join(measurements())}", file=sys.stderr)
        return 2
    missed = False
    for name in names or [each for each in measurements() if each not in ON_REQUEST]:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        load = os.getloadavg()[0]
        rows = [Row(*row) for row in importlib.import_module(f"bench.{name}").run()]
        print(_aligned([HEAD, *map(cells, rows)]), flush=True)
        fill(PAGE, f"measured-{name}", f"{machine(load)}\n\n{table(HEAD, [cells(row) for row in rows])}")
        missed |= any(row.reached is False for row in rows)
    return int(missed)


def _places(value: float) -> int:
    return 0 if abs(value) >= 100 or value == int(value) else 2 if abs(value) >= 1 else 4


def _aligned(lines: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
