"""What a node writes down of what it holds, and reads again at a start without its database.

Answers are kept as the very bytes they are served with, so that an ETag means the same before and after. Keys are kept as the
database keeps them: hashed.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from cuebook_server.delivery.snapshot import Entry, Snapshot, head_lines
from cuebook_server.domain.environment import Environment
from cuebook_server.domain.keys import DeliveryKey
from cuebook_server.domain.policy import Policy
from cuebook_server.services.ports import Directory, EnvironmentKey, History, Recalls, Received, Relayed

_KEY_TIMES = ("created_at", "expires_at", "revoked_at", "last_used_at", "took_all_at")


@dataclass(frozen=True, slots=True)
class Doors:
    """What a node knows beside its snapshots: who may read, which names there are, what was recalled.

    registry: which registry it is. as_of: seconds since 1970 when all of it was last known to be up to date.
    """

    registry: str
    epoch: int
    as_of: float
    keys: Collection[DeliveryKey]
    directories: Mapping[int, Directory]
    recalled: Mapping[int, Recalls]
    relayed: Relayed | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a node has seen a registry come: enough to notice that it went back in time."""

    registry: str
    epoch: int
    history: History


@dataclass(frozen=True, slots=True)
class Kept:
    """Everything a copy holds."""

    doors: Doors
    environments: Mapping[EnvironmentKey, Snapshot]


def doors_to_bytes(doors: Doors) -> bytes:
    """Everything but the snapshots, as JSON."""
    return orjson.dumps(
        {
            "registry": doors.registry,
            "epoch": doors.epoch,
            "as_of": doors.as_of,
            "keys": list(doors.keys),
            "directories": {str(p): {"names": list(d.names), "aliases": d.aliases} for p, d in doors.directories.items()},
            "relayed": doors.relayed,
            "recalled": {str(p): [[*v, sorted(places)] for v, places in found.items()] for p, found in doors.recalled.items()},
        }
    )


def doors_of(data: bytes) -> Doors:
    """The reverse. Raises ``ValueError``, ``KeyError`` or ``TypeError`` for what was never written so."""
    read = orjson.loads(data)
    return Doors(
        registry=read["registry"],
        epoch=read["epoch"],
        as_of=read["as_of"],
        keys=[_key(row) for row in read["keys"]],
        directories={int(p): Directory(frozenset(d["names"]), d["aliases"]) for p, d in read["directories"].items()},
        recalled={int(p): _recalls(rows) for p, rows in read["recalled"].items()},
        relayed=Relayed(**read["relayed"]) if read.get("relayed") else None,
    )


def seen_to_bytes(seen: Seen) -> bytes:
    """As JSON."""
    history = [[project, seq, hash_] for project, (seq, hash_) in seen.history.items()]
    return orjson.dumps({"registry": seen.registry, "epoch": seen.epoch, "history": history})


def seen_of(data: bytes) -> Seen:
    """The reverse. Raises as ``doors_of`` does."""
    read = orjson.loads(data)
    return Seen(read["registry"], read["epoch"], {project: (seq, hash_) for project, seq, hash_ in read["history"]})


def snapshot_to_bytes(registry: str, snapshot: Snapshot) -> bytes:
    """A snapshot as lines of JSON: its head, then an entry each, so that no single call holds the interpreter for long."""
    head = {
        "registry": registry,
        "key": snapshot.key,
        "project": snapshot.project,
        "environment": environment_to_json(snapshot.environment),
        "epoch": snapshot.epoch,
        "revision": snapshot.revision,
        "retired": sorted(snapshot.retired),
        "damaged": sorted(snapshot.damaged),
        "received": _received_to_json(snapshot.received),
    }
    entries = (
        orjson.dumps([e.prompt_id, e.name, e.number, e.latest, e.digest, e.body.decode()]) for e in snapshot.entries.values()
    )
    return b"\n".join([orjson.dumps(head), *entries])


def snapshot_of(data: bytes) -> tuple[str, Snapshot]:
    """The reverse: which registry's, and the snapshot. Raises as ``doors_of`` does."""
    first, *rest = data.split(b"\n")
    head = orjson.loads(first)
    environment = environment_from_json(head["environment"])
    entries = [Entry(served.encode(), *known) for *known, served in map(orjson.loads, rest)]
    snapshot = Snapshot(
        key=(head["key"][0], head["key"][1]),
        project=head["project"],
        environment=environment,
        epoch=head["epoch"],
        revision=head["revision"],
        entries={entry.name.encode(): entry for entry in entries},
        retired=frozenset(head["retired"]),
        damaged=frozenset(head["damaged"]),
        lines=head_lines(environment.name, head["revision"]),
        received=_received_from_json(head.get("received")),
    )
    return head["registry"], snapshot


def environment_to_json(environment: Environment) -> dict[str, Any]:
    """An environment with its policy, for ``orjson``."""
    return asdict(replace(environment, policy=Policy())) | {"policy": environment.policy.to_json()}


def environment_from_json(said: Mapping[str, Any]) -> Environment:
    """The reverse. Raises as ``doors_of`` does."""
    times = {"updated_at": datetime.fromisoformat(said["updated_at"])}
    return Environment(**{**said, "policy": Policy().changed(said["policy"]), **times})


def _received_to_json(received: Received | None) -> list[str] | None:
    if received is None:
        return None
    return [b64encode(received.zipped).decode(), received.digest, received.vouched.decode()]


def _received_from_json(said: list[str] | None) -> Received | None:
    return Received(b64decode(said[0]), said[1], said[2].encode()) if said else None


def _recalls(rows: list[list[Any]]) -> Recalls:
    # A copy of an older node does not say where a version was served.
    return {(prompt, number): frozenset(*places) for prompt, number, *places in rows}


def _key(row: dict[str, Any]) -> DeliveryKey:
    times = {name: datetime.fromisoformat(row[name]) for name in _KEY_TIMES if row[name] is not None}
    return DeliveryKey(**row | times | {"networks": tuple(row["networks"]), "relays": tuple(row.get("relays", ()))})
