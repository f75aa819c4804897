"""What happens without anybody asking: jobs that call a use case now and then, in a thread of their own.

Every process of every node runs them, so a job must be safe to run twice and at the same time as elsewhere. Delivery never
waits for one.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

log = logging.getLogger(__name__)
# A job that fails is tried again later and later, up to this: a full disk must not fill the log.
PAUSE_S_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """Something to look after every ``every_s`` seconds. ``run`` is told how to learn that the process is about to end.

    ``at_end``: once more then.
    """

    name: str
    every_s: float
    run: Callable[[Callable[[], bool]], object]
    at_end: bool = False


class Worker:
    """Start it once, stop it once. One thread a job: one that hangs holds up no other."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._look_after, args=(job,), name=f"cuebook-{job.name}", daemon=True) for job in jobs
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End. Returns after ``timeout_s`` at most, even when a job hangs."""
        self._stopping.set()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))

    @property
    def dead(self) -> list[str]:
        """The jobs whose thread has ended without being told to."""
        ended = [t.name for t in self._threads if t.ident is not None and not t.is_alive()]
        return [] if self._stopping.is_set() else ended

    def _look_after(self, job: Job) -> None:
        failures = 0
        while not self._stopping.is_set():
            failures = 0 if self._done(job) else failures + 1
            self._stopping.wait(_pause_s(job.every_s, failures))
        if job.at_end:
            self._done(job)

    def _done(self, job: Job) -> bool:
        try:
            job.run(self._stopping.is_set)
        except Exception as error:  # noqa: BLE001 - whatever it was, the next round may do better
            again = "" if self._stopping.is_set() else " and is tried again"
            log.warning("%s failed%s: %s", job.name, again, error)
            return False
        return True


def _pause_s(every_s: float, failures: int) -> float:
    pause_s = every_s if not failures else min(max(every_s, PAUSE_S_MAX), every_s * 2.0 ** min(failures, 16))
    # Nodes that started together must not ask together.
    return pause_s * random.uniform(0.8, 1.0)  # noqa: S311 - jitter, not a secret
