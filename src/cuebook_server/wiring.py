"""Where the parts meet: settings become a database, a board, the delivery side and the management API, as one application."""

from __future__ import annotations

import gc
import logging
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager, suppress
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, TextIO, cast

import structlog
from fastapi import FastAPI
from fastapi.routing import APIRoute
from structlog.typing import Processor

from cuebook_server import settings as settings_module
from cuebook_server.adapters import secret_patterns
from cuebook_server.adapters.passwords import Argon2
from cuebook_server.adapters.prices import PriceList
from cuebook_server.adapters.sealing import FileSealer
from cuebook_server.adapters.signing import FileSigner
from cuebook_server.adapters.snapshot_signing import FileSnapshotSigner
from cuebook_server.adapters.tokenizer import Tokenizer
from cuebook_server.delivery.app import Delivery
from cuebook_server.delivery.board import Board
from cuebook_server.delivery.counters import Counters
from cuebook_server.delivery.last_known_good import LastKnownGood
from cuebook_server.delivery.limits import Limits
from cuebook_server.delivery.pinned import Pinned
from cuebook_server.delivery.signatures import Signatures
from cuebook_server.delivery.stopping import draining
from cuebook_server.delivery.watcher import Watcher
from cuebook_server.domain.errors import BadRequest
from cuebook_server.domain.origin import Place
from cuebook_server.domain.reach import Reach
from cuebook_server.domain.webhook import Outcome
from cuebook_server.http import operations
from cuebook_server.http.app import build
from cuebook_server.http.door import Site, Used
from cuebook_server.http.errors import answer
from cuebook_server.http.operations import Node
from cuebook_server.services import epochs, falling_behind, schedules
from cuebook_server.services.courier import Courier
from cuebook_server.services.ports_checking import Aids
from cuebook_server.services.ports_people import Hasher, Provider
from cuebook_server.services.ports_webhooks import Outgoing, Sender
from cuebook_server.settings import Settings
from cuebook_server.store import holds
from cuebook_server.store.bounded import patience
from cuebook_server.store.database import Database, open_database, place_of
from cuebook_server.store.files import path_of
from cuebook_server.store.snapshots import SqlSnapshotSource
from cuebook_server.store.unit_of_work import SqlUnits
from cuebook_server.ui.app import Pages
from cuebook_server.ui.door import Door
from cuebook_server.worker import Job, Worker

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_V1 = "/v1"
_CALLS = frozenset(route.path for route in operations.router.routes if isinstance(route, APIRoute))
# How long a process that ends waits for messages on their way; what is not done then is sent again by another.
GRACE_S = 2.0
# How long a process that begins answers nobody while it has nothing to serve: where several share an address, the others do.
BEGIN_S = 5.0
# How soon a thread that computes lets another one go on.
SWITCH_S = 0.001
# How soon every node knows what one of them heard of a client.
FLEET_EVERY_S = 2.0
# How soon it stands in the database which keys were used, and what they fetched.
USES_EVERY_S = 60.0


@asynccontextmanager
async def running(watcher: Watcher, worker: Worker, delivery: Delivery, drain_s: float) -> AsyncIterator[None]:
    """What runs beside a process's answers, from the server's start until it has drained. The watcher is stopped last."""
    watcher.start()
    worker.start()
    delivery.fit_to_files()
    await watcher.begun(BEGIN_S)
    try:
        with draining(delivery, drain_s):
            yield
    finally:
        worker.stop()


