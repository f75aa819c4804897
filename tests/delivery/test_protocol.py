"""Answers on the wire: our shorter way writes what plain ASGI writes, to every kind of connection."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.delivery.client import TRIAGE, Shop, make_shop
from tests.delivery.live import serving
from tests.delivery.memory import text

PATH = f"/v1/prompts/{TRIAGE}"


@dataclass
class Wire:
    """A server and how to speak to it byte by byte."""

    shop: Shop
    port: int

    def request(self, path: str, *lines: str, method: str = "GET", version: str = "1.1", body: bytes = b"") -> bytes:
        head = [f"{method} {path} HTTP/{version}", "Host: x", f"Authorization: Bearer {self.shop.prd}", *lines]
        return ("\r\n".join(head) + "\r\n\r\n").encode() + body

    def ask(self, *requests: bytes) -> bytes:
        """Everything that comes back for these requests, sent at once on one connection that then closes its side."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(b"".join(requests))
            received = bytearray()
            while part := connection.recv(65536):
                received += part
            return bytes(received)


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    shop = make_shop()
    with serving(shop) as port:
        yield Wire(shop, port)


CLOSE = "Connection: close"


def parts(raw: bytes) -> tuple[bytes, dict[bytes, bytes], bytes]:
    """Status line, headers, body of one answer."""
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    return status, dict(line.split(b": ", 1) for line in lines), body


REQUESTS = [
    ("GET", PATH, ()),
    ("HEAD", PATH, ()),
    ("GET", PATH, ("If-None-Match: *",)),
    ("GET", "/v1/snapshot", ("Accept-Encoding: gzip",)),
    ("GET", "/v1/prompts/nowhere", ()),
    ("PUT", PATH, ()),
]


@pytest.mark.parametrize(("method", "path", "lines"), REQUESTS)
def test_both_ways_write_the_same(wire: Wire, method: str, path: str, lines: tuple[str, ...]) -> None:
    request = wire.request(path, *lines, CLOSE, method=method)
    with serving(wire.shop, quick=False) as port:
        plain = parts(Wire(wire.shop, port).ask(request))
    quick = parts(wire.ask(request))
    for _, headers, _ in (plain, quick):
        assert headers.pop(b"date")
    assert quick == plain


def test_a_head_has_no_body_and_the_length_of_one(wire: Wire) -> None:
    status, headers, body = parts(wire.ask(wire.request(PATH, CLOSE, method="HEAD")))
    assert (status, body) == (b"HTTP/1.1 200 OK", b"")
    assert int(headers[b"content-length"]) == len(wire.shop.get(PATH).body)


def test_requests_in_a_row_are_answered_in_order(wire: Wire) -> None:
    asked = [wire.request(PATH), wire.request("/v1/prompts"), wire.request(f"{PATH}?version=2"), wire.request(PATH, CLOSE)]
    statuses = [line for line in wire.ask(*asked).split(b"\r\n") if b"HTTP/1.1 " in line]
    assert [status[-3:] for status in statuses] == [b" OK", b" OK", b"und", b" OK"]


def test_an_old_client_is_answered_and_let_go(wire: Wire) -> None:
    status, headers, body = parts(wire.ask(wire.request(PATH, version="1.0")))
    assert (status, headers[b"connection"]) == (b"HTTP/1.1 200 OK", b"close")
    assert body == wire.shop.get(PATH).body


def test_a_large_answer_arrives_whole(wire: Wire) -> None:
    wire.shop.release("production", "large", wire.shop.source.save("large", text("é" * 400_000)))
    _, headers, body = parts(wire.ask(wire.request("/v1/prompts/large", CLOSE)))
    assert len(body) == int(headers[b"content-length"]) > 800_000


def test_a_render_waits_for_the_body_it_announced(wire: Wire) -> None:
    body = b'{"variables": {"customer": "Ann"}}'
    lines = ("Expect: 100-continue", f"Content-Length: {len(body)}", CLOSE)
    raw = wire.ask(wire.request(f"{PATH}/render", *lines, method="POST", body=body))
    assert raw.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_too_large_a_body_is_refused_before_it_is_read(wire: Wire) -> None:
    raw = wire.ask(wire.request(f"{PATH}/render", f"Content-Length: {5 * 1024 * 1024}", CLOSE, method="POST"))
    assert parts(raw)[0].startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("target", [PATH.replace(".", "%2e"), "//v1/prompts", "/v1//prompts", "/v1/./prompts", PATH + "%00"])
def test_paths_are_taken_as_they_are_written(wire: Wire, target: str) -> None:
    status = parts(wire.ask(wire.request(target, CLOSE)))[0]
    assert status.split()[1] in {b"400", b"404"}


def test_the_access_log_knows_of_quick_answers(caplog: pytest.LogCaptureFixture) -> None:
    shop = make_shop()
    with caplog.at_level(logging.INFO, "uvicorn.access"), serving(shop, access_log=True) as port:
        quick = Wire(shop, port)
        quick.ask(quick.request(f"{PATH}?version=1", CLOSE))
    assert f'"GET {PATH}?version=1 HTTP/1.1" 200' in caplog.text
