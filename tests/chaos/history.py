"""What happened, as clients and promoters wrote it down, and the promises held against it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

# Whatever fails, polling under the stream mends: once a minute and a fifth, and a request or two that end in a timeout.
STALE_S_MAX = 90.0
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Read:
    """What a client read at once: of which revisions the prompts were, and which generations their texts name."""

    client: str
    at: float
    revisions: tuple[int, ...]
    generations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """A read that raised, though the client had read before."""

    client: str
    at: float
    error: str


@dataclass(frozen=True, slots=True)
class Released:
    """A release of a generation that was acknowledged: which revision it made."""

    at: float
    revision: int
    generation: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A node other than the promoter's was asked for that revision; ``got`` is what it gave, ``None``: it said "not yet"."""

    at: float
    revision: int
    got: int | None


Entry: TypeAlias = Read | Failed | Released | Asked
KINDS: Mapping[str, Callable[..., Entry]] = {kind.__name__: kind for kind in (Read, Failed, Released, Asked)}


def entry(line: Mapping[str, Any]) -> Entry:
    """One line of a recorded history, ``{"what": "Read", ...}``."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in line.items() if name != "what"}
    return KINDS[line["what"]](**values)


def broken(history: Sequence[Entry], stale_s_max: float = STALE_S_MAX) -> list[str]:
    """Every promise that was broken, a sentence each; of many of a kind the first few."""
    reads = sorted((each for each in history if isinstance(each, Read)), key=lambda read: read.at)
    released = [each for each in history if isinstance(each, Released)]
    checks = (
        _atomic(reads),
        _one_content(reads, released),
        _monotonic(reads),
        _fresh(reads, released, stale_s_max),
        _own_writes(each for each in history if isinstance(each, Asked)),
        (f"availability: {each.client} could not read: {each.error}" for each in history if isinstance(each, Failed)),
    )
    return [sentence for check in checks for sentence in list(check)[:_SHOWN]]


def delays(history: Sequence[Entry]) -> list[float]:
    """How long each acknowledged release took to each client that read it or a later one, in seconds, sorted."""
    reads = sorted((each for each in history if isinstance(each, Read)), key=lambda read: read.at)
    released = sorted((each for each in history if isinstance(each, Released)), key=lambda each: each.revision)
    found = []
    for mine in _by_client(reads).values():
        position = 0
        for release in released:
            while position < len(mine) and max(mine[position].revisions) < release.revision:
                position += 1
            if position == len(mine):
                break
            found.append(max(0.0, mine[position].at - release.at))
    return sorted(found)


def _atomic(reads: Iterable[Read]) -> Iterator[str]:
    for read in reads:
        if len(set(read.generations)) > 1 or len(set(read.revisions)) > 1:
            yield f"atomic releases: {read.client} read generations {read.generations} of revisions {read.revisions} at once"


def _one_content(reads: Iterable[Read], released: Iterable[Released]) -> Iterator[str]:
    known = {each.revision: each.generation for each in released}
    for read in reads:
        revision, generation = read.revisions[0], read.generations[0]
        mixed = len(read.revisions) + len(read.generations) > 2  # another check tells of these
        if not mixed and known.setdefault(revision, generation) != generation:
            yield f"one content: revision {revision} was generation {known[revision]} and, to {read.client}, {generation}"


def _monotonic(reads: Iterable[Read]) -> Iterator[str]:
    for client, mine in _by_client(reads).items():
        for before, after in pairwise(mine):
            if max(after.revisions) < max(before.revisions):
                yield f"monotonic reads: {client} went back from revision {max(before.revisions)} to {max(after.revisions)}"


def _fresh(reads: Iterable[Read], released: Sequence[Released], stale_s_max: float) -> Iterator[str]:
    for read in reads:
        due = max((each.revision for each in released if each.at <= read.at - stale_s_max), default=0)
        if max(read.revisions) < due:
            yield (
                f"bounded staleness: {read.client} read revision {max(read.revisions)} "
                f"{stale_s_max:g} seconds after {due} was confirmed"
            )


def _own_writes(asked: Iterable[Asked]) -> Iterator[str]:
    for each in asked:
        if each.got is not None and each.got < each.revision:
            yield f"read your writes: asked for revision {each.revision}, another node answered with {each.got}"


def _by_client(reads: Iterable[Read]) -> Mapping[str, list[Read]]:
    found: defaultdict[str, list[Read]] = defaultdict(list)
    for read in reads:
        found[read.client].append(read)
    return found
