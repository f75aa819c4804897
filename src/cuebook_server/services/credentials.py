"""Delivery keys and management tokens: made, rotated, revoked, recognised."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Generic, TypeVar

from cuebook_server.domain import keys, prompt
from cuebook_server.domain.access import ANONYMOUS, OPERATOR, ROLES, SERVER, Actor, Grant, Permission, Role, covers, may_give
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.errors import Conflict, Forbidden, Invalid, KeyExpired, KeyRevoked, NotFound, UnknownKey
from cuebook_server.domain.keys import SECRET_BYTES, SELECTOR_BYTES, Credential, DeliveryKey, PersonalToken, Token
from cuebook_server.domain.person import folded
from cuebook_server.services.environments import known
from cuebook_server.services.instance import admins, instance, require_admin, tell
from cuebook_server.services.ports import Scope, UnitOfWork
from cuebook_server.services.projects import enter

EXPIRES_IN_S_MAX = 10 * 365 * 86_400
OVERLAP_S_MAX = 30 * 86_400
K = TypeVar("K", DeliveryKey, Token, PersonalToken)


class BadCredential(Invalid):
    """The key or token cannot be made like this."""

    code = "bad_credential"
    hint = "Correct what is named above."


class LastWayIn(Conflict):
    """Nobody could look after the whole instance any more."""

    code = "last_way_in"
    hint = "Make the first account by the link that the server prints when it starts, then revoke the token."


@dataclass(frozen=True, slots=True)
class Minted(Generic[K]):
    """A new key or token with its secret, which is shown this once."""

    row: K
    credential: Credential


def recognise(uow: UnitOfWork, credential: Credential, *, request_id: str, source: str) -> Actor:
    """Who a service token stands for. Every wrong one is refused in the same way."""
    found = uow.credentials.token(credential.selector)
    if found is None or not compare_digest(found.verifier, credential.verifier):
        raise UnknownKey("The token is not known.")
    check_counts(found, uow.now)
    grants = (Grant(found.role, found.project_id),)
    return Actor(found.name, found.selector, grants, request_id, source, owner=found.owner, scopes=scopes_left(uow, found))


def scopes_left(uow: UnitOfWork, token: Token) -> frozenset[Permission] | None:
    """What the token is narrowed to now: to no more than its owner may, who may have had more rights when it was made."""
    if token.owner is None:
        return token.scopes
    held, grant = uow.people.active_grants([token.owner]).get(token.owner, ()), Grant(token.role, token.project_id)
    made_for = ROLES[token.role] if token.scopes is None else token.scopes
    left = frozenset(permission for permission in made_for if covers(held, grant, frozenset({permission})))
    if not left and made_for:
        raise UnknownKey(
            f"The token counts no more: {token.owner}, who answers for it, has no such rights.",
            hint="Let somebody who has them make a new one: `cuebook tokens create`.",
        )
    return token.scopes if left == made_for else left


def check_counts(found: Token | PersonalToken, now: datetime) -> None:
    """Refuse a token that was revoked or has expired."""
    if found.revoked_at is not None:  # whatever the clock says: one that is set back must not revive it
        raise KeyRevoked("The token was revoked.")
    if found.expires_at is not None and found.expires_at <= now:
        raise KeyExpired("The token has expired.")


def create_key(
    actor: Actor,
    uow: UnitOfWork,
    project: str,
    *,
    environment: str,
    name: str,
    expires_in_s: int | None = None,
    networks: Sequence[str] = (),
    relays: Sequence[str] = (),
) -> Minted[DeliveryKey]:
    """Make a delivery key of one environment, or, of the environments that it ``relays``, a relay's."""
    scope = enter(actor, uow, project, "keys.write")
    if bool(relays) == bool(environment):
        raise BadCredential("A key is of one environment, or a relay's for some.", hint="Name `environment` or `relays`.")
    relayed = [known(scope, each) for each in dict.fromkeys(relays)]
    of = relayed[0] if relayed else known(scope, environment)
    check(name, expires_in_s)
    credential = keys.mint("rly" if relayed else of.kind, uow.random(SELECTOR_BYTES + SECRET_BYTES))
    key = DeliveryKey(
        selector=credential.selector,
        verifier=credential.verifier,
        project_id=of.project_id,
        environment_id=of.environment_id,
        environment=of.name,
        name=name,
        created_by=actor.principal,
        created_at=uow.now,
        expires_at=ends(uow.now, expires_in_s),
        networks=keys.networks(tuple(networks)),
        relays=tuple(each.name for each in relayed),
    )
    scope.credentials.add_key(key)
    scope.audit.append(actor, Happening("key.created", key.selector, environment=of.name, after=_told(key)))
    return Minted(key, credential)


