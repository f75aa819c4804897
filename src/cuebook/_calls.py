"""One call of the management API: built, sent, repeated where that is safe, and its answer read."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from cuebook import wire
from cuebook._names import checked_name
from cuebook._transport import Answer, Request, Transport, base_url
from cuebook.errors import BadAnswer, Invalid, Unavailable

Json = dict[str, Any]
Query = Mapping[str, str | int | Sequence[str] | None]

PAGE_ITEMS = 200
FIRST_PAUSE_S = 0.2
PAUSE_S_MAX = 5.0


class Calls:
    """The way of every call to one project of one registry. May be used by several threads."""

    def __init__(self, url: str, token: str, project: str, *, timeout_s: float = 30.0, attempts_max: int = 4) -> None:
        self.project = project
        self._attempts_max = attempts_max
        self._transport = Transport(base_url(url), token, timeout_s=timeout_s)

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _path(self, *segments: str) -> str:
        return "/".join(["/api/projects", segment(self.project), *map(segment, segments)])

    def _prompt(self, name: str, *segments: str) -> str:
        return self._path("prompts", checked_name(name), *segments)

    def _get(self, path: str, query: Query | None = None) -> Json:
        return self._exchange(Request("GET", path, params=params(query or {})))

    def _write(self, method: str, path: str, body: Mapping[str, Any]) -> Json:
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        return self._exchange(Request(method, path, headers=headers, body=_encoded(body)))

    def _items(self, path: str, query: Query | None = None) -> list[Json]:
        items: list[Json] = self._get(path, query)["items"]
        return items

    def _pages(self, path: str, cursor: str, **query: str | int | Sequence[str] | None) -> Iterator[Json]:
        for page in self._raw_pages(path, cursor, **query):
            yield from page["items"]

    def _raw_pages(self, path: str, cursor: str, **query: str | int | Sequence[str] | None) -> Iterator[Json]:
        position: str | int | None = None
        while True:
            page = self._get(path, {"limit": PAGE_ITEMS, **query, cursor: position})
            yield page
            if (following := page.get("next")) is None:
                return
            if following == position:
                raise BadAnswer(f"The list {path} does not go on after {following!r}.")
            position = following

    def _exchange(self, request: Request) -> Json:
        answer = self._repeat(request)
        if not 200 <= answer.status < 300:
            raise answer.error()
        try:
            value = wire.loads(answer.body) if answer.body else {}
        except wire.WireError as error:
            raise BadAnswer(f"The answer cannot be read: {error}.") from error
        if not isinstance(value, dict):
            raise BadAnswer("The answer is no JSON object.")
        return value

    def _repeat(self, request: Request) -> Answer:
        """Send until there is an answer other than 503. Repeating is safe: writes carry their idempotency key."""
        for attempt in range(1, self._attempts_max):
            try:
                answer = self._transport.send(request)
            except Unavailable as error:
                if isinstance(error, BadAnswer):
                    raise
                _pause(attempt, None)
                continue
            if answer.status != 503:
                return answer
            _pause(attempt, answer.retry_after_s)
        return self._transport.send(request)


def _pause(attempt: int, asked_s: float | None) -> None:
    wait_s = FIRST_PAUSE_S * 2 ** (attempt - 1) if asked_s is None else asked_s
    time.sleep(min(wait_s, PAUSE_S_MAX) * random.uniform(0.8, 1.2))  # noqa: S311  spreads retries, hides nothing


def segment(text: str, safe: str = "") -> str:
    """A piece of a path, written so that it can mean nothing else."""
    # A dot segment would be folded away on the way and reach another route.
    if text in {"", ".", ".."}:
        raise Invalid(f"{text!r} is not a name.")
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError:
        raise Invalid(f"{text!r} is not valid Unicode.") from None


def params(query: Query) -> dict[str, str | list[str]]:
    """The parameters that were given, as text."""
    return {
        k: [*v] if isinstance(v, Sequence) and not isinstance(v, str) else str(v) for k, v in query.items() if v is not None
    }


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError) as error:  # a lone surrogate, NaN, an object JSON does not have
        raise Invalid(f"This cannot be sent as JSON: {error}.", hint="Send valid Unicode and finite numbers.") from None


def given(values: Mapping[str, Any]) -> Json:
    """What is not ``None``."""
    return {key: value for key, value in values.items() if value is not None}


def instant(moment: datetime) -> str:
    """A time that has a zone, in UTC."""
    if moment.tzinfo is None:
        raise Invalid("The time has no time zone.")
    return moment.astimezone(UTC).isoformat()
