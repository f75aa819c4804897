"""The management API: FastAPI with our own strict reading, one error form and no route without a credential."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.metadata import version

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute

from cuebook_server.http import (
    audit,
    checking,
    credentials,
    drift,
    environments,
    errors,
    fetches,
    fleet,
    gates,
    glance,
    instance_tokens,
    me,
    notices,
    operations,
    people,
    permissions,
    projects,
    prompts,
    recalls,
    releases,
    reviewing,
    sessions,
    webhooks,
)
from cuebook_server.http.door import Site, request_id
from cuebook_server.services.ports import Units

NOUNS = (
    *(sessions, me, notices, people, instance_tokens, projects, prompts, checking, recalls, environments, drift, fetches),
    *(fleet, glance, releases, reviewing, gates, credentials, webhooks, audit),
)
_SAFE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_log = structlog.get_logger("cuebook.http")


def build(units: Units, node: Callable[[], operations.Node], site: Site) -> FastAPI:
    """The application under ``/api``, and what operators ask (``node`` says how this node does).

    Raises ``Undeclared`` when a route has no permission in ``permissions``.
    """
    permissions.check(route for noun in NOUNS for route in noun.router.routes if isinstance(route, APIRoute))
    app = FastAPI(
        title="Cuebook",
        version=version("cuebook"),
        summary="Prompts as production assets.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # The names of the calls in the client that the pages use.
        generate_unique_id_function=lambda route: route.name,
        responses={"default": {"model": errors.Problem, "description": "A refusal, as application/problem+json."}},
    )
    app.state.units = units
    app.state.node = node
    app.state.site = site
    for noun in NOUNS:  # each at once: a router in a router makes every call anew, which a start waits for
        app.include_router(noun.router, prefix="/api")
    app.include_router(operations.router)
    errors.install(app)
    app.middleware("http")(_dress)
    app.openapi = permissions.told(app.openapi)  # type: ignore[method-assign]  # FastAPI's own way to change the document
    return app


async def _dress(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    """Give every request a name, and every answer the headers that keep it from being stored or guessed at."""
    request.state.request_id = request_id()
    response = await go_on(request)
    for name, value in _SAFE.items():
        response.headers.setdefault(name, value)
    response.headers["Cuebook-Request-Id"] = request.state.request_id
    _log.info("request", method=request.method, path=request.url.path, status=response.status_code, id=request.state.request_id)
    return response
