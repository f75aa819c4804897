"""Who may do what. Roles are sets of permissions; a grant gives a role in a project (or all), perhaps in one environment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from cuebook_server.domain.errors import Forbidden

Role = Literal["viewer", "author", "reviewer", "releaser", "on-call", "admin"]
Permission = Literal[
    "read",
    "prompts.write",
    "releases.propose",
    "releases.approve",
    "releases.apply",
    "releases.rollback",
    "releases.break_glass",
    "versions.recall",
    "environments.write",
    "keys.write",
    "tokens.write",
    "members.write",
    "webhooks.write",
    "projects.create",
]
PERMISSIONS: frozenset[Permission] = frozenset(get_args(Permission))

RECENT = timedelta(minutes=15)
# What the audit calls those who act without a credential: the server, whoever sits beside the database, and nobody known.
SERVER, OPERATOR, ANONYMOUS = "cuebook", "operator", "anonymous"


class RecentSignInNeeded(Forbidden):
    """This needs a sign-in of the last 15 minutes."""

    code = "recent_sign_in_needed"
    hint = "Sign in again, then repeat this."


_VIEWER: frozenset[Permission] = frozenset({"read"})
_AUTHOR: frozenset[Permission] = _VIEWER | {"prompts.write", "releases.propose"}
_REVIEWER: frozenset[Permission] = _VIEWER | {"releases.approve"}
_RELEASER: frozenset[Permission] = _AUTHOR | _REVIEWER | {"releases.apply", "releases.rollback", "versions.recall"}
# Rolls back and breaks the glass, nothing else: a pager must not be a way to write.
_ON_CALL: frozenset[Permission] = _VIEWER | {"releases.rollback", "releases.break_glass"}
# Breaking the glass is a right of its own: an admin gives it to whoever is on call, with their name in the audit.
_ADMIN: frozenset[Permission] = _RELEASER | {
    "environments.write",
    "keys.write",
    "tokens.write",
    "members.write",
    "webhooks.write",
}
ROLES: dict[Role, frozenset[Permission]] = {
    "viewer": _VIEWER,
    "author": _AUTHOR,
    "reviewer": _REVIEWER,
    "releaser": _RELEASER,
    "on-call": _ON_CALL,
    "admin": _ADMIN,
}


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in a project (``None``: in every project), in one environment of it or (``None``) in all."""

    role: Role
    project_id: int | None = None
    environment: str | None = None

    def holds(self, permission: Permission, project_id: int, environment: str | None) -> bool:
        """Whether this grant gives the permission there. One for an environment says nothing of the project as a whole."""
        here = self.project_id in (None, project_id) and self.environment in (None, environment)
        return here and (permission in ROLES[self.role])


INSTANCE_ADMIN = Grant("admin")


def roles_of(grants: Iterable[Grant], project_id: int, environment: str | None) -> frozenset[Role]:
    """The roles that grants give there."""
    return frozenset(g.role for g in grants if g.project_id in (None, project_id) and g.environment in (None, environment))


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, by which credential, in which request.

    principal: the name the audit shows. person: who is behind it, where somebody is: an approval counts people, not
    credentials. owner: who answers for a service's token, which is nobody's own. signed_in_at: when the person last proved who
    they are. scopes: what the credential is narrowed to (``None``: not).
    """

    principal: str
    credential: str
    grants: tuple[Grant, ...]
    request_id: str
    source: str = ""
    person: str | None = None
    owner: str | None = None
    signed_in_at: datetime | None = None
    scopes: frozenset[Permission] | None = None

    @property
    def answerable(self) -> str:
        """Who answers for what it does: the person behind the credential, or the service itself."""
        return self.person or self.owner or self.principal

    def sees(self, project_id: int) -> bool:
        """Whether the project exists for this actor."""
        return any(grant.project_id in (None, project_id) for grant in self.grants)

    def roles(self, project_id: int, environment: str | None = None) -> frozenset[Role]:
        """The roles held there."""
        return roles_of(self.grants, project_id, environment)

    def may(self, permission: Permission, project_id: int, environment: str | None = None) -> bool:
        """Whether a grant gives the permission there, and the credential was not narrowed below it."""
        if self.scopes is not None and permission not in self.scopes:
            return False
        if permission == "read":  # who may do anything in a project may look at it
            return self.sees(project_id)
        return any(grant.holds(permission, project_id, environment) for grant in self.grants)

    def may_everywhere(self, permission: Permission) -> bool:
        """Whether the permission is held in the whole instance: by its admins. One environment of every project is not all."""
        narrowed = self.scopes is not None and permission not in self.scopes
        held = _ADMIN | {"projects.create"}
        return not narrowed and permission in held and INSTANCE_ADMIN in self.grants

    def require(self, permission: Permission, project_id: int, environment: str | None = None) -> None:
        """Raise ``Forbidden`` unless the actor holds the permission there."""
        if not self.may(permission, project_id, environment):
            where = f" in {environment}" if environment else ""
            raise Forbidden(f"{self.principal} does not hold `{permission}`{where}.", needed=permission)

    def require_recent_sign_in(self, now: datetime) -> None:
        """Raise ``RecentSignInNeeded`` unless the person proved who they are within the last 15 minutes."""
        if self.signed_in_at is None or now - self.signed_in_at > RECENT:
            raise RecentSignInNeeded


def may_give(actor: Actor, grant: Grant, scopes: frozenset[Permission] | None = None, *, to: str = "") -> bool:
    """Whether an actor may hand on a role (narrowed to ``scopes``): nobody gives more than their credential holds.

    to: the login of whoever gets it. What an admin may give to others, being on call, nobody gives to themselves.
    """
    given = ROLES[grant.role] if scopes is None else ROLES[grant.role] & scopes
    within = actor.scopes is None or given <= actor.scopes
    return within and covers(actor.grants, grant, given, appoints=not to or to not in (actor.person, actor.owner))


def covers(
    minter: Iterable[Grant], minted: Grant, given: frozenset[Permission] | None = None, *, appoints: bool = True
) -> bool:
    """A minted credential can do no more than its minter: every permission, in every place it reaches."""
    needed = set(ROLES[minted.role] if given is None else given)
    for grant in minter:
        reaches = grant.project_id in (None, minted.project_id) and grant.environment in (None, minted.environment)
        if reaches:
            needed -= ROLES[grant.role]
            if grant.role == "admin" and appoints:
                needed -= {"releases.break_glass"}  # an admin decides who is on call
    return not needed
