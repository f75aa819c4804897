"""From a refusal to the status of a page: one table of kinds. A test holds it against the management API's."""

from __future__ import annotations

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


def status_of(error: errors.CuebookError) -> int:
    """The HTTP status of a refusal: that of the nearest kind."""
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))
