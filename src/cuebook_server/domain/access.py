"""Who may do what. Roles are sets of permissions; a grant gives a role in one project, or in all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cuebook_server.domain.errors import Forbidden

Role = Literal["viewer", "author", "reviewer", "releaser", "admin"]
Permission = Literal[
    "read",
    "prompts.write",
    "releases.apply",
    "releases.rollback",
    "environments.write",
    "keys.write",
    "tokens.write",
    "projects.create",
]

_VIEWER: frozenset[Permission] = frozenset({"read"})
_AUTHOR: frozenset[Permission] = _VIEWER | {"prompts.write"}
_RELEASER: frozenset[Permission] = _AUTHOR | {"releases.apply", "releases.rollback"}
_ADMIN: frozenset[Permission] = _RELEASER | {"environments.write", "keys.write", "tokens.write"}
ROLES: dict[Role, frozenset[Permission]] = {
    "viewer": _VIEWER,
    "author": _AUTHOR,
    "reviewer": _VIEWER,  # approving comes with approvals
    "releaser": _RELEASER,
    "admin": _ADMIN,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, by which credential, in which request. ``project_id`` is ``None`` for a credential of the whole instance."""

    principal: str
    credential: str
    role: Role
    project_id: int | None
    request_id: str
    source: str = ""

    def sees(self, project_id: int) -> bool:
        """Whether the project exists for this actor."""
        return self.project_id is None or self.project_id == project_id

    def may(self, permission: Permission) -> bool:
        """Whether the role holds the permission. Projects are made by admins of the whole instance."""
        if permission == "projects.create":
            return self.role == "admin" and self.project_id is None
        return permission in ROLES[self.role]

    def require(self, permission: Permission) -> None:
        """Raise ``Forbidden`` unless the actor holds the permission."""
        if not self.may(permission):
            raise Forbidden(f"The role {self.role} does not hold `{permission}`.", needed=permission)


def covers(minter: Role, minted: Role) -> bool:
    """A minted credential can do no more than its minter."""
    return ROLES[minted] <= ROLES[minter]
