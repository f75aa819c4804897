"""What each call of the management API needs, as one table. The application does not start when a call is missing here.

It is the first of two checks: the door asks whether the caller holds one of these permissions anywhere in the project, the use
case asks for the exact one in the exact place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, get_args

from fastapi.routing import APIRoute

from cuebook_server.domain.access import PERMISSIONS, Permission


class Undeclared(Exception):
    """A route has no declared permission, or a declaration no route."""


@dataclass(frozen=True, slots=True)
class Needs:
    """``any_of``: permissions of which one is needed; none: somebody known is enough, and the use case says more."""

    words: str
    any_of: frozenset[Permission] = field(default_factory=frozenset)

    @property
    def sentence(self) -> str:
        """What is needed, in words."""
        if not self.any_of:
            return _SENTENCES[self.words]
        named = [f"`{permission}`" for permission in self.words.split()]
        if len(named) == 1:
            return f"Needs {named[0]}."
        return f"Needs {', '.join(named[:-1])} or {named[-1]}, by what it does."


ANYONE = Needs("anyone")  # no credential at all
SOMEBODY = Needs("somebody")  # whoever has a credential, about themselves
INSTANCE = Needs("instance")  # an admin of the whole instance

PREFIX = "/api"
_SENTENCES = {
    "anyone": "Needs no credential.",
    "somebody": "Needs a credential, whatever it may do.",
    "instance": "Needs an admin of the whole instance.",
}
_P = "/projects/{project}"
_DECLARED: Mapping[str, str] = {
    # people, before they are known and about themselves
    "POST /sessions": "anyone",
    "POST /invitations/accept": "anyone",
    "GET /sessions": "somebody",
    "DELETE /sessions/{session}": "somebody",
    "POST /sessions/confirm": "somebody",
    "POST /sessions/revoke-all": "somebody",
    "GET /me": "somebody",
    "POST /me/password": "somebody",
    "GET /me/tokens": "somebody",
    "POST /me/tokens": "somebody",
    "POST /me/tokens/{selector}/revoke": "somebody",
    "GET /me/notices": "somebody",
    "POST /me/notices/read": "somebody",
    # people, by those who look after them. An invitation to one project needs no more than that project's right
    "POST /invitations": "somebody",
    "GET /invitations": "somebody",
    "DELETE /invitations/{invitation}": "somebody",
    "GET /people": "instance",
    "POST /people/{login}/disable": "instance",
    "POST /people/{login}/enable": "instance",
    "POST /people/{login}/roles": "instance",
    "DELETE /people/{login}/roles": "instance",
    "GET /tokens": "instance",
    "POST /tokens/{selector}/revoke": "instance",
    f"GET {_P}/members": "read",
    f"POST {_P}/members": "members.write",
    f"DELETE {_P}/members": "members.write",
    "GET /projects": "somebody",
    "POST /projects": "instance",
    f"GET {_P}/access": "read",
    # prompts
    f"GET {_P}/prompts": "read",
    f"GET {_P}/prompts/{{name}}": "read",
    f"PATCH {_P}/prompts/{{name}}": "prompts.write",
    f"GET {_P}/prompts/{{name}}/versions": "read",
    f"POST {_P}/prompts/{{name}}/versions": "prompts.write",
    f"GET {_P}/prompts/{{name}}/versions/{{which}}": "read",
    f"GET {_P}/prompts/{{name}}/diff": "read",
    f"GET {_P}/prompts/{{name}}/dependents": "read",
    f"GET {_P}/prompts/{{name}}/fetches": "read",
    f"GET {_P}/prompts/{{name}}/stays": "read",
    f"POST {_P}/prompts/{{name}}/render": "read",
    f"POST {_P}/prompts/{{name}}/check": "read",
    f"POST {_P}/prompts/{{name}}/compare": "read",
    f"POST {_P}/prompts/{{name}}/versions/{{number}}/recall": "versions.recall",
    f"GET {_P}/recalls": "read",
    f"GET {_P}/search": "read",
    f"POST {_P}/imports": "prompts.write",
    # environments and releases: which right a release needs depends on what it does
    f"GET {_P}/environments": "read",
    f"POST {_P}/environments": "environments.write",
    f"GET {_P}/environments/{{environment}}": "read",
    f"PATCH {_P}/environments/{{environment}}": "environments.write",
    f"POST {_P}/environments/{{environment}}/preset": "environments.write",
    f"GET {_P}/environments/{{environment}}/at": "read",
    f"GET {_P}/environments/{{environment}}/history": "read",
    f"GET {_P}/environments/{{environment}}/orphans": "read",
    f"GET {_P}/environments/{{environment}}/fleet": "read",
    f"GET {_P}/drift": "read",
    f"GET {_P}/status": "read",
    f"GET {_P}/lately": "read",
    f"GET {_P}/waiting": "read",
    f"GET {_P}/releases": "read",
    f"POST {_P}/releases": "releases.propose releases.apply releases.rollback releases.break_glass environments.write",
    f"GET {_P}/releases/{{release_id}}": "read",
    f"GET {_P}/releases/{{release_id}}/diff": "read",
    f"GET {_P}/releases/{{release_id}}/rollout": "read",
    f"POST {_P}/releases/{{release_id}}/approve": "releases.approve",
    f"POST {_P}/releases/{{release_id}}/apply": "releases.apply",
    f"POST {_P}/releases/{{release_id}}/schedule": "releases.apply",
    f"DELETE {_P}/releases/{{release_id}}/schedule": "releases.propose releases.apply",
    f"GET {_P}/schedule": "read",
    f"POST {_P}/releases/{{release_id}}/decline": "releases.approve",
    f"POST {_P}/releases/{{release_id}}/withdraw": "releases.propose",
    f"POST {_P}/releases/{{release_id}}/comments": "read",
    f"POST {_P}/releases/{{release_id}}/rebase": "releases.propose",
    f"GET {_P}/releases/{{release_id}}/evidence": "read",
    f"GET {_P}/reviews": "read",
    f"POST {_P}/releases/{{release_id}}/review": "releases.approve",
    f"POST {_P}/gates/{{gate}}/results": "releases.approve",
    # credentials and the audit
    f"GET {_P}/keys": "read",
    f"POST {_P}/keys": "keys.write",
    f"POST {_P}/keys/{{selector}}/rotate": "keys.write",
    f"POST {_P}/keys/{{selector}}/revoke": "keys.write",
    f"GET {_P}/tokens": "tokens.write",
    f"POST {_P}/tokens": "tokens.write",
    f"POST {_P}/tokens/{{selector}}/revoke": "tokens.write",
    f"GET {_P}/webhooks": "webhooks.write",
    f"POST {_P}/webhooks": "webhooks.write",
    f"GET {_P}/webhooks/{{webhook}}": "webhooks.write",
    f"DELETE {_P}/webhooks/{{webhook}}": "webhooks.write",
    f"POST {_P}/webhooks/{{webhook}}/rotate": "webhooks.write",
    f"POST {_P}/webhooks/{{webhook}}/disable": "webhooks.write",
    f"POST {_P}/webhooks/{{webhook}}/enable": "webhooks.write",
    f"POST {_P}/webhooks/{{webhook}}/test": "webhooks.write",
    f"POST {_P}/webhooks/{{webhook}}/replay": "webhooks.write",
    f"GET {_P}/webhooks/{{webhook}}/deliveries": "webhooks.write",
    f"GET {_P}/audit": "read",
    f"GET {_P}/audit/export": "read",
    f"GET {_P}/audit/checkpoint": "read",
}


def _read(words: str) -> Needs:
    special = {needs.words: needs for needs in (ANYONE, SOMEBODY, INSTANCE)}
    if words in special:
        return special[words]
    wanted = frozenset(permission for permission in get_args(Permission) if permission in words.split())
    if len(wanted) != len(words.split()) or not wanted <= PERMISSIONS:
        raise Undeclared(f"{words!r} names no permission.")
    return Needs(words, wanted)


TABLE: Mapping[str, Needs] = {call: _read(words) for call, words in _DECLARED.items()}


def of(method: str, path: str) -> Needs:
    """What a call needs. ``path`` is that of its route, below ``/api``."""
    return TABLE[f"{'GET' if method == 'HEAD' else method} {path}"]


def told(document: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """An OpenAPI document whose every call says what it needs: in ``x-cuebook-permission``, and in words."""

    @cache
    def described() -> dict[str, Any]:
        found = document()
        for path, calls in found["paths"].items():
            for method, call in calls.items():
                if needs := TABLE.get(f"{method.upper()} {path.removeprefix(PREFIX)}"):
                    call["x-cuebook-permission"] = needs.words.split()
                    call["description"] = f"{call['description']}\n\n{needs.sentence}"
        return found

    return described


def check(routes: Iterable[APIRoute]) -> None:
    """Refuse to start with a route that nobody has classified, or a line here that means none."""
    found = {f"{method} {route.path}" for route in routes for method in route.methods or ()}
    if missing := sorted(found - set(TABLE)):
        raise Undeclared(f"No permission is declared for {', '.join(missing)}: add it to http/permissions.py.")
    if idle := sorted(set(TABLE) - found):
        raise Undeclared(f"http/permissions.py declares what is no route: {', '.join(idle)}.")
