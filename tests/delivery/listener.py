"""A client of an event stream, byte by byte, as slow as a test wants it."""

from __future__ import annotations

import json
import socket
from types import TracebackType
from typing import Any, NamedTuple, Self

PATIENCE_S = 20.0


class Event(NamedTuple):
    """One event. A heartbeat is named ``:``, and the time to wait before connecting again ``retry``."""

    name: str
    id: str
    data: Any


class Listener:
    """One connection. ``head`` holds the status and the header lines of the answer."""

    def __init__(
        self, port: int, key: str, *lines: str, path: str = "/v1/events", buffer_bytes: int = 0, http: str = "1.1"
    ) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_S)
        if buffer_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self.socket.connect(("127.0.0.1", port))
        asked = [f"GET {path} HTTP/{http}", "Host: x", f"Authorization: Bearer {key}", *lines]
        self.socket.sendall(("\r\n".join(asked) + "\r\n\r\n").encode())
        self._received = b""
        status, *headers = self._until(b"\r\n\r\n").decode().split("\r\n")
        self.status = int(status.split()[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in headers)}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.socket.close()

    def event(self) -> Event:
        """The next event but for heartbeats. Raises ``EOFError`` at the end of the stream."""
        while (event := self._any()).name == ":":
            pass
        return event

    def beat(self) -> Event:
        """The next heartbeat."""
        while (event := self._any()).name != ":":
            pass
        return event

    def _any(self) -> Event:
        fields = dict(line.split(": ", 1) for line in self._until(b"\n\n").decode().split("\n") if line[0] != ":")
        if "event" not in fields:
            return Event("retry" if fields else ":", "", fields.get("retry"))
        return Event(fields["event"], fields.get("id", ""), json.loads(fields["data"]))

    def next(self, name: str) -> Event:
        """The next event of that name; others are left out."""
        while (event := self.event()).name != name:
            pass
        return event

    def end(self) -> list[Event]:
        """Everything until the stream ends."""
        events = []
        while True:
            try:
                events.append(self.event())
            except (EOFError, ConnectionResetError):
                return events

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._received:
            part = self.socket.recv(65536)
            if not part:
                raise EOFError(self._received)
            self._received += part
        found, _, self._received = self._received.partition(mark)
        return found
