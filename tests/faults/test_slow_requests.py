"""Four thousand connections that hold a half-sent request: each is closed in time, and nobody else is refused."""

from __future__ import annotations

import resource
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests.support.server import Server

SLOW = 4_000
PER_ADDRESS = 2_000
HEAD_S_MAX, BODY_S_MAX = 10.0, 30.0
LATE_S = 5.0  # for a busy machine, on which both sides wait for their turn


@pytest.mark.fault("C-14")
@pytest.mark.slow
def test_slow_requests_are_closed_and_nobody_else_is_refused(
    start_server: Callable[..., Server], tmp_path: Path, seen: Callable[[str], None]
) -> None:
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 2 * SLOW:
        pytest.skip(f"no process may open {2 * SLOW:,} files here (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server = start_server(tmp_path / "data")
    try:
        longest, answers = _hold(server)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
    seen(f"{SLOW:,} closed after {longest['head']:.1f} s and {longest['body']:.1f} s, {len(answers):,} honest answers")
    assert longest["head"] <= HEAD_S_MAX + LATE_S
    assert longest["body"] <= BODY_S_MAX + LATE_S
    assert set(answers) == {200}


def _hold(server: Server) -> tuple[dict[str, float], list[int]]:
    """How long each kind was held until the server had closed them all, and what an honest client was answered meanwhile."""
    url, key = f"{server.url}/v1/prompts/support.triage", server.keys["production"]
    longest, answers = {"head": 0.0, "body": 0.0}, []
    with ExitStack() as stack, select.epoll() as poll, httpx2.Client(headers={"Authorization": f"Bearer {key}"}) as honest:
        held = {one.fileno(): (one, part, time.monotonic()) for one, part in _halves(stack, server, key)}
        for number in held:
            poll.register(number, select.EPOLLIN)
        deadline = time.monotonic() + 80
        while held and time.monotonic() < deadline:
            answers.append(honest.get(url, timeout=30).status_code)
            for number, _ in poll.poll(0.02):
                one, part, since = held.pop(number)
                longest[part] = max(longest[part], time.monotonic() - since)
                one.close()
    assert not held, f"{len(held)} are still open"
    return longest, answers


def _halves(stack: ExitStack, server: Server, key: str) -> Iterator[tuple[socket.socket, str]]:
    """Connections on which half a request was sent."""
    port = int(server.url.rpartition(":")[2])
    head = f"POST /v1/prompts/support.triage/render HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    sent = {"head": head.encode(), "body": f"{head}Content-Length: 100\r\n\r\n{{".encode()}
    for number in range(SLOW):
        part, source = "head" if number % 2 else "body", (f"127.0.0.{2 + number // PER_ADDRESS}", 0)
        one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30, source_address=source))
        one.sendall(sent[part])
        yield one, part
