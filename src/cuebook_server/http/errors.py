"""From a refusal to an HTTP answer: one table of kinds, one body (RFC 9457 problem+json), never a stack or SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from cuebook_server.domain import errors

STATUS: dict[type[errors.CuebookError], int] = {
    errors.Unexpected: 500,
    errors.StorageFull: 507,
    errors.TooManyAttempts: 429,
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooLarge: 413,
    errors.Invalid: 422,
    errors.Unavailable: 503,
}
RETRY_AFTER_S = 1
_log = structlog.get_logger("cuebook.http")


class Problem(BaseModel):
    """What every refusal looks like."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str


def status_of(error: errors.CuebookError) -> int:
    """The HTTP status of a refusal: that of the nearest kind."""
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))


def problem(error: errors.CuebookError) -> dict[str, Any]:
    """A refusal as a problem document; what belongs to its code (both sides of a conflict, a decision) stands beside."""
    said = {
        "type": f"urn:cuebook:error:{error.code}",
        "title": error.title(),
        "status": status_of(error),
        "detail": error.detail,
        "code": error.code,
        "hint": error.advice,
    }
    return said | {name: value for name, value in _plain(error.data).items() if name not in said}


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(dict(data), default=str))  # type: ignore[no-any-return]  # what was an object stays one


def answer(error: errors.CuebookError, **said: int) -> Response:
    """The answer to a refused request; ``said`` stands above what its kind says, such as another status."""
    body = problem(error) | said
    headers = {"Cache-Control": "no-store"}
    if body["status"] == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="cuebook"'
    if isinstance(error, errors.Unavailable):
        headers["Retry-After"] = str(error.data.get("retry_after_s", RETRY_AFTER_S))
    return Response(json.dumps(body, ensure_ascii=False), body["status"], headers, "application/problem+json")


def install(app: FastAPI) -> None:
    """Answer every kind of failure in this one form."""
    app.add_exception_handler(errors.CuebookError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.CuebookError)
    if isinstance(error, errors.Unavailable):
        # Who asks is told to try again; the driver's own words, without statement and values, are for the operator.
        why = str(getattr(error.__cause__, "orig", error.__cause__) or error.detail).partition("\n")[0]
        _log.warning("unavailable", path=request.url.path, code=error.code, why=why, id=request.state.request_id)
    return answer(error)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return answer(errors.BadRequest(f"{where}: {first['msg']}.", hint="`/api/openapi.json` describes every call.", at=where))


class _NoRoute(errors.NotFound):
    """There is no such call."""

    code = "no_such_call"
    hint = "`/api/openapi.json` lists every call."


class MethodNotAllowed(errors.Malformed):
    """The call does not know this method."""

    code = "method_not_allowed"
    hint = "The header `Allow` lists the methods."


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.detail, errors.CuebookError):  # type: ignore[unreachable]  # a detail may be any object; ours is one
        return answer(error.detail)  # type: ignore[unreachable]  # see above
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return answer(errors.BodyTooLarge())
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        hint = f"Allowed: {(error.headers or {}).get('Allow', '')}."
        refused = answer(MethodNotAllowed(hint=hint), status=error.status_code)
        refused.headers.update(error.headers or {})
        return refused
    return answer(_NoRoute() if error.status_code == HTTPStatus.NOT_FOUND else errors.BadRequest(str(error.detail)))


async def _unexpected(request: Request, error: Exception) -> Response:
    # This runs outside of what dresses every other answer, so the id that leads to the log line is put on here.
    name = getattr(request.state, "request_id", "")
    _log.error("unexpected", path=request.url.path, kind=type(error).__name__, id=name, exc_info=error)
    refused = answer(errors.Unexpected())
    refused.headers["Cuebook-Request-Id"] = name
    return refused
