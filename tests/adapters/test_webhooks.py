"""A message reaches exactly the address that was looked at, or nobody; and what comes back is a word."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

import pytest

from cuebook_server.adapters.sealing import FileSealer, NoSealKey, ensure
from cuebook_server.adapters.webhooks import HttpSender, resolve
from cuebook_server.domain.reach import Reach
from cuebook_server.domain.webhook import Outcome
from tests.support.certificates import certified

LOOPBACK = Reach((ip_network("127.0.0.0/8"),))
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass
class Endpoint:
    """Answers every connection with the same bytes, and keeps what came."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    def url(self, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}/hook?x=1"


Serve = Callable[..., Endpoint]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts endpoints on loopback: they give ``answer``, or nothing until the test ends; with TLS where there is a context."""
    ended, sockets, threads = threading.Event(), list[socket.socket](), list[threading.Thread]()

    def start(answer: bytes | None = OK, tls: ssl.SSLContext | None = None) -> Endpoint:
        listener = socket.create_server(("127.0.0.1", 0))
        endpoint = Endpoint(listener.getsockname()[1])
        thread = threading.Thread(target=_answer, args=(listener, answer, tls, endpoint, ended), daemon=True)
        sockets.append(listener)
        threads.append(thread)
        thread.start()
        return endpoint

    yield start
    ended.set()
    for listener in sockets:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(10)


def _answer(
    listener: socket.socket, answer: bytes | None, tls: ssl.SSLContext | None, endpoint: Endpoint, ended: threading.Event
) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(10)
            try:
                with tls.wrap_socket(connection, server_side=True) if tls else connection as stream:
                    _exchange(stream, answer, endpoint, ended)
            except OSError:
                continue


def _exchange(stream: socket.socket, answer: bytes | None, endpoint: Endpoint, ended: threading.Event) -> None:
    told = b""
    while b"\r\n\r\n" not in told or not told.endswith(b"{}"):
        if not (piece := stream.recv(65_536)):
            return
        told += piece
    endpoint.requests.append(told)
    if answer is None:
        ended.wait(20)
    else:
        stream.sendall(answer)


def to_loopback(*names: str) -> Callable[[str, int], Sequence[str]]:
    """A resolver that knows these names as this machine, and no others."""

    def known(host: str, _: int) -> Sequence[str]:
        if host in names:
            return ["127.0.0.1"]
        raise socket.gaierror("no such name")

    return known


def post(url: str, reach: Reach = LOOPBACK, **how: object) -> Outcome:
    sender = HttpSender(reach, **how)  # type: ignore[arg-type]  # a test names what it changes
    return sender.post(url, {"webhook-id": "msg_1"}, b"{}")


def test_a_message_is_posted_with_its_headers(serve: Serve) -> None:
    endpoint = serve()
    assert post(endpoint.url("hooks.example.com"), resolve=to_loopback("hooks.example.com")) == Outcome("204")
    (told,) = endpoint.requests
    head, _, body = told.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "post /hook?x=1 http/1.1"
    assert {"webhook-id: msg_1", f"host: hooks.example.com:{endpoint.port}", "content-type: application/json"} <= set(lines)
    assert body == b"{}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(serve: Serve, status: int) -> None:
    inside = serve()
    moved = f"HTTP/1.1 {status} Moved\r\nLocation: {inside.url()}\r\nContent-Length: 0\r\n\r\n".encode()
    assert post(serve(moved).url()) == Outcome(str(status))
    assert inside.requests == []


INSIDE = ["127.0.0.1", "::1", "0.0.0.0", "169.254.169.254", "::ffff:127.0.0.1", "fe80::1%2", "224.0.0.1", "64:ff9b::7f00:1"]


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_reaches_nobody(serve: Serve, address: str) -> None:
    endpoint = serve()
    for addresses in ([address], ["8.8.8.8", address]):
        sent = post(endpoint.url("a.example.com", "https"), Reach(), resolve=lambda *_, found=addresses: found)
        assert sent == Outcome("address_refused")
    assert endpoint.requests == []


def test_a_name_that_changes_its_mind_is_asked_once(serve: Serve) -> None:
    """DNS rebinding: what was looked at is what is connected to."""
    endpoint, asked = serve(), list[str]()

    def rebinding(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    assert post(endpoint.url("rebind.example.com"), resolve=rebinding) == Outcome("204")
    assert asked == ["rebind.example.com"]
    assert post(endpoint.url("rebind.example.com"), resolve=rebinding) == Outcome("address_refused")
    assert len(endpoint.requests) == 1


def test_names_of_this_machine_are_refused_by_the_real_resolver(serve: Serve) -> None:
    endpoint = serve()
    for host in ("localhost", "LOCALHOST", "localhost."):
        assert post(endpoint.url(host, "https"), Reach()) == Outcome("address_refused")
    assert endpoint.requests == []
    assert "127.0.0.1" in resolve("localhost", 80)


def test_a_proxy_of_the_environment_is_not_asked(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, endpoint = serve(), serve()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert post(endpoint.url()) == Outcome("204")
    assert (len(endpoint.requests), proxy.requests) == (1, [])


@pytest.mark.fault("C-27")
def test_what_never_answers_is_given_up(serve: Serve) -> None:
    assert post(serve(None).url(), whole_s=0.3) == Outcome("timeout")


@pytest.mark.fault("C-27")
def test_what_answers_byte_by_byte_gains_nothing(serve: Serve) -> None:
    """Each byte begins a new wait of its own, unless one deadline counts for all."""
    assert post(serve(b"HTTP/1.1 20").url(), whole_s=5) == Outcome("bad_answer")
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            while not ended.wait(0.05):
                try:
                    connection.sendall(b"H")
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    assert post(f"http://127.0.0.1:{listener.getsockname()[1]}/", whole_s=0.5).word in {"timeout", "bad_answer"}
    ended.set()
    thread.join(10)
    listener.close()


def test_what_cannot_be_reached_or_understood_is_a_word(serve: Serve) -> None:
    assert post("http://127.0.0.1:1/", whole_s=5) == Outcome("connection_failed")
    assert post(serve(b"SSH-2.0-x\r\n").url()) == Outcome("bad_answer")
    assert post("https://nowhere.example.com/", resolve=to_loopback()) == Outcome("name_unknown")
    assert post("https://127.1/") == Outcome("address_refused")


def test_what_the_endpoint_says_is_not_kept(serve: Serve) -> None:
    secret = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
    assert post(secret.url()) == Outcome("200")
    endless = serve(b"HTTP/1.1 500 No\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 100_000)
    assert post(endless.url()) == Outcome("500")


@pytest.mark.parametrize(("value", "asked"), [("120", 120.0), ("x", None), ("", None), ("\xb2", None)])
def test_when_to_come_back_is_read(serve: Serve, value: str, asked: float | None) -> None:
    answer = f"HTTP/1.1 503 Busy\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
    assert post(serve(answer).url()) == Outcome("503", asked)


# --- TLS -----------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `hooks.example.com` that vouches for itself."""
    return certified("hooks.example.com", tmp_path_factory.mktemp("tls") / "both.pem")


