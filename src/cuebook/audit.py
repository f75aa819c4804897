"""The audit chain, checked anywhere: each entry carries the hash of the one before.

An entry's hash is SHA-256 over its RFC 8785 canonical JSON without the member ``hash``. Pure; needs no server.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import rfc8785

GENESIS = "0" * 64
# The columns of an export for spreadsheets; what was before and after stands in the JSON lines only.
CSV_COLUMNS = (
    "seq",
    "at",
    "principal",
    "credential",
    "source",
    "action",
    "target",
    "environment",
    "revision",
    "reason",
    "hash",
)
# What a spreadsheet takes for a formula when a cell begins with it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NOTHING: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check found. ``broken_at`` is the first sequence number that does not fit, ``head`` the last good hash."""

    entries: int
    head: str
    broken_at: int | None = None
    problem: str = ""

    @property
    def intact(self) -> bool:
        """Whether every entry fits."""
        return self.broken_at is None


def entry_hash(entry: Mapping[str, Any]) -> str:
    """The hash an entry must carry, in hex."""
    return hashlib.sha256(rfc8785.dumps({k: v for k, v in entry.items() if k != "hash"})).hexdigest()


def verify(
    entries: Iterable[Mapping[str, Any]], *, previous: str = GENESIS, first: int = 1, vouched: Mapping[int, str] = _NOTHING
) -> Verification:
    """Check a chain from ``first`` on; stops at the first entry that was changed, moved, inserted or left out.

    ``vouched``: by number, the hash that a checkpoint says stands there; a chain that ends before one of them was cut.
    """
    count, expected = 0, first
    for entry in entries:
        problem = _problem(entry, expected, previous)
        if not problem and vouched.get(expected, entry["hash"]) != entry["hash"]:
            problem = "a checkpoint vouches for another: the chain was written anew"
        if problem:
            return Verification(count, previous, expected, problem)
        previous, expected, count = str(entry["hash"]), expected + 1, count + 1
    if beyond := [seq for seq in vouched if seq >= expected]:
        return Verification(count, previous, expected, f"a checkpoint vouches for {max(beyond)} entries: the chain was cut")
    return Verification(count, previous)


def _problem(entry: Mapping[str, Any], expected: int, previous: str) -> str:
    if entry.get("seq") != expected:
        return f"expected entry {expected}, found {entry.get('seq')!r}"
    if entry.get("prev") != previous:
        return "it does not continue the entry before it"
    try:
        computed = entry_hash(entry)
    except (rfc8785.CanonicalizationError, ValueError):
        return "it is not canonical JSON"
    return "" if computed == entry.get("hash") else "its content was changed"


def csv_line(cells: Iterable[object]) -> str:
    """A line of CSV (RFC 4180) in which no cell is a formula: one that would be begins with an apostrophe."""
    out = io.StringIO()
    texts = ["" if cell is None else str(cell) for cell in cells]
    safe = ["'" + text if text.startswith(_FORMULA) else text for text in texts]
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(safe)
    return out.getvalue()
