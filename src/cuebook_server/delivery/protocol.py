"""uvicorn's HTTP protocol with a shorter way for answers that are already bytes."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from http import HTTPStatus
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.utils import get_client_addr, get_path_with_query_string

from cuebook_server.delivery.answer import EXTENSION, STREAM, Pipe, Reader
from cuebook_server.delivery.connections import HEAD_BYTES_MAX, Connections, Part

_STATUS_LINES = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}
_COPY_BYTES_MAX = 64 * 1024  # above it, a second write is cheaper than a copy
_SEND_BUFFER_BYTES = 16 * 1024  # the kernel doubles it
_UNACKNOWLEDGED_MS = 30_000
_CLOSE = b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_LATE = b"HTTP/1.1 408 Request Timeout" + _CLOSE
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large" + _CLOSE
_NO_ROOM = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5" + _CLOSE
_last: tuple[list[tuple[bytes, bytes]], bytes] = ([], b"")


class DeliveryProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which also takes answers as ready bytes (ASGI extension ``cuebook.answer``), gives a connection away
    to be streamed to (``cuebook.stream``), and closes those that do not bring a request to its end.

    uvicorn checks and joins every header of every answer again; with the eleven of a delivery answer that is a quarter of the
    request's time. Ours were checked when the snapshot was built. Pass it as ``uvicorn.Config(http=DeliveryProtocol)``.

    The application's ``connections`` watch over the connections; an application without them has nobody watch.
    """

    def __init__(self, config: Config, *arguments: Any, **more: Any) -> None:
        super().__init__(config, *arguments, **more)
        self.brought = 0
        self._connections: Connections | None = getattr(config.loaded_app, "connections", None)
        self._owes: Part | None = None  # what is missing of a request now
        self._noted: Part | None = None  # what of that its watcher knows: nothing of a request that came in one piece
        self._pipe: _Pipe | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        _end_with_its_reader(transport)
        if self._connections is not None:
            self._noted = "head"
            if not self._connections.enter(self):
                transport.write(_NO_ROOM)
                transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits any more, and a stream's reader is gone."""
        if self._connections is not None:
            self._connections.leave(self)
        if self._pipe is not None:
            self._pipe.lost()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came of a request. To a stream nobody has anything to say."""
        if self._pipe is not None:
            return
        super().data_received(data)
        if self._owes is not self._noted and self._connections is not None:
            self._connections.owes(self, self._owes)
            self._noted = self._owes
        if self._noted is not None:
            self.brought += len(data)
            if self._noted == "head" and self.brought > HEAD_BYTES_MAX:
                self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._owes = "head"
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Offer the extensions to the request that just began; its task starts in the loop's next round."""
        self._owes = "body"
        super().on_headers_complete()
        if self.cycle is not None and self.cycle.scope is self.scope:
            offered = {EXTENSION: partial(_write, self.cycle), STREAM: partial(self._stream, self.cycle)}
            self.scope["extensions"] = offered  # type: ignore[typeddict-item]  # ours are callables
            if self._connections is not None and self._connections.draining:
                self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """A request has come whole."""
        self._owes = None
        if self._noted is not None and self._connections is not None:
            self._connections.owes(self, None)
            self._noted = None
        super().on_message_complete()

    def give_up(self) -> None:
        """The rest of a request did not come in time."""
        self._refuse(_LATE)

    def pause_writing(self) -> None:
        """The connection takes nothing more for now."""
        super().pause_writing()
        if self._pipe is not None:
            self._pipe.reader.full()

    def resume_writing(self) -> None:
        """The connection takes more again."""
        super().resume_writing()
        if self._pipe is not None:
            self._pipe.reader.free()

    def shutdown(self) -> None:
        """The server ends."""
        if self._pipe is not None:
            self._pipe.reader.leave()
        else:
            super().shutdown()

    def _refuse(self, said: bytes) -> None:
        """Close, and say why where an answer has its place: to the request that is not whole, when none has begun."""
        began = self.cycle is not None and self.cycle.response_started
        if not self.transport.is_closing():
            if self._owes is not None and (self._owes == "head" or not began):
                self.transport.write(said)
            self.transport.close()

    def _stream(self, cycle: RequestResponseCycle, lines: bytes, first: bytes, reader: Reader) -> Pipe | None:
        if cycle.response_started or cycle.disconnected or self.transport.is_closing() or self.cycle is not cycle:
            return None
        cycle.response_started, cycle.keep_alive = True, False
        _let_go(cycle)
        self._bound()
        self._pipe = _Pipe(self.transport, cycle, reader)
        # Without a length the end of the connection ends the answer: no chunks to frame, and old proxies understand it.
        head = (_STATUS_LINES[200], _joined(cycle.default_headers), lines, b"connection: close\r\n\r\n")
        self._pipe.write(b"".join((*head, first)))
        return self._pipe

    def _bound(self) -> None:
        """A reader that does not read is noticed at once and holds little memory, of ours and of the kernel's."""
        self.transport.set_write_buffer_limits(0)
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)


def _end_with_its_reader(transport: asyncio.Transport) -> None:
    """Whoever takes nothing of an answer, or is silently gone, must not hold a connection for ever: the kernel ends it."""
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)


class _Pipe:
    """A stream's connection."""

    __slots__ = ("_cycle", "_transport", "reader")

    def __init__(self, transport: asyncio.Transport, cycle: RequestResponseCycle, reader: Reader) -> None:
        self._transport, self._cycle, self.reader = transport, cycle, reader

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def end(self) -> None:
        self._transport.close()
        self.lost()

    def cut(self) -> None:
        self._transport.abort()
        self.lost()

    def lost(self) -> None:
        """Whoever waits in ``receive`` hears that it is over, whatever uvicorn knows by now of the connection."""
        self._cycle.response_complete = self._cycle.disconnected = True
        self._cycle.message_event.set()


def _joined(headers: list[tuple[bytes, bytes]]) -> bytes:
    """The server's own headers as lines. uvicorn makes a new list of them once a second; the last one is remembered."""
    global _last  # noqa: PLW0603 - one value, replaced by one assignment
    if _last[0] is not headers:
        _last = (headers, b"".join(b"%b: %b\r\n" % header for header in headers))
    return _last[1]


def _write(cycle: RequestResponseCycle, status: int, lines: bytes, body: bytes) -> bool:
    """What ``RequestResponseCycle.send`` does for the two messages of a complete answer, in one go."""
    if cycle.response_started or cycle.disconnected or cycle.flow.write_paused or cycle.waiting_for_100_continue:
        return False
    if cycle.access_log:
        path = get_path_with_query_string(cycle.scope)
        scope = cycle.scope
        cycle.access_logger.info(
            '%s - "%s %s HTTP/%s" %d', get_client_addr(scope), scope["method"], path, scope["http_version"], status
        )
    parts = [_STATUS_LINES[status], _joined(cycle.default_headers), lines]
    if not cycle.keep_alive:
        parts.append(b"connection: close\r\n")
    parts.append(b"\r\n")
    cycle.response_started = cycle.response_complete = True
    if len(body) <= _COPY_BYTES_MAX:
        parts.append(body)
        cycle.transport.write(b"".join(parts))
    else:
        cycle.transport.write(b"".join(parts))
        cycle.transport.write(body)
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    _let_go(cycle)
    return True


def _let_go(cycle: RequestResponseCycle) -> None:
    """Part a request from what was offered to it: they hold each other, and would wait for the garbage collector."""
    cycle.scope.pop("extensions", None)
