"""Accounts: the first one, invited ones, their passwords, their end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from cuebook_server.domain import prompt
from cuebook_server.domain.access import INSTANCE_ADMIN, Actor, Grant, may_give
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from cuebook_server.domain.person import (
    GRANTS_MAX,
    INVITATION_LIFE,
    NAME_CHARS_MAX,
    Invitation,
    Person,
    check_login,
    check_password,
    folded,
)
from cuebook_server.domain.session import LINK_LIFE, SECRET_BYTES, Link, encode, verifier
from cuebook_server.services.epochs import OPERATOR
from cuebook_server.services.instance import admins, instance, require_admin, tell
from cuebook_server.services.members import grant_in, grant_of, role_of
from cuebook_server.services.ports import UnitOfWork, Units
from cuebook_server.services.ports_people import Hasher
from cuebook_server.services.sessions import Visit, begin, forget_all, prove


class LinkRefused(Unauthenticated):
    """The link does not count."""

    code = "link_refused"
    hint = "A link counts once and for a time. Ask whoever gave it for another one."


class LastAdmin(Conflict):
    """Nobody else is left who is an admin of the whole instance."""

    code = "last_admin"
    hint = "Make somebody else an admin first."


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with all their rights."""

    person: Person
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What somebody chooses for their account."""

    name: str
    password: str
    login: str = ""


# --- the first account ---------------------------------------------------------------------------------------------------
def nobody(uow: UnitOfWork) -> bool:
    """Whether this is a new server: there is no account at all."""
    return not uow.people.all()


def first_link(uow: UnitOfWork) -> str | None:
    """The secret of a link to the very first account; ``None`` when somebody has one."""
    if not nobody(uow):
        return None
    return _link(uow, None)


def set_up(units: Units, hasher: Hasher, secret: str, who: Newcomer, visit: Visit) -> str:
    """Make the first account, an admin of the whole instance, and begin its session; returns the session's secret."""
    with units.read() as uow:
        _counts(uow.sessions.link(verifier(secret)), uow, first=True)
    login, hashed = check_login(who.login), _hashed(hasher, check_login(who.login), who)
    with units.write() as uow:
        instance(uow)
        _counts(uow.sessions.take_link(verifier(secret)), uow, first=True)
        if uow.people.all():
            raise LinkRefused("The first account was made already.", hint="Sign in, or ask an admin for an invitation.")
        person = add(uow, login, who.name, hashed, (Grant("admin"),))
        actor = Actor(login, "link", (Grant("admin"),), visit.request_id, visit.source, person=login)
        tell(actor, uow, Happening("person.created", login, after={"grants": told(person.grants)}))
        return begin(uow, person.person, visit)


# --- invitations ---------------------------------------------------------------------------------------------------------
def invite(
    actor: Actor, uow: UnitOfWork, login: str, wanted: Sequence[tuple[str, str | None, str | None]]
) -> tuple[Invitation, str]:
    """Offer an account with rights (role, project, environment); returns the secret to hand over, shown this once.

    Nobody gives more than they hold; rights in a project need `members.write` there.
    """
    login = check_login(login)
    if not 1 <= len(wanted) <= GRANTS_MAX:
        raise Invalid(f"{len(wanted)} rights.", hint=f"Give between 1 and {GRANTS_MAX}.")
    chain = instance(uow)
    grants = tuple(_grant(actor, uow, *each, to=login) for each in wanted)
    if uow.people.find(login) is not None:
        raise AlreadyExists(
            f"{login} has an account.", hint="Give rights with `cuebook members add` or `cuebook people grant`."
        )
    secret = encode(uow.random(SECRET_BYTES))
    made = Invitation(verifier(secret), login, grants, actor.answerable, uow.now, uow.now + INVITATION_LIFE)
    uow.people.add_invitation(made)
    chain.audit.append(actor, Happening("person.invited", login, after={"grants": told(grants)}))
    return made, secret


def accept(units: Units, hasher: Hasher, secret: str, who: Newcomer, visit: Visit) -> str:
    """Take an invitation up: makes the account and begins its session; returns the session's secret."""
    with units.read() as uow:
        offered = offer(uow.people.invitation(verifier(secret)), uow)
    hashed = _hashed(hasher, offered.login, who)
    with units.write() as uow:
        instance(uow)
        taken = offer(uow.people.take_invitation(verifier(secret)), uow)
        return begin(uow, welcome(uow, taken, who.name, hashed, visit), visit)


def offer(found: Invitation | None, uow: UnitOfWork) -> Invitation:
    """An invitation that counts; every other one is refused alike."""
    if found is None or found.expires_at <= uow.now or not _still_gives(uow, found):
        raise LinkRefused("This invitation was used before, is too old, or is not one of this server.")
    return found


