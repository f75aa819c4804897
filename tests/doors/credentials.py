"""Everybody who could try a door, by every kind of credential they could hold. What each may do is written here by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from cuebook_server.domain.access import PERMISSIONS, ROLES, Permission, Role
from cuebook_server.domain.keys import SECRET_BYTES, SELECTOR_BYTES, PersonalToken, Token, mint
from cuebook_server.domain.person import Person
from cuebook_server.domain.session import COOKIE, LIFE_MAX, Session, encode, verifier
from cuebook_server.services.ports import Scope, UnitOfWork

OWN = {"Host": "127.0.0.1", "Origin": "http://127.0.0.1"}
_WRITES = frozenset({"prompts.write", "releases.propose"})
_SHIPS = _WRITES | {"releases.approve", "releases.apply", "releases.rollback", "versions.recall"}
# Not taken from the code under test: a role that gains a right there fails here.
RIGHTS: dict[str, frozenset[str]] = {
    "viewer": frozenset(),
    "author": _WRITES,
    "reviewer": frozenset({"releases.approve"}),
    "releaser": _SHIPS,
    "on-call": frozenset({"releases.rollback", "releases.break_glass"}),
    "admin": _SHIPS | {"environments.write", "keys.write", "tokens.write", "members.write"},
}
# Whose tokens are narrowed to each scope in turn: every right is among theirs.
NARROWED = ("releaser", "on-call", "admin", "chief")
# login -> role, project ("": the whole instance), environment (None: all)
PEOPLE: dict[str, tuple[Role, str, str | None]] = {
    **{role: (role, "desk", None) for role in ROLES},
    "stager": ("releaser", "desk", "staging"),
    "shipper": ("releaser", "desk", "production"),
    "outsider": ("admin", "elsewhere", None),
    "chief": ("admin", "", None),
}


@dataclass(frozen=True, slots=True)
class Credential:
    """Something to knock with. ``rights``: what it may do in production of `desk`, and ``everywhere`` in that project."""

    name: str
    headers: dict[str, str]
    rights: frozenset[str] = frozenset()
    everywhere: frozenset[str] = frozenset()
    person: str | None = None
    recent: bool = False
    sees: bool = False

    @property
    def narrowed(self) -> bool:
        return ":" in self.name

    @property
    def strong(self) -> bool:
        """The best that each person and each kind of service has."""
        return self.name.endswith(("'s session", " of desk")) or self.name in ("nobody", "service admin of instance")

    @property
    def mighty(self) -> bool:
        """Who together hold every right there is."""
        return self.name in ("chief's session", "admin's cookie", "on-call's session", "service admin of instance")


def everybody(uow: UnitOfWork, keys: dict[str, str]) -> Iterator[Credential]:
    """Make every credential there is; the people of ``PEOPLE`` exist."""
    yield Credential("nobody", {})
    yield Credential("noise", _bearer("cue_svc_aaaaaaaaaaaaa_no"))
    for kind, key in keys.items():
        yield Credential(f"key of {kind}", _bearer(key))
    for login, (role, project, environment) in PEOPLE.items():
        person = uow.people.find(login)
        assert person is not None
        inside = project in ("desk", "")
        rights = RIGHTS[role] if inside and environment in (None, "production") else frozenset()
        holder = Credential(login, {}, rights, rights if environment is None else frozenset(), login, sees=inside)
        yield from _of_person(uow, person, holder)
    desk = uow.projects.find("desk")
    assert desk is not None
    for role in ROLES:
        for project_id, where in ((desk.project_id, "desk"), (None, "instance")):
            holder = Credential(f"service {role} of {where}", {}, RIGHTS[role], RIGHTS[role], sees=True)
            yield replace(holder, headers=_bearer(service(uow.scope(desk), uow, role, project_id)))
    yield from _narrowed_services(uow, uow.scope(desk))


def _of_person(uow: UnitOfWork, person: Person, holder: Credential) -> Iterator[Credential]:
    fresh = replace(holder, recent=True)
    yield replace(fresh, name=f"{holder.name}'s cookie", headers={"Cookie": f"{COOKIE}={session(uow, person)}"} | OWN)
    yield replace(fresh, name=f"{holder.name}'s session", headers=_bearer(personal(uow, person, of=session(uow, person))))
    yield replace(holder, name=f"{holder.name}'s token", headers=_bearer(personal(uow, person)))
    for scope in sorted(PERMISSIONS) if holder.name in NARROWED else ():
        narrow = frozenset({scope})
        headers = _bearer(personal(uow, person, scopes=narrow))
        left = {"rights": holder.rights & narrow, "everywhere": holder.everywhere & narrow}
        yield replace(holder, name=f"{holder.name}'s token: {scope}", headers=headers, **left)  # type: ignore[arg-type]  # two of its fields
    if holder.name in ("releaser", "admin"):
        yield from _dead(uow, person, holder.name)


def _dead(uow: UnitOfWork, person: Person, login: str) -> Iterator[Credential]:
    """What counted once."""
    over = personal(uow, person, expires_s=-1)
    yield Credential(f"{login}'s expired token", _bearer(over))
    revoked = personal(uow, person)
    uow.personal_tokens.revoke(revoked.split("_")[2])
    yield Credential(f"{login}'s revoked token", _bearer(revoked))
    ended = session(uow, person)
    token = personal(uow, person, of=ended)
    uow.sessions.remove(verifier(ended))
    yield Credential(f"{login}'s ended cookie", {"Cookie": f"{COOKIE}={ended}"} | OWN)
    yield Credential(f"{login}'s ended session", _bearer(token))


def _narrowed_services(uow: UnitOfWork, scope: Scope) -> Iterator[Credential]:
    for permission in sorted(PERMISSIONS):
        token = service(scope, uow, "admin", scope.project.project_id, scopes=frozenset({permission}))
        rights = RIGHTS["admin"] & {permission}
        yield Credential(f"service admin: {permission}", _bearer(token), rights, rights, sees=True)
    dead = service(scope, uow, "admin", scope.project.project_id, expires_s=-1)
    yield Credential("expired service admin", _bearer(dead))
    revoked = service(scope, uow, "admin", scope.project.project_id)
    scope.credentials.revoke_token(revoked.split("_")[2])
    yield Credential("revoked service admin", _bearer(revoked))


def session(uow: UnitOfWork, person: Person) -> str:
    """Somebody signs in now; the secret of a cookie."""
    secret = encode(uow.random(32))
    uow.sessions.add(Session(verifier(secret), person.person_id, uow.now, uow.now, uow.now + LIFE_MAX, uow.now))
    return secret


def personal(
    uow: UnitOfWork,
    person: Person,
    *,
    of: str | None = None,
    scopes: frozenset[Permission] | None = None,
    expires_s: int | None = None,
) -> str:
    made = mint("pat", uow.random(SELECTOR_BYTES + SECRET_BYTES))
    ends = uow.now + timedelta(seconds=expires_s) if expires_s else None
    row = PersonalToken(
        made.selector,
        made.verifier,
        person.person_id,
        "t",
        uow.now,
        scopes=None if scopes is None else scopes | {"read"},
        session=verifier(of) if of else None,
        expires_at=ends,
    )
    uow.personal_tokens.add(row)
    return made.token


def service(
    scope: Scope,
    uow: UnitOfWork,
    role: Role,
    project_id: int | None,
    *,
    scopes: frozenset[Permission] | None = None,
    expires_s: int | None = None,
    owner: str | None = None,
) -> str:
    made = mint("svc", uow.random(SELECTOR_BYTES + SECRET_BYTES))
    ends = uow.now + timedelta(seconds=expires_s) if expires_s else None
    narrowed: frozenset[Permission] | None = None if scopes is None else scopes | {"read"}
    row = Token(made.selector, made.verifier, project_id, f"a {role}", role, "test", uow.now, expires_at=ends)
    scope.credentials.add_token(replace(row, scopes=narrowed, owner=owner))
    return made.token


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
