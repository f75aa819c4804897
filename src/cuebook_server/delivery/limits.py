"""How much one key and one address may ask of a server process."""

from __future__ import annotations

import random
from dataclasses import dataclass

from cuebook_server.domain.errors import TooManyRequests

NAMES_MAX = 10_000
BURST_S = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server process allows. Rates are requests a second, with as many at once as a second brings; 0: any number."""

    key_rate: int = 0
    address_rate: int = 0
    streams: int = 15_000
    key_streams: int = 10_000
    address_streams: int = 10_000


class Buckets:
    """A token bucket for each name, of which the ones heard of lately are remembered.

    A bucket is one number: when it would be full again. Two generations bound the memory: what was not asked for while the
    younger one filled up is forgotten, and a forgotten bucket is a full one.
    """

    def __init__(self, what: str, rate: int) -> None:
        self._what, self._cost_s = what, 1 / rate
        self._young: dict[str, float] = {}
        self._old: dict[str, float] = {}

    def take(self, name: str, now: float) -> None:
        """Take one token; ``now`` is in seconds of a clock that only goes forward. Raises ``TooManyRequests``."""
        full_at = self._young.get(name)
        if full_at is None:
            full_at = self._old.get(name, 0.0)
            if len(self._young) >= NAMES_MAX:
                self._old, self._young = self._young, {}
        if full_at > now + BURST_S:
            raise TooManyRequests(f"Too many requests from this {self._what}.", retry_after_s=spread_s(1, 3))
        self._young[name] = max(full_at, now) + self._cost_s


def spread_s(least: int, most: int) -> int:
    """A number of whole seconds to wait: a different one for everybody, so that they do not all come back at once."""
    return random.randint(least, most)  # noqa: S311 - jitter, not a secret
