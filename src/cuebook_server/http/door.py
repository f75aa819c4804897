"""What stands before every call: a strict reading of the request, who is asking, and one transaction.

Credentials come first: nobody unknown makes the server parse a body.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from cuebook import wire
from cuebook_server.domain.access import Actor
from cuebook_server.domain.errors import BadJson, BadRequest, BodyTooLarge, Unauthenticated, UnknownParameter
from cuebook_server.services import credentials
from cuebook_server.services.ports import Answer, UnitOfWork, Units
from cuebook_server.services.requests import once

BODY_BYTES_MAX = 16 * 1024 * 1024  # an import of a hundred prompts; one prompt's content is bounded by itself
PAGE_MAX = 500
_SENDABLE = {"POST", "PATCH", "PUT"}
T = TypeVar("T")


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
            strict.state.actor = await run_in_threadpool(_authenticate, strict)
            if request.method in _SENDABLE:
                strict.state.body = await strict.body()
                if strict.state.body and not request.headers.get("content-type", "").startswith("application/json"):
                    raise BadRequest("The body's content type is not JSON.", hint="Send `Content-Type: application/json`.")
            return await handle(strict)

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


def _authenticate(request: Request) -> Actor:
    headers = request.headers.getlist("authorization")
    scheme, _, token = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated(
            "No token came with the request." if not headers else "The Authorization header is not a Bearer token."
        )
    units: Units = request.app.state.units
    source = request.client.host if request.client else ""
    with units.read() as uow:
        return credentials.recognise(uow, token.strip(), request_id=request.state.request_id, source=source)


@dataclass(frozen=True, slots=True)
class Door:
    """A call's way to the use cases: as an actor, in one transaction."""

    actor: Actor
    units: Units
    idempotency_key: str | None
    request: bytes
    secret: str = field(repr=False)

    def read(self, use: Callable[[Actor, UnitOfWork], T]) -> T:
        """Run a use case that only reads."""
        with self.units.read() as uow:
            return use(self.actor, uow)

    def write(self, use: Callable[[Actor, UnitOfWork], tuple[int, Shown]]) -> Response:
        """Run a use case that writes, once for each idempotency key."""

        def effect() -> Answer:
            status, shown = use(self.actor, uow)
            return Answer(status, shown.model_dump_json())

        with self.units.write() as uow:
            given = once(self.actor, uow, self.idempotency_key, self.request, effect, secret=self.secret)
        return Response(given.body, given.status, media_type="application/json")


def _door(request: Request) -> Door:
    keys = request.headers.getlist("idempotency-key")
    told = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + getattr(request.state, "body", b"")
    secret = request.headers["authorization"].partition(" ")[2].strip()
    return Door(request.state.actor, request.app.state.units, keys[0] if keys else None, told, secret)


Through = Annotated[Door, Depends(_door)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]


def request_id() -> str:
    """A name for a request, in its answer, the log and the audit."""
    return f"req_{secrets.token_hex(8)}"


def responses(*codes: int, model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: these statuses carry this model."""
    return {code: {"model": model} for code in codes}


def dumped(changes: BaseModel) -> Mapping[str, Any]:
    """The fields a caller really sent."""
    return changes.model_dump(exclude_unset=True)
