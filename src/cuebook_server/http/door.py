"""What stands before every call: a strict reading of the request, who is asking, and one transaction.

Credentials come first: nobody unknown makes the server parse a body.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Annotated, Any, TypeVar

import structlog
from fastapi import Depends, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from cuebook import wire
from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import Read
from cuebook_server.domain.errors import (
    BadJson,
    BadRequest,
    BodyTooLarge,
    CuebookError,
    Forbidden,
    Unauthenticated,
    UnknownParameter,
)
from cuebook_server.domain.origin import Place
from cuebook_server.domain.session import COOKIE, SEEN_EVERY
from cuebook_server.http import permissions
from cuebook_server.services import callers, reads, sessions
from cuebook_server.services.ports import NUMBER_MAX, Answer, Signer, UnitOfWork, Units
from cuebook_server.services.ports_checking import Aids
from cuebook_server.services.ports_people import Hasher
from cuebook_server.services.ports_webhooks import Outgoing
from cuebook_server.services.requests import once

BODY_BYTES_MAX = 16 * 1024 * 1024  # an import of a hundred prompts; one prompt's content is bounded by itself
PAGE_MAX = 500
_SENDABLE = {"POST", "PATCH", "PUT"}
_SAFE = {"GET", "HEAD"}
_USED_MAX = 1_024
T = TypeVar("T")
_log = structlog.get_logger("cuebook.security")


class Body(BaseModel):
    """What a caller sends: unknown fields are refused, nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Shown(BaseModel):
    """What a caller is shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StrictRequest(Request):
    """A request whose JSON is read strictly: no duplicate keys, NaN or lone surrogates."""

    async def body(self) -> bytes:
        """The body, bounded here rather than by FastAPI, whose refusal would not be a problem document."""
        if not hasattr(self, "_body"):
            chunks, size = [], 0
            async for chunk in self.stream():
                size += len(chunk)
                if size > BODY_BYTES_MAX:
                    raise BodyTooLarge(f"The body has more than {BODY_BYTES_MAX:,} bytes.", hint="Send it in several requests.")
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    async def json(self) -> Any:
        """The body's JSON value."""
        try:
            return wire.loads(await self.body())
        except wire.WireError as error:
            # FastAPI lets only its own exceptions through from here; `errors` unpacks the detail again.
            raise HTTPException(400, detail=BadJson(f"{error}.")) from None  # type: ignore[arg-type]  # see above


