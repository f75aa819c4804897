"""How often somebody may try to sign in: a few times at once, then ever more slowly."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from cuebook_server.domain.errors import TooManyAttempts
from cuebook_server.domain.person import folded

FORGET_AFTER = timedelta(minutes=15)
LOGIN_FREE = 5
# Behind a proxy, or in one office, many people share an address.
ADDRESS_FREE = 50
_DOUBLINGS_MAX = 10


@dataclass(frozen=True, slots=True)
class Attempts:
    """Failed sign-ins of one login or from one address: how many in a row, and when the last one was."""

    subject: str
    failures: int
    last_at: datetime


def by_login(login: str) -> str:
    """What attempts at a login are counted under; a digest, so that its length is bounded."""
    return _digest("login", folded(login))


def by_address(address: str) -> str:
    """What attempts from an address are counted under."""
    return _digest("address", address)


def check(attempts: Attempts | None, free: int, now: datetime) -> None:
    """Refuse an attempt that comes too soon: after ``free`` failures the wait doubles each time, up to 15 minutes."""
    if attempts is None or attempts.failures < free:
        return
    wait = min(timedelta(seconds=2 ** min(attempts.failures - free + 1, _DOUBLINGS_MAX)), FORGET_AFTER)
    left_s = math.ceil((attempts.last_at + wait - now).total_seconds())
    if left_s > 0:
        raise TooManyAttempts(f"Too many failed sign-ins; the next counts in {left_s} s.", retry_after_s=left_s)


def _digest(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}\0{text}".encode(errors="replace")).hexdigest()
