"""A relay: the same delivery near the applications, fed by another node over HTTP instead of a database."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from cuebook.signing import public_key
from cuebook_server import settings as settings_module
from cuebook_server.delivery.app import Delivery
from cuebook_server.delivery.board import Board
from cuebook_server.delivery.last_known_good import LastKnownGood
from cuebook_server.delivery.line import Line
from cuebook_server.delivery.pinned import Pinned
from cuebook_server.delivery.upstream import Upstream
from cuebook_server.delivery.watcher import Watcher
from cuebook_server.domain.errors import NotFound
from cuebook_server.http import operations
from cuebook_server.http.errors import answer
from cuebook_server.settings import BadSetting, Settings
from cuebook_server.wiring import (
    FLEET_EVERY_S,
    USES_EVERY_S,
    Receive,
    Scope,
    Send,
    attend_to_readers,
    limits,
    log_as,
    report,
    running,
)
from cuebook_server.worker import Job, Worker

_OPERATIONS = frozenset({"/healthz", "/readyz", "/metrics"})


class Relay:
    """One process of a relay: an ASGI application with ``/v1`` and what operators ask. It has no database, pages or API."""

    def __init__(self, settings: Settings) -> None:
        self._origin, self._drain_s = settings.relay_of, settings.drain_s
        self._source = Upstream(Line(settings.relay_of, settings.relay_key), roots(settings))
        self._pinned = Pinned(self._source, origin=self._source.another)
        self._copy = LastKnownGood(settings.last_known_good, settings.relay_of, settings.last_known_good_mb * 1024 * 1024)
        keeps = settings.last_known_good_mb > 0
        self.board = Board(
            self._source,
            retain=self._pinned.retain,
            fall_back=self._copy.load if keeps else None,
            stale_s_max=settings.stale_s_max,
        )
        self.watcher = Watcher(self.board, self._source)
        self.delivery = Delivery(self.board, self._pinned, limits=limits(settings), signatures=self._source)
        self.connections = self.delivery.connections
        self._keeps = keeps
        jobs = [Job("last-known-good", 1.0, lambda _: self._copy.keep(self.board))] if keeps else []
        jobs.append(Job("fleet", FLEET_EVERY_S, lambda _: self._report_fleet()))
        jobs.append(Job("uses", USES_EVERY_S, lambda _: self.board.write_uses(), at_end=True))
        self.worker = Worker(jobs)
        self.api = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=self._life)
        self.api.state.node = self.node
        self.api.include_router(operations.router)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or start and stop with the server."""
        path = scope.get("path", "")
        if scope["type"] == "http" and path.startswith("/v1/"):
            await self.delivery(scope, receive, send)
        elif scope["type"] != "http" or path in _OPERATIONS:
            await self.api(scope, receive, send)
        else:
            hint = f"The pages and the management API are where this relay gets its prompts: {self._origin}."
            await answer(NotFound("A relay only delivers.", hint=hint))(scope, receive, send)

    @asynccontextmanager
    async def _life(self, _: FastAPI) -> AsyncIterator[None]:
        try:
            async with running(self.watcher, self.worker, self.delivery, self._drain_s):
                yield
        finally:
            self._source.stop()
            self.watcher.stop()
            self._source.close()
            if self._keeps:
                with suppress(OSError):
                    self._copy.keep(self.board)
            self.delivery.close()
            self._pinned.close()

    def _report_fleet(self) -> None:
        if self.watcher.state == "ready":
            self.delivery.fleet.flush(self._source.heard)
        else:  # nobody hears it; who still runs then is told of when there is an origin again
            self.delivery.fleet.tidy()

    def node(self) -> operations.Node:
        """How this process does."""
        return report(self.board, self.watcher, self.worker, self.delivery, "relay", self._source.until)


def roots(settings: Settings) -> frozenset[str]:
    """The public root keys whose word this relay demands."""
    try:
        return frozenset(public_key(each) for each in settings.root_key.split(",") if each.strip())
    except ValueError as error:
        raise BadSetting(f"CUEBOOK_ROOT_KEY: {error}.") from None


def create() -> Relay:
    """The application with the settings of this process's environment."""
    settings = settings_module.read()
    log_as(settings)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line a second says nothing
    relay = Relay(settings)
    attend_to_readers()
    return relay
