"""Long work on the event loop in small portions, with a pause after each: in two of three moments it is free for others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from itertools import islice

PORTION = 32
PAUSE_S = 0.001


class Portions:
    """Works through iterators, 32 steps of one and then of the next. A step is a write to a client: some 15 microseconds.

    Without the pauses a fan-out to ten thousand holds the loop and a processor for 0.2 s, again and again while many promote;
    with them it takes 0.6 s, and who asks for a prompt meanwhile waits for one portion at most.
    """

    def __init__(self) -> None:
        self._works: deque[Iterator[None]] = deque()
        self._going = False

    def begin(self, work: Iterator[None]) -> None:
        """Start on a work; call it from the event loop."""
        self._works.append(work)
        if not self._going:
            self._going = True
            asyncio.get_running_loop().call_soon(self._step)

    def _step(self) -> None:
        work = self._works.popleft()
        try:
            if sum(1 for _ in islice(work, PORTION)) == PORTION:
                self._works.append(work)
        finally:  # a work that fails ends, and the others go on
            self._going = bool(self._works)
            if self._going:
                asyncio.get_running_loop().call_later(PAUSE_S, self._step)
