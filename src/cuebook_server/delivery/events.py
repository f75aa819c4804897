"""The bytes of an event stream (``text/event-stream``): ``hello``, ``head``, ``goodbye`` and the heartbeat between them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
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
LOST_MS = (200, 700)  # a client whose connection was cut hears of a release within a second all the same
# A node takes in some thousand connections a second and has other things to do: with ten thousand, within 20 s.
EACH_MS = 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where an environment stands. ``recalled``: how many harmful versions its snapshot names, which needs no new revision."""

    snapshot: Snapshot
    recalled: int

    @property
    def order(self) -> tuple[int, int, int]:
        """What grows with every change that a client is told of."""
        return self.snapshot.epoch, self.snapshot.revision, self.recalled


def hello(place: Place, heartbeat_s: float, life_s: float, crowd: int) -> bytes:
    """How a stream begins: what this connection will be like, and where the environment stands now.

    crowd: how many may lose their connections at the same moment.
    """
    life = {"heartbeat_s": round(heartbeat_s), "life_s": round(life_s)}
    return b"retry: %d\n\n%b" % (_spread_ms(LOST_MS, crowd), _event(b"hello", place, life))


def head(place: Place, *, changed: bool) -> bytes:
    """Where the environment stands; with what changed since the revision before, where that is known and short."""
    names = {"changed": place.snapshot.changed} if changed and place.snapshot.changed is not None else {}
    return _event(b"head", place, names)


def goodbye(reason: Reason, crowd: int) -> bytes:
    """The last event of a stream: why it ends, and when to come back; ``crowd``: how many leave with it."""
    data = orjson.dumps({"reason": reason, "retry_ms": _spread_ms(RETRY_MS[reason], crowd)})
    return b"event: goodbye\ndata: %b\n\n" % data


def _event(name: bytes, place: Place, more: Mapping[str, Any]) -> bytes:
    epoch, revision, recalled = place.order
    data = orjson.dumps({"epoch": epoch, "revision": revision, "recalled": recalled, **more})
    return b"event: %b\nid: %d:%d\ndata: %b\n\n" % (name, epoch, revision, data)


def _spread_ms(bounds: tuple[int, int], crowd: int) -> int:
    return random.randint(bounds[0], bounds[1] + EACH_MS * crowd)  # noqa: S311 - jitter, not a secret
