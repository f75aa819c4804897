"""argon2id, by argon2-cffi, with the parameters that OWASP's password storage cheat sheet names first."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
# Each takes MEMORY_KIB: a flood of sign-ins must not take the machine's.
AT_ONCE_MAX = 4


class Argon2:
    """Slow hashes of passwords; the parameters stand in each hash."""

    def __init__(self, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=LANES)
        self._turns = threading.BoundedSemaphore(AT_ONCE_MAX)
        self.decoy = self.hash("nobody's password")

    def hash(self, password: str) -> str:
        """A new hash, with its own salt."""
        with self._turns:
            return self._hasher.hash(password.encode(errors="replace"))

    def fits(self, hashed: str, password: str) -> bool:
        """Whether the password is the one of this hash."""
        try:
            with self._turns:
                return self._hasher.verify(hashed, password.encode(errors="replace"))
        except (VerificationError, InvalidHashError):
            return False
