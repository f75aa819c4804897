"""Refusals as RFC 9457 problems: the one place where delivery turns an error's kind into a status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import orjson

from cuebook_server.delivery.answer import Reply
from cuebook_server.domain import errors
from cuebook_server.domain.errors import CuebookError

# Looked up along the class's ancestors, so the nearest kind decides.
STATUS: dict[type[CuebookError], int] = {
    errors.Unexpected: 500,
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooLarge: 413,
    errors.Invalid: 422,
    errors.Unavailable: 503,
    errors.StorageFull: 507,
    errors.TooManyAttempts: 429,
}
RETRY_AFTER_S = 1
_LINES = (
    b"content-type: application/problem+json\r\ncache-control: no-store\r\n"
    b"vary: Authorization, Accept-Encoding\r\nx-content-type-options: nosniff\r\n"
)


def status_of(error: CuebookError) -> int:
    """The HTTP status of an error's kind."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def refused(error: CuebookError) -> Reply:
    """The answer to a refused request."""
    status = status_of(error)
    lines = _lines_of(status, error.data)
    return _problem(status, error.code, error.title(), error.detail, error.advice, lines, error.data)


def method_not_allowed(method: str, allowed: Sequence[str]) -> Reply:
    """The answer to a method this path does not know."""
    names = ", ".join(allowed)
    lines = f"allow: {names}\r\n".encode()
    return _problem(
        405, "method_not_allowed", "The call does not know this method", f"Not {method}.", f"Allowed: {names}.", lines
    )


def unexpected() -> Reply:
    """The last resort: says nothing of what happened; the log does."""
    return refused(errors.Unexpected())


def _problem(
    status: int, code: str, title: str, detail: str, hint: str, lines: bytes, data: Mapping[str, Any] = MappingProxyType({})
) -> Reply:
    kind = f"urn:cuebook:error:{code}"
    known = {"type": kind, "title": title, "status": status, "detail": detail, "code": code, "hint": hint}
    body = orjson.dumps({**data, **known})
    return status, b"%bcontent-length: %d\r\n%b" % (_LINES, len(body), lines), body


def _lines_of(status: int, data: Mapping[str, Any]) -> bytes:
    if status == HTTPStatus.UNAUTHORIZED:
        return b'www-authenticate: Bearer realm="cuebook"\r\n'
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        return b"retry-after: %d\r\n" % data.get("retry_after_s", RETRY_AFTER_S)
    return b""
