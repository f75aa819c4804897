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

from cuebook import canonical, wire

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
_HASH_BYTES = len(f',"hash":"{GENESIS}"')
# What is no entry never fits: the check stops there and says where.
_UNREADABLE: Mapping[str, Any] = MappingProxyType({"seq": "(unreadable)"})


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
    return hashlib.sha256(canonical.dumps({k: v for k, v in entry.items() if k != "hash"})).hexdigest()


def verify(
    entries: Iterable[Mapping[str, Any]], *, previous: str = GENESIS, first: int = 1, vouched: Mapping[int, str] = _NOTHING
) -> Verification:
    """Check a chain from ``first`` on; stops at the first entry that was changed, moved, inserted or left out.

    ``vouched``: by number, the hash that a checkpoint says stands there; a chain that ends before one of them was cut.
    """
    found = follow(((entry, _hash(entry)) for entry in entries), previous=previous, first=first, vouched=vouched)
    return vouched_for(found, vouched, first)


def follow(
    entries: Iterable[tuple[Mapping[str, Any], str]], *, previous: str, first: int, vouched: Mapping[int, str]
) -> Verification:
    """Check entries, each with the hash it must carry (``""``: it can have none), as far as they go."""
    count, expected = 0, first
    for entry, computed in entries:
        problem = _problem(entry, computed, expected, previous)
        if not problem and vouched.get(expected, computed) != computed:
            problem = "a checkpoint vouches for another: the chain was written anew"
        if problem:
            return Verification(count, previous, expected, problem)
        previous, expected, count = computed, expected + 1, count + 1
    return Verification(count, previous)


def vouched_for(found: Verification, vouched: Mapping[int, str], first: int = 1) -> Verification:
    """What was found, unless the chain ends before an entry that a checkpoint vouches for."""
    ended = first + found.entries
    if found.intact and (beyond := [seq for seq in vouched if seq >= ended]):
        problem = f"a checkpoint vouches for {max(beyond)} entries: the chain was cut"
        return Verification(found.entries, found.head, ended, problem)
    return found


def read_line(line: bytes) -> tuple[Mapping[str, Any], str]:
    """A line of an export as an entry, with the hash it must carry."""
    if quick := _read_as_written(line):
        return quick
    try:
        entry = wire.loads(line)
    except wire.WireError:
        entry = None
    return (entry, _hash(entry)) if isinstance(entry, dict) else (_UNREADABLE, "")


def _read_as_written(line: bytes) -> tuple[Mapping[str, Any], str] | None:
    """An entry that is intact and written without a byte too many; ``None`` for any other, which is then read strictly.

    No text of a plain value is shorter than its canonical one, in whatever order its members stand. So a line of that length
    holds no member twice, and nothing else that a strict reader would refuse or read differently.
    """
    try:
        entry = canonical.read_quickly(line)
        said = entry.pop("hash")
        body = canonical.plain_bytes(entry)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if body is None or len(body) + _HASH_BYTES != len(line.removesuffix(b"\n")) or said != hashlib.sha256(body).hexdigest():
        return None
    entry["hash"] = said
    return entry, said


def _hash(entry: Mapping[str, Any]) -> str:
    try:
        return entry_hash(entry)
    except (ValueError, RecursionError):
        return ""


def _problem(entry: Mapping[str, Any], computed: str, expected: int, previous: str) -> str:
    if entry.get("seq") != expected:
        return f"expected entry {expected}, found {entry.get('seq')!r}"
    if entry.get("prev") != previous:
        return "it does not continue the entry before it"
    if not computed:
        return "it is not canonical JSON"
    return "" if computed == entry.get("hash") else "its content was changed"


def csv_line(cells: Iterable[object]) -> str:
    """A line of CSV (RFC 4180) in which no cell is a formula: one that would be begins with an apostrophe."""
    out = io.StringIO()
    texts = ["" if cell is None else str(cell) for cell in cells]
    safe = ["'" + text if text.startswith(_FORMULA) else text for text in texts]
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(safe)
    return out.getvalue()
