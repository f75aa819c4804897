"""Times as people write them, in their own time zone."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cuebook.errors import Invalid

_AGO = re.compile(r"(\d{1,6})\s*(s|seconds?|m|min|minutes?|h|hours?|d|days?|w|weeks?)(?:\s+ago)?", re.IGNORECASE | re.ASCII)
_DAY = re.compile(r"(?:(today|yesterday)\s*)?(?:(?:at\s+)?(\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.IGNORECASE | re.ASCII)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_AHEAD = re.compile(
    r"(?P<day>today|tomorrow|[a-z]+day|\d{4}-\d{2}-\d{2})[T ]+(?:at\s+)?"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?:\s+(?P<zone>\S+))?",
    re.IGNORECASE | re.ASCII,
)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
AHEAD_HINT = "Write `Tuesday 09:00 Europe/Paris`, `tomorrow 09:00`, `2026-11-24 09:00 Europe/Paris` or `in 2h`."
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


def ahead(text: str, now: datetime) -> str:
    """A moment to come as the API reads it: with its zone, or with the local offset where none is named. Raises ``Invalid``.

    ``Tuesday 09:00 Europe/Paris`` (the next one), ``tomorrow 09:00``, ``2026-11-24 09:00 Europe/Paris``, ``in 2h``, ISO 8601.
    """
    wanted = text.strip()
    try:
        if (span := _AGO.fullmatch(wanted.lower().removeprefix("in "))) and "ago" not in wanted:
            return (now + timedelta(seconds=_seconds(span))).isoformat(timespec="seconds")
        if match := _AHEAD.fullmatch(wanted):
            zone = ZoneInfo(match["zone"]) if match["zone"] else None
            clock = time(int(match["hour"]), int(match["minute"]))
            local = _next(match["day"].lower(), clock, now.astimezone(zone))
            return f"{local.isoformat()}[{match['zone']}]" if zone else local.astimezone().isoformat()
        return datetime.fromisoformat(wanted).astimezone().isoformat()
    except (ValueError, OverflowError, OSError, ZoneInfoNotFoundError):
        raise Invalid(f"{text!r} is no moment to come.", hint=AHEAD_HINT) from None


def _next(day: str, clock: time, now: datetime) -> datetime:
    """The local time on a day as people name it; a weekday is the next one on which that hour is still to come."""
    today = now.date()
    if day in _WEEKDAYS:
        days = (_WEEKDAYS.index(day) - today.weekday()) % 7
        found = datetime.combine(today + timedelta(days=days), clock)
        return found if found > now.replace(tzinfo=None) else found + timedelta(days=7)
    if day in {"today", "tomorrow"}:
        return datetime.combine(today + timedelta(days=day == "tomorrow"), clock)
    return datetime.combine(date.fromisoformat(day), clock)


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
