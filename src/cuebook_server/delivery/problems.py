"""Refusals as RFC 9457 problems: the one place where delivery turns an error's kind into a status."""

from __future__ import annotations

from http import HTTPStatus

import orjson

from cuebook_server.domain import errors
from cuebook_server.domain.errors import CuebookError

# Looked up along the class's ancestors, so the nearest kind decides.
STATUS: dict[type[CuebookError], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooLarge: 413,
    errors.Invalid: 422,
    CuebookError: 500,
    errors.Unavailable: 503,
    errors.StorageFull: 507,
}
RETRY_AFTER_S = 1
_LINES = (
    b"content-type: application/problem+json\r\ncache-control: no-store\r\n"
    b"vary: Authorization, Accept-Encoding\r\nx-content-type-options: nosniff\r\n"
)


class MethodNotAllowed(CuebookError):
    """This path does not answer to this method."""

    code = "method_not_allowed"
    hint = "Use one of the methods in `allow`."


class InternalError(CuebookError):
    """Something went wrong in the server."""

    code = "internal_error"
    hint = "The server's log says what; this answer does not, on purpose."


STATUS[MethodNotAllowed] = 405


def status_of(error: CuebookError) -> int:
    """The HTTP status of an error's kind."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def reply(error: CuebookError, *, credential_given: bool = True) -> tuple[int, bytes, bytes]:
    """The answer to a refused request: status, header lines, body."""
    status = status_of(error)
    problem = {
        **error.data,
        "type": f"urn:cuebook:problem:{error.code}",
        "title": error.title(),
        "status": status,
        "detail": error.detail,
        "code": error.code,
    }
    if error.advice:
        problem["hint"] = error.advice
    body = orjson.dumps(problem)
    return status, b"%bcontent-length: %d\r\n%b" % (_LINES, len(body), _extra(error, status, credential_given)), body


def _extra(error: CuebookError, status: int, credential_given: bool) -> bytes:
    if status == HTTPStatus.UNAUTHORIZED:
        return b'www-authenticate: Bearer realm="cuebook"%b\r\n' % (b', error="invalid_token"' if credential_given else b"")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return b"retry-after: %d\r\n" % RETRY_AFTER_S
    if isinstance(error, MethodNotAllowed):
        return b"allow: %b\r\n" % ", ".join(error.data["allow"]).encode()
    return b""
