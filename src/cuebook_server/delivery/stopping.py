"""A node that is told to stop first leaves in good order: nobody new, everybody told, and time for balancers to notice."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cuebook_server.delivery.app import Delivery

SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LOOK_EVERY_S = 0.05


@contextmanager
def draining(delivery: Delivery, drain_s: float) -> Iterator[None]:
    """Drain when a signal to stop comes, then pass it on to whoever handled it before: uvicorn, which ends the server.

    Only the main thread hears signals; a server in another one is stopped by whoever started it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    stop = _Stop(delivery, drain_s)
    before = {number: signal.signal(number, stop) for number in SIGNALS}
    stop.before = before
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Stop:
    """The handler of the signals. The second one in a row is passed on at once."""

    before: dict[signal.Signals, signal._HANDLER]

    def __init__(self, delivery: Delivery, drain_s: float) -> None:
        self._delivery, self._drain_s = delivery, drain_s
        self._loop = asyncio.get_running_loop()
        self._passed_on = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        connections = self._delivery.connections
        if connections.draining:
            self._pass_on(number, frame)
            return
        connections.draining = True
        self._loop.call_soon_threadsafe(self._begin, number)

    def _begin(self, number: int) -> None:
        self._delivery.streams.drain()
        self._wait(number, self._loop.time() + self._drain_s)

    def _wait(self, number: int, until: float) -> None:
        if self._passed_on:
            return
        if self._delivery.connections.open and self._loop.time() < until:
            self._loop.call_later(_LOOK_EVERY_S, self._wait, number, until)
        else:
            self._pass_on(number, None)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        self._passed_on = True
        handler = self.before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)