def _still_gives(uow: UnitOfWork, offered: Invitation) -> bool:
    """Whether the person who answers for it could do it again: who lost their rights cannot come back by a link they kept."""
    inviter = uow.people.find(offered.invited_by)
    if inviter is None:
        return True  # the token of the first start, for which nobody answers
    grants = uow.people.grants(inviter) if inviter.disabled_at is None else ()
    actor = Actor(inviter.login, "", grants, "", person=inviter.login)
    return all(_may_invite(actor, grant) for grant in offered.grants)


def _may_invite(actor: Actor, grant: Grant) -> bool:
    here = grant.project_id
    inviting = actor.may_everywhere("members.write") if here is None else actor.may("members.write", here)
    return inviting and may_give(actor, grant)


def open_invitations(actor: Actor, uow: UnitOfWork) -> Sequence[tuple[Invitation, bool]]:
    """The invitations that were not taken up yet, newest first, of those that the caller could have made; each with whether
    it counts still.
    """
    mine = (found for found in uow.people.invitations() if all(_may_invite(actor, grant) for grant in found.grants))
    return [(found, _still_gives(uow, found)) for found in mine]


def withdraw(actor: Actor, uow: UnitOfWork, name: str) -> Invitation:
    """Take an invitation back: its link counts no more."""
    chain = instance(uow)
    for found, _ in open_invitations(actor, uow):
        if found.name == name:
            uow.people.take_invitation(found.verifier)
            chain.audit.append(actor, Happening("person.uninvited", found.login, before={"grants": told(found.grants)}))
            return found
    raise NotFound(f"There is no open invitation {name[:40]!r}.", hint="`cuebook people invitations` shows them.")


def welcome(uow: UnitOfWork, taken: Invitation, name: str, hashed: str | None, visit: Visit) -> Person:
    """Make the account an invitation offers."""
    if uow.people.find(taken.login) is not None:
        raise AlreadyExists(f"{taken.login} has an account.", hint="Sign in.")
    made = add(uow, taken.login, name, hashed, taken.grants)
    actor = Actor(taken.login, "invitation", taken.grants, visit.request_id, visit.source, person=taken.login)
    tell(actor, uow, Happening("person.created", taken.login, after={"grants": told(taken.grants), "by": taken.invited_by}))
    return made.person


def add(uow: UnitOfWork, login: str, name: str, hashed: str | None, grants: Sequence[Grant]) -> Account:
    """Write an account with its rights."""
    prompt.check_text("name", name, NAME_CHARS_MAX, lines=False)
    person = uow.people.add(login, name.strip() or login, hashed)
    for grant in grants:
        uow.people.add_grant(person, grant)
    return Account(person, tuple(grants))


# --- passwords -----------------------------------------------------------------------------------------------------------
def change_password(actor: Actor, units: Units, hasher: Hasher, old: str, new: str) -> None:
    """Change one's own password; the old one is needed, and every session ends but the present one."""
    if actor.person is None:
        raise Forbidden("A service token has no password.", hint="Sign in as yourself.")
    proved = prove(units, hasher, actor.person, old, Visit(actor.request_id, actor.source))
    check_password(proved.login, new)
    hashed = hasher.hash(new)
    with units.write() as uow:
        instance(uow)
        _set_password(actor, uow, proved, hashed, keep=actor.credential)


def reset_link(uow: UnitOfWork, login: str) -> str:
    """The secret of a link to a new password, for an operator beside the database. The API has no such call."""
    instance(uow)
    return _link(uow, _known(uow, login).login)


def reset(units: Units, hasher: Hasher, secret: str, new: str, visit: Visit) -> str:
    """Use a link up to set a new password, which ends every session; returns the login."""
    with units.read() as uow:
        login = _counts(uow.sessions.link(verifier(secret)), uow, first=False).login or ""
    check_password(login, new)
    hashed = hasher.hash(new)
    with units.write() as uow:
        instance(uow)
        _counts(uow.sessions.take_link(verifier(secret)), uow, first=False)
        person = uow.people.find(login)
        if person is None:
            raise LinkRefused
        _set_password(Actor(login, "link", (), visit.request_id, visit.source, person=login), uow, person, hashed)
        return login


def _set_password(actor: Actor, uow: UnitOfWork, person: Person, hashed: str, *, keep: str = "") -> None:
    now = uow.people.by_id(person.person_id)
    if now is None or now.password != person.password:
        raise Conflict("The password was changed meanwhile.", hint="Try again with the new one.")
    uow.people.change(replace(now, password=hashed))
    kept = [session.verifier for session in uow.sessions.of(now) if session.credential == keep]
    forget_all(uow, now, but=kept[0] if kept else "")
    tell(actor, uow, Happening("person.password_changed", now.login))


