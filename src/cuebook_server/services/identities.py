"""Signing in by an identity provider: (issuer, subject) is who somebody is. An e-mail address never leads to an account."""

from __future__ import annotations

from cuebook_server.domain.access import Actor, Grant, Role
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.errors import Forbidden, Malformed
from cuebook_server.domain.identity import Identity
from cuebook_server.domain.person import BadLogin, Person, check_login
from cuebook_server.domain.session import verifier
from cuebook_server.services import people
from cuebook_server.services.instance import instance, tell
from cuebook_server.services.ports import UnitOfWork
from cuebook_server.services.sessions import Visit, begin


class UnknownIdentity(Forbidden):
    """Nobody here has this identity."""

    code = "unknown_identity"
    hint = "Ask an admin for an invitation, and take it up with the button of your organisation."


class LostOnTheWay(Malformed):
    """The way back from the identity provider is not the one that led there."""

    code = "lost_on_the_way"
    hint = "Begin again at /sign-in, in one browser and within ten minutes."


def sign_in(uow: UnitOfWork, identity: Identity, invitation: str, default_role: Role | None, visit: Visit) -> str:
    """Begin a session for an identity; one that is new needs an invitation, or a role that the server gives to everybody."""
    instance(uow)
    person = uow.people.by_identity(identity.issuer, identity.subject)
    if person is None:
        person = _new(uow, identity, invitation, default_role, visit)
        uow.people.add_identity(person, identity.issuer, identity.subject)
        told = {"issuer": identity.issuer, "subject": identity.subject}
        actor = Actor(person.login, "identity", (), visit.request_id, visit.source, person=person.login)
        tell(actor, uow, Happening("person.identity_added", person.login, after=told))
    if person.disabled_at is not None:
        raise UnknownIdentity(hint="The account was disabled. Ask an admin.")
    return begin(uow, person, visit)


def _new(uow: UnitOfWork, identity: Identity, invitation: str, default_role: Role | None, visit: Visit) -> Person:
    if invitation:
        taken = people.offer(uow.people.take_invitation(verifier(invitation)), uow)
        return people.welcome(uow, taken, identity.name, None, visit)
    if default_role is None:
        raise UnknownIdentity
    try:
        login = check_login(identity.login)
    except BadLogin:
        raise UnknownIdentity("The identity has no e-mail address to be known by here.") from None
    if uow.people.find(login) is not None:
        raise UnknownIdentity(f"{login} is somebody's account already, and an address proves nothing.")
    grants = (Grant(default_role),)
    made = people.add(uow, login, identity.name, None, grants)
    actor = Actor(login, "identity", grants, visit.request_id, visit.source, person=login)
    tell(actor, uow, Happening("person.created", login, after={"grants": people.told(grants)}))
    return made.person