def test_the_name_stays_the_name_although_the_address_is_pinned(serve: Serve, certificate: Path) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate)
    names: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    trust = ssl.create_default_context(cafile=str(certificate))
    endpoint = serve(OK, server)
    known = to_loopback("hooks.example.com", "other.example.com")
    assert post(endpoint.url("hooks.example.com", "https"), resolve=known, trust=trust) == Outcome("204")
    assert names == ["hooks.example.com"]
    assert post(endpoint.url("other.example.com", "https"), resolve=known, trust=trust) == Outcome("tls_failed")
    assert post(endpoint.url("hooks.example.com", "https"), resolve=known) == Outcome("tls_failed")
    assert len(endpoint.requests) == 1


# --- the key that seals secrets ------------------------------------------------------------------------------------------
def test_what_is_sealed_opens_with_the_same_key_only(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    ensure(one)
    ensure(other)
    sealed = FileSealer(one).seal("whsec_x")
    assert "whsec_x" not in sealed
    assert FileSealer(one).open(sealed) == "whsec_x"
    with pytest.raises(ValueError):  # noqa: PT011  # it has no message: what it failed on is a secret
        FileSealer(other).open(sealed)
    other.write_text(other.read_text() + one.read_text())
    assert FileSealer(other).open(sealed) == "whsec_x"
    assert one.stat().st_mode & 0o077 == 0


def test_without_a_key_nothing_is_sealed(tmp_path: Path) -> None:
    with pytest.raises(NoSealKey):
        FileSealer(tmp_path / "none").seal("whsec_x")


def test_the_key_that_is_there_stays(tmp_path: Path) -> None:
    ensure(tmp_path / "key")
    before = (tmp_path / "key").read_bytes()
    ensure(tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == before
