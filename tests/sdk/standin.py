"""A small HTTP server in the registry's place, which answers whatever a test wants, bad answers most of all."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


class StandIn:
    """The server: set ``answer`` to change what it says, look into ``asked`` for what arrived."""

    def __init__(self, answer: Answerer) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[StandIn]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join(5)


def _handler(standin: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            asked = Asked(self.command, url.path, dict(parse_qsl(url.query)), headers, body)
            standin.asked.append(asked)
            reply = standin.answer(asked)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) if reply.announced is None else reply.announced))
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = reply.announced is not None

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
