"""The faults that Cuebook is tried with: what happens to it, and what is expected then. One row each, none forgotten.

A test that proves a row says so: ``@pytest.mark.fault("C-07")``. With ``only=True`` it is run by ``make faults`` alone. What it
measured or met it hands to the fixture ``seen``. A row without a test says in ``why_not`` what this machine lacks for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Row:
    """One fault."""

    id: str
    fault: str
    expected: str
    why_not: str = ""


ROWS = (
    Row(
        "C-01",
        "the process is killed while it writes",
        "nothing confirmed is lost, nothing is half done, each change has its entry",
    ),
    Row(
        "C-02", "power fails", "everything confirmed is on the disk, and the chain holds; with PRAGMA synchronous=OFF it is not"
    ),
    Row("C-03", "a SQLite that can lose a page", "one older than 3.51.3 is never used"),
    Row("C-04", "the disk is full", "changes 507 `storage_full`, reads 200, well again without a restart"),
    Row("C-05", "the disk takes no writes", "it starts; changes 503 `read_only`, reads 200"),
    Row(
        "C-06",
        "writing or fsync fails",
        "the change is refused with 503, reads 200; nothing confirmed is lost, nothing is half done",
    ),
    Row(
        "C-07",
        "bits flip in the database",
        "what is served fits its digest; a damaged version is refused, the others are served",
    ),
    Row("C-08", "the disk vanishes", "reads 200, changes 503; nothing confirmed is lost"),
    Row(
        "C-09",
        "PostgreSQL crashes and comes back",
        "reads 200 throughout; no false confirmation; well again by itself, same epoch",
    ),
    Row(
        "C-10",
        "PostgreSQL fails over and lacks commits",
        "a new epoch begins; every client leaves what was lost; no number for two contents; with a synchronous standby nothing"
        " confirmed is lost, and an unconfirmed change is said to be of unknown outcome after 10 s",
    ),
    Row(
        "C-11",
        "the connection that hears of changes is cut",
        "it listens again and reads everything anew; no release is missed",
    ),
    Row("C-12", "that connection falls silent", "noticed within 10 s, and releases are heard of again"),
    Row("C-13", "a clock is wrong", "order comes from revisions, not from time; a wrong clock is named"),
    Row("C-14", "thousands of half-sent requests", "heads closed within 10 s, bodies within 30 s, nobody else is refused"),
    Row(
        "C-15",
        "ten thousand event streams",
        "all are served; a release reaches 99 % of them within 2 s; all may come back at once",
    ),
    Row("C-16", "a stream that nobody reads", "it holds the newest event only, and is dropped when nothing moves"),
    Row(
        "C-17",
        "no registry when an application starts",
        "memory, disk copy, bundle, fallback; else a typed error in time; never blank",
    ),
    Row(
        "C-18",
        "a node is cut off from its database",
        "it serves and says how old; changes are refused in time; it catches up by itself",
    ),
    Row("C-19", "an application forks", "children serve at once and hear of releases themselves; the parent is untouched"),
    Row("C-20", "memory runs out", "the kernel ends the process; nothing confirmed is lost; the next start is well"),
    Row(
        "C-21", "SIGTERM in the middle of a deploy", "streams are told, requests are finished, nobody behind a balancer notices"
    ),
    Row("C-22", "no file can be opened any more", "who cannot be served is told so; well again by itself"),
    Row("C-23", "names do not resolve, or lead elsewhere now", "the client serves on, and finds the new address by itself"),
    Row("C-24", "30 % of packets lost, 1 Mbit/s", "reads from memory are untouched; a release arrives all the same"),
    Row("C-25", "two servers in one data folder", "the second one is refused"),
    Row("C-26", "the database hangs", "reads 200 without delay; changes are refused within 10 s; well again by itself"),
    Row("C-27", "an endpoint for webhooks hangs", "given up in time; nobody else waits for it"),
    Row("C-28", "a migration is interrupted", "the schema is the old one or the new one, and the next start finishes"),
    Row("C-29", "an older backup is put back", "a new epoch begins; clients follow the restored past"),
    Row(
        "C-30",
        "the signing key is lost, replaced or has expired",
        "it is told; clients keep what they verified and refuse the rest",
    ),
)
IDS = tuple(row.id for row in ROWS)


@cache
def proofs() -> dict[str, list[Path]]:
    """The files of tests that are marked with each row, in order."""
    found: dict[str, list[Path]] = {row: [] for row in IDS}
    for path in sorted(TESTS.rglob("test_*.py")):
        marks = " ".join(re.findall(r"pytest\.mark\.fault\(([^)]*)\)", path.read_text(encoding="utf-8")))
        for row in sorted(set(re.findall(r'"(C-\d+)"', marks))):
            found.setdefault(row, []).append(path)
    return found
