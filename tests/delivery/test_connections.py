"""Connections that hold a place and bring nothing are closed; whoever is merely slow is served."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from cuebook_server.delivery import connections
from cuebook_server.delivery import protocol as protocols
from cuebook_server.delivery.limits import Limits
from tests.delivery.client import TRIAGE, Shop
from tests.delivery.listener import Listener
from tests.delivery.live import serving
from tests.delivery.memory import text

PATH = f"/v1/prompts/{TRIAGE}"
RENDERED = b'{"variables": {"customer": "Ann"}}'


@pytest.fixture
def port(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A node that waits half a second for a head and a second for a body."""
    monkeypatch.setattr(connections, "_LOOK_EVERY_S", 0.1)
    monkeypatch.setitem(connections.PATIENCE_S, "head", 0.5)
    monkeypatch.setitem(connections.PATIENCE_S, "body", 1.0)
    with serving(shop) as number:
        yield number


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def head(shop: Shop, path: str = PATH, method: str = "GET", *lines: str) -> bytes:
    asked = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {shop.prd}", *lines]
    return ("\r\n".join(asked) + "\r\n\r\n").encode()


def render(shop: Shop, length: int) -> bytes:
    return head(shop, f"{PATH}/render", "POST", f"Content-Length: {length}")


def rest(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


@pytest.mark.fault("C-14")
@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (lambda _: b"", b""),
        (lambda _: b"GET /v1/pro", b"HTTP/1.1 408"),
        (lambda shop: head(shop)[:-2], b"HTTP/1.1 408"),
        (lambda shop: render(shop, 100) + b'{"var', b"HTTP/1.1 408"),
        (lambda shop: head(shop) + b"GET /v1", b"HTTP/1.1 200"),
    ],
    ids=["silence", "half a line", "half a head", "half a body", "half of the next one"],
)
def test_who_does_not_finish_is_closed(shop: Shop, port: int, sent: Callable[[Shop], bytes], said: bytes) -> None:
    with connect(port) as connection:
        connection.sendall(sent(shop))
        assert rest(connection)[: len(said) or 1] == said
    assert shop.node.board.counters.late_requests == 1


@pytest.mark.fault("C-14")
def test_a_trickle_is_no_progress(shop: Shop, port: int) -> None:
    with connect(port) as connection:
        connection.sendall(render(shop, 1_000))
        with pytest.raises(OSError, match=r"[Bb]roken pipe|reset"):  # noqa: PT012 - whichever byte meets the closed door
            for _ in range(200):
                connection.sendall(b" ")
                time.sleep(0.05)


def test_a_slow_line_that_brings_something_is_waited_for(shop: Shop, port: int) -> None:
    body = RENDERED + b" " * 400_000
    with connect(port) as connection:
        connection.sendall(render(shop, len(body)))
        for start in range(0, len(body), 20_000):
            connection.sendall(body[start : start + 20_000])
            time.sleep(0.12)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_who_waits_between_requests_owes_nothing(shop: Shop, port: int) -> None:
    with connect(port) as connection:
        for _ in range(3):
            connection.sendall(head(shop))
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            time.sleep(0.8)
    assert shop.node.board.counters.late_requests == 0


def test_a_stream_owes_nothing(shop: Shop, port: int) -> None:
    with Listener(port, shop.prd) as client:
        client.next("head")
        time.sleep(1.5)
        shop.release("production", TRIAGE, 2)
        assert client.event().name == "head"


def test_a_request_in_small_pieces_is_answered(shop: Shop, port: int) -> None:
    whole = render(shop, len(RENDERED)) + RENDERED
    with connect(port) as connection:
        for start in range(0, len(whole), 40):
            connection.sendall(whole[start : start + 40])
            time.sleep(0.01)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        time.sleep(0.8)
        connection.sendall(head(shop))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_head_without_end_is_refused(shop: Shop, port: int) -> None:
    with connect(port) as connection:
        connection.sendall(head(shop)[:-2])
        received = b""
        for _ in range(40):
            try:
                connection.sendall(b"X-More: " + b"x" * 8_000 + b"\r\n")
            except OSError:
                break
            time.sleep(0.005)
        received = rest(connection)
    assert received[:12] in {b"HTTP/1.1 431", b""}, "what was sent after the refusal may have thrown it away"
    assert shop.node.app.connections.open == 0


def test_two_hundred_who_hold_on_disturb_nobody(shop: Shop, port: int) -> None:
    slow = [connect(port) for _ in range(200)]
    for number, connection in enumerate(slow):
        connection.sendall(head(shop)[: -2 - number % 20] if number % 2 else render(shop, 100))
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {shop.prd}"}) as honest:
        while slow:
            assert honest.get(PATH).status_code == 200
            slow = [connection for connection in slow if not closed(connection)]
    assert shop.node.board.counters.late_requests == 200


def closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return False
    except ConnectionResetError:
        pass
    connection.close()
    return True


def test_beyond_what_it_can_hold_it_says_so_and_recovers(shop: Shop, port: int) -> None:
    shop.node.app.connections.most = 3
    held = [Listener(port, shop.prd) for _ in range(3)]
    with connect(port) as connection:
        assert rest(connection).startswith(b"HTTP/1.1 503")
    held[0].socket.close()
    wait_for(lambda: shop.node.app.connections.open == 2)
    with connect(port) as connection:
        connection.sendall(head(shop))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    for listener in held:
        listener.socket.close()
    assert shop.node.board.counters.refused["connections"] == 1


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
def test_who_wants_another_protocol_is_answered_in_this_one_and_counted(shop: Shop, port: int, protocol: str) -> None:
    with connect(port) as connection:
        connection.sendall(head(shop, PATH, "GET", "Connection: Upgrade", f"Upgrade: {protocol}", "Sec-WebSocket-Key: eA=="))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    wait_for(lambda: shop.node.app.connections.open == 0)


def wait_for(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("limits", [Limits(key_rate=5), Limits(address_rate=5)])
def test_more_than_the_rate_is_told_when_to_ask_again(shop: Shop, limits: Limits) -> None:
    shop.node.app = limited(shop, limits)
    answers = [shop.get(PATH) for _ in range(12)]
    assert [answer.status for answer in answers[:5]] == [200] * 5
    assert answers[-1].status == 429
    assert answers[-1].code == "too_many_requests"
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 3
    time.sleep(0.5)
    assert shop.get(PATH).status == 200
    assert shop.node.board.counters.refused["requests"] == shop.node.board.counters.requests[429]


def limited(shop: Shop, limits: Limits) -> Any:
    from cuebook_server.delivery.app import Delivery

    return Delivery(shop.node.board, shop.node.pinned, limits=limits)


def test_who_never_reads_the_answer_is_cut_off(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few thousand of them held every place of a node, for ever: an answer that is begun had no bound."""
    monkeypatch.setattr(protocols, "_UNACKNOWLEDGED_MS", 500)
    shop.source.save("long", text("x" * 8_000_000))
    shop.release("production", "long", 1)
    node = shop.node.app.connections
    with serving(shop) as number, socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        held.connect(("127.0.0.1", number))
        held.sendall(head(shop, "/v1/snapshot"))
        wait_for(lambda: node.open == 1)
        wait_for(lambda: node.open == 0)
