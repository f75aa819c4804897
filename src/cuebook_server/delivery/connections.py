"""What open connections owe: the head of a request within 10 s, its body within 30 s. And how many there may be."""

from __future__ import annotations

import asyncio
import resource
import time
from itertools import takewhile
from pathlib import Path
from typing import Literal, Protocol

from cuebook_server.delivery.counters import Counters

Part = Literal["head", "body"]
_LOOK_EVERY_S = 0.5
PATIENCE_S: dict[Part, float] = {"head": 9.0, "body": 29.0}  # so that 10 and 30 are kept, looking this often
HEAD_BYTES_MAX = 64 * 1024
# Who brings this much of a body in its time gets as much time again: that is a slow line, nobody who just holds a connection.
BODY_BYTES_LEAST = 32 * 1024
_SPARE_FILES = 16  # kept free at least, for the database and the disk


class Connection(Protocol):
    """A connection as seen from here. ``brought``: the bytes that came of the part it owes, since they were last counted."""

    brought: int

    def give_up(self) -> None:
        """Close: it was given its time."""


class Connections:
    """The connections of one server process, and those among them that wait for the rest of a request.

    A request that arrives in one piece costs nothing here. Every wait of one kind is equally long, so who waits longest stands
    first in its line, and one timer does for all. Used from one event loop.
    """

    def __init__(self, counters: Counters | None = None) -> None:
        self.counters = counters or Counters()
        self.open = 0
        self.most: int | None = None
        self.draining = False
        self._owing: dict[Part, dict[Connection, float]] = {"head": {}, "body": {}}
        self._timer: asyncio.TimerHandle | None = None

    def fit_to_files(self) -> int:
        """Allow as many connections as this process may still open files; how many that are.

        It must never run out: an event loop that cannot accept a connection may close its listening socket for good.
        """
        allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.most = max(1, allowed - _open_files() - max(_SPARE_FILES, min(allowed // 8, 1_024)))
        return self.most

    def enter(self, connection: Connection) -> bool:
        """A connection was made; ``False`` when there is no room for it."""
        self.open += 1
        if self.most is not None and self.open > self.most:
            self.counters.refused["connections"] += 1
            return False
        self.owes(connection, "head")
        return True

    def leave(self, connection: Connection) -> None:
        """A connection ended."""
        self.open -= 1
        self.owes(connection, None)

    def owes(self, connection: Connection, part: Part | None) -> None:
        """From now on the connection owes this part of a request, or (``None``) nothing."""
        for waiting in self._owing.values():
            waiting.pop(connection, None)
        if part is not None:
            connection.brought = 0
            self._owing[part][connection] = time.monotonic() + PATIENCE_S[part]
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(_LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        now = time.monotonic()
        for part, waiting in self._owing.items():
            for connection, _ in list(takewhile(lambda one: one[1] <= now, waiting.items())):
                if part == "body" and connection.brought >= BODY_BYTES_LEAST:
                    self.owes(connection, part)
                    continue
                self.owes(connection, None)
                self.counters.late_requests += 1
                connection.give_up()
        somebody = any(self._owing.values())
        self._timer = asyncio.get_running_loop().call_later(_LOOK_EVERY_S, self._look) if somebody else None


def _open_files() -> int:
    try:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())
    except OSError:
        return 64  # not Linux: about what a node opens
