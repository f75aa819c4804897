"""Signing in with a link that counts once, being recognised by a session, signing out."""

from __future__ import annotations

from dataclasses import replace

from cuebook_server.domain.access import Actor, Grant
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.errors import Unauthenticated
from cuebook_server.domain.session import LIFE_MAX, LINK_LIFE, SECRET_BYTES, Session, encode, verifier
from cuebook_server.services.first_run import PRINCIPAL
from cuebook_server.services.ports import UnitOfWork


class LinkRefused(Unauthenticated):
    """The sign-in link does not count."""

    code = "link_refused"
    hint = "A link counts once and for 15 minutes. Start the server again: it prints a new one."


class SignedOut(Unauthenticated):
    """Nobody is signed in here."""

    code = "signed_out"
    hint = "Open the link that the server printed when it started."


def invite(uow: UnitOfWork, *, request_id: str) -> str:
    """Make a sign-in link and return its secret, which is shown this once."""
    secret = encode(uow.random(SECRET_BYTES))
    uow.sessions.forget_ended()
    uow.sessions.add_link(verifier(secret), expires_at=uow.now + LINK_LIFE)
    actor = Actor(PRINCIPAL, "server-start", (Grant("admin"),), request_id)
    _tell(actor, uow, Happening("link.created", _link(secret)))
    return secret


def sign_in(uow: UnitOfWork, secret: str, *, instead_of: str, request_id: str, source: str) -> str:
    """Use a link up and begin a session; returns the session's secret.

    ``instead_of`` is the session the browser had, if any: it ends here, so that a known session never becomes another's.
    """
    ends = uow.sessions.take_link(verifier(secret))
    if ends is None or ends <= uow.now:
        raise LinkRefused("This link was used before, is too old, or is not one of this server.")
    uow.sessions.forget_ended()
    uow.sessions.remove(verifier(instead_of))
    mine = encode(uow.random(SECRET_BYTES))
    session = Session(verifier(mine), PRINCIPAL, "admin", uow.now, uow.now, uow.now + LIFE_MAX)
    uow.sessions.add(session)
    _tell(_actor(session, request_id, source), uow, Happening("session.began", _link(secret)))
    return mine


def recognise(uow: UnitOfWork, secret: str, *, request_id: str, source: str) -> tuple[Actor, Session]:
    """Who a session stands for. One that has ended is not told from one that never was."""
    found = uow.sessions.find(verifier(secret)) if secret else None
    if found is None or not found.counts(uow.now):
        raise SignedOut
    return _actor(found, request_id, source), found


def seen(uow: UnitOfWork, session: Session) -> None:
    """Write down that the session is in use."""
    uow.sessions.change(replace(session, seen_at=uow.now))


def sign_out(uow: UnitOfWork, secret: str, *, request_id: str, source: str) -> None:
    """End a session now. Without one there is nothing to do."""
    found = uow.sessions.find(verifier(secret)) if secret else None
    if found is not None:
        uow.sessions.remove(found.verifier)
        _tell(_actor(found, request_id, source), uow, Happening("session.ended", found.credential))


def _actor(session: Session, request_id: str, source: str) -> Actor:
    return Actor(session.principal, session.credential, (Grant(session.role),), request_id, source)


def _link(secret: str) -> str:
    return f"link-{verifier(secret)[:12]}"


def _tell(actor: Actor, uow: UnitOfWork, happening: Happening) -> None:
    """Sessions belong to the instance, chains to projects: the oldest project's chain tells of them."""
    oldest = min(uow.projects.all(), key=lambda project: project.project_id)
    uow.scope(oldest).audit.append(actor, happening)
