"""A person's own tokens: their present rights, perhaps narrowed; gone when the person is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from hmac import compare_digest

from cuebook_server.domain import keys
from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.errors import Forbidden, NotFound, UnknownKey
from cuebook_server.domain.keys import SECRET_BYTES, SELECTOR_BYTES, Credential, PersonalToken
from cuebook_server.domain.person import Person
from cuebook_server.domain.session import SignedOut
from cuebook_server.services.credentials import Minted, check, check_counts, ends
from cuebook_server.services.instance import instance, tell
from cuebook_server.services.ports import UnitOfWork
from cuebook_server.services.sessions import Visit, seen, stands_for


class NobodysOwn(Forbidden):
    """This is only for people."""

    code = "nobodys_own"
    hint = "A service token stands for no person. Sign in: `cuebook login`."


def recognise(uow: UnitOfWork, credential: Credential, visit: Visit) -> Actor:
    """Who a personal token stands for. One that belongs to a session counts while the session does, and signed in as it is."""
    found = uow.personal_tokens.find(credential.selector)
    person = uow.people.by_id(found.person_id) if found else None
    if found is None or person is None or not compare_digest(found.verifier, credential.verifier):
        raise UnknownKey("The token is not known.")
    check_counts(found, uow.now)
    session = uow.sessions.find(found.session) if found.session else None
    ended = found.session is not None and (session is None or not session.counts(uow.now))
    if ended or person.disabled_at is not None:
        raise UnknownKey("The token counts no more.", hint="Sign in again: `cuebook login`.")
    return stands_for(uow, person, session, visit, credential=found.selector, scopes=found.scopes)


def used(uow: UnitOfWork, actor: Actor) -> None:
    """Write down that a token is in use, and the session it belongs to with it."""
    found = uow.personal_tokens.find(actor.credential)
    session = uow.sessions.find(found.session) if found and found.session else None
    uow.personal_tokens.used(actor.credential)
    if session:
        seen(uow, session)


def create(
    actor: Actor, uow: UnitOfWork, *, name: str, scopes: Iterable[str] | None = None, expires_in_s: int | None = None
) -> Minted[PersonalToken]:
    """Make a token of one's own, no wider than the credential that makes it. Needs a recent sign-in."""
    instance(uow)
    person = owner(actor, uow)
    actor.require_recent_sign_in(uow.now)
    check(name, expires_in_s)
    narrowed = keys.scopes(scopes)
    if actor.scopes is not None and (narrowed is None or not narrowed <= actor.scopes):
        raise Forbidden(f"{actor.principal} cannot make this token: it could do more than the credential that makes it.")
    credential = keys.mint("pat", uow.random(SELECTOR_BYTES + SECRET_BYTES))
    token = PersonalToken(
        credential.selector,
        credential.verifier,
        person.person_id,
        name,
        uow.now,
        scopes=narrowed,
        expires_at=ends(uow.now, expires_in_s),
    )
    uow.personal_tokens.add(token)
    told = {"name": name, "scopes": sorted(narrowed) if narrowed is not None else None}
    tell(actor, uow, Happening("token.created", token.selector, after=told))
    return Minted(token, credential)


def listed(actor: Actor, uow: UnitOfWork) -> Sequence[PersonalToken]:
    """One's own tokens, newest first; never their secrets."""
    return uow.personal_tokens.of(owner(actor, uow))


def revoke(actor: Actor, uow: UnitOfWork, selector: str) -> PersonalToken:
    """End one of one's own tokens now."""
    instance(uow)
    person, found = owner(actor, uow), uow.personal_tokens.find(selector)
    if found is None or found.person_id != person.person_id:
        raise NotFound(f"You have no token {selector[:40]!r}.")
    if found.revoked_at is None:
        uow.personal_tokens.revoke(selector)
        tell(actor, uow, Happening("token.revoked", selector, before={"name": found.name}))
        found = replace(found, revoked_at=uow.now)
    return found


def owner(actor: Actor, uow: UnitOfWork) -> Person:
    """The person behind the actor. Raises ``SignedOut`` when the account has ended since the actor was recognised."""
    found = uow.people.find(actor.person) if actor.person else None
    if found is None:
        raise NobodysOwn
    if found.disabled_at is not None:
        raise SignedOut
    return found
