"""The processes that ``bench.delivery`` measures: a bare "hello", and a node with a number of prompts."""

from __future__ import annotations

import gc
import socket
import sys
import time

import psutil
import uvicorn

from cuebook_server.delivery.answer import Receive, Scope, Send
from cuebook_server.delivery.app import Delivery
from cuebook_server.delivery.board import Board
from cuebook_server.delivery.limits import Limits
from cuebook_server.delivery.pinned import Pinned
from cuebook_server.delivery.protocol import DeliveryProtocol
from cuebook_server.delivery.whole import make
from tests.delivery.memory import MemorySource, text

ENVIRONMENTS = ("development", "staging", "production")
WORDS = "You are a support agent. Read the ticket, decide how urgent it is, and answer in the tone of {{tone}}. "
# Looked at on every request, as in a server, and never reached.
LIMITS = Limits(key_rate=1_000_000, address_rate=1_000_000)
HELLO = b"Hello, world!"
HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"13")]


async def hello(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": HELLO})


def registry(prompts: int) -> tuple[MemorySource, str]:
    """Three environments that serve so many prompts of about 1.2 kB, and a key."""
    source = MemorySource()
    environments = [source.add_environment(name) for name in ENVIRONMENTS]
    token = source.add_key(environments[0])
    for number in range(prompts):
        name = f"team.prompt-{number}"
        source.save(name, text(f"{number}: {WORDS * 9}", variables={"tone": {"type": "string", "required": True}}))
    for environment in environments:
        source.release_all(environment)
    return source, token


def key() -> str:
    return registry(0)[1]


def size(prompts: int) -> None:
    source, _ = registry(prompts)
    gc.collect()
    process, board = psutil.Process(), Board(source)
    before, started = process.memory_info().rss, time.perf_counter()
    board.refresh_now()
    seconds = time.perf_counter() - started
    megabytes = (process.memory_info().rss - before) / 1e6
    started = time.perf_counter()
    first = next(iter(board.environments))
    source.release(first, "team.prompt-3", 1)
    board.refresh_now()
    change_ms = (time.perf_counter() - started) * 1000
    started = time.perf_counter()
    make(board.environments[first], board.directories[first[0]], {}, "snapshot", zipped=True)
    print(seconds, megabytes, change_ms, (time.perf_counter() - started) * 1000)


def node(prompts: int) -> Delivery:
    source, _ = registry(prompts)
    pinned = Pinned(source)
    board = Board(source, retain=pinned.retain)
    board.refresh_now()
    return Delivery(board, pinned, limits=LIMITS)


def serve(what: str) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    http = "httptools" if what == "hello" else DeliveryProtocol
    app = hello if what == "hello" else node(int(what))
    # Without uvicorn's reading of proxies' headers, as `cuebook serve` starts it.
    config = uvicorn.Config(
        app, http=http, loop="uvloop", lifespan="off", access_log=False, log_level="warning", proxy_headers=False
    )
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    size(int(sys.argv[2])) if sys.argv[1] == "size" else serve(sys.argv[1])
