"""One HTTP exchange with a registry: settings, limits, and failures as typed errors. Delivery and management both use it.

It neither retries nor follows redirects: a redirect would carry the credential to wherever it points.
"""

from __future__ import annotations

import email.utils
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx2

from cuebook.errors import BadAnswer, CuebookError, Misconfigured, Unavailable, from_answer

ANSWER_BYTES_MAX = 64 * 1024 * 1024
# Each read may take the whole timeout, so a server that drips bytes would hold a request for ever without this.
EXCHANGE_S_MAX = 60.0
RETRY_AFTER_S_MAX = 300.0
_USER_AGENT = "cuebook-python/1"


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask: ``path`` starts with a slash and is already encoded; ``body`` is JSON bytes or nothing."""

    method: str
    path: str
    params: Mapping[str, str | list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole and decoded; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after_s(self) -> float | None:
        """The answer's ``Retry-After`` in seconds from now, five minutes at most; ``None`` without one."""
        return retry_after_s(self.headers.get("retry-after", ""), time.time())

    def error(self) -> CuebookError:
        """The error a refusal or a redirect means."""
        if self.status < 400:
            return BadAnswer(f"The server answered {self.status}.", status=self.status)
        return from_answer(self.status, self.body, retry_after_s=self.retry_after_s)


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


def retry_after_s(value: str, now: float) -> float | None:
    """Read a ``Retry-After`` header (seconds or an HTTP date) at ``now`` (Unix time)."""
    try:
        seconds = float(value) if value.isdigit() else email.utils.parsedate_to_datetime(value).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_S_MAX)


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
