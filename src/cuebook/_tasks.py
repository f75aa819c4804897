"""The driver for asyncio: carries the engine's actions out in one task, and reads the stream in another, on one loop."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from cuebook._callbacks import Callbacks
from cuebook._exchange import Answer, Request
from cuebook._files import EXIT_S_MAX, Disk, Keeper
from cuebook._held import Held
from cuebook._threads import STREAM_QUIET_S, Feed
from cuebook._transport import AsyncTransport, closed
from cuebook.engine import Action, Changed, Entered, Fetch, Hangup, Listen, Store, Wait
from cuebook.errors import CuebookError, Misconfigured, Unavailable

_log = logging.getLogger("cuebook")


class AsyncDriver:
    """Begins at once; belongs to the running loop."""

    def __init__(
        self,
        held: Held,
        connect: Callable[[str], AsyncTransport],
        *,
        wait_s: float,
        spread_s: float,
        disk: Disk | None,
        callbacks: Callbacks,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self._held, self._connect, self._callbacks = held, connect, callbacks
        self._keeper = Keeper(disk)
        self._transports: dict[int, AsyncTransport] = {}
        self._inbox: asyncio.Queue[Action] = asyncio.Queue()
        self._settled, self._exchanging = asyncio.Event(), asyncio.Lock()
        self._waiting: set[asyncio.Future[None]] = set()
        self._streams: dict[int, asyncio.Task[None]] = {}
        self._deadline = time.monotonic() + wait_s
        self._closed = False
        self._spread_s = spread_s
        self._publish()
        # Without this reference the loop's weak one lets the task be collected, and the client goes stale in silence.
        self._task = self.loop.create_task(self._run(), name="cuebook-refresh")

    # --- what the client asks for ----------------------------------------------------------------------------------------
    async def wait(self, names: Sequence[str] = ()) -> None:
        """Wait for something to serve, these prompts too, until ``wait_s`` after the first use."""
        if self._settled.is_set() and not self._held.may_come(names):
            return
        self._check_loop()
        try:
            async with asyncio.timeout(max(self._deadline - time.monotonic(), 0.0)):
                await self._settled.wait()
                while self._held.may_come(names) and not self._closed:
                    await self._news()
        except TimeoutError:
            return

    async def refresh(self, min_revision: int | None) -> bool:
        """Exchange once; whether there was something newer. Raises what went wrong."""
        self._check_loop()
        if self._closed:
            raise closed()
        async with self._exchanging:
            before, engine = self._held.engine.snapshot, self._held.engine
            for _ in self._held.urls:
                await self._exchange(Fetch(engine.origin, engine.request(min_revision)))
                if engine.last is None:
                    return engine.snapshot.order != before.order
            assert engine.last is not None
            raise engine.last

    async def wait_for(self, revision: int, timeout_s: float) -> bool:
        """Ask for a revision until it is held or the time is over; whether it is held."""
        self._check_loop()
        engine = self._held.engine
        if engine.snapshot.revision < revision:
            self._feed(lambda engine, now, _: engine.want(revision, now))
        # Not `asyncio.wait_for`, whose task begins to listen a moment after this looked: what came in between would be missed.
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while engine.snapshot.revision < revision and not self._closed:
                    await self._news()
        return engine.snapshot.revision >= revision

    def recalled(self, name: str, number: int) -> None:
        """Serve this version no longer."""
        self._feed(lambda engine, now, _: engine.recalled(name, number, now))

    async def send(self, request: Request) -> Answer:
        """An exchange that is none of the engine's."""
        self._check_loop()
        if self._closed:
            raise closed()
        return await self._transport(self._held.engine.origin).send(request)

    def stop(self) -> None:
        """End soon, without waiting; safe while garbage is collected, in any thread."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._task.cancel)

    async def close(self) -> None:
        """End, and give the connections back."""
        self._check_loop()
        self._closed = True
        self._feed(lambda engine, now, _: engine.close(now))
        self._settled.set()
        self._task.cancel()
        await asyncio.wait([self._task])
        deadline = time.monotonic() + EXIT_S_MAX
        while not self._keeper.finish(0.0) and time.monotonic() < deadline:  # noqa: ASYNC110  the thread that writes knows no loop
            await asyncio.sleep(0.01)

    def _check_loop(self) -> None:
        if asyncio.get_running_loop() is not self.loop:
            raise Misconfigured(
                "This client belongs to another event loop, which is still open.", hint="Make an AsyncClient for each loop."
            )

    async def _news(self) -> None:
        """Wait until the engine has taken something in."""
        news = self.loop.create_future()
        self._waiting.add(news)
        try:
            await news
        finally:
            self._waiting.discard(news)

    # --- the task --------------------------------------------------------------------------------------------------------
    async def _run(self) -> None:
        until = math.inf
        try:
            self._feed(lambda engine, now, luck: engine.start(now, luck, self._spread_s))
            while True:
                try:
                    async with asyncio.timeout(None if until == math.inf else max(until - time.monotonic(), 0.0)):
                        action = await self._inbox.get()
                except TimeoutError:
                    self._feed(lambda engine, now, luck: engine.tick(now, luck))
                    action = await self._inbox.get()
                if isinstance(action, Wait):
                    until = action.until
                else:
                    await self._carry_out(action)
        finally:
            self._callbacks.close()
            for stream in list(self._streams.values()):
                stream.cancel()
            if self._streams:
                await asyncio.wait(list(self._streams.values()))
            for transport in self._transports.values():
                await transport.close()

    async def _carry_out(self, action: Action) -> None:
        try:
            match action:
                case Fetch():
                    async with self._exchanging:
                        await self._exchange(action)
                case Listen(stream):
                    self._streams[stream] = self.loop.create_task(self._listen(action), name=f"cuebook-events-{stream}")
                case Hangup(stream):
                    if line := self._streams.get(stream):
                        line.cancel()
                case Changed() | Entered():
                    self._callbacks.tell(action)
        except Exception as error:  # noqa: BLE001 - a task that died here would leave the application stale for ever, and silent
            _log.error("refreshing failed in an unexpected way; it goes on", exc_info=error)
            if isinstance(action, Fetch):
                lost = Unavailable(f"An unexpected error: {type(error).__name__}.")
                self._feed(lambda engine, now, luck: engine.unanswered(lost, now, luck))

    async def _exchange(self, action: Fetch) -> None:
        try:
            answer = await self._transport(action.origin).send(action.request)
        except CuebookError as error:
            lost = error
            self._feed(lambda engine, now, luck: engine.unanswered(lost, now, luck))
        else:
            self._feed(lambda engine, now, luck: engine.answered(answer, now, luck))

    async def _listen(self, action: Listen) -> None:
        number = action.stream
        try:
            async with self._transport(action.origin).stream(action.request, quiet_s=STREAM_QUIET_S) as stream:
                status, headers = stream.status, stream.headers
                self._feed(lambda engine, now, luck: engine.opened(number, status, headers, now, luck))
                async for chunk in stream.chunks:
                    self._feed(lambda engine, now, luck, chunk=chunk: engine.heard(number, chunk, now, luck))  # type: ignore[misc]  # the default binds this chunk
        except CuebookError as error:
            _log.debug("the event stream ended: %s", error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the engine must hear that the stream is gone
            _log.error("the event stream ended in an unexpected way; it is opened again", exc_info=error)
        finally:
            self._streams.pop(number, None)
            self._feed(lambda engine, now, luck: engine.ended(number, now, luck))

    def _feed(self, take: Feed) -> None:
        actions = take(self._held.engine, time.monotonic(), random.random())  # noqa: S311  spreads a fleet's requests, hides nothing
        self._publish()
        for action in actions:
            if not isinstance(action, Store):
                self._inbox.put_nowait(action)
            else:
                self._keeper.keep(action.snapshot, action.answer)

    def _publish(self) -> None:
        self._held.publish()
        if self._held.settled:
            self._settled.set()
        for news in self._waiting:
            if not news.done():
                news.set_result(None)

    def _transport(self, origin: int) -> AsyncTransport:
        if origin not in self._transports:
            self._transports[origin] = self._connect(self._held.urls[origin])
        return self._transports[origin]
