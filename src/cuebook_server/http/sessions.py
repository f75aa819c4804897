"""Sessions over HTTP: for browsers as a cookie, for a command line as a token."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Response

from cuebook_server.domain.session import COOKIE, LIFE_MAX, Session
from cuebook_server.http.door import Body, InHall, Route, Shown, Through
from cuebook_server.services import sessions

router = APIRouter(prefix="/sessions", tags=["sessions"], route_class=Route)


class SignIn(Body):
    """Who signs in. With ``token`` the session comes as a token in the answer, for programs; without, as a cookie."""

    login: str
    password: str
    token: bool = False


class SignedIn(Shown):
    """The sign-in counted. ``token`` is shown this once."""

    token: str | None = None


class Confirm(Body):
    """The password once more."""

    password: str


class RevokeAll(Body):
    """Whose sessions end; left out: one's own."""

    login: str | None = None


class SessionShown(Shown):
    """A session of one's own."""

    session: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    signed_in_at: datetime


class SessionListed(SessionShown):
    """A session of one's own. ``current``: it is the one that asks."""

    current: bool


class SessionsShown(Shown):
    """One's own sessions that count, newest first."""

    items: list[SessionListed]
    next: str | None = None


class Ended(Shown):
    """How many sessions ended."""

    sessions: int


@router.post("", status_code=201, response_model=SignedIn)
def sign_in(body: SignIn, hall: InHall) -> Response:
    """Sign in with login and password."""
    if body.token:
        token = sessions.sign_in_bearer(hall.units, hall.hasher, body.login, body.password, hall.visit)
        return _answer(SignedIn(token=token))
    hall.check_own()
    secret = sessions.sign_in(hall.units, hall.hasher, body.login, body.password, hall.visit)
    return with_session(_answer(SignedIn()), secret)


@router.get("")
def list_sessions(door: Through) -> SessionsShown:
    """List one's own sessions."""
    found, here = door.read(lambda actor, uow: (sessions.mine(actor, uow), sessions.behind(actor, uow)))
    return SessionsShown(items=[SessionListed(**_session(one).model_dump(), current=one == here) for one in found])


@router.post("/confirm")
def confirm(body: Confirm, hall: InHall) -> SessionShown:
    """Give the password once more: what needs a recent sign-in is open for 15 minutes."""
    return _session(sessions.confirm(hall.actor, hall.units, hall.hasher, body.password))


@router.post("/revoke-all", response_model=Ended)
def revoke_all(body: RevokeAll, door: Through) -> Response:
    """End all of one's sessions or, as an admin of the instance, somebody else's."""
    return door.write(lambda actor, uow: (200, Ended(sessions=sessions.end_all(actor, uow, body.login))))


@router.delete("/{session}", response_model=SessionShown)
def end_session(session: str, door: Through) -> Response:
    """End one of one's own sessions; `current` is the one that asks."""
    return door.write(lambda actor, uow: (200, _session(sessions.end(actor, uow, session))))


def with_session(response: Response, secret: str) -> Response:
    """An answer that gives a browser its session."""
    life_s = int(LIFE_MAX.total_seconds())
    response.set_cookie(COOKIE, secret, max_age=life_s, path="/", secure=True, httponly=True, samesite="strict")
    return response


def _answer(shown: Shown) -> Response:
    return Response(shown.model_dump_json(), 201, media_type="application/json")


def _session(session: Session) -> SessionShown:
    return SessionShown(
        session=session.name,
        created_at=session.created_at,
        seen_at=session.seen_at,
        expires_at=session.expires_at,
        signed_in_at=session.signed_in_at,
    )
