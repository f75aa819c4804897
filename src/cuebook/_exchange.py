"""An HTTP request and its answer as plain data, so that what reads and decides needs no HTTP client."""

from __future__ import annotations

import email.utils
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from cuebook.errors import BadAnswer, CuebookError, from_answer

RETRY_AFTER_S_MAX = 300.0


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask: ``path`` starts with a slash and is already encoded; ``body`` is JSON bytes or nothing."""

    method: str
    path: str
    params: Mapping[str, str | list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole and decoded; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after_s(self) -> float | None:
        """The answer's ``Retry-After`` in seconds from then, five minutes at most; ``None`` without one.

        A date counts from the answer's own ``Date``: two readings of one clock, whatever ours says.
        """
        return retry_after_s(self.headers.get("retry-after", ""), _unix_time(self.headers.get("date", "")))

    def error(self) -> CuebookError:
        """The error a refusal or a redirect means."""
        if self.status < 400:
            return BadAnswer(f"The server answered {self.status}.", status=self.status)
        return from_answer(self.status, self.body, retry_after_s=self.retry_after_s)


def retry_after_s(value: str, now: float) -> float | None:
    """Read a ``Retry-After`` header (seconds or an HTTP date) at ``now`` (Unix time)."""
    try:
        seconds = float(value) if value.isdigit() else email.utils.parsedate_to_datetime(value).timestamp() - now
    except (ValueError, OverflowError):
        return None
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_S_MAX)


def _unix_time(date: str) -> float:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return math.nan
