"""The line of a relay to the node it stands behind: exchanges by the relay's key, bounded in size and time."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import NamedTuple

import httpx2
import orjson

from cuebook_server.domain import errors
from cuebook_server.domain.errors import CuebookError, Unavailable

TIMEOUT_S = 5.0
QUIET_S = 45.0  # three heartbeats of a stream
BODY_BYTES_MAX = 256 * 1024 * 1024


class Answer(NamedTuple):
    """An answer as it came: header names in lower case, the body still in its coding."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> bytes:
        """The body without its coding. Raises ``ValueError`` or ``OSError`` for what is damaged."""
        return gzip.decompress(self.raw) if self.headers.get("content-encoding") == "gzip" else self.raw

    @property
    def zipped(self) -> bytes:
        """The body in gzip: as it came, where it came so."""
        return self.raw if self.headers.get("content-encoding") == "gzip" else gzip.compress(self.raw, mtime=0)


class Line:
    """May be used by several threads."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": "gzip", "User-Agent": "cuebook-relay/1"}
        self.url = url
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=TIMEOUT_S, follow_redirects=False)

    def get(self, path: str, params: Mapping[str, str], etag: str = "") -> Answer:
        """Ask once. Raises ``Unavailable`` where no answer comes, and what the other side refuses."""
        headers = {"If-None-Match": etag} if etag else {}
        return self._exchange(self._http.build_request("GET", path, params=dict(params), headers=headers))

    def post(self, path: str, body: bytes) -> None:
        """Tell something once. Raises as ``get`` does."""
        self._exchange(self._http.build_request("POST", path, content=body, headers={"Content-Type": "application/json"}))

    def _exchange(self, request: httpx2.Request) -> Answer:
        try:
            with closing(self._http.send(request, stream=True)) as response:
                body = bytearray()
                for chunk in response.iter_raw():
                    body += chunk
                    if len(body) > BODY_BYTES_MAX:
                        raise Unavailable(f"The answer of {self.url} is larger than {BODY_BYTES_MAX} bytes.")
                told = {name.lower(): value for name, value in response.headers.items()}
                answer = Answer(response.status_code, told, bytes(body))
        except httpx2.HTTPError as error:
            raise Unavailable(f"{self.url} gives no answer ({type(error).__name__}: {error}).") from error
        if answer.status not in (200, 204, 304):
            raise _refusal(answer)
        return answer

    def stream(self, path: str, params: Mapping[str, str]) -> Iterator[bytes]:
        """The pieces of an answer that goes on. Raises ``Unavailable`` when it breaks."""
        timeout = httpx2.Timeout(TIMEOUT_S, read=QUIET_S)
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        try:
            with self._http.stream("GET", path, params=dict(params), headers=headers, timeout=timeout) as response:
                if response.status_code == 200:
                    yield from response.iter_raw()
        except httpx2.HTTPError as error:
            raise Unavailable(f"The stream of {self.url} broke ({type(error).__name__}: {error}).") from error

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()


def _refusal(answer: Answer) -> CuebookError:
    """What the other side refused, as this side would have said it; anything else means that it cannot be asked."""
    try:
        problem = orjson.loads(answer.body)
        code, detail, hint = (str(problem[name])[:500] for name in ("code", "detail", "hint"))
    except (ValueError, KeyError, TypeError, OSError):
        return Unavailable(f"The other side answers {answer.status} without saying why.")
    kind = _kinds(CuebookError).get(code)
    if kind is None:
        return Unavailable(f"The other side answers {answer.status}: {detail}", hint=hint)
    return kind(detail, hint=hint)


def _kinds(kind: type[CuebookError]) -> dict[str, type[CuebookError]]:
    below = (_kinds(each) for each in kind.__subclasses__() if each.__module__ == errors.__name__)
    return {kind.code: kind, **{code: each for found in below for code, each in found.items()}}
