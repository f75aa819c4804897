"""Sending an answer that is already bytes: in one write where our protocol runs, by plain ASGI everywhere else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Reply = tuple[int, bytes, bytes]  # status, header lines (each `name: value` and CRLF), body
EXTENSION = "cuebook.answer"
STREAM = "cuebook.stream"


class Write(Protocol):
    """Writes a whole answer now; ``False`` (and nothing written) when the connection cannot take it at this moment."""

    def __call__(self, status: int, lines: bytes, body: bytes) -> bool: ...


class Reader(Protocol):
    """Who hears what becomes of a stream's connection."""

    def full(self) -> None:
        """The connection takes nothing more for now."""

    def free(self) -> None:
        """Everything written has left."""

    def leave(self) -> None:
        """The server ends."""


class Pipe(Protocol):
    """A connection that stays open and is only written to."""

    def write(self, data: bytes) -> None:
        """Write now. Nothing waits in between: who writes while the connection is full makes it grow."""

    def end(self) -> None:
        """Close it, after what was written has left."""

    def cut(self) -> None:
        """Close it now."""


class Open(Protocol):
    """Writes the head of an answer and what it begins with, in one go, and hands the connection over.

    ``None`` (and nothing done) when it is gone.
    """

    def __call__(self, lines: bytes, first: bytes, reader: Reader) -> Pipe | None: ...


def answer_at_once(scope: Scope, reply: Reply) -> bool:
    """Send a reply in one write, where the server offers it and the connection can take it now; else ``False``."""
    extensions = scope.get("extensions")
    if not extensions or EXTENSION not in extensions:
        return False
    status, lines, body = reply
    write: Write = extensions[EXTENSION]
    return write(status, lines, b"" if scope["method"] == "HEAD" else body)


async def answer(scope: Scope, send: Send, reply: Reply) -> None:
    """Send a reply by plain ASGI. The body is left out where the method is HEAD."""
    status, lines, body = reply
    headers = [tuple(line.split(b": ", 1)) for line in lines.split(b"\r\n")[:-1]]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
