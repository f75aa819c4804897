"""The way to a node, which can be made worse: cut, refused, silent (half open) or slow."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

Mode = Literal["pass", "refuse", "silent", "slow"]
CHUNK_BYTES = 65_536
SLOW_S = 0.3
_LOOK_S = 0.02


class Proxy:
    """One address before one port of this machine. ``mode`` may be set from any thread.

    ``lost``: how many of the events that streams tell are lost on their way, as a share of all.
    """

    def __init__(self, node: int) -> None:
        self.node, self.port = node, 0
        self.mode: Mode = "pass"
        self.lost = 0.0
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """End every connection, as a router that was restarted does."""
        self._loop.call_soon_threadsafe(self._cut)

    @contextmanager
    def running(self) -> Iterator[Proxy]:
        """Serve in a thread of its own."""
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        thread = threading.Thread(target=self._loop.run_forever, name=f"chaos-{self.node}", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(10)
            server.close()
            self._cut()
            self._loop.run_until_complete(self._end())
            self._loop.close()

    async def _end(self) -> None:
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def _cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "refuse":
            writer.transport.abort()
            return
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.node)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, up_writer}
        for source, sink in ((reader, up_writer), (up_reader, writer)):
            pump = self._loop.create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while piece := await source.read(CHUNK_BYTES):
                while self.mode == "silent":  # noqa: ASYNC110 - set from another thread, which an asyncio.Event does not take
                    await asyncio.sleep(_LOOK_S)
                if self.mode == "slow":
                    await asyncio.sleep(SLOW_S)
                if piece.startswith(b"event: head") and random.random() < self.lost:
                    continue
                sink.write(piece)
                await sink.drain()
            sink.close()
        except OSError:
            sink.transport.abort()
        finally:
            self._open.discard(sink)
