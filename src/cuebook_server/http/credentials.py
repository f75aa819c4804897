"""Delivery keys and tokens over HTTP. A secret is shown once, in the answer that made it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from cuebook_server.domain.access import Role
from cuebook_server.domain.keys import DeliveryKey, Token
from cuebook_server.http.door import Body, Route, Shown, Through
from cuebook_server.services import credentials

router = APIRouter(prefix="/projects/{project}", tags=["keys"], route_class=Route)
Name = Annotated[str, Field(min_length=1)]


class KeyIn(Body):
    """A delivery key to make: for one environment, for good or for a time, from anywhere or from some networks (CIDR).

    ``relays``, instead of ``environment``: a relay's key, for these environments and for knowing who may read them.
    """

    environment: str = ""
    relays: list[str] = Field(default_factory=list, max_length=100)
    name: Name
    expires_in_s: int | None = None
    networks: list[str] = Field(default_factory=list)


class RotateIn(Body):
    """How long the old key counts beside the new one."""

    overlap_s: int = 86_400


class KeyShown(Shown):
    """A delivery key without its secret. ``took_all_at``: when it last took everything its environment serves.

    ``relays``: the environments of a relay's key, of which ``environment`` is the first.
    """

    selector: str
    environment: str
    relays: list[str]
    name: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: str | None
    networks: list[str]
    last_used_at: datetime | None
    took_all_at: datetime | None


class KeyMade(KeyShown):
    """A new delivery key with its secret: keep it now, it is never shown again."""

    key: str


class KeysShown(Shown):
    """The project's delivery keys, newest first."""

    items: list[KeyShown]
    next: str | None = None


class TokenIn(Body):
    """A service token to make. ``scopes``: permissions it is narrowed to; left out: all of the role's."""

    name: Name
    role: Role
    expires_in_s: int | None = None
    scopes: list[str] | None = None


class TokenShown(Shown):
    """A token without its secret. ``owner``: the person who made it and answers for it."""

    selector: str
    name: str
    role: Role
    scopes: list[str] | None
    owner: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class TokenMade(TokenShown):
    """A new token with its secret: keep it now, it is never shown again."""

    token: str


class TokensShown(Shown):
    """The project's tokens, newest first."""

    items: list[TokenShown]
    next: str | None = None


@router.get("/keys")
def list_keys(project: str, door: Through) -> KeysShown:
    """List the delivery keys, with when each was last used."""
    return KeysShown(items=[_key(row) for row in door.read(lambda actor, uow: credentials.list_keys(actor, uow, project))])


@router.post("/keys", response_model=KeyMade, status_code=201)
def create_key(project: str, body: KeyIn, door: Through) -> Response:
    """Make a delivery key; its secret is in this answer only."""
    return door.write(lambda actor, uow: (201, _made(credentials.create_key(actor, uow, project, **body.model_dump()))))


@router.post("/keys/{selector}/rotate", response_model=KeyMade, status_code=201)
def rotate_key(project: str, selector: str, body: RotateIn, door: Through) -> Response:
    """Replace a key; the old one counts until the overlap has passed."""
    return door.write(
        lambda actor, uow: (201, _made(credentials.rotate_key(actor, uow, project, selector, overlap_s=body.overlap_s)))
    )


@router.post("/keys/{selector}/revoke", response_model=KeyShown)
def revoke_key(project: str, selector: str, door: Through) -> Response:
    """End a key now, on every node."""
    return door.write(lambda actor, uow: (200, _key(credentials.revoke_key(actor, uow, project, selector))))


@router.get("/tokens")
def list_tokens(project: str, door: Through) -> TokensShown:
    """List the project's management tokens."""
    return TokensShown(
        items=[show_token(row) for row in door.read(lambda actor, uow: credentials.list_tokens(actor, uow, project))]
    )


@router.post("/tokens", response_model=TokenMade, status_code=201)
def create_token(project: str, body: TokenIn, door: Through) -> Response:
    """Make a management token, with no more rights than yours; its secret is in this answer only."""

    def shown(minted: credentials.Minted[Token]) -> TokenMade:
        return TokenMade(**show_token(minted.row).model_dump(), token=minted.credential.token)

    return door.write(lambda actor, uow: (201, shown(credentials.create_token(actor, uow, project, **body.model_dump()))))


@router.post("/tokens/{selector}/revoke", response_model=TokenShown)
def revoke_token(project: str, selector: str, door: Through) -> Response:
    """End a token now."""
    return door.write(lambda actor, uow: (200, show_token(credentials.revoke_token(actor, uow, project, selector))))


def _key(key: DeliveryKey) -> KeyShown:
    return KeyShown(
        selector=key.selector,
        environment=key.environment,
        relays=list(key.relays),
        name=key.name,
        created_by=key.created_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        replaced_by=key.replaced_by,
        networks=list(key.networks),
        last_used_at=key.last_used_at,
        took_all_at=key.took_all_at,
    )


def _made(minted: credentials.Minted[DeliveryKey]) -> KeyMade:
    return KeyMade(**_key(minted.row).model_dump(), key=minted.credential.token)


def show_token(token: Token) -> TokenShown:
    """A token as a caller sees it."""
    return TokenShown(
        selector=token.selector,
        name=token.name,
        role=token.role,
        scopes=None if token.scopes is None else sorted(token.scopes),
        owner=token.owner,
        created_by=token.created_by,
        created_at=token.created_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        last_used_at=token.last_used_at,
    )
