"""Long work on the event loop in small portions, between which it answers others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from itertools import islice

PORTION = 32


class Portions:
    """Works through iterators, 32 steps of one and then of the next. A step is a write to a client: some 10 microseconds."""

    def __init__(self) -> None:
        self._works: deque[Iterator[None]] = deque()
        self._going = False

    def begin(self, work: Iterator[None]) -> None:
        """Start on a work; call it from the event loop."""
        self._works.append(work)
        self._go_on()

    def _go_on(self) -> None:
        if self._works and not self._going:
            self._going = True
            asyncio.get_running_loop().call_soon(self._step)

    def _step(self) -> None:
        work = self._works.popleft()
        self._going = False
        try:
            if sum(1 for _ in islice(work, PORTION)) == PORTION:
                self._works.append(work)
        finally:  # a work that fails ends, and the others go on
            self._go_on()
