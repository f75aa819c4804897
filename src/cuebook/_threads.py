"""The driver for threads: carries the engine's actions out in one daemon thread, and reads the stream in another."""

from __future__ import annotations

import logging
import math
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence

from cuebook._callbacks import Callbacks
from cuebook._events import HEARTBEAT_S_MAX
from cuebook._exchange import Answer, Request
from cuebook._files import EXIT_S_MAX, Disk, Keeper
from cuebook._held import Held
from cuebook._transport import Stream, Transport, closed
from cuebook.engine import QUIET_HEARTBEATS, Action, Changed, Engine, Entered, Fetch, Hangup, Listen, Store, Wait
from cuebook.errors import CuebookError, Unavailable

Feed = Callable[[Engine, float, float], list[Action]]
# The engine knows the stream's own heartbeat and hangs up in time; this only ends a read whose engine is gone.
STREAM_QUIET_S = HEARTBEAT_S_MAX * QUIET_HEARTBEATS
_log = logging.getLogger("cuebook")


class Driver:
    """Knows what is held and how to reach the registry, not the client: a client nobody holds is collected, and this ends."""

    def __init__(
        self,
        held: Held,
        connect: Callable[[str], Transport],
        *,
        wait_s: float,
        spread_s: float,
        disk: Disk | None,
        callbacks: Callbacks,
    ) -> None:
        self._held, self._connect, self._wait_s, self._spread_s = held, connect, wait_s, spread_s
        self._keeper, self._callbacks = Keeper(disk), callbacks
        self._transports: dict[int, Transport] = {}
        self._inbox: queue.SimpleQueue[Action | None] = queue.SimpleQueue()
        self._settled, self._stop = threading.Event(), threading.Event()
        self._starting, self._exchanging, self._connecting = threading.Lock(), threading.Lock(), threading.Lock()
        self._feeding = threading.Condition()
        self._thread: threading.Thread | None = None
        self._streams: dict[int, Stream] = {}
        self._deadline = 0.0

    # --- what the client asks for ----------------------------------------------------------------------------------------
    def wait(self, names: Sequence[str] = ()) -> None:
        """Start at the first use, and wait for something to serve, these prompts too, until ``wait_s`` after that first use."""
        self._start()
        remaining = self._deadline - time.monotonic()
        if not self._settled.is_set() and remaining > 0:
            self._settled.wait(remaining)
        with self._feeding:
            while self._held.may_come(names) and not self._stop.is_set():
                remaining = self._deadline - time.monotonic()
                if remaining <= 0:
                    return
                self._feeding.wait(remaining)

    def refresh(self, min_revision: int | None) -> bool:
        """Exchange once, on the caller's thread; whether there was something newer. Raises what went wrong."""
        if self._stop.is_set():
            raise closed()
        try:
            with self._exchanging:
                before, engine = self._held.engine.snapshot, self._held.engine
                for _ in self._held.urls:
                    self._exchange(Fetch(engine.origin, engine.request(min_revision)))
                    if engine.last is None:
                        return engine.snapshot.order != before.order
                assert engine.last is not None
                raise engine.last
        finally:
            self._start()

    def wait_for(self, revision: int, timeout_s: float) -> bool:
        """Ask for a revision until it is held or the time is over; whether it is held."""
        self._start()
        deadline, engine = time.monotonic() + timeout_s, self._held.engine
        if engine.snapshot.revision < revision:
            self._feed(lambda engine, now, _: engine.want(revision, now))
        with self._feeding:
            while engine.snapshot.revision < revision and not self._stop.is_set():
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    return False
                self._feeding.wait(min(remaining, threading.TIMEOUT_MAX))
        return engine.snapshot.revision >= revision

    def recalled(self, name: str, number: int) -> None:
        """Serve this version no longer."""
        self._feed(lambda engine, now, _: engine.recalled(name, number, now))

    def send(self, request: Request) -> Answer:
        """An exchange that is none of the engine's."""
        return self._transport(self._held.engine.origin).send(request)

    @property
    def stopped(self) -> bool:
        """Whether it ended, or is about to."""
        return self._stop.is_set()

    def stop(self) -> None:
        """End soon, without waiting; safe while garbage is collected."""
        self._stop.set()
        self._settled.set()
        self._inbox.put(None)
        for transport in list(self._transports.values()):
            transport.cut()

    def close(self) -> None:
        """End, and give the connections back."""
        self._feed(lambda engine, now, _: engine.close(now))
        self.stop()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(self._wait_s)
        self._disconnect()
        self._keeper.finish(EXIT_S_MAX)

    def abandon(self) -> None:
        """In the child of a fork: this is the parent's. Nothing of it is used, and nothing goes over its wires."""
        for transport in self._transports.values():
            transport.abandon()

    # --- the thread ------------------------------------------------------------------------------------------------------
    def _start(self) -> None:
        if self._thread is not None or self._stop.is_set():
            return
        with self._starting:
            if self._thread is None and not self._stop.is_set():
                thread = threading.Thread(target=self._run, name="cuebook-refresh", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # no more threads for this process: the next read tries again
                    _log.error("nothing is refreshed yet: %s", error)
                    return
                self._deadline, self._thread = time.monotonic() + self._wait_s, thread
                self._feed(lambda engine, now, luck: engine.start(now, luck, self._spread_s))

    def _run(self) -> None:
        until = math.inf
        try:
            while not self._stop.is_set():
                pause = min(max(until - time.monotonic(), 0.0), threading.TIMEOUT_MAX)
                try:
                    action = self._inbox.get(timeout=pause)
                except queue.Empty:
                    self._feed(lambda engine, now, luck: engine.tick(now, luck))
                    action = self._inbox.get()
                if isinstance(action, Wait):
                    until = action.until
                elif action is not None:
                    self._carry_out(action)
        finally:
            self._callbacks.close()
            self._disconnect()

    def _carry_out(self, action: Action) -> None:
        try:
            match action:
                case Fetch():
                    with self._exchanging:
                        self._exchange(action)
                case Listen(stream):
                    threading.Thread(target=self._listen, args=(action,), name=f"cuebook-events-{stream}", daemon=True).start()
                case Hangup(stream):
                    if line := self._streams.pop(stream, None):
                        line.cut()
                case Changed() | Entered():
                    self._callbacks.tell(action)
        except Exception as error:  # noqa: BLE001 - a thread that died here would leave the application stale for ever, and silent
            self._unexpected(error)
            if isinstance(action, Fetch) and not self._stop.is_set():
                lost = Unavailable(f"An unexpected error: {type(error).__name__}.")
                self._feed(lambda engine, now, luck: engine.unanswered(lost, now, luck))

    def _exchange(self, action: Fetch) -> None:
        try:
            answer = self._transport(action.origin).send(action.request)
        except CuebookError as error:
            if self._stop.is_set():  # it was cut here: that says nothing of the registry
                raise closed() from error
            lost = error
            self._feed(lambda engine, now, luck: engine.unanswered(lost, now, luck))
        else:
            self._feed(lambda engine, now, luck: engine.answered(answer, now, luck))

    def _listen(self, action: Listen) -> None:
        number = action.stream
        try:
            with self._transport(action.origin).stream(action.request, quiet_s=STREAM_QUIET_S) as stream:
                self._streams[number] = stream
                status, headers = stream.status, stream.headers
                self._feed(lambda engine, now, luck: engine.opened(number, status, headers, now, luck))
                for chunk in stream.chunks:
                    if self._stop.is_set() or not self._held.engine.hears(number):
                        return
                    self._feed(lambda engine, now, luck, chunk=chunk: engine.heard(number, chunk, now, luck))  # type: ignore[misc]  # the default binds this chunk
        except CuebookError as error:
            _log.debug("the event stream ended: %s", error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the engine must hear that the stream is gone
            self._unexpected(error)
        finally:
            self._streams.pop(number, None)
            self._feed(lambda engine, now, luck: engine.ended(number, now, luck))

    # --- common ----------------------------------------------------------------------------------------------------------
    def _feed(self, take: Feed) -> None:
        """Let the engine take something in; one thread at a time, and its actions in that order."""
        with self._feeding:
            engine = self._held.engine
            actions = take(engine, time.monotonic(), random.random())  # noqa: S311  spreads a fleet's requests, hides nothing
            self._held.publish()
            for action in actions:
                if not isinstance(action, Store):
                    self._inbox.put(action)
                else:  # at once: a process that reads one prompt and ends leaves a copy behind
                    self._keeper.keep(action.snapshot, action.answer)
            if self._held.settled and not self._settled.is_set():
                self._settled.set()
            self._feeding.notify_all()

    def _transport(self, origin: int) -> Transport:
        with self._connecting:
            if origin not in self._transports:
                self._transports[origin] = self._connect(self._held.urls[origin])
            if self._stop.is_set():  # whoever stops does not wait for this lock, and has not seen a line made meanwhile
                self._transports[origin].cut()
            return self._transports[origin]

    def _disconnect(self) -> None:
        with self._connecting:
            for transport in self._transports.values():
                transport.close()

    def _unexpected(self, error: Exception) -> None:
        if not self._stop.is_set():
            _log.error("refreshing failed in an unexpected way; it goes on", exc_info=error)
