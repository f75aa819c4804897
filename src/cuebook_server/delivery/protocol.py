"""uvicorn's HTTP protocol with a shorter way for answers that are already bytes."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.utils import get_client_addr, get_path_with_query_string

from cuebook_server.delivery.answer import EXTENSION

_STATUS_LINES = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}
_COPY_BYTES_MAX = 64 * 1024  # above it, a second write is cheaper than a copy
_last: tuple[list[tuple[bytes, bytes]], bytes] = ([], b"")


class DeliveryProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which also takes answers as ready bytes (ASGI extension ``cuebook.answer``).

    uvicorn checks and joins every header of every answer again; with the eleven of a delivery answer that is a quarter of the
    request's time. Ours were checked when the snapshot was built. Pass it as ``uvicorn.Config(http=DeliveryProtocol)``.
    """

    def on_headers_complete(self) -> None:
        """Offer the extension to the request that just began; its task starts in the loop's next round."""
        super().on_headers_complete()
        if self.cycle is not None and self.cycle.scope is self.scope:
            self.scope["extensions"] = {EXTENSION: partial(_write, self.cycle)}  # type: ignore[dict-item]  # ours is a callable


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
    return True
