"""What people do with keys and tokens, and with the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cuebook_server.services import credentials
from tests.model.state import Key, Player
from tests.model.world import World


def make_key(world: World, who: str, environment: str, life_s: int | None) -> None:
    against = world.may(who, "keys.write")
    told: dict[str, Any] = {"environment": environment, "name": "k", "expires_in_s": life_s}
    minted = world.step(who, against, lambda made: [("key.created", made.row.selector)], credentials.create_key, **told)
    if minted is not None:
        expires = world.now + timedelta(seconds=life_s) if life_s else None
        world.state.keys[minted.row.selector] = Key(environment, minted.credential.token, world.now, expires)


def rotate_key(world: World, who: str, selector: str, overlap_s: int) -> None:
    """The new key counts at once, the old one until the overlap is over, and never longer than it would have."""
    against, old = world.may(who, "keys.write"), world.state.keys.get(selector)
    against |= {"not_found"} if old is None else {"key_revoked"} if old.revoked else set()
    minted = world.step(who, against, [("key.rotated", selector)], credentials.rotate_key, selector, overlap_s=overlap_s)
    if minted is not None and old is not None:
        life = old.expires_at - old.made_at if old.expires_at else None
        ends = world.now + timedelta(seconds=overlap_s)
        old.expires_at = min(ends, old.expires_at) if old.expires_at else ends
        fresh = Key(old.environment, minted.credential.token, world.now, world.now + life if life is not None else None)
        world.state.keys[minted.row.selector] = fresh


def revoke_key(world: World, who: str, selector: str) -> None:
    """The end of a key, for good: no clock brings it back."""
    against, old = world.may(who, "keys.write"), world.state.keys.get(selector)
    against |= {"not_found"} if old is None else set()
    entries = [("key.revoked", selector)] if old and not old.revoked else []
    if world.step(who, against, entries, credentials.revoke_key, selector) and old:
        old.revoked = True


def make_token(world: World, who: str, name: str, role: str) -> None:
    """A service's token, which may then take part."""
    against = world.may(who, "tokens.write")
    told: dict[str, Any] = {"name": name, "role": role}
    minted = world.step(who, against, lambda made: [("token.created", made.row.selector)], credentials.create_token, **told)
    if minted is not None:
        owner = world.players[who].person or world.players[who].owner
        world.players[f"{name}-{len(world.players)}"] = Player(name, minted.credential.token, owner=owner, role=role)


def revoke_token(world: World, who: str, which: str) -> None:
    """The end of a token, for good."""
    against, of = world.may(who, "tokens.write"), world.players[which]
    selector = of.token.split("_")[2]
    entries = [] if of.revoked else [("token.revoked", selector)]
    if world.step(who, against, entries, credentials.revoke_token, selector):
        of.revoked = True


def tick(world: World, by: timedelta) -> None:
    """Time passes; or an operator sets the clock back."""
    world.registry.clock.now += by
