"""Sessions: begun with a password, recognised, confirmed, listed, ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cuebook_server.domain import attempt, keys
from cuebook_server.domain.access import ANONYMOUS, Actor, Permission
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.errors import Forbidden, NotFound, Unauthenticated
from cuebook_server.domain.keys import SELECTOR_BYTES, PersonalToken
from cuebook_server.domain.person import Person, folded
from cuebook_server.domain.session import LIFE_MAX, SECRET_BYTES, Session, SignedOut, encode, verifier
from cuebook_server.services.instance import instance, require_admin, tell
from cuebook_server.services.ports import UnitOfWork, Units
from cuebook_server.services.ports_people import Hasher


class WrongPassword(Unauthenticated):
    """Login and password do not fit together."""

    code = "wrong_password"
    hint = "Check both. Who forgot the password asks the operator for a link: `cuebook people reset-link LOGIN`."


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a request came from, and the session its browser had, if any: a sign-in ends that one."""

    request_id: str
    source: str
    instead_of: str = ""


def sign_in(units: Units, hasher: Hasher, login: str, password: str, visit: Visit) -> str:
    """Begin a session with a password; returns the session's secret."""
    proved = prove(units, hasher, login, password, visit)
    with units.write() as uow:
        return begin(uow, _still(uow, proved), visit)


def sign_in_bearer(units: Units, hasher: Hasher, login: str, password: str, visit: Visit) -> str:
    """Begin a session and give it as a token, for a command line: it counts while its session does."""
    proved = prove(units, hasher, login, password, visit)
    with units.write() as uow:
        person = _still(uow, proved)
        session = verifier(begin(uow, person, visit))
        credential = keys.mint("pat", uow.random(SELECTOR_BYTES + SECRET_BYTES))
        uow.personal_tokens.add(
            PersonalToken(
                credential.selector,
                credential.verifier,
                person.person_id,
                "cuebook login",
                uow.now,
                session=session,
                expires_at=uow.now + LIFE_MAX,
            )
        )
        return credential.token


def prove(units: Units, hasher: Hasher, login: str, password: str, visit: Visit) -> Person:
    """Whose password this is.

    The attempt is counted before the slow hash, which runs outside every transaction: it holds nobody up, and many attempts
    at once are as many as one after the other.
    """
    login = folded(login)
    by_login, by_address = attempt.by_login(login), attempt.by_address(visit.source)
    with units.write() as uow:
        instance(uow)
        attempt.check(uow.attempts.find(by_login), attempt.LOGIN_FREE, uow.now)
        attempt.check(uow.attempts.find(by_address), attempt.ADDRESS_FREE, uow.now)
        for subject in (by_login, by_address):
            uow.attempts.note(subject, uow.now)
        person = uow.people.find(login)
    known = person is not None and person.password is not None and person.disabled_at is None
    fits = hasher.fits(person.password if known and person and person.password else hasher.decoy, password)
    with units.write() as uow:
        if known and person and fits:
            uow.attempts.forget(by_login)
            uow.attempts.take_back(by_address)
        elif person:
            actor = Actor(ANONYMOUS, "password", (), visit.request_id, visit.source)
            tell(actor, uow, Happening("sign_in.refused", person.login))
    if not (known and person and fits):
        raise WrongPassword
    return person


def begin(uow: UnitOfWork, person: Person, visit: Visit) -> str:
    """Begin a session of somebody who has proved who they are; returns its secret. A known session never becomes another's."""
    uow.sessions.forget_ended()
    if visit.instead_of:
        uow.sessions.remove(verifier(visit.instead_of))
    secret = encode(uow.random(SECRET_BYTES))
    session = Session(verifier(secret), person.person_id, uow.now, uow.now, uow.now + LIFE_MAX, uow.now)
    uow.sessions.add(session)
    tell(stands_for(uow, person, session, visit), uow, Happening("session.began", session.credential))
    return secret


def recognise(uow: UnitOfWork, secret: str, *, request_id: str, source: str) -> tuple[Actor, Session]:
    """Who a session stands for. One that has ended is not told from one that never was."""
    found = uow.sessions.find(verifier(secret)) if secret else None
    person = uow.people.by_id(found.person_id) if found and found.counts(uow.now) else None
    if found is None or person is None or person.disabled_at is not None:
        raise SignedOut
    return stands_for(uow, person, found, Visit(request_id, source)), found


