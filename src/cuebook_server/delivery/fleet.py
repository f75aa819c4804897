"""What a node hears of the clients it serves: noted in memory by snapshot and event requests, written down a moment later."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cuebook_server.delivery.request import Headers
from cuebook_server.domain.fleet import INSTANCES_MAX, About, Instance, Order, merged, read_about, read_applied, seen

# An instance of which there is nothing new but that it lives is written this seldom: well within the time it counts as live.
ALIVE_EVERY = timedelta(seconds=45)
# The database remembers for a day; this only has to tell what is new.
HELD_FOR = timedelta(minutes=10)
_NOTHING: Order = (-1, -1)


class _Known:
    """An instance, what this node last gave it, how many streams it has here, and when that it lives was last to be written."""

    __slots__ = ("given", "instance", "streams", "told_at")

    def __init__(self, instance: Instance, given: Order | None) -> None:
        self.instance, self.given, self.told_at = instance, given, instance.seen_at
        self.streams = 0


class Fleet:
    """The instances this process has heard of: of each key the last ones, so that no key pushes out another's.

    Written to by the event loop, emptied by a thread.
    """

    def __init__(self, *, of_key_max: int = INSTANCES_MAX, most: int = 100_000, clock: Callable[[], float] = time.time) -> None:
        self._of_key_max, self._most, self._clock = of_key_max, most, clock
        self._known: dict[str, OrderedDict[str, _Known]] = {}
        self._count = 0
        self._news: dict[tuple[str, str], Instance] = {}
        self._lock = threading.Lock()

    def hear(self, selector: str, headers: Headers, given: Order | None = None) -> None:
        """Note what a request's headers say of who sends it, and which revision the answer gives it."""
        about, applied = _read(headers)
        if about is None:
            return
        now = datetime.fromtimestamp(self._clock(), UTC)
        with self._lock:
            mine = self._known.setdefault(selector, OrderedDict())
            known = mine.get(about.instance)
            holds = _holds(known, applied, given)
            instance = seen(known.instance if known else None, selector, about, holds, now)
            if known is None:
                if not self._make_room(mine):
                    return
                mine[about.instance] = known = _Known(instance, given)
                self._count += 1
                is_news = True
            else:
                said, before = (holds, about, False), known.instance
                is_news = said != (before.order, before.about, before.left) or now - known.told_at >= ALIVE_EVERY
                known.instance, known.given = instance, given or known.given
                mine.move_to_end(about.instance)
            if is_news:
                self._note(known)

    def come(self, selector: str, headers: Headers) -> None:
        """Note who opens a stream."""
        self.hear(selector, headers)
        with self._lock:
            if known := self._find(selector, headers):
                known.streams += 1

    def go(self, selector: str, headers: Headers, *, away: bool) -> None:
        """Note whose stream ended. ``away``: it was not sent away, and has most likely ended if it has no other one here."""
        with self._lock:
            if (known := self._find(selector, headers)) is None:
                return
            known.streams -= 1
            if away and known.streams <= 0:
                known.instance = replace(known.instance, seen_at=datetime.fromtimestamp(self._clock(), UTC), left=True)
                self._note(known)

    def _find(self, selector: str, headers: Headers) -> _Known | None:
        about, _ = _read(headers)
        return self._known[selector].get(about.instance) if about and selector in self._known else None

    def _note(self, known: _Known) -> None:
        if len(self._news) < self._most:
            known.told_at = known.instance.seen_at
            self._news[known.instance.selector, known.instance.about.instance] = known.instance

    def take(self) -> list[Instance]:
        """What is new since the previous call."""
        with self._lock:
            news, self._news = self._news, {}
        return list(news.values())

    def keep(self, instances: Iterable[Instance]) -> None:
        """Take what a relay heard, or back what could not be written down, joined with what came meanwhile."""
        with self._lock:
            for instance in instances:
                which = instance.selector, instance.about.instance
                if which in self._news or len(self._news) < self._most:
                    self._news[which] = merged(self._news.get(which, instance), instance)

    def flush(self, write: Callable[[Sequence[Instance]], None]) -> None:
        """Write down what is new. Raises what ``write`` raises; then it is tried again with what comes until the next call."""
        self.tidy()
        if news := self.take():
            try:
                write(news)
            except Exception:
                self.keep(news)
                raise

    def count(self, orders: Mapping[str, Order]) -> dict[str, tuple[int, int]]:
        """Of each of these keys: how many instances live that hold what its environment serves, and how many that do not."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        with self._lock:
            live = [
                (selector, known.instance.runs(orders[selector]))
                for selector, mine in self._known.items()
                if selector in orders
                for known in mine.values()
                if known.instance.is_live(now)
            ]
        counted = Counter(live)
        return {selector: (counted[selector, True], counted[selector, False]) for selector, _ in live}

    def _forget(self, before: datetime) -> None:
        for mine in self._known.values():
            while mine and next(iter(mine.values())).instance.seen_at < before:
                mine.popitem(last=False)
                self._count -= 1

    def tidy(self) -> None:
        """Let go of who was not heard of for ten minutes, and of what could not be written for as long."""
        before = datetime.fromtimestamp(self._clock(), UTC) - HELD_FOR
        with self._lock:
            self._forget(before)
            self._news = {which: instance for which, instance in self._news.items() if instance.seen_at >= before}

    def _make_room(self, mine: OrderedDict[str, _Known]) -> bool:
        """Whether there is room for one more of a key: its own least recent makes place, never another key's."""
        if len(mine) < self._of_key_max and self._count < self._most:
            return True
        if mine:
            mine.popitem(last=False)
            self._count -= 1
            return True
        return False


def _read(headers: Headers) -> tuple[About | None, Order | None]:
    about = applied = None
    for name, value in headers:
        if name == b"cuebook-client":
            about = read_about(value)
        elif name == b"cuebook-applied":
            applied = read_applied(value)
    return about, applied


def _holds(known: _Known | None, applied: Order | None, given: Order | None) -> Order | None:
    """What an instance holds: what it is given now, unless it has something newer or did not take that when it was given it."""
    if given is None or (applied or _NOTHING) >= given:
        return applied
    if known is not None and known.given == given:
        return applied
    return given
