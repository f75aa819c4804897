"""What a relay is told besides snapshots: where its environments stand, what their rules are, and who may read them.

Keys go as the database keeps them, hashed. The same environments give the same bytes on every tier, so that a relay behind a
relay is told what the first one was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from cuebook.signing import digest_of
from cuebook_server.delivery.board import Board, Grant
from cuebook_server.delivery.kept import environment_from_json, environment_to_json
from cuebook_server.delivery.snapshot import Everything, Snapshot
from cuebook_server.domain.environment import Environment
from cuebook_server.domain.keys import DeliveryKey

# A key that is unknown at the origin says no more of itself than it must.
_NOBODY, _NEVER = "", datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Keyset:
    """What one relay's key may know.

    rules: by environment's number, what counts changes of what it serves that come without a new revision: of policy, names and
    recalls. life_s: how long a relay that is cut off may go by it.
    """

    registry: str
    epoch: int
    count: int
    life_s: int
    project: str
    environments: tuple[Environment, ...]
    rules: Mapping[int, int]
    keys: tuple[DeliveryKey, ...]


class Keysets:
    """The keysets of a node, each made anew only when something of it was replaced. Used from one event loop."""

    def __init__(self, board: Board, life_s: int) -> None:
        self._board, self._life_s = board, life_s
        self._made: dict[str, tuple[tuple[Any, ...], tuple[Any, ...], Everything]] = {}

    def get(self, grant: Grant) -> Everything:
        """The keyset of a relay's key."""
        board = self._board
        told = (board.registry, board.epoch, board.keyset, self._lives_s)
        parts = (board.keys, board.environments, board.directories, board.recalled)
        made = self._made.get(grant.selector)
        # By identity: every part of a board is replaced whole.
        if made is None or made[0] != told or any(now is not then for now, then in zip(parts, made[1], strict=True)):
            body = to_bytes(of(board, grant, self._lives_s))
            made = self._made[grant.selector] = told, parts, Everything(body, digest_of(body))
        return made[2]

    @property
    def _lives_s(self) -> int:
        """How long a relay may go by it: as this node says, or the origin of this relay."""
        return self._board.relayed.life_s if self._board.relayed else self._life_s


def of(board: Board, grant: Grant, life_s: int) -> Keyset:
    """What the key of a relay may know of what a node holds."""
    snapshots = [one for name in grant.key.relays if (one := relayed(board, grant, name))]
    return Keyset(
        registry=board.registry,
        epoch=board.epoch,
        count=board.keyset,
        life_s=life_s,
        project=snapshots[0].project if snapshots else "",
        environments=tuple(sorted((one.environment for one in snapshots), key=lambda one: one.environment_id)),
        rules={one.key[1]: one.environment.policy_revision + board.beside(one.key[0]) for one in snapshots},
        keys=tuple(sorted(known_to(board, grant), key=lambda key: key.selector)),
    )


def known_to(board: Board, grant: Grant) -> list[DeliveryKey]:
    """The keys that a relay may know: those of its environments, and those of relays for no other ones."""
    names = set(grant.key.relays)
    ids = {one.key[1] for name in names if (one := relayed(board, grant, name))}
    keys = [other.key for other in board.keys.values() if other.key.project_id == grant.key.project_id]
    return [key for key in keys if (set(key.relays) <= names if key.relays else key.environment_id in ids)]


def relayed(board: Board, grant: Grant, name: str) -> Snapshot | None:
    """What an environment of a relay's key serves; ``None`` where the key is not for it, or this node has not loaded it."""
    if name not in grant.key.relays:
        return None
    found = (one for (project, _), one in board.environments.items() if project == grant.key.project_id)
    return next((one for one in found if one.environment.name == name), None)


def to_bytes(keyset: Keyset) -> bytes:
    """As it travels."""
    said = {
        "registry": keyset.registry,
        "epoch": keyset.epoch,
        "count": keyset.count,
        "life_s": keyset.life_s,
        "project": keyset.project,
        "environments": [
            environment_to_json(replace(one, policy_revision=keyset.rules[one.environment_id])) for one in keyset.environments
        ],
        "keys": [
            {
                "selector": key.selector,
                "verifier": key.verifier,
                "project_id": key.project_id,
                "environment_id": key.environment_id,
                "environment": key.environment,
                "expires_at": key.expires_at,
                "revoked_at": key.revoked_at,
                "networks": key.networks,
                "relays": key.relays,
            }
            for key in keyset.keys
        ],
    }
    return orjson.dumps(said, option=orjson.OPT_UTC_Z)


def from_bytes(data: bytes) -> Keyset:
    """The reverse. Raises ``ValueError``, ``KeyError`` or ``TypeError`` for what was never written so."""
    said = orjson.loads(data)
    environments = tuple(environment_from_json(one) for one in said["environments"])
    return Keyset(
        registry=said["registry"],
        epoch=said["epoch"],
        count=said["count"],
        life_s=said["life_s"],
        project=said["project"],
        environments=environments,
        rules={one.environment_id: one.policy_revision for one in environments},
        keys=tuple(_key(row) for row in said["keys"]),
    )


def _key(row: dict[str, Any]) -> DeliveryKey:
    times = {name: datetime.fromisoformat(row[name]) if row[name] else None for name in ("expires_at", "revoked_at")}
    lists = {name: tuple(row[name]) for name in ("networks", "relays")}
    return DeliveryKey(**{**row, **times, **lists, "name": _NOBODY, "created_by": _NOBODY, "created_at": _NEVER})
