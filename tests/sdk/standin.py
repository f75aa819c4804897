"""A small HTTP server in the registry's place, which answers whatever a test wants, bad answers most of all."""

from __future__ import annotations

import gzip
import json
import queue
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; header names in lower case."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What to answer. ``announced``: a Content-Length that is not true, as of an answer cut off on its way."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    announced: int | None = None


Answerer = Callable[[Asked], Reply]


class Streams:
    """The event streams of a stand-in: what is told goes to all that are open, and new ones are greeted."""

    def __init__(self) -> None:
        self.opened: list[Asked] = []
        self.greeting = b""
        # While this is not set, streams are not even given a status line.
        self.unsilenced = threading.Event()
        self.unsilenced.set()
        self._open: list[queue.SimpleQueue[bytes | None]] = []

    def tell(self, text: str) -> None:
        for each in self._open:
            each.put(text.encode())

    def cut(self) -> None:
        """End all that are open, cleanly."""
        for each in self._open:
            each.put(None)

    def listen(self) -> Iterator[bytes]:
        mine: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._open.append(mine)
        yield self.greeting
        while (told := mine.get(timeout=60)) is not None:
            yield told
        self._open.remove(mine)


class StandIn:
    """The server: set ``answer`` to change what it says, look into ``asked`` for what arrived.

    It has no event streams, as older servers, unless ``streams`` is set. With a certificate it speaks TLS.
    """

    def __init__(self, answer: Answerer, certificate: Path | None = None) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.answered = 0
        self.streams: Streams | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        # A client that hangs up is no news: a trace of it would be printed after the tests' summary.
        self._server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]  # its own hook for this
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self._server.server_port}"
        if certificate is not None:
            secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            secure.load_cert_chain(certificate)
            self._server.socket = secure.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    @contextmanager
    def running(self) -> Iterator[StandIn]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.stop()
            thread.join(5)

    def stop(self) -> None:
        """Answer nobody any more: connections are refused, and those that stand get errors."""
        self.answer = lambda _: Reply(503)
        if self.streams is not None:
            self.streams.unsilenced.set()
            self.streams.cut()
        self._server.shutdown()
        self._server.server_close()


def _handler(standin: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            asked = Asked(self.command, url.path, dict(parse_qsl(url.query)), headers, body)
            if url.path == "/v1/events":
                return self._stream(asked)
            standin.asked.append(asked)
            reply = standin.answer(asked)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) if reply.announced is None else reply.announced))
            self.end_headers()
            self.wfile.write(reply.body)
            standin.answered += 1
            self.close_connection = reply.announced is not None

            return None

        def _stream(self, asked: Asked) -> None:
            self.close_connection = True
            if standin.streams is None:
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.send_header("Connection", "close")  # unsaid, the next request may go into a connection that ends
                self.end_headers()
                return
            standin.streams.opened.append(asked)
            standin.streams.unsilenced.wait(60)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            try:
                self.end_headers()
                for chunk in standin.streams.listen():
                    self.wfile.write(chunk)
            except OSError:  # the client is gone
                pass

        do_POST = do_GET  # noqa: N815 - the base class names it so

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            pass

    return Handler


def served(name: str, text: str = "Hello {{who}}", *, version: int = 1, environment: str = "production") -> dict[str, Any]:
    """A served text prompt."""
    return {
        "name": name,
        "version": version,
        "digest": f"sha256:{version:064x}",
        "environment": environment,
        "kind": "text",
        "engine": "simple",
        "text": text,
        "variables": {},
        "model": None,
        "tools": [],
        "response_format": None,
        "released_at": "2026-11-21T10:00:00Z",
    }


def whole(
    revision: int = 1, *prompts: dict[str, Any], environment: str = "production", epoch: int = 1, **members: Any
) -> dict[str, Any]:
    """A snapshot's body; without prompts it serves ``greeting``, whose version is the revision."""
    listed = list(prompts) or [served("greeting", version=revision, environment=environment)]
    return {"environment": environment, "epoch": epoch, "revision": revision, "prompts": listed, **members}


def reply(body: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; header names with underscores for dashes."""
    return Reply(status, {**JSON, **{k.replace("_", "-"): v for k, v in headers.items()}}, json.dumps(body).encode())


def serving(body: dict[str, Any]) -> Answerer:
    """A registry that serves this snapshot, compressed, with its ETag and 304."""
    etag = f'"{body["epoch"]}-{body["revision"]}"'
    headers = {"ETag": etag, "Cuebook-Environment": body["environment"], "Cuebook-Revision": str(body["revision"])}

    def answer(asked: Asked) -> Reply:
        if asked.headers.get("if-none-match") == etag:
            return Reply(304, headers)
        return Reply(200, {**JSON, **headers, "Content-Encoding": "gzip"}, gzip.compress(json.dumps(body).encode()))

    return answer
