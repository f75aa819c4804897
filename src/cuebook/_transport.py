"""One HTTP exchange with a registry: settings, limits, and failures as typed errors. Delivery and management both use it.

It neither retries nor follows redirects: a redirect would carry the credential to wherever it points.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401  # see below
import os
import socket
import ssl
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpcore2  # noqa: F401  # see below
import httpx2
import truststore  # noqa: F401  # see below

from cuebook._exchange import Answer, Request
from cuebook.errors import BadAnswer, CuebookError, Misconfigured, Unavailable

# httpx2 loads httpcore2 and truststore with its first client, and a socket loads the codec for its host's name: here that is on
# another thread. A child forked meanwhile would wait for ever for an import that nobody ends, so this module loads them.
__all__ = [
    "ANSWER_BYTES_MAX",
    "Answer",
    "AsyncTransport",
    "Request",
    "Transport",
    "base_url",
    "base_urls",
    "bearer",
    "closed",
    "setting",
    "tls",
]

ANSWER_BYTES_MAX = 64 * 1024 * 1024
# Each read may take the whole timeout, so a server that drips bytes would hold a request for ever without this.
EXCHANGE_S_MAX = 60.0
_USER_AGENT = "cuebook-python/1"
_STREAM_HEADERS = {"Accept-Encoding": "identity"}  # what compresses also holds back


class Transport:
    """Exchanges over kept connections; may be used by several threads."""

    def __init__(
        self, url: str, token: str, *, timeout_s: float, bytes_max: int = ANSWER_BYTES_MAX, secure: ssl.SSLContext | None = None
    ) -> None:
        self.url, self._bytes_max = url, bytes_max
        with _configuring():
            self._http = httpx2.Client(**_options(url, token, timeout_s, secure))
        # By identity, not a `WeakSet`, which raises where one thread connects while another one cuts.
        self._sockets: weakref.WeakValueDictionary[int, socket.socket] = weakref.WeakValueDictionary()
        self._over = False

    def send(self, request: Request) -> Answer:
        """Exchange once. Any status is an answer; `Unavailable` and `BadAnswer` say that there was none."""
        deadline = time.monotonic() + EXCHANGE_S_MAX
        traced = {"extensions": {"trace": self._connected}, **_parts(request)}
        with _asking(self.url, self._is_over), self._http.stream(request.method, request.path, **traced) as response:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                _check_size(len(body), self._bytes_max, deadline)
            return Answer(response.status_code, _headers(response), bytes(body))

    @contextmanager
    def stream(self, request: Request, *, quiet_s: float) -> Iterator[Stream]:
        """An answer whose body is read as it comes; ``quiet_s`` may pass between two pieces of it."""
        traced = {"extensions": {"trace": self._connected}, **_parts(request, **_STREAM_HEADERS)}
        with _asking(self.url, self._is_over), self._http.stream(request.method, request.path, **traced) as response:
            _wait_for_body(response, quiet_s)
            yield Stream(response.status_code, _headers(response), response.iter_raw(), _socket(response))

    def cut(self) -> None:
        """End for good, from any thread, without waiting: whoever waits for an answer is told at once."""
        self._over = True
        for held in self._connections():
            with suppress(OSError, ValueError):
                held.shutdown(socket.SHUT_RDWR)

    def abandon(self) -> None:
        """In the child of a fork: let the sockets go without closing the connections, which are the parent's."""
        for held in self._connections():
            with suppress(OSError, ValueError):
                os.close(held.detach())

    def close(self) -> None:
        """Give the connections back. Cut first: a socket that is only closed leaves another thread waiting on it for ever."""
        self.cut()
        self._http.close()

    def _is_over(self) -> bool:
        return self._over

    def _connections(self) -> list[socket.socket]:
        return [found for held in self._sockets.valuerefs() if (found := held()) is not None]

    def _connected(self, event: str, about: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            found = about["return_value"].get_extra_info("socket")
            if isinstance(found, socket.socket):
                self._sockets[id(found)] = found
                if self._over:
                    self.cut()

    def __enter__(self) -> Transport:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Stream:
    """The head of an answer, and its body in pieces."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]
    _socket: socket.socket | None

    def cut(self) -> None:
        """End it, from any thread: whoever waits for the next piece is told at once."""
        if self._socket is not None:
            with suppress(OSError, ValueError):
                self._socket.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True, slots=True)
class AsyncStream:
    """The same for asyncio."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class AsyncTransport:
    """The same for asyncio; belongs to the loop it is first used on."""

    def __init__(
        self, url: str, token: str, *, timeout_s: float, bytes_max: int = ANSWER_BYTES_MAX, secure: ssl.SSLContext | None = None
    ) -> None:
        self.url, self._bytes_max = url, bytes_max
        with _configuring():
            self._http = httpx2.AsyncClient(**_options(url, token, timeout_s, secure))

    async def send(self, request: Request) -> Answer:
        """Exchange once. Any status is an answer; `Unavailable` and `BadAnswer` say that there was none."""
        deadline = time.monotonic() + EXCHANGE_S_MAX
        with _asking(self.url, self._is_over):
            async with self._http.stream(request.method, request.path, **_parts(request)) as response:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    _check_size(len(body), self._bytes_max, deadline)
                return Answer(response.status_code, _headers(response), bytes(body))

    @asynccontextmanager
    async def stream(self, request: Request, *, quiet_s: float) -> AsyncIterator[AsyncStream]:
        """An answer whose body is read as it comes; ``quiet_s`` may pass between two pieces of it."""
        with _asking(self.url, self._is_over):
            async with self._http.stream(request.method, request.path, **_parts(request, **_STREAM_HEADERS)) as response:
                _wait_for_body(response, quiet_s)
                yield AsyncStream(response.status_code, _headers(response), response.aiter_raw())

    def _is_over(self) -> bool:
        return self._http.is_closed

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()


def setting(name: str, given: str | None = None, *, required: str = "") -> str:
    """A setting: what the caller gave, else the variable ``name``, else the contents of the file that ``name_FILE`` names.

    ``required`` is the sentence that says what the setting is; with it a missing one raises `Misconfigured`.
    """
    value = given if given is not None else os.environ.get(name)
    if value is None and (path := os.environ.get(f"{name}_FILE")):
        try:
            value = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured(f"The file that {name}_FILE names cannot be read: {error}.") from error
    value = (value or "").strip()
    if required and not value:
        raise Misconfigured(f"{name} is not set: {required}.", hint=f"Set {name} or {name}_FILE, or pass it as an argument.")
    return value


def base_url(text: str) -> str:
    """The registry's address in normal form, without the last slash."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
        (parts.hostname or "").encode("idna")  # an empty or long label fails there, at each request
    except ValueError:
        good = False
    if not good or parts.username is not None or parts.query or parts.fragment:
        raise Misconfigured("The registry's address is not an http(s) URL.", hint="Write it as `https://cuebook.example.org`.")
    return text.rstrip("/")


def base_urls(text: str) -> list[str]:
    """One address, or several with commas between them: the next one is asked where one fails."""
    return [base_url(each.strip()) for each in text.split(",")]


def tls(urls: Iterable[str]) -> ssl.SSLContext:
    """What connections to these addresses are encrypted with. The authorities, which take a while, are read only for https."""
    if any(urlsplit(url).scheme == "https" for url in urls):
        with _configuring("What SSL_CERT_FILE or SSL_CERT_DIR names"):
            return httpx2.create_ssl_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and nobody will ask it to


def bearer(token: str) -> str:
    """A credential that fits into a header. The error never shows it."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Misconfigured("The credential has characters no Cuebook credential has.", hint="Copy it again, whole and alone.")
    return token


def _options(url: str, token: str, timeout_s: float, secure: ssl.SSLContext | None) -> dict[str, Any]:
    headers = {"User-Agent": _USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"}
    if token:
        headers["Authorization"] = f"Bearer {bearer(token)}"
    verify = secure or tls([url])
    return {"base_url": url, "headers": headers, "timeout": timeout_s, "follow_redirects": False, "verify": verify}


def _parts(request: Request, **more: str) -> dict[str, Any]:
    headers = {**request.headers, **more}
    if request.body is not None:
        headers.setdefault("Content-Type", "application/json")
    return {"params": dict(request.params), "headers": headers, "content": request.body}


def _wait_for_body(response: httpx2.Response, quiet_s: float) -> None:
    """The head comes as soon as any answer does; only from here on may it be quiet for longer."""
    response.request.extensions["timeout"]["read"] = quiet_s


def _socket(response: httpx2.Response) -> socket.socket | None:
    found = response.extensions["network_stream"].get_extra_info("socket")
    return found if isinstance(found, socket.socket) else None


def _headers(response: httpx2.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


@contextmanager
def _configuring(what: str = "A proxy of HTTP_PROXY, HTTPS_PROXY or ALL_PROXY") -> Iterator[None]:
    try:
        yield
    except (ImportError, OSError, ValueError) as error:
        hint = "Mend the variable, or unset it for this program."
        raise Misconfigured(f"{what} cannot be used ({error}).", hint=hint) from error


@contextmanager
def _asking(url: str, is_over: Callable[[], bool]) -> Iterator[None]:
    """Say in our words what goes wrong meanwhile."""
    if is_over():
        raise closed()
    try:
        yield
    except (httpx2.HTTPError, RuntimeError) as error:  # where another thread closes meanwhile, httpx says either
        if is_over():
            raise closed() from error
        if isinstance(error, RuntimeError):
            raise
        raise _no_answer(url, error) from error


def closed() -> Unavailable:
    """What is said of a client that was closed."""
    return Unavailable("The client is closed.", hint="Make a new one.")


def _check_size(size: int, bytes_max: int, deadline: float) -> None:
    if size > bytes_max:
        raise BadAnswer(f"The answer is larger than {bytes_max} bytes.")
    if time.monotonic() > deadline:
        raise Unavailable(f"The answer took longer than {EXCHANGE_S_MAX:g} s.")


def _no_answer(url: str, error: httpx2.HTTPError) -> CuebookError:
    """A failure of the network or of the protocol, in our words; the URL carries no secret."""
    what = "did not answer in time" if isinstance(error, httpx2.TimeoutException) else "gave no usable answer"
    kind = BadAnswer if isinstance(error, httpx2.DecodingError) else Unavailable
    hint = next((hint for sign, hint in _TLS_HINTS.items() if sign in str(error)), "")
    return kind(f"{url} {what} ({type(error).__name__}: {error}).", hint=hint)


_TLS_HINTS = {
    "CERTIFICATE_VERIFY_FAILED": "Let this machine trust the server's authority: SSL_CERT_FILE may name its certificate.",
    "WRONG_VERSION_NUMBER": "Does the server speak http, not https?",
}
