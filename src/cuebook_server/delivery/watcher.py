"""The thread that keeps a board current: it listens for hints, reads the heads after each, and survives whatever fails."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Literal

from cuebook_server.delivery.board import STALE_AFTER_S, Board
from cuebook_server.services.ports import SnapshotSource

log = logging.getLogger(__name__)
State = Literal["starting", "ready", "stale"]  # a node that stops is `draining`, whatever its board holds
# Not more than a second: where hints fail for good (a standby refuses LISTEN), this pause is the poll.
BACK_OFF_S = (0.1, 1.0)


class Watcher:
    """Start it once, stop it once. The board is first filled by the thread, so `start` never waits for the database."""

    def __init__(
        self,
        board: Board,
        source: SnapshotSource,
        *,
        back_off_s: tuple[float, float] = BACK_OFF_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._board, self._source = board, source
        self._back_off_s, self._clock = back_off_s, clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cuebook-watcher", daemon=True)

    @property
    def state(self) -> State:
        """``starting`` until there is something to serve; ``stale`` when the source was last confirmed over 5 s ago."""
        if not self._board.loaded:
            return "starting"
        current = self._board.confirmed and self._clock() - self._board.as_of < STALE_AFTER_S
        return "ready" if current and self._thread.is_alive() else "stale"

    @property
    def dead(self) -> bool:
        """Whether the thread has ended without being told to: this node hears of nothing any more."""
        return self._thread.ident is not None and not self._thread.is_alive() and not self._stopping.is_set()

    def start(self) -> None:
        """Begin watching."""
        self._thread.start()

    async def begun(self, timeout_s: float) -> None:
        """Wait until there is something to serve, for ``timeout_s`` at most."""
        deadline = time.monotonic() + timeout_s
        while not self._board.loaded and time.monotonic() < deadline:  # noqa: ASYNC110 - the thread that loads knows no loop
            await asyncio.sleep(0.01)

    def stop(self, timeout_s: float = 5.0) -> None:
        """End watching. Returns after ``timeout_s`` at most, even when the source hangs."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            if self._watch():
                failures = 0
            failures += 1
            self._stopping.wait(self._pause_s(failures))

    def _watch(self) -> bool:
        """Follow one series of hints to its end; whether at least one refresh succeeded."""
        succeeded = False
        try:
            if not self._board.refresh_now():
                return False
            for _ in self._source.hints():
                if self._stopping.is_set() or not self._board.refresh_now():
                    return succeeded
                succeeded = True
        except Exception as error:  # noqa: BLE001 - a watcher that dies leaves a node stale for ever
            log.warning("the source's hints ended: %s", error)
        return succeeded

    def _pause_s(self, failures: int) -> float:
        least, most = self._back_off_s
        return min(most, least * 2.0 ** min(failures, 16)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
