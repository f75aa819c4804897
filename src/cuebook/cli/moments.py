"""Times as people write them, in their own time zone."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from cuebook.errors import Invalid

_AGO = re.compile(r"(\d{1,6})\s*(s|seconds?|m|min|minutes?|h|hours?|d|days?|w|weeks?)(?:\s+ago)?", re.IGNORECASE | re.ASCII)
_DAY = re.compile(r"(?:(today|yesterday)\s*)?(?:(?:at\s+)?(\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.IGNORECASE | re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
HINT = "Write 2026-11-20T15:00 (local time), 2026-11-20T15:00Z, `yesterday 15:00`, `15:00`, `2h ago` or `now`."


def moment(text: str, now: datetime) -> datetime:
    """The moment a text means, seen from ``now`` (timezone-aware). Raises ``Invalid``.

    ISO 8601 with or without a zone, ``now``, ``today 09:30``, ``yesterday 15:00``, ``15:00`` (today), ``2h ago``. What has
    no zone is meant in the local one, as it was on that day. A day alone is its first moment.
    """
    wanted = text.strip()
    if wanted.lower() == "now":
        return now
    try:
        if match := _AGO.fullmatch(wanted):
            return now - timedelta(seconds=_seconds(match))
        if wanted and (match := _DAY.fullmatch(wanted)):
            day = now.date() - timedelta(days=(match[1] or "").lower() == "yesterday")
            hour, minute, second = (int(part or 0) for part in match.group(2, 3, 4))
            return _local(day, time(hour, minute, second))
        return datetime.fromisoformat(wanted).astimezone()
    except (ValueError, OverflowError, OSError):
        raise Invalid(f"{text!r} is not a time.", hint=HINT) from None


def seconds(text: str) -> int:
    """A span such as ``90d``, ``12h`` or ``30m`` in seconds. Raises ``Invalid``."""
    if match := _AGO.fullmatch(text.strip()):
        return _seconds(match)
    raise Invalid(f"{text!r} is not a span of time.", hint="Write `90d`, `12h`, `30m` or `45s`.")


def _seconds(match: re.Match[str]) -> int:
    return int(match[1]) * _SECONDS[match[2][0].lower()]


def _local(day: date, at: time) -> datetime:
    # Through the naive local time, so that the offset is that day's and not today's.
    return datetime.combine(day, at).astimezone()
