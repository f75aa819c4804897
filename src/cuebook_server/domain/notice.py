"""Notices: what a person should know, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# Nobody is told of what lies further back, and one happening is told to no more people.
NOTICE_LIFE = timedelta(days=90)
PEOPLE_MAX = 200
SENTENCE_CHARS_MAX = 400


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know. ``seq``: the entry of the project's audit chain it tells of."""

    notice_id: int
    project: str
    seq: int
    release_id: int | None
    sentence: str
    at: datetime
    read_at: datetime | None = None
