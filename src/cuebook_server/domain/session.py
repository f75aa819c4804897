"""Sessions of people, and the links that lead to an account.

Both are 256 random bits in the hands of their bearer and a SHA-256 in the database, as with keys.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from cuebook_server.domain.errors import Unauthenticated

COOKIE = "__Host-cuebook"
SECRET_BYTES = 32
LINK_LIFE = timedelta(minutes=15)
IDLE_MAX = timedelta(hours=12)
LIFE_MAX = timedelta(days=7)
# Writing down every single visit would make a write of each read.
SEEN_EVERY = timedelta(minutes=5)


class SignedOut(Unauthenticated):
    """Nobody is signed in here."""

    code = "signed_out"
    hint = "Sign in again."


@dataclass(frozen=True, slots=True)
class Link:
    """A way to an account that counts once: to the very first one, or (``login``) to a new password of that one."""

    verifier: str
    login: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in. ``expires_at``: the end however busy it is. ``signed_in_at``: the last proof of who it is."""

    verifier: str
    person_id: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    signed_in_at: datetime

    @property
    def name(self) -> str:
        """Enough to tell sessions apart, and useless to a reader."""
        return self.verifier[:12]

    @property
    def credential(self) -> str:
        """What the audit calls it."""
        return f"session-{self.name}"

    def counts(self, now: datetime) -> bool:
        """Whether it still stands for its person."""
        return now < self.expires_at and now < self.seen_at + IDLE_MAX


def encode(random: bytes) -> str:
    """A secret as it is handed over: 43 characters that need no escape in an address or a cookie."""
    return base64.urlsafe_b64encode(random).decode().rstrip("=")


def verifier(secret: str) -> str:
    """What is stored of a secret: its SHA-256, in hex."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
