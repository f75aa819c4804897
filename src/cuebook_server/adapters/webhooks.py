"""Posting to addresses that strangers chose: resolved once, every address looked at, and the connection to exactly that one.

No redirect is followed, no proxy of the environment is used, and nothing the endpoint says is read beyond its status and
``Retry-After``.
"""

from __future__ import annotations

import email.utils
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import httpcore2
import httpx2

from cuebook_server.domain.reach import BadUrl, Endpoint, Reach
from cuebook_server.domain.webhook import Outcome

CONNECT_S = 3.0
WHOLE_S = 10.0
ADDRESSES_MAX = 4
Resolve = Callable[[str, int], Sequence[str]]


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the machine knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class HttpSender:
    """Sends webhook messages. ``resolve`` and ``trust`` (the authorities it believes) are other ones in tests."""

    def __init__(
        self,
        reach: Reach,
        *,
        resolve: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
        connect_s: float = CONNECT_S,
        whole_s: float = WHOLE_S,
    ) -> None:
        self._reach, self._resolve, self._trust = reach, resolve, trust
        self._connect_s, self._whole_s = connect_s, whole_s

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Post once. The word is the HTTP status, or what kept it from one."""
        deadline = time.monotonic() + self._whole_s
        try:
            endpoint = self._reach.read(url)
            addresses = self._resolve(endpoint.host, endpoint.port)
        except BadUrl:
            return Outcome("address_refused")
        except (OSError, UnicodeError):
            return Outcome("name_unknown")
        if not self._reach.lets(addresses, secure=endpoint.secure):
            return Outcome("address_refused")
        try:
            return self._post(endpoint, _Pinned(addresses[:ADDRESSES_MAX], self._connect_s, deadline), headers, body)
        except httpcore2.TimeoutException:
            return Outcome("timeout")
        except httpcore2.ProtocolError:
            return Outcome("bad_answer")
        except (httpcore2.NetworkError, OSError) as error:
            return Outcome("tls_failed" if _is_tls(error) else "connection_failed")

    def _post(self, to: Endpoint, way: httpcore2.NetworkBackend, headers: Mapping[str, str], body: bytes) -> Outcome:
        told = {
            "Host": to.authority,
            "User-Agent": "Cuebook",
            "Content-Type": "application/json",
            "Connection": "close",
            **headers,
        }
        url = httpcore2.URL(
            scheme=b"https" if to.secure else b"http", host=to.host.encode(), port=to.port, target=to.target.encode()
        )
        with (
            httpcore2.ConnectionPool(
                ssl_context=self._believed() if to.secure else None, network_backend=way, retries=0
            ) as pool,
            pool.stream(
                "POST", url, headers=[(name.encode(), value.encode()) for name, value in told.items()], content=body
            ) as answer,
        ):
            asked = next((value for name, value in answer.headers if name.lower() == b"retry-after"), b"")
            return Outcome(str(answer.status), _retry_after_s(asked.decode("latin-1")))

    def _believed(self) -> ssl.SSLContext:
        if self._trust is None:  # on demand: reading every authority takes a while
            self._trust = httpx2.create_ssl_context()
        return self._trust


class _Pinned(httpcore2.NetworkBackend):
    """Connects to the addresses that were looked at, whatever name is asked for, and lets nothing take longer than agreed."""

    def __init__(self, addresses: Sequence[str], connect_s: float, deadline: float) -> None:
        self._addresses, self._connect_s, self._deadline = addresses, connect_s, deadline

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002  # the name plays no part any more
        port: int,
        timeout: float | None = None,  # noqa: ARG002  # our own deadline counts
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        for number, address in enumerate(self._addresses, 1):
            try:
                pause_s = min(self._connect_s, _left_s(self._deadline))
                stream = httpcore2.SyncBackend().connect_tcp(address, port, pause_s, local_address, socket_options)
                return _Timed(stream, self._deadline)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if number == len(self._addresses):
                    raise
        raise httpcore2.ConnectError  # there was no address


class _Timed(httpcore2.NetworkStream):
    """A stream whose every step ends at one deadline: an endpoint that sends a byte a second gains nothing by it."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  # our own deadline counts
        return self._stream.read(max_bytes, _left_s(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  # our own deadline counts
        self._stream.write(buffer, _left_s(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002  # our own deadline counts
    ) -> httpcore2.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, _left_s(self._deadline)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left_s(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left


def _is_tls(error: BaseException) -> bool:
    return isinstance(error, ssl.SSLError) or isinstance(error.__cause__ or error.__context__, ssl.SSLError)


def _retry_after_s(value: str) -> float | None:
    """Seconds from now; a number or an HTTP date."""
    try:
        return float(value) if value.isdecimal() else email.utils.parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
