"""One HTTP exchange with a registry: settings, limits, and failures as typed errors. Delivery and management both use it.

It neither retries nor follows redirects: a redirect would carry the credential to wherever it points.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx2

from cuebook._exchange import Answer, Request
from cuebook.errors import BadAnswer, CuebookError, Misconfigured, Unavailable

__all__ = ["ANSWER_BYTES_MAX", "Answer", "AsyncTransport", "Request", "Transport", "base_url", "bearer", "setting"]

ANSWER_BYTES_MAX = 64 * 1024 * 1024
# Each read may take the whole timeout, so a server that drips bytes would hold a request for ever without this.
EXCHANGE_S_MAX = 60.0
_USER_AGENT = "cuebook-python/1"


class Transport:
    """Exchanges over kept connections; may be used by several threads."""

    def __init__(self, url: str, token: str, *, timeout_s: float, bytes_max: int = ANSWER_BYTES_MAX) -> None:
        self.url, self._bytes_max = url, bytes_max
        self._http = httpx2.Client(**_options(url, token, timeout_s))

    def send(self, request: Request) -> Answer:
        """Exchange once. Any status is an answer; `Unavailable` and `BadAnswer` say that there was none."""
        deadline = time.monotonic() + EXCHANGE_S_MAX
        try:
            with self._http.stream(request.method, request.path, **_parts(request)) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    _check_size(len(body), self._bytes_max, deadline)
                return Answer(response.status_code, _headers(response), bytes(body))
        except httpx2.HTTPError as error:
            raise _no_answer(self.url, error) from error

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def __enter__(self) -> Transport:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class AsyncTransport:
    """The same for asyncio; belongs to the loop it is first used on."""

    def __init__(self, url: str, token: str, *, timeout_s: float, bytes_max: int = ANSWER_BYTES_MAX) -> None:
        self.url, self._bytes_max = url, bytes_max
        self._http = httpx2.AsyncClient(**_options(url, token, timeout_s))

    async def send(self, request: Request) -> Answer:
        """Exchange once. Any status is an answer; `Unavailable` and `BadAnswer` say that there was none."""
        deadline = time.monotonic() + EXCHANGE_S_MAX
        try:
            async with self._http.stream(request.method, request.path, **_parts(request)) as response:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    _check_size(len(body), self._bytes_max, deadline)
                return Answer(response.status_code, _headers(response), bytes(body))
        except httpx2.HTTPError as error:
            raise _no_answer(self.url, error) from error

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
    except ValueError:
        good = False
    if not good or parts.username is not None or parts.query or parts.fragment:
        raise Misconfigured("The registry's address is not an http(s) URL.", hint="Write it as `https://cuebook.example.org`.")
    return text.rstrip("/")


def bearer(token: str) -> str:
    """A credential that fits into a header. The error never shows it."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Misconfigured("The credential has characters no Cuebook credential has.", hint="Copy it again, whole and alone.")
    return token


def _options(url: str, token: str, timeout_s: float) -> dict[str, Any]:
    headers = {"User-Agent": _USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"}
    if token:
        headers["Authorization"] = f"Bearer {bearer(token)}"
    return {"base_url": url, "headers": headers, "timeout": timeout_s, "follow_redirects": False}


def _parts(request: Request) -> dict[str, Any]:
    headers = dict(request.headers)
    if request.body is not None:
        headers.setdefault("Content-Type", "application/json")
    return {"params": dict(request.params), "headers": headers, "content": request.body}


def _headers(response: httpx2.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _check_size(size: int, bytes_max: int, deadline: float) -> None:
    if size > bytes_max:
        raise BadAnswer(f"The answer is larger than {bytes_max} bytes.")
    if time.monotonic() > deadline:
        raise Unavailable(f"The answer took longer than {EXCHANGE_S_MAX:g} s.")


def _no_answer(url: str, error: httpx2.HTTPError) -> CuebookError:
    """A failure of the network or of the protocol, in our words; the URL carries no secret."""
    what = "did not answer in time" if isinstance(error, httpx2.TimeoutException) else "gave no usable answer"
    kind = BadAnswer if isinstance(error, httpx2.DecodingError) else Unavailable
    return kind(f"{url} {what} ({type(error).__name__}: {error}).")