def rotate_key(actor: Actor, uow: UnitOfWork, project: str, selector: str, *, overlap_s: int) -> Minted[DeliveryKey]:
    """Replace a key: the new one counts at once, the old one until the overlap has passed."""
    scope = enter(actor, uow, project, "keys.write")
    old = _key(scope, selector)
    if old.revoked_at is not None:
        raise KeyRevoked(f"The key {selector} was revoked.")
    if not 0 <= overlap_s <= OVERLAP_S_MAX:
        raise BadCredential(f"An overlap of {overlap_s} s.", hint=f"Between 0 and {OVERLAP_S_MAX} s.")
    kind = known(scope, old.environment).kind
    credential = keys.mint("rly" if old.relays else kind, uow.random(SELECTOR_BYTES + SECRET_BYTES))
    life = old.expires_at - old.created_at if old.expires_at else None
    new = replace(
        old,
        selector=credential.selector,
        verifier=credential.verifier,
        created_by=actor.principal,
        created_at=uow.now,
        expires_at=None if life is None else uow.now + life,
        last_used_at=None,
        replaced_by=None,
    )
    until = uow.now + timedelta(seconds=overlap_s)
    scope.credentials.add_key(new)
    scope.credentials.change_key(
        replace(old, replaced_by=new.selector, expires_at=min(until, old.expires_at) if old.expires_at else until)
    )
    scope.audit.append(
        actor, Happening("key.rotated", old.selector, environment=old.environment, before=_told(old), after=_told(new))
    )
    return Minted(new, credential)


def revoke_key(actor: Actor, uow: UnitOfWork, project: str, selector: str) -> DeliveryKey:
    """End a key now, on every node within two seconds."""
    scope = enter(actor, uow, project, "keys.write")
    old = _key(scope, selector)
    if old.revoked_at is not None:
        return old
    revoked = replace(old, revoked_at=uow.now)
    scope.credentials.change_key(revoked)
    scope.audit.append(actor, Happening("key.revoked", selector, environment=old.environment, before=_told(old)))
    return revoked


def list_keys(actor: Actor, uow: UnitOfWork, project: str) -> Sequence[DeliveryKey]:
    """The project's delivery keys, newest first; never their secrets."""
    return enter(actor, uow, project).credentials.keys()


def create_token(
    actor: Actor,
    uow: UnitOfWork,
    project: str,
    *,
    name: str,
    role: Role,
    expires_in_s: int | None = None,
    scopes: Iterable[str] | None = None,
) -> Minted[Token]:
    """Make a service token of this project, perhaps narrower than its role; it can do no more than its maker."""
    scope = enter(actor, uow, project, "tokens.write")
    check(name, expires_in_s)
    if role not in ROLES:
        raise BadCredential(f"{role!r} is no role.", hint=f"Roles: {', '.join(ROLES)}.")
    narrowed = keys.scopes(scopes)
    if uow.people.find(folded(name)) is not None or folded(name) in (SERVER, OPERATOR, ANONYMOUS):
        raise BadCredential(f"{name!r} is the name of somebody else in the audit.", hint="Name it after what uses it.")
    if not may_give(actor, Grant(role, scope.project.project_id), narrowed):
        raise Forbidden(f"{actor.principal} cannot make a token with the role {role}: it could do more than its maker.")
    credential = keys.mint("svc", uow.random(SELECTOR_BYTES + SECRET_BYTES))
    token = Token(
        selector=credential.selector,
        verifier=credential.verifier,
        project_id=scope.project.project_id,
        name=name,
        role=role,
        created_by=actor.principal,
        created_at=uow.now,
        expires_at=_ends_in_time(actor, uow, expires_in_s),
        owner=actor.person or actor.owner,
        scopes=narrowed,
    )
    scope.credentials.add_token(token)
    told = {"name": name, "role": role, "scopes": sorted(narrowed) if narrowed is not None else None, "owner": token.owner}
    scope.audit.append(actor, Happening("token.created", token.selector, after=told))
    return Minted(token, credential)


