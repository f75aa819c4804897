"""The registry's event stream, read as it comes: bytes in, events out. Pure; any chunking gives the same events.

The stream is level-triggered: an event says where the environment is, never what happened since. So nothing is lost with an
event that was; and an event nobody knows is passed over, while a known one that does not fit the contract ends the stream.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from cuebook import wire
from cuebook.errors import BadAnswer

LINE_BYTES_MAX, EVENT_BYTES_MAX = 64 * 1024, 256 * 1024
# Proxies cut what is quiet for a minute; no server that means well beats more slowly.
HEARTBEAT_S, HEARTBEAT_S_MAX = 15.0, 60.0
_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Hello:
    """The stream stands; the environment is at this (epoch, revision). ``recalled``: as in `Head`."""

    epoch: int
    revision: int
    heartbeat_s: float
    recalled: int | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The environment is at this (epoch, revision).

    ``recalled``: how many harmful versions its snapshot names now, where the server says so. It may grow without a revision.
    """

    epoch: int
    revision: int
    recalled: int | None = None


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The server ends the stream; come back in ``retry_ms`` milliseconds, where it says so."""

    reason: str
    retry_ms: float | None


@dataclass(frozen=True, slots=True)
class Retry:
    """The least pause before a lost stream is opened again, in milliseconds."""

    ms: int


Event: TypeAlias = Hello | Head | Goodbye | Retry


class Parser:
    """Reads one stream from its first byte. ``feed`` is to be run to its end."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._after_cr, self._first = False, True
        self._event, self._data, self._bytes = "", list[str](), 0

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that are whole now. Raises `BadAnswer` for what does not fit the contract; then drop the stream."""
        self._rest += chunk
        while (line := self._line()) is not None:
            if line:
                yield from self._field(line)
            elif event := self._dispatch():
                yield event
        if len(self._rest) > LINE_BYTES_MAX:
            raise BadAnswer(f"A line of the event stream is longer than {LINE_BYTES_MAX} bytes.")

    def _line(self) -> bytes | None:
        if self._after_cr and self._rest:  # a line end may be cut between its two bytes
            self._after_cr = False
            if self._rest[0] == 0x0A:
                del self._rest[:1]
        end = _END.search(self._rest)
        if end is None:
            return None
        line = bytes(self._rest[: end.start()])
        self._after_cr = end.group() == b"\r" and end.end() == len(self._rest)
        del self._rest[: end.end()]
        if len(line) > LINE_BYTES_MAX:
            raise BadAnswer(f"A line of the event stream is longer than {LINE_BYTES_MAX} bytes.")
        self._first, first = False, self._first
        return line.removeprefix(b"\xef\xbb\xbf") if first else line

    def _field(self, line: bytes) -> Iterator[Event]:
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._bytes += len(line)
            if self._bytes > EVENT_BYTES_MAX:
                raise BadAnswer(f"An event is larger than {EVENT_BYTES_MAX} bytes.")
            self._data.append(value)
        elif name == "retry" and value.isascii() and value.isdigit():
            yield Retry(int(value[:9]))

    def _dispatch(self) -> Event | None:
        event, data = self._event, "\n".join(self._data)
        self._event, self._data, self._bytes = "", [], 0
        reader = _READERS.get(event)
        if reader is None:
            return None
        try:
            return reader(wire.loads(data))
        except (wire.WireError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadAnswer(f"The event {event} does not fit the contract ({error}).") from error


def _hello(data: Any) -> Event:
    heartbeat_s = _number(data.get("heartbeat_s", HEARTBEAT_S))
    heartbeat_s = min(max(heartbeat_s, 0.1), HEARTBEAT_S_MAX)
    return Hello(_whole(data["epoch"]), _whole(data["revision"]), heartbeat_s, _recalled(data))


def _head(data: Any) -> Event:
    return Head(_whole(data["epoch"]), _whole(data["revision"]), _recalled(data))


def _recalled(data: Any) -> int | None:
    return _whole(data["recalled"]) if "recalled" in data else None


def _goodbye(data: Any) -> Event:
    retry_ms = data.get("retry_ms")
    return Goodbye(str(data.get("reason", ""))[:40], None if retry_ms is None else max(_number(retry_ms), 0.0))


_READERS = {"hello": _hello, "head": _head, "goodbye": _goodbye}


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("not a whole number")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError("not a number")
    return float(value)
