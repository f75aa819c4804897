"""A release that is applied at a moment to come: when, on whose clock, and in whose name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cuebook_server.domain.errors import Conflict, Invalid

# Later than this is not "on Tuesday at nine" any more: the release fails, and people decide anew.
GRACE = timedelta(minutes=15)
_WRITTEN = re.compile(r"(?P<local>[0-9T:.+\-Z]{10,40})(?:\[(?P<zone>[A-Za-z0-9_+\-/]{1,60})\])?", re.ASCII)


class BadMoment(Invalid):
    """The moment is not one that is still to come."""

    code = "bad_moment"
    hint = "Write 2026-11-24T09:00[Europe/Paris], or a time with its offset such as 2026-11-24T08:00Z."


class Missed(Conflict):
    """The moment had passed before anybody could act."""

    code = "missed"
    hint = "Apply the release now, if it is still wanted, or schedule it anew."


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a release is to be applied, and who wants it: a person, or (``person`` is ``None``) a service by its token.

    zone: the name the moment was given in, for people to read it back; the moment itself is UTC.
    """

    at: datetime
    zone: str
    by: str
    person: str | None
    credential: str

    def due(self, now: datetime) -> bool:
        """Whether the moment has come."""
        return self.at <= now

    def missed(self, now: datetime) -> bool:
        """Whether it passed too long ago to act in its name."""
        return now - self.at > GRACE

    @property
    def shown(self) -> str:
        """The moment on the clock it was given on."""
        return f"{self.at.astimezone(ZoneInfo(self.zone)):%A, %Y-%m-%d %H:%M} ({self.zone})"


def instant(text: str) -> tuple[datetime, str]:
    """Read a moment and the name of its zone. Raises ``BadMoment``.

    RFC 9557's form, where the offset may be left to the zone: ``2026-11-24T09:00[Europe/Paris]``. An hour that a clock shows
    twice means the first; one that a clock leaves out is refused, and so is a time without any zone: whose nine o'clock?
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise BadMoment(f"{text[:60]!r} is no moment.")
    try:
        local = datetime.fromisoformat(match["local"])
        zone = ZoneInfo(match["zone"] or "UTC")
        moment = (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
        read_back = moment.astimezone(zone)
    except (ValueError, OverflowError, ZoneInfoNotFoundError, OSError):
        raise BadMoment(f"{text[:60]!r} is no moment.") from None
    if local.tzinfo is None and match["zone"] is None:
        raise BadMoment(f"{text[:60]!r} has no time zone.")
    if match["zone"] and read_back.replace(tzinfo=None) != local.replace(tzinfo=None):
        raise BadMoment(f"No clock of {match['zone']} ever shows {text[:60]!r}.")
    return moment, match["zone"] or "UTC"
