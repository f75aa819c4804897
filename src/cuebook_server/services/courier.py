"""The courier: one round a second, in which everything that is due is handed to a few threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from cuebook_server.services import outbox
from cuebook_server.services.ports import Units
from cuebook_server.services.ports_webhooks import Sealer, Sender

log = logging.getLogger(__name__)
SENDERS_MAX = 8
# A webhook with a long queue gives its thread back after so many messages, for others.
RUN_MAX = 50


class Courier:
    """Sends what is due. At most one thread a webhook, so that an endpoint that hangs holds up its own messages only."""

    def __init__(self, units: Units, sealer: Sealer, sender: Sender) -> None:
        self._units, self._sealer, self._sender = units, sealer, sender
        self._lock = threading.Lock()
        self._running: dict[tuple[str, str], threading.Thread] = {}

    def round(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Put on its way what happened, and begin to send what is due."""
        try:
            outbox.collect(self._units)
        finally:  # what cannot be put on its way holds up nothing that is
            self._begin_due(stopping)

    def wait(self, timeout_s: float) -> None:
        """Until everything that was begun has ended."""
        deadline = time.monotonic() + timeout_s
        with self._lock:
            threads = list(self._running.values())
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _begin_due(self, stopping: Callable[[], bool]) -> None:
        with self._units.read() as uow:
            due = uow.outbox.due(SENDERS_MAX * 2)
        for key in due:
            self._begin(key, stopping)

    def _begin(self, key: tuple[str, str], stopping: Callable[[], bool]) -> None:
        with self._lock:
            if key in self._running or len(self._running) >= SENDERS_MAX:
                return
            # A daemon: a process that ends does not wait for an endpoint that hangs; the lease runs out and another node sends.
            thread = threading.Thread(target=self._run, args=(key, stopping), name="cuebook-webhook", daemon=True)
            self._running[key] = thread
        thread.start()

    def _run(self, key: tuple[str, str], stopping: Callable[[], bool]) -> None:
        try:
            for _ in range(RUN_MAX):
                if stopping() or not outbox.send(self._units, self._sealer, self._sender, *key):
                    break
        except Exception as error:  # noqa: BLE001  # whatever it was, the lease runs out and it is tried again
            log.warning("A webhook's message was not sent and is tried again: %s", error)
        finally:
            with self._lock:
                del self._running[key]