def _ends_in_time(actor: Actor, uow: UnitOfWork, in_s: int | None) -> datetime | None:
    """When a new token ends. Raises ``Forbidden`` if that is later than the token which makes it: it could renew itself."""
    own = uow.personal_tokens.find(actor.credential)
    maker = uow.credentials.token(actor.credential) or (own if own and not own.session else None)  # a session is a person
    wanted, last = ends(uow.now, in_s), maker.expires_at if maker else None
    if last is not None and (wanted is None or wanted > last):
        raise Forbidden(
            f"The token would outlive the one that makes it, which ends {last.isoformat(timespec='seconds')}.",
            hint="Give it a shorter life, or sign in.",
        )
    return wanted


def revoke_token(actor: Actor, uow: UnitOfWork, project: str, selector: str) -> Token:
    """End a token now."""
    scope = enter(actor, uow, project, "tokens.write")
    found = scope.credentials.token(selector)
    if found is None or found.project_id != scope.project.project_id:
        raise NotFound(f"There is no token {selector[:40]!r}.")
    if found.revoked_at is None:
        scope.credentials.revoke_token(selector)
        scope.audit.append(actor, Happening("token.revoked", selector, before={"name": found.name, "role": found.role}))
        found = replace(found, revoked_at=uow.now)
    return found


def list_tokens(actor: Actor, uow: UnitOfWork, project: str) -> Sequence[Token]:
    """The project's tokens, newest first; never their secrets."""
    return enter(actor, uow, project, "tokens.write").credentials.tokens()


# --- tokens of the whole instance ----------------------------------------------------------------------------------------
def list_instance_tokens(actor: Actor, uow: UnitOfWork) -> Sequence[Token]:
    """The service tokens of the whole instance, that of the first start among them, newest first; never their secrets."""
    require_admin(actor, "tokens.write")
    return uow.credentials.tokens()


def revoke_instance_token(actor: Actor, uow: UnitOfWork, selector: str) -> Token:
    """End a token of the whole instance now, unless nobody could look after the instance any more."""
    require_admin(actor, "tokens.write")
    instance(uow)
    mine = {token.selector: token for token in uow.credentials.tokens()}
    found = mine.pop(selector, None)
    if found is None:
        raise NotFound(f"There is no token {selector[:40]!r} of the whole instance.")
    if found.revoked_at is None:
        if found.administers(uow.now) and not admins(uow) and not any(token.administers(uow.now) for token in mine.values()):
            raise LastWayIn
        uow.credentials.revoke_token(selector)
        tell(actor, uow, Happening("token.revoked", selector, before={"name": found.name, "role": found.role}))
        found = replace(found, revoked_at=uow.now)
    return found


def _key(scope: Scope, selector: str) -> DeliveryKey:
    found = scope.credentials.key(selector)
    if found is None:
        raise NotFound(f"There is no key {selector[:40]!r}.", hint="`cuebook keys list` shows the selectors.")
    return found


def check(name: str, expires_in_s: int | None) -> None:
    """Refuse a name or a life that no credential has."""
    prompt.check_text("name", name, keys.KEY_NAME_CHARS_MAX, lines=False)
    if not name.strip():
        raise BadCredential("The name is empty.", hint="Say what uses it.")
    if expires_in_s is not None and not 1 <= expires_in_s <= EXPIRES_IN_S_MAX:
        raise BadCredential(f"An expiry in {expires_in_s} s.", hint=f"Between 1 and {EXPIRES_IN_S_MAX} s.")


def ends(now: datetime, in_s: int | None) -> datetime | None:
    """When a credential of that life ends; ``None`` for never."""
    return None if in_s is None else now + timedelta(seconds=in_s)


def _told(key: DeliveryKey) -> dict[str, object]:
    """What the audit says of a key: everything but what could be used."""
    return {
        "selector": key.selector,
        "name": key.name,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "networks": list(key.networks),
        **({"relays": list(key.relays)} if key.relays else {}),
    }
