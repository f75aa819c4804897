"""The fleet: the running clients of an environment, what each of them holds, and how long a release took to reach them.

An instance is one client in one process. It says of itself what it is and what it holds, on the requests it sends anyway; what
it says is shown and counted, and decides nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# A client that hears of changes by a stream asks once a minute (72 seconds at most): two of these may be lost.
LIVE_FOR = timedelta(seconds=180)
# One whose stream breaks while it runs opens another within a second, and asks meanwhile.
LEFT_FOR = timedelta(seconds=20)
FORGOTTEN_AFTER = timedelta(hours=24)
ARRIVALS_MAX = 8
INSTANCES_MAX = 20_000  # of one key in a node's memory, and of one environment in an answer
CURVE_POINTS_MAX = 60
WAITING_MAX = 20
_CLIENT = re.compile(rb"([a-z]{1,16}/[0-9A-Za-z.+-]{1,32}) ([0-9A-Za-z_-]{1,32}) (network|disk|bundle|fallback|none)")
_APPLIED = re.compile(rb"([0-9]{1,9}):([0-9]{1,9})")

Order = tuple[int, int]  # (epoch, revision)


@dataclass(frozen=True, slots=True)
class About:
    """What a client says of itself: its SDK and version, its name (it means nothing elsewhere), the source of what it holds."""

    sdk: str
    instance: str
    source: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A revision, and when an instance was first known to hold it."""

    order: Order
    at: datetime


@dataclass(frozen=True, slots=True)
class Instance:
    """One client, as far as it was heard of.

    order: what it holds, ``None``: nothing. arrivals: when it came to hold its last revisions, the newest last. left: the last
    thing heard of it was that it ended its stream. key: the name of the key it uses, where that was looked up.
    """

    selector: str
    about: About
    order: Order | None
    arrivals: tuple[Arrival, ...]
    first_seen: datetime
    seen_at: datetime
    left: bool = False
    key: str = ""

    def runs(self, order: Order) -> bool:
        """Whether it holds a revision or a later one."""
        return self.order is not None and self.order >= order

    def is_live(self, now: datetime) -> bool:
        """Whether it was heard of lately enough to be running still."""
        return now - self.seen_at < (LEFT_FOR if self.left else LIVE_FOR)

    def reached(self, order: Order) -> datetime | None:
        """When it came to hold a revision, or a later one; ``None``: it has not, or that is too long ago to be known."""
        if not self.runs(order) or (len(self.arrivals) >= ARRIVALS_MAX and self.arrivals[0].order > order):
            return None
        return min((arrival.at for arrival in self.arrivals if arrival.order >= order), default=None)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a revision has come among the instances that live.

    running: those that hold it, or a later one. timed: those that were there when it was applied, and so could be timed.
    within_ms: after how long 50, 99 and 100 per cent of the timed ones held it (``None``: not yet). curve: (milliseconds,
    how many by then), a few points of it. waiting: some that do not hold it, the ones heard of last first.
    """

    live: int
    running: int
    timed: int
    within_ms: dict[int, int | None]
    curve: tuple[tuple[int, int], ...]
    waiting: tuple[Instance, ...]


def read_about(header: bytes) -> About | None:
    """What ``Cuebook-Client`` says; ``None`` for anything that does not have its form."""
    found = _CLIENT.fullmatch(header)
    return About(*(part.decode("ascii") for part in found.groups())) if found else None


def read_applied(header: bytes) -> Order | None:
    """What ``Cuebook-Applied`` says; ``None`` for anything that does not have its form."""
    found = _APPLIED.fullmatch(header)
    return (int(found[1]), int(found[2])) if found else None


def seen(before: Instance | None, selector: str, about: About, order: Order | None, now: datetime) -> Instance:
    """An instance after it was heard of once more."""
    if before is None:
        arrivals = () if order is None else (Arrival(order, now),)
        return Instance(selector, about, order, arrivals, now, now)
    if order == before.order:
        return replace(before, about=about, seen_at=now, left=False)
    # One that went back, or that did not take what it was given, has not reached what it does not hold.
    kept = [arrival for arrival in before.arrivals if order is not None and arrival.order < order]
    arrivals = (*kept, *(() if order is None else (Arrival(order, now),)))
    return replace(before, about=about, order=order, arrivals=arrivals[-ARRIVALS_MAX:], seen_at=now, left=False)


def merged(one: Instance, other: Instance) -> Instance:
    """What two nodes know of the same instance, as one: the later word counts, and every arrival at its earliest."""
    late, early = (one, other) if one.seen_at >= other.seen_at else (other, one)
    times: dict[Order, datetime] = {}
    for arrival in (*late.arrivals, *early.arrivals):
        times[arrival.order] = min(arrival.at, times.get(arrival.order, arrival.at))
    arrivals = tuple(Arrival(order, at) for order, at in sorted(times.items()))[-ARRIVALS_MAX:]
    return replace(late, arrivals=arrivals, first_seen=min(one.first_seen, other.first_seen))


def progress(instances: Iterable[Instance], order: Order, applied_at: datetime, now: datetime) -> Progress:
    """How far a revision has come that was applied then."""
    live = [instance for instance in instances if instance.is_live(now)]
    timed = [instance for instance in live if instance.first_seen <= applied_at]
    took = sorted(_ms(at - applied_at) for instance in timed if (at := instance.reached(order)) is not None)
    waiting = sorted((each for each in live if not each.runs(order)), key=lambda each: each.seen_at, reverse=True)
    return Progress(
        live=len(live),
        running=sum(instance.runs(order) for instance in live),
        timed=len(timed),
        within_ms={percent: _within(took, percent, len(timed)) for percent in (50, 99, 100)},
        curve=_curve(took),
        waiting=tuple(waiting[:WAITING_MAX]),
    )


def _within(took: Sequence[int], percent: int, of: int) -> int | None:
    """By nearest rank: how long until so many of all held it."""
    rank = math.ceil(of * percent / 100)
    return took[rank - 1] if 0 < rank <= len(took) else None


def _curve(took: Sequence[int]) -> tuple[tuple[int, int], ...]:
    count = len(took)
    steps = min(count, CURVE_POINTS_MAX)
    ranks = sorted({math.ceil(count * step / steps) for step in range(1, steps + 1)})
    return tuple((took[rank - 1], rank) for rank in ranks)


def _ms(span: timedelta) -> int:
    # Two clocks: the database's or another node's, and that of the node that heard of the instance.
    return max(0, round(span.total_seconds() * 1000))