class Application:
    """One process of a node: an ASGI application: ``/v1`` is delivery's, the pages are the browser's, the rest the API's."""

    def __init__(self, settings: Settings, hasher: Hasher | None = None) -> None:
        # Every process of a node: one that outlived its parent still writes.
        self._hold = holds.share(path_of(settings.database_url))
        self.database: Database = open_database(settings.database_url)
        self._reading = self.database.for_delivery()
        self._source = SqlSnapshotSource(self._reading)
        self._pinned = Pinned(self._source)
        copy = self._copy = last_known_good(settings)
        self.board = Board(
            self._source,
            retain=self._pinned.retain,
            fall_back=copy.load if copy else None,
            recollect=copy.seen if copy else None,
            begin_epoch=self._begin_epoch,
            stale_s_max=settings.stale_s_max,
        )
        self.watcher = Watcher(self.board, self._source)
        self.signatures = Signatures(
            snapshot_signer(settings), settings.signature_s, self.board.counters, keyset_s=settings.keyset_s
        )
        self.delivery = Delivery(
            self.board, self._pinned, limits=limits(settings), signatures=self.signatures, keyset_s=settings.keyset_s
        )
        self.connections = self.delivery.connections
        self._drain_s = settings.drain_s
        # A change is in this node's memory before its author is answered.
        self.units = SqlUnits(self.database, committed=self.board.refresh_now)
        place, hasher = Place(settings.host, settings.public_url), hasher or Argon2()
        outgoing = Outgoing(settings.reach, FileSealer(settings.seal_key_path))
        aids = Aids(secret_patterns.find, Tokenizer(), PriceList(settings.prices))
        site = Site(place, hasher, Used(), FileSigner(settings.audit_key_path), outgoing, aids)
        self.api: FastAPI = build(self.units, self.node, site)
        self.api.router.lifespan_context = self._life
        self.pages = Pages(self.units, Door(place), hasher, provider(settings))
        self.courier = Courier(self.units, outgoing.sealer, LazySender(outgoing.reach))
        self.worker = Worker(self._jobs(settings.drift_days))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or start and stop with the server."""
        path = scope.get("path", "")
        if scope["type"] == "http" and (path.startswith(_V1 + "/") or path == _V1):
            await self.delivery(scope, receive, send)
        elif scope["type"] == "http" and b"%" in (scope.get("raw_path") or b"") and not _strays(scope):
            # Authorisation must not depend on who decodes a path, and when: no name needs an escape. The pages say so too.
            refused = answer(BadRequest("The path has an escape.", hint="Names need none; write them as they are."))
            await refused(scope, receive, send)
        elif scope["type"] == "http":
            ours = self.pages.owns(path) or _strays(scope)
            with patience():
                await (self.pages if ours else self.api)(scope, receive, send)
        else:
            await self.api(scope, receive, send)

    def _jobs(self, drift_days: int) -> list[Job]:
        jobs = [
            Job("schedules", 1.0, lambda stopping: schedules.keep_all(self.units, stopping)),
            Job("webhooks", 1.0, self.courier.round),
            Job("fleet", FLEET_EVERY_S, lambda _: self._write_fleet()),
            Job("uses", USES_EVERY_S, lambda _: self.board.write_uses(), at_end=True),
            Job("fleet-forgotten", 60.0, lambda _: self._forget_fleet()),
        ]
        if drift_days:
            jobs.append(Job("drift", 3_600.0, lambda stopping: falling_behind.look(self.units, drift_days, stopping)))
        if copy := self._copy:
            jobs.append(Job("last-known-good", 1.0, lambda _: copy.keep(self.board)))
        return jobs

    def _begin_epoch(self, present: int, seen: int, why: str) -> None:
        # By the connections that wait for no hung database, and telling nobody here: the board asks again by itself.
        with SqlUnits(self._reading).write() as uow:
            epochs.begin(epochs.NODE, uow, why, least=seen, expected=present)

    def _write_fleet(self) -> None:
        if self.board.writable:
            self.delivery.fleet.flush(self._source.heard)
        else:
            self.delivery.fleet.tidy()

    def _forget_fleet(self) -> None:
        if self.board.writable:
            self._source.forget_instances(datetime.now(UTC))

    @asynccontextmanager
    async def _life(self, _: FastAPI) -> AsyncIterator[None]:
        try:
            async with running(self.watcher, self.worker, self.delivery, self._drain_s):
                yield
        finally:
            self.courier.wait(GRACE_S)
            self._source.stop()
            self.watcher.stop()
            self._keep_last()
            self.close()

    def close(self) -> None:
        """Give back its threads and connections; it answers nobody any more."""
        self.delivery.close()
        self._pinned.close()
        self._reading.close()
        self.database.close()
        self._hold.close()

    def _keep_last(self) -> None:
        """The next start should know of the last second, too."""
        if self._copy is not None:
            with suppress(OSError):
                self._copy.keep(self.board)

    def node(self) -> Node:
        """How this process does."""
        found = report(self.board, self.watcher, self.worker, self.delivery, self.database.dialect, self.signatures.until)
        return replace(found, counters={**found.counters, "csp_reports": self.pages.violations.count})


def _strays(scope: Scope) -> bool:
    """Whether a browser came for a page by an address that nothing has: a person is told so by a page, not by JSON."""
    path, headers = scope["path"], dict(scope["headers"])
    came = scope["method"] == "GET" and headers.get(b"sec-fetch-dest") == b"document"
    return came and not path.startswith("/api") and path not in _CALLS


def report(board: Board, watcher: Watcher, worker: Worker, delivery: Delivery, source: str, signs_until: int) -> Node:
    """How a process does; ``source``: what it reads from."""
    revisions = {(one.project, one.environment.name): one.revision for one in board.environments.values()}
    return Node(
        "draining" if delivery.connections.draining else watcher.state,
        board.epoch,
        board.as_of,
        source,
        revisions,
        {field.name: getattr(board.counters, field.name) for field in fields(Counters)},
        board.damaged(),
        streams=len(delivery.streams),
        connections=delivery.connections.open,
        writes=watcher.state == "ready" and board.writable,
        signs_until=signs_until,
        serves=time.time() <= board.serves_until,
        dead=[*(["cuebook-watcher"] if watcher.dead else []), *worker.dead],
        fleet=lambda: _fleet(board, delivery),
    )


def _fleet(board: Board, delivery: Delivery) -> dict[tuple[str, str], tuple[int, int]]:
    snapshots, keys = board.environments, board.keys.values()
    places = {grant.selector: snapshots[grant.environment] for grant in keys if grant.environment in snapshots}
    counts = delivery.fleet.count({selector: (held.epoch, held.revision) for selector, held in places.items()})
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for selector, (current, behind) in counts.items():
        place = places[selector].project, places[selector].environment.name
        before = found.get(place, (0, 0))
        found[place] = before[0] + current, before[1] + behind
    return found


class LazySender:
    """Sends webhook messages; its parts are imported with the first one, because most servers have no webhook."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._sender: Sender | None = None

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Post once."""
        if self._sender is None:
            from cuebook_server.adapters.webhooks import HttpSender

            self._sender = HttpSender(self._reach)
        return self._sender.post(url, headers, body)


def last_known_good(settings: Settings) -> LastKnownGood | None:
    """Where this node keeps a copy of what it serves, if it may."""
    if not settings.last_known_good_mb:
        return None
    return LastKnownGood(settings.last_known_good, place_of(settings.database_url), settings.last_known_good_mb * 1024 * 1024)


def snapshot_signer(settings: Settings) -> FileSnapshotSigner:
    """Who signs what this node serves. A certificate that the settings name must be there."""
    required = settings.signing_certificate is not None
    return FileSnapshotSigner(settings.signing_key_path, settings.signing_certificate_path, required=required)


def limits(settings: Settings) -> Limits:
    """What a server process allows one caller."""
    return Limits(
        key_rate=settings.key_requests_per_s,
        address_rate=settings.address_requests_per_s,
        streams=settings.streams,
        key_streams=settings.streams_per_key,
        address_streams=settings.streams_per_address,
    )


def provider(settings: Settings) -> Provider | None:
    """The identity provider people sign in with, if one is set up."""
    if not settings.oidc_issuer:
        return None
    # On demand: its parts take a while to import, and most servers have none.
    from cuebook_server.adapters.oidc import OpenIdProvider

    return OpenIdProvider(
        settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, settings.oidc_default_role or None
    )


def log_as(settings: Settings) -> None:
    """Log as the settings say, in every process of a node."""
    level = getattr(logging, settings.log_level.upper())
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # Plain traces: the default shows every local variable, and a key or a prompt may be among them.
    rendered: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if settings.log_format == "json"
        else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    )
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True), *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Unfailing())),
    )


class _Unfailing:
    """Standard error, where a log that cannot be written (its disk is full, or gone) takes no request with it."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def create() -> Application:
    """The application with the settings of this process's environment (for servers that start their own workers)."""
    settings = settings_module.read()
    log_as(settings)
    application = Application(settings)
    attend_to_readers()
    return application


def attend_to_readers() -> None:
    """Let nothing that a process does beside delivery keep its readers waiting.

    A thread that computes hands over within a millisecond; Python's own interval is five. What was loaded is left out of every
    later garbage collection, and collections are seldom: with ten thousand event streams a full one walks over half a million
    objects and stops everybody for up to 0.3 s; as they came in there was one a second. Requests leave few cycles behind.
    """
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