# --- the end of an account -----------------------------------------------------------------------------------------------
def everybody(actor: Actor, uow: UnitOfWork) -> Sequence[Account]:
    """Every account with its rights; for admins of the instance."""
    require_admin(actor)
    grants = uow.people.all_grants()
    return [Account(person, tuple(grants.get(person.person_id, ()))) for person in uow.people.all()]


def disable(actor: Actor, uow: UnitOfWork, login: str) -> Account:
    """End what an account may do, at once: its sessions and tokens are gone for good. Its history stays."""
    require_admin(actor)
    instance(uow)
    found = _known(uow, login)
    if found.disabled_at is None:
        check_admin_left(uow, found)
        found = replace(found, disabled_at=uow.now)
        uow.people.change(found)
        forget_all(uow, found)
        for token in uow.personal_tokens.of(found):
            uow.personal_tokens.revoke(token.selector)
        tell(actor, uow, Happening("person.disabled", found.login))
    return Account(found, uow.people.grants(found))


def enable(actor: Actor, uow: UnitOfWork, login: str) -> Account:
    """Let an account sign in again."""
    require_admin(actor)
    instance(uow)
    found = _known(uow, login)
    if found.disabled_at is not None:
        found = replace(found, disabled_at=None)
        uow.people.change(found)
        tell(actor, uow, Happening("person.enabled", found.login))
    return Account(found, uow.people.grants(found))


# --- rights in the whole instance ----------------------------------------------------------------------------------------
def give_role(actor: Actor, uow: UnitOfWork, login: str, role: str, environment: str | None = None) -> Account:
    """Give somebody with an account a role in every project, or in the environment of that name of each. Twice is once."""
    require_admin(actor)
    instance(uow)
    grant, found = grant_of(actor, role, None, environment, to=folded(login)), _known(uow, login)
    if grant not in uow.people.grants(found):
        uow.people.add_grant(found, grant)
        tell(actor, uow, Happening("person.role_given", found.login, environment=environment, after=asdict(grant)))
    return Account(found, uow.people.grants(found))


def take_role(actor: Actor, uow: UnitOfWork, login: str, role: str, environment: str | None = None) -> Account:
    """Take such a role away; it counts no more from the next request on."""
    require_admin(actor)
    instance(uow)
    grant, found = Grant(role_of(role), None, environment), _known(uow, login)
    if grant == INSTANCE_ADMIN:
        check_admin_left(uow, found)
    if not uow.people.remove_grant(found, grant):
        raise NotFound(f"{login} does not hold this role in the whole instance.", hint="`cuebook people list` shows who does.")
    tell(actor, uow, Happening("person.role_taken", found.login, environment=environment, before=asdict(grant)))
    return Account(found, uow.people.grants(found))


def check_admin_left(uow: UnitOfWork, without: Person) -> None:
    """Refuse to leave the instance without a person who is its admin."""
    if [person.login for person in admins(uow)] == [without.login]:
        raise LastAdmin(f"{without.login} is the last admin of the whole instance.")


def told(grants: Sequence[Grant]) -> list[dict[str, object]]:
    """What the audit says of rights."""
    return [asdict(grant) for grant in grants]


def _known(uow: UnitOfWork, login: str) -> Person:
    found = uow.people.find(folded(login))
    if found is None:
        raise NotFound(f"There is no account {login[:80]!r}.", hint="`cuebook people list` shows every account.")
    return found


def _grant(actor: Actor, uow: UnitOfWork, role: str, project: str | None, environment: str | None, *, to: str) -> Grant:
    if project is None:
        require_admin(actor)
        return grant_of(actor, role, None, environment, to=to)
    return grant_in(actor, uow, project, role, environment, to=to)[1]


def _hashed(hasher: Hasher, login: str, who: Newcomer) -> str:
    check_password(login, who.password)
    return hasher.hash(who.password)


def _link(uow: UnitOfWork, login: str | None) -> str:
    secret = encode(uow.random(SECRET_BYTES))
    uow.sessions.forget_ended()
    uow.sessions.add_link(Link(verifier(secret), login, uow.now + LINK_LIFE))
    tell(OPERATOR, uow, Happening("link.created", login or f"link-{verifier(secret)[:12]}"))
    return secret


def _counts(found: Link | None, uow: UnitOfWork, *, first: bool) -> Link:
    if found is None or found.expires_at <= uow.now or (found.login is None) is not first:
        raise LinkRefused("This link was used before, is too old, or is not one of this server.")
    return found
