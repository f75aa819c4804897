"""What delivery keys fetch: who would miss a prompt, and which prompts nobody asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

LATELY_DAYS = 7
ORPHAN_DAYS = 30
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Fetch:
    """When a key last fetched a prompt by its name, or (``prompt`` is ``None``) everything at once, as the SDK does."""

    key: str
    selector: str
    at: datetime
    prompt: str | None = None

    def __str__(self) -> str:
        return f"key {self.key!r} ({self.selector}, {self.at:%Y-%m-%d})"


@dataclass(frozen=True, slots=True)
class Orphan:
    """A prompt that is served and that no key asks for by name. ``fetched_at``: when one last did, ``None``: none ever."""

    prompt: str
    version: int
    live_since: datetime
    fetched_at: datetime | None


def warnings(environment: str, fetches: Sequence[Fetch], noted_since: datetime | None) -> tuple[str, ...]:
    """What somebody who retires prompts should know. ``fetches``: those of the last ``LATELY_DAYS``, newest first.

    noted_since: what was fetched before is not known, and it lies within these days.
    """
    whole = [fetch for fetch in fetches if fetch.prompt is None]
    lines = [
        f"{prompt} was fetched within the last {LATELY_DAYS} days by {_list([f for f in fetches if f.prompt == prompt])}."
        for prompt in sorted({fetch.prompt for fetch in fetches if fetch.prompt is not None})
    ]
    if whole:
        lines.append(f"Everything {environment} serves is taken by {_list(whole)}: any prompt of it may be in use.")
    if noted_since is not None:
        lines.append(f"What was fetched before {noted_since:%Y-%m-%d %H:%M} UTC is not known.")
    return tuple(lines)


def _list(fetches: Sequence[Fetch]) -> str:
    more = f" and {len(fetches) - _SHOWN} more" if len(fetches) > _SHOWN else ""
    return ", ".join(map(str, fetches[:_SHOWN])) + more
