"""The application's callbacks, on a thread of their own: one that is slow or fails neither stops nor delays the refreshing."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import TypeAlias

from cuebook._held import Held, State
from cuebook.engine import Action, Changed, Entered

WAITING_MAX = 1_000
Callback: TypeAlias = Callable[[State], object]
_log = logging.getLogger("cuebook")


class Callbacks:
    """``on_change`` after another revision is held, ``on_state`` after the phase changed; each gets the state of then."""

    def __init__(self, held: Held, on_change: Callback | None, on_state: Callback | None) -> None:
        self._held = held
        self._of: dict[type[Action], Callback | None] = {Changed: on_change, Entered: on_state}
        self._starting = threading.Lock()
        self._waiting: queue.Queue[tuple[Callback, State] | None] = queue.Queue(WAITING_MAX)
        self._thread: threading.Thread | None = None

    def renewed(self) -> Callbacks:
        """The same callbacks in the child of a fork, where the thread is not."""
        return Callbacks(self._held, self._of[Changed], self._of[Entered])

    def tell(self, action: Action) -> None:
        """Call who wants to know of it; never waits."""
        callback = self._of.get(type(action))
        if callback is None:
            return
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=_run, args=(self._waiting,), name="cuebook-callbacks", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait((callback, self._held.state()))
        except queue.Full:
            _log.warning("the application's callbacks are %d events behind; one is left out", WAITING_MAX)

    def close(self) -> None:
        """Let the thread end after what is waiting now."""
        if self._thread is not None:
            try:
                self._waiting.put_nowait(None)
            except queue.Full:  # a callback that never ends; the thread is a daemon
                _log.debug("the callbacks did not end")


def _run(waiting: queue.Queue[tuple[Callback, State] | None]) -> None:
    while (told := waiting.get()) is not None:
        callback, state = told
        try:
            callback(state)
        except Exception:  # noqa: BLE001 - an application's mistake stays its own
            _log.exception("a callback of the application failed; the client goes on")
