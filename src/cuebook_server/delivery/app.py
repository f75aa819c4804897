"""The delivery routes as plain ASGI: one key look-up, one dictionary look-up, one write.

``Delivery`` answers every path under ``/v1``; whatever it cannot answer is a problem document (RFC 9457).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256

from cuebook_server.delivery import etags, problems, report, request
from cuebook_server.delivery.answer import Receive, Reply, Scope, Send, answer, answer_at_once
from cuebook_server.delivery.board import Board, Grant
from cuebook_server.delivery.connections import Connections
from cuebook_server.delivery.fleet import Fleet
from cuebook_server.delivery.keyset import Keysets, relayed
from cuebook_server.delivery.limits import Buckets, Limits
from cuebook_server.delivery.pinned import Pinned
from cuebook_server.delivery.render import Renderer
from cuebook_server.delivery.selection import select
from cuebook_server.delivery.signatures import Vouching
from cuebook_server.delivery.snapshot import Encoded, Snapshot
from cuebook_server.delivery.streams import LINES as STREAM_LINES
from cuebook_server.delivery.streams import Streams
from cuebook_server.delivery.whole import Kind, Whole
from cuebook_server.domain.environment import selector
from cuebook_server.domain.errors import (
    BadRequest,
    CuebookError,
    EnvironmentMismatch,
    NotFound,
    NotYet,
    TooManyRequests,
    TooStale,
    UnknownKey,
    WrongKeyKind,
)

log = logging.getLogger(__name__)
PROMPTS, LIST, SNAPSHOT, RENDER, EVENTS = b"/v1/prompts/", b"/v1/prompts", b"/v1/snapshot", b"/render", b"/v1/events"
KEYSET, REPORT = b"/v1/relay/keyset", b"/v1/relay/report"
READ = ("GET", "HEAD")
PROMPT_PARAMETERS = frozenset({"version", "_version", "subject", "environment"})
LIST_PARAMETERS = frozenset({"environment"})
SNAPSHOT_PARAMETERS = frozenset({"environment", "min_revision"})
MIN_REVISION_WAIT_S = 0.5
_LOOK_AGAIN_S = 0.02
_REVISION_DIGITS_MAX = 15

_VARY = b"vary: Authorization, Accept-Encoding\r\n"
# `private` keeps shared caches away from answers that belong to a key; measured: with `public` or plain freshness nginx gives
# one key's prompt to another, and to a wrong key too. Every use asks again (max-age=0), so a recall reaches everybody.
_KEPT = _VARY + b"cache-control: private, max-age=0, stale-while-revalidate=5, stale-if-error=86400\r\n"
_OK = b"content-type: application/json\r\nx-content-type-options: nosniff\r\n" + _KEPT
_ONCE = b"content-type: application/json\r\nx-content-type-options: nosniff\r\n" + _VARY + b"cache-control: no-store\r\n"
_DONE = b"cache-control: no-store\r\n"

_PATHS = (
    "The delivery paths are /v1/prompts, /v1/prompts/{name}, /v1/prompts/{name}/render, /v1/snapshot, /v1/events "
    "and, for relays, /v1/relay/keyset and /v1/relay/report."
)


class Delivery:
    """The ASGI application under ``/v1``. It reads the board and, for pinned versions only, the source behind ``pinned``."""

    def __init__(
        self,
        board: Board,
        pinned: Pinned,
        *,
        limits: Limits | None = None,
        signatures: Vouching | None = None,
        keyset_s: int = 3_600,
        clock: Callable[[], float] = time.time,
    ) -> None:
        limits = limits or Limits()
        self._signatures = signatures
        self._board, self._pinned, self._clock = board, pinned, clock
        self.connections = Connections(board.counters)
        self.streams = Streams(board, limits)
        self.fleet = Fleet(clock=clock)
        self._of_key = Buckets("key", limits.key_rate) if limits.key_rate else None
        self._of_address = Buckets("address", limits.address_rate) if limits.address_rate else None
        self._requests = board.counters.requests
        self._whole = Whole(board)
        self._keysets = Keysets(board, keyset_s)
        self._renderer = Renderer()
        self._refresher = ThreadPoolExecutor(1, "cuebook-min-revision")
        self._refresh: asyncio.Future[bool] | None = None

    def fit_to_files(self) -> None:
        """Take no more connections than this process may open files, and let streams have three quarters of them at most."""
        self.streams.most = min(self.streams.most, self.connections.fit_to_files() * 3 // 4)

    def close(self) -> None:
        """Let the threads go."""
        self._whole.close()
        self._renderer.close()
        self._refresher.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            authorization, none_match = request.read_headers(scope["headers"])
            grant, snapshot = self._admit(scope, authorization)
            path: bytes = scope.get("raw_path") or scope["path"].encode()
            entry = snapshot.entries.get(path[len(PROMPTS) :])
            if entry is None or scope["query_string"] or scope["method"] != "GET" or not path.startswith(PROMPTS):
                reply = await self._route(scope, receive, path, grant, snapshot, none_match)
            else:  # the hot path: what the environment serves now, by its own name
                self._board.fetch(grant.selector, entry.prompt_id)
                reply = self._kept(snapshot.lines, entry, none_match)
        except CuebookError as error:
            if isinstance(error, TooManyRequests):
                self._board.counters.refused["requests"] += 1
            reply = problems.refused(error)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            reply = problems.unexpected()
        if reply is None:
            return  # a stream, which is over
        self._requests[reply[0]] += 1
        if not answer_at_once(scope, reply):
            await answer(scope, send, reply)

    def _admit(self, scope: Scope, authorization: bytes | None) -> tuple[Grant, Snapshot]:
        """The key, and what its environment serves. The key decides the environment; nothing else in a request can."""
        client = scope.get("client")
        address = client[0] if client else ""
        if self._of_address is not None:
            self._of_address.take(address, time.monotonic())
        token = request.bearer(authorization, scope["query_string"])
        grant = self._board.keys.get(sha256(token).digest())
        if grant is None:
            self._board.counters.unknown_keys += 1
            raise request.stranger(token, certain=self._board.knows_keys)
        if self._of_key is not None:
            self._of_key.take(grant.selector, time.monotonic())
        return grant, self._open(scope, grant, address)

    def _still(self, scope: Scope, grant: Grant) -> Snapshot:
        """What a key opens when a body has come. That may take long: what was taken away meanwhile is not given."""
        now = self._board.keys.get(bytes.fromhex(grant.key.verifier))
        if now is None:
            raise UnknownKey
        client = scope.get("client")
        return self._open(scope, now, client[0] if client else "")

    def _open(self, scope: Scope, grant: Grant, address: str) -> Snapshot:
        now = self._clock()
        if grant.guarded:
            grant.key.check(datetime.fromtimestamp(now, UTC), address)
        if now > self._board.serves_until:
            raise TooStale
        self._board.used[grant.selector] = now
        snapshot = self._board.environments.get(grant.environment)
        if snapshot is None and grant.key.relays:
            snapshot = self._relayed(grant, scope)
        return snapshot or self._board.snapshot(grant.environment)

    def _relayed(self, grant: Grant, scope: Scope) -> Snapshot | None:
        """The environment that a relay asks for: one of those its key was made for."""
        if scope["path"].encode() in (KEYSET, REPORT):  # these are about all of them
            return next((one for name in grant.key.relays if (one := relayed(self._board, grant, name))), None)
        wanted = request.parameters(scope["query_string"], PROMPT_PARAMETERS | SNAPSHOT_PARAMETERS).get("environment")
        if wanted is None:
            raise BadRequest("A relay's key reads several environments.", hint="Name one by `environment=`.")
        if wanted not in grant.key.relays:
            raise EnvironmentMismatch("This relay's key was not made for that environment.")
        return relayed(self._board, grant, wanted)

    def _kept(self, about: bytes, encoded: Encoded, none_match: bytes | None) -> Reply:
        if none_match is not None and (none_match == encoded.etag or etags.matches(none_match, encoded.etag)):
            return 304, b"".join((_KEPT, encoded.lines, about, self._board.age_lines())), b""
        lines = b"".join((_OK, encoded.lines_200, encoded.lines, about, self._board.age_lines()))
        return 200, lines, encoded.body

    async def _route(
        self, scope: Scope, receive: Receive, path: bytes, grant: Grant, snapshot: Snapshot, none_match: bytes | None
    ) -> Reply | None:
        if b"%" in path:
            raise BadRequest("The path holds a percent sign.", hint="Names need no escaping: write them as they are.")
        renders = path.startswith(PROMPTS) and path.endswith(RENDER)
        if not renders and path not in (LIST, SNAPSHOT, EVENTS, KEYSET, REPORT) and not path.startswith(PROMPTS):
            raise NotFound("There is no such path.", hint=_PATHS)
        methods = ("POST",) if renders or path == REPORT else READ
        if scope["method"] not in methods:
            return problems.method_not_allowed(scope["method"], methods)
        if renders:
            return await self._render(scope, receive, path[len(PROMPTS) : -len(RENDER)], grant, snapshot)
        if path == LIST:
            return await self._list(scope, grant, snapshot, none_match)
        if path == SNAPSHOT:
            return await self._snapshot(scope, grant, snapshot, none_match)
        if path == EVENTS:
            return await self._events(scope, receive, grant, snapshot)
        if path == KEYSET:
            return self._keyset(scope, grant, snapshot, none_match)
        if path == REPORT:
            return await self._report(scope, receive, grant)
        return await self._prompt(scope, path[len(PROMPTS) :], grant, snapshot, none_match)

    async def _prompt(self, scope: Scope, name: bytes, grant: Grant, snapshot: Snapshot, none_match: bytes | None) -> Reply:
        wanted = _parameters(scope, PROMPT_PARAMETERS, snapshot)
        request.check_subject(wanted.get("subject", ""))
        if "version" in wanted and "_version" in wanted:
            raise BadRequest("Both `version` and `_version` are given.", hint="`_version` is another name of `version`.")
        which = selector(wanted.get("version", wanted.get("_version", "stable")))
        entry = await select(self._board, self._pinned, snapshot, name, which)
        self._took(grant, entry.prompt_id)
        served_now = snapshot.entries.get(entry.name.encode()) is entry
        vouched = self._signatures.version_lines(snapshot, entry.body) if self._signatures and not served_now else b""
        return self._kept(snapshot.lines + vouched, entry, none_match)

    async def _render(self, scope: Scope, receive: Receive, name: bytes, grant: Grant, snapshot: Snapshot) -> Reply:
        _parameters(scope, LIST_PARAMETERS, snapshot)
        wanted = await self._renderer.read(scope["headers"], receive)
        snapshot = self._still(scope, grant)
        entry = await select(self._board, self._pinned, snapshot, name, wanted.version)
        self._took(grant, entry.prompt_id)
        body = await self._renderer.render(entry, snapshot, wanted)
        lines = b"content-length: %d\r\n" % len(body)
        return 200, b"".join((_ONCE, lines, snapshot.lines, self._board.age_lines())), body

    async def _list(self, scope: Scope, grant: Grant, snapshot: Snapshot, none_match: bytes | None) -> Reply:
        _parameters(scope, LIST_PARAMETERS, snapshot)
        return await self._everything(scope, grant, snapshot, "list", none_match)

    async def _snapshot(self, scope: Scope, grant: Grant, snapshot: Snapshot, none_match: bytes | None) -> Reply:
        wanted = _parameters(scope, SNAPSHOT_PARAMETERS, snapshot)
        if "min_revision" in wanted:
            await self._until(snapshot, wanted["min_revision"])
        return await self._everything(scope, grant, snapshot, "snapshot", none_match)

    async def _events(self, scope: Scope, receive: Receive, grant: Grant, snapshot: Snapshot) -> Reply | None:
        """``Last-Event-ID`` needs no reading: whoever connects is told where the environment stands, whatever they knew."""
        _parameters(scope, LIST_PARAMETERS, snapshot)
        if scope["method"] == "HEAD":
            return 200, STREAM_LINES, b""
        self.fleet.come(grant.selector, scope["headers"])
        away = False
        try:
            away = await self.streams.serve(scope, receive, grant, snapshot.key)
        finally:
            self.fleet.go(grant.selector, scope["headers"], away=away)
        return None

    def _keyset(self, scope: Scope, grant: Grant, snapshot: Snapshot, none_match: bytes | None) -> Reply:
        _for_relays(scope, grant)
        keyset, order = self._keysets.get(grant), (self._board.epoch, self._board.keyset)
        signed = self._signatures
        vouched = signed.keyset_lines(grant.selector, snapshot.project, order, keyset.digest) if signed else b""
        return self._kept(vouched, keyset, none_match)

    async def _report(self, scope: Scope, receive: Receive, grant: Grant) -> Reply:
        _for_relays(scope, grant)
        body = await request.read_body(scope["headers"], receive)
        self._still(scope, grant)
        said = report.read(body, datetime.fromtimestamp(self._clock(), UTC))
        report.take(said, grant, self._board, self.fleet)
        return 204, _DONE, b""

    def _took(self, grant: Grant, prompt_id: int | None) -> None:
        """Note who takes a prompt, or (``None``) everything. A relay takes nothing for itself: it reports who does."""
        if not grant.key.relays:
            self._board.fetch(grant.selector, prompt_id)

    async def _everything(self, scope: Scope, grant: Grant, snapshot: Snapshot, kind: Kind, none_match: bytes | None) -> Reply:
        zipped = request.accepts_gzip(scope["headers"])
        made_of, encoded = await self._whole.get(snapshot.key, kind, zipped=zipped)
        self._took(grant, None)
        if kind == "snapshot":
            self.fleet.hear(grant.selector, scope["headers"], (made_of.epoch, made_of.revision))
        vouched = self._signatures.lines(made_of, encoded.digest) if self._signatures and kind == "snapshot" else b""
        return self._kept(made_of.lines + vouched, encoded, none_match)

    async def _until(self, snapshot: Snapshot, text: str) -> None:
        """Wait until this node holds the revision, and look for it meanwhile: one refresh at a time for all who wait."""
        if not (text.isascii() and text.isdigit() and len(text) <= _REVISION_DIGITS_MAX):
            raise BadRequest("`min_revision` is a whole number.")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + MIN_REVISION_WAIT_S
        while (have := self._board.snapshot(snapshot.key).revision) < int(text):
            if (left_s := deadline - loop.time()) <= 0:
                raise NotYet(f"This node is at revision {have}.", revision=have)
            if self._refresh is None or self._refresh.done():
                self._refresh = loop.run_in_executor(self._refresher, self._board.refresh_now)
            await asyncio.wait({self._refresh}, timeout=left_s)
            await asyncio.sleep(min(_LOOK_AGAIN_S, left_s))


def _for_relays(scope: Scope, grant: Grant) -> None:
    request.parameters(scope["query_string"], frozenset())
    if not grant.key.relays:
        raise WrongKeyKind("This is no relay's key.", hint="Make one: `cuebook keys create --relay ENV`.")


def _parameters(scope: Scope, allowed: frozenset[str], snapshot: Snapshot) -> dict[str, str]:
    """The query's parameters; a caller who names an environment must name the key's own."""
    found = request.parameters(scope["query_string"], allowed)
    if found.get("environment", snapshot.environment.name) != snapshot.environment.name:
        raise EnvironmentMismatch(f"This key belongs to {snapshot.environment.name}.")
    return found