def stands_for(
    uow: UnitOfWork,
    person: Person,
    session: Session | None,
    visit: Visit,
    *,
    credential: str = "",
    scopes: frozenset[Permission] | None = None,
) -> Actor:
    """A person as an actor, with the rights they have now."""
    return Actor(
        principal=person.login,
        credential=credential or (session.credential if session else ""),
        grants=uow.people.grants(person),
        request_id=visit.request_id,
        source=visit.source,
        person=person.login,
        signed_in_at=session.signed_in_at if session else None,
        scopes=scopes,
    )


def seen(uow: UnitOfWork, session: Session) -> None:
    """Write down that the session is in use."""
    uow.sessions.seen(session.verifier)


def confirm(actor: Actor, units: Units, hasher: Hasher, password: str) -> Session:
    """Prove again who acts: the session counts as signed in now."""
    with units.read() as uow:
        current(actor, uow)
    proved = prove(units, hasher, actor.person or "", password, Visit(actor.request_id, actor.source))
    with units.write() as uow:
        _still(uow, proved)
        session = replace(current(actor, uow), seen_at=uow.now, signed_in_at=uow.now)
        uow.sessions.change(session)
        tell(actor, uow, Happening("session.confirmed", session.credential))
        return session


def current(actor: Actor, uow: UnitOfWork) -> Session:
    """The session behind the actor's credential; ``SignedOut`` when it is no session's."""
    found = behind(actor, uow)
    if found is None:
        raise SignedOut("This credential is not a session's.", hint="Sign in with your password, or by `cuebook login`.")
    return found


def behind(actor: Actor, uow: UnitOfWork) -> Session | None:
    """The session behind the actor's credential, if it is one's."""
    token = uow.personal_tokens.find(actor.credential)
    for session in mine(actor, uow):
        if actor.credential == session.credential or (token and token.session == session.verifier):
            return session
    return None


def mine(actor: Actor, uow: UnitOfWork) -> Sequence[Session]:
    """The actor's own sessions that count, newest first."""
    person = uow.people.find(actor.person) if actor.person else None
    return [session for session in uow.sessions.of(person) if session.counts(uow.now)] if person else []


def end(actor: Actor, uow: UnitOfWork, name: str) -> Session:
    """End one of the actor's sessions now, by its name or as ``current``."""
    instance(uow)
    found = [current(actor, uow)] if name == "current" else [s for s in mine(actor, uow) if s.name == name]
    if not found:
        raise NotFound(f"You have no session {name[:40]!r}.")
    uow.sessions.remove(found[0].verifier)
    tell(actor, uow, Happening("session.ended", found[0].credential))
    return found[0]


def end_all(actor: Actor, uow: UnitOfWork, login: str | None = None) -> int:
    """End every session of the actor or, as an admin, of somebody else; returns how many there were."""
    instance(uow)
    whose = folded(login) if login is not None else actor.person
    if whose is None:
        raise Forbidden("A service token has no sessions.", hint="Sign in as yourself, or name whose sessions are to end.")
    if whose != actor.person:
        require_admin(actor)
    person = uow.people.find(whose)
    if person is None:
        raise NotFound(f"There is no account {whose[:80]!r}.", hint="`cuebook people list` shows every account.")
    count = forget_all(uow, person)
    tell(actor, uow, Happening("session.ended_all", person.login, after={"sessions": count}))
    return count


def forget_all(uow: UnitOfWork, person: Person, *, but: str = "") -> int:
    """Remove a person's sessions, perhaps but one; returns how many."""
    gone = [session for session in uow.sessions.of(person) if session.verifier != but]
    for session in gone:
        uow.sessions.remove(session.verifier)
    return len(gone)


def sign_out(uow: UnitOfWork, secret: str, *, request_id: str, source: str) -> None:
    """End a browser's session now. Without one there is nothing to do."""
    instance(uow)
    found = uow.sessions.find(verifier(secret)) if secret else None
    person = uow.people.by_id(found.person_id) if found else None
    if found is not None and person is not None:
        uow.sessions.remove(found.verifier)
        tell(stands_for(uow, person, found, Visit(request_id, source)), uow, Happening("session.ended", found.credential))


def _still(uow: UnitOfWork, proved: Person) -> Person:
    """The person as they are now: who was disabled, or changed the password meanwhile, has proved nothing."""
    instance(uow)
    now = uow.people.by_id(proved.person_id)
    if now is None or now.disabled_at is not None or now.password != proved.password:
        raise WrongPassword
    return now
