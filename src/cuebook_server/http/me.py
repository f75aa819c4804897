"""What people do with their own account over HTTP: password and tokens."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Response

from cuebook_server.domain.keys import PersonalToken
from cuebook_server.http.credentials import Name
from cuebook_server.http.door import Body, InHall, Route, Shown, Through
from cuebook_server.services import people, personal
from cuebook_server.services.credentials import Minted

router = APIRouter(prefix="/me", tags=["me"], route_class=Route)


class PasswordIn(Body):
    """The old password and the new one."""

    old: str
    new: str


class Changed(Shown):
    """The password was changed; every other session has ended."""

    login: str


class PersonalTokenIn(Body):
    """A token of one's own. ``scopes``: permissions it is narrowed to; left out: all that one may."""

    name: Name
    scopes: list[str] | None = None
    expires_in_s: int | None = None


class PersonalTokenShown(Shown):
    """A token of one's own without its secret. ``session``: it belongs to a sign-in and ends with it."""

    selector: str
    name: str
    scopes: list[str] | None
    session: bool
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class PersonalTokenMade(PersonalTokenShown):
    """A new token with its secret: keep it now, it is never shown again."""

    token: str


class PersonalTokensShown(Shown):
    """One's own tokens, newest first."""

    items: list[PersonalTokenShown]
    next: str | None = None


@router.post("/password")
def change_password(body: PasswordIn, hall: InHall) -> Changed:
    """Change one's own password; the old one is needed."""
    people.change_password(hall.actor, hall.units, hall.hasher, body.old, body.new)
    return Changed(login=hall.actor.principal)


@router.get("/tokens")
def list_my_tokens(door: Through) -> PersonalTokensShown:
    """List one's own tokens."""
    return PersonalTokensShown(items=[_token(row) for row in door.read(personal.listed)])


@router.post("/tokens", response_model=PersonalTokenMade, status_code=201)
def create_my_token(body: PersonalTokenIn, door: Through) -> Response:
    """Make a token of one's own; its secret is in this answer only. Needs a recent sign-in."""

    def shown(minted: Minted[PersonalToken]) -> PersonalTokenMade:
        return PersonalTokenMade(**_token(minted.row).model_dump(), token=minted.credential.token)

    return door.write(lambda actor, uow: (201, shown(personal.create(actor, uow, **body.model_dump()))))


@router.post("/tokens/{selector}/revoke", response_model=PersonalTokenShown)
def revoke_my_token(selector: str, door: Through) -> Response:
    """End one of one's own tokens now."""
    return door.write(lambda actor, uow: (200, _token(personal.revoke(actor, uow, selector))))


def _token(token: PersonalToken) -> PersonalTokenShown:
    return PersonalTokenShown(
        selector=token.selector,
        name=token.name,
        scopes=None if token.scopes is None else sorted(token.scopes),
        session=token.session is not None,
        created_at=token.created_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        last_used_at=token.last_used_at,
    )