class Route(APIRoute):
    """A call of the management API."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Check parameters and credential before FastAPI reads the body."""
        handle = super().get_route_handler()
        known = {field.alias for field in self.dependant.query_params} | {
            field.alias for inner in self.dependant.dependencies for field in inner.query_params
        }
        several = {"prompt"}

        async def checked(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            _check_query(strict, known, several)
            needs = permissions.of(strict.method, self.path)
            try:
                if needs is not permissions.ANYONE:
                    strict.state.actor = await run_in_threadpool(_authenticate, strict, needs)
                if request.method in _SENDABLE:
                    strict.state.body = await strict.body()
                    if strict.state.body and not request.headers.get("content-type", "").startswith("application/json"):
                        raise BadRequest("The body's content type is not JSON.", hint="Send `Content-Type: application/json`.")
                    if strict.state.body and self.body_field is None and await strict.json() != {}:
                        # Passed over in silence, a field such as `approved_by` would look as if it had counted.
                        raise BadRequest("This call takes no fields.", hint="Send no body, or an empty object.")
                return await handle(strict)
            except (Forbidden, Unauthenticated) as refusal:
                await run_in_threadpool(_tell_denied, strict, refusal)
                raise

        return checked


def _check_query(request: Request, known: set[str], several: set[str]) -> None:
    for name in request.query_params:
        if name not in known:
            choices = f"Known here: {', '.join(sorted(known))}." if known else "This call takes none."
            raise UnknownParameter(f"{name[:40]!r} is not a parameter of this call.", hint=choices)
        if name not in several and len(request.query_params.getlist(name)) > 1:
            raise BadRequest(f"The parameter {name} stands twice.", hint="Send it once.")
        if "\x00" in "".join(request.query_params.getlist(name)):
            raise BadRequest(f"The parameter {name} holds a NUL.", hint="No name, tag or word has one.")


class ForeignOrigin(Forbidden):
    """The request was not sent by one of our own pages."""

    code = "foreign_origin"
    hint = "A session's cookie counts from the server's own pages only; programs send a token."


class Used:
    """Which credentials this process has seen lately: one write of their use every five minutes. Bounded."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def is_due(self, credential: str) -> bool:
        """Whether the credential's use should be written down now."""
        now = time.monotonic()
        if now - self._at.get(credential, -math.inf) < SEEN_EVERY.total_seconds():
            return False
        if len(self._at) >= _USED_MAX:
            self._at.clear()
        self._at[credential] = now
        return True


@dataclass(frozen=True, slots=True)
class Site:
    """What calls work with beside the database: where the server is reached, how passwords are kept,
    who vouches, how it sends, what drafts are looked at with.
    """

    place: Place
    hasher: Hasher
    used: Used
    signer: Signer
    outgoing: Outgoing
    aids: Aids


def _authenticate(request: Request, needs: permissions.Needs) -> Actor:
    units: Units = request.app.state.units
    site: Site = request.app.state.site
    with units.read() as uow:
        actor = _caller(request, uow, site)
        request.state.actor = actor  # a refusal below is told with its name
        project = request.path_params.get("project")
        if project is not None and not callers.knows(actor, uow, project):
            _log_denied(request, "not_found")  # the answer says no more than that, and is given by the use case
        if project is not None and needs.any_of and not callers.holds_somewhere(actor, uow, project, needs.any_of):
            wanted = " or ".join(f"`{permission}`" for permission in sorted(needs.any_of))
            raise Forbidden(f"{actor.principal} does not hold {wanted}.", needed=min(needs.any_of))
    if site.used.is_due(actor.credential):
        with suppress(CuebookError), units.jot() as uow:  # a full disk must not keep people from looking
            callers.used(uow, actor)
    return actor


def _caller(request: Request, uow: UnitOfWork, site: Site) -> Actor:
    origin = {"request_id": request.state.request_id, "source": source(request)}
    headers = request.headers.getlist("authorization")
    cookie = request.cookies.get(COOKIE, "")
    if not headers and cookie:
        # The cookie is SameSite=Strict already; this stands behind it, and against a foreign name for this machine.
        check_own(request, site.place, unsafe=request.method not in _SAFE)
        return sessions.recognise(uow, cookie, **origin)[0]
    scheme, _, token = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated(
            "No token came with the request." if not headers else "The Authorization header is not a Bearer token."
        )
    return callers.by_token(uow, token.strip(), **origin)


def check_own(request: Request, place: Place, *, unsafe: bool) -> None:
    """Refuse what another site sends with a visitor's browser."""
    host = request.headers.get("host", "").lower()
    if not place.knows(host) or (unsafe and not place.is_own(request.headers.get("origin", ""), host)):
        raise ForeignOrigin


def _tell_denied(request: Request, refusal: Forbidden | Unauthenticated) -> None:
    """Denied attempts stand in the log, and those of somebody known in the audit, in a transaction of their own."""
    _log_denied(request, refusal.code)
    actor, project = getattr(request.state, "actor", None), request.path_params.get("project")
    if actor is None or isinstance(refusal, Unauthenticated):
        return
    units: Units = request.app.state.units
    with suppress(CuebookError), units.write() as uow:  # the refusal itself must reach the caller
        callers.denied(actor, uow, project, f"{request.method} {request.url.path}", refusal)


def _log_denied(request: Request, code: str) -> None:
    actor: Actor | None = getattr(request.state, "actor", None)
    who = {"principal": actor.principal, "credential": actor.credential} if actor else {}
    told = {"method": request.method, "path": request.url.path, "code": code, "id": request.state.request_id}
    _log.warning("denied", source=source(request), **who, **told)


def source(request: Request) -> str:
    """The address a request came from."""
    return request.client.host if request.client else ""


@dataclass(frozen=True, slots=True)
class Door:
    """A call's way to the use cases: as an actor, in one transaction.

    ``standing``: the actor as it stands in a unit of work. Rights and credentials may end while a body arrives, slowly, and
    while the call waits for other people's changes; whoever lost theirs meanwhile does nothing more.
    """

    actor: Actor
    standing: Callable[[UnitOfWork], Actor]
    units: Units
    idempotency_key: str | None
    request: bytes
    aids: Aids
    secret: str = field(repr=False)

    def read(self, use: Callable[[Actor, UnitOfWork], T]) -> T:
        """Run a use case that only reads."""
        with self._told(self.units.read()) as uow:
            return use(self.standing(uow), uow)

    def write(self, use: Callable[[Actor, UnitOfWork], tuple[int, Shown]]) -> Response:
        """Run a use case that writes, once for each idempotency key."""

        def effect() -> Answer:
            status, shown = use(actor, uow)
            return Answer(status, shown.model_dump_json())

        with self._told(self.units.write()) as uow:
            actor = self.standing(uow)
            given = once(actor, uow, self.idempotency_key, self.request, effect, secret=self.secret)
        return Response(given.body, given.status, media_type="application/json")

    @contextmanager
    def _told(self, unit: AbstractContextManager[UnitOfWork]) -> Iterator[UnitOfWork]:
        """A unit of work; however it ends, what a person was shown in it is written down before the answer leaves."""
        seen: list[Read] = []
        try:
            with unit as uow:
                seen = uow.reads
                yield uow
        finally:
            for read in reads.write(self.actor, self.units, seen):
                who = {"principal": self.actor.principal, "credential": self.actor.credential, "source": self.actor.source}
                _log.warning("content.read", **who, id=self.actor.request_id, **asdict(read))


@dataclass(frozen=True, slots=True)
class Hall:
    """What a call about accounts and sessions works with: it may have no actor yet, and hashes outside every transaction."""

    request: Request
    units: Units
    site: Site

    @property
    def actor(self) -> Actor:
        """Who calls; only where the call needs somebody."""
        return self.request.state.actor  # type: ignore[no-any-return]  # a request's state has no types

    @property
    def hasher(self) -> Hasher:
        """How passwords are kept."""
        return self.site.hasher

    @property
    def visit(self) -> sessions.Visit:
        """Where the call came from."""
        return sessions.Visit(self.request.state.request_id, source(self.request), self.request.cookies.get(COOKIE, ""))

    def check_own(self) -> None:
        """Refuse to begin a session for another site's page."""
        check_own(self.request, self.site.place, unsafe=True)


def _hall(request: Request) -> Hall:
    return Hall(request, request.app.state.units, request.app.state.site)


def _door(request: Request) -> Door:
    keys = request.headers.getlist("idempotency-key")
    told = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + getattr(request.state, "body", b"")
    secret = request.headers.get("authorization", "").partition(" ")[2].strip() or request.cookies.get(COOKIE, "")
    site: Site = request.app.state.site
    standing = partial(_standing, request)
    return Door(request.state.actor, standing, request.app.state.units, keys[0] if keys else None, told, site.aids, secret)


def _standing(request: Request, uow: UnitOfWork) -> Actor:
    """Who calls, recognised anew; behind the project's lock where the call writes. Who only looks has just been let in."""
    actor: Actor = request.state.actor
    if request.method in _SAFE:
        return actor
    project = uow.projects.find(request.path_params.get("project", ""))
    if project is not None and actor.sees(project.project_id):
        uow.scope(project)
    return _caller(request, uow, request.app.state.site)


Through = Annotated[Door, Depends(_door)]
InHall = Annotated[Hall, Depends(_hall)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]
Before = Annotated[int, Query(ge=1, le=NUMBER_MAX, description="Only what comes before this number.")]


def request_id() -> str:
    """A name for a request, in its answer, the log and the audit."""
    return f"req_{secrets.token_hex(8)}"


def responses(*codes: int, model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: these statuses carry this model."""
    return {code: {"model": model} for code in codes}
