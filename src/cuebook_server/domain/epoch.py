"""Epochs: which past of the registry a revision belongs to."""

from __future__ import annotations

from datetime import UTC, datetime

# Epochs begun later are at least the seconds since then: nobody has to know what an earlier restore had begun and lost.
_ZERO = datetime(2026, 1, 1, tzinfo=UTC)


def following(seen: int, now: datetime) -> int:
    """The epoch after every one that was ever begun, as far as ``seen`` and the clock can tell."""
    return max(seen + 1, int((now - _ZERO).total_seconds()))
