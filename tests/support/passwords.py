"""Argon2 at parameters for tests: a thousand times cheaper than a server's, and otherwise the same."""

from __future__ import annotations

from functools import cache

from cuebook_server.adapters.passwords import Argon2

PASSWORD = "plums in the icebox 7"


@cache
def cheap() -> Argon2:
    return Argon2(memory_kib=8, passes=1)
