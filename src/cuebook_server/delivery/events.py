"""The bytes of an event stream (``text/event-stream``): ``hello``, ``head``, ``goodbye`` and the heartbeat between them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Literal

import orjson

from cuebook_server.delivery.snapshot import Snapshot

Reason = Literal["drain", "life", "revoked", "overload", "slow"]
HEARTBEAT = b": hb\n\n"
# The earliest and the latest moment to come back after a goodbye, in milliseconds: those who leave together must not return
# together. A connection lost without a goodbye is one to be made again after the stream's `retry`.
RETRY_MS: Mapping[Reason, tuple[int, int]] = {
    "drain": (200, 2_000),
    "life": (100, 2_000),
    "revoked": (5_000, 15_000),
    "overload": (5_000, 30_000),
    "slow": (2_000, 10_000),
}
LOST_MS = (1_000, 3_000)
# A node takes in some thousand connections a second and has other things to do: with ten thousand, within 20 s.
EACH_MS = 2


def hello(snapshot: Snapshot, heartbeat_s: float, life_s: float, crowd: int) -> bytes:
    """How a stream begins: what this connection will be like, and where the environment stands now.

    crowd: how many may lose their connections at the same moment.
    """
    life = {"heartbeat_s": round(heartbeat_s), "life_s": round(life_s)}
    return b"retry: %d\n\n%b" % (_spread_ms(LOST_MS, crowd), _event(b"hello", snapshot, life))


def head(snapshot: Snapshot, *, changed: bool) -> bytes:
    """Where the environment stands; with what changed since the revision before, where that is known and short."""
    names = {"changed": snapshot.changed} if changed and snapshot.changed is not None else {}
    return _event(b"head", snapshot, names)


def goodbye(reason: Reason, crowd: int) -> bytes:
    """The last event of a stream: why it ends, and when to come back; ``crowd``: how many leave with it."""
    data = orjson.dumps({"reason": reason, "retry_ms": _spread_ms(RETRY_MS[reason], crowd)})
    return b"event: goodbye\ndata: %b\n\n" % data


def _event(name: bytes, snapshot: Snapshot, more: Mapping[str, Any]) -> bytes:
    data = orjson.dumps({"epoch": snapshot.epoch, "revision": snapshot.revision, **more})
    return b"event: %b\nid: %d:%d\ndata: %b\n\n" % (name, snapshot.epoch, snapshot.revision, data)


def _spread_ms(bounds: tuple[int, int], crowd: int) -> int:
    return random.randint(bounds[0], bounds[1] + EACH_MS * crowd)  # noqa: S311 - jitter, not a secret
