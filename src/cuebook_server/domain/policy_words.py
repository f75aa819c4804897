"""The rules of an environment as a person says them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from cuebook_server.domain.policy import Freeze, Policy
from cuebook_server.domain.release import ITEMS_MAX

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_PINS = {
    "none": "Applications get what is released; they may ask for no number.",
    "live": "Applications may ask for a numbered version that was live here before.",
    "any": "Applications may ask for any numbered version.",
}
_WEEKDAYS = {"mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday"}


class Told(NamedTuple):
    """A rule and its sentence."""

    rule: str
    sentence: str


def in_words(policy: Policy, *, tracks_latest: bool) -> list[Told]:
    """Every rule that asks for something, and what applications may ask for; in the order a release meets them."""
    if tracks_latest:
        return [Told("tracks_latest", "Every save is served at once: nothing is released here.")]
    return [*_ways_in(policy), *_freezes(policy), *_contents(policy), *_applications(policy)]


def compared(before: Policy, after: Policy) -> tuple[list[str], list[str]]:
    """The sentences that a change of the rules took away, and those that it brought."""
    old, new = ([told.sentence for told in in_words(policy, tracks_latest=False)] for policy in (before, after))
    return [one for one in old if one not in new], [one for one in new if one not in old]


def _ways_in(policy: Policy) -> Iterator[Told]:
    if policy.comes_from:
        soak = f" for {span(policy.soak_s)} without a rollback" if policy.soak_s else ""
        yield Told("comes_from", f"A version must have run in {policy.comes_from}{soak} first.")
    yield Told("approvals", _approvals(policy))
    for gate in policy.gates:
        yield Told("gates", f"The evaluation {gate} must have passed on it within {span(policy.gate_age_s)}.")
    if policy.reason_required:
        yield Told("reason_required", "A release needs a reason.")
    yield Told("rollback", "A rollback needs a reason and nothing else.")


def _approvals(policy: Policy) -> str:
    asked = policy.approvals
    if not asked.count:
        return "One person decides: nobody else has to approve."
    people = "1 person" if asked.count == 1 else f"{asked.count} people"
    apart = "" if asked.author else ", and did not write it"
    less = f" Where only wording changes, {asked.wording} suffice{'s' if asked.wording == 1 else ''}."
    must = "must approve who is" if asked.count == 1 else "must approve who are"
    return f"{people} {must} {_either(asked.roles)}{apart}.{less if asked.wording is not None else ''}"


def _freezes(policy: Policy) -> Iterator[Told]:
    for window in policy.freeze:
        why = f": {window.reason}" if window.reason else ""
        yield Told("freeze", f"No releases {_when(window)}{why}. Rollbacks go on.")


def _when(window: Freeze) -> str:
    if not window.days:
        return f"from {_clock(window.starts)} until {_clock(window.ends)} ({window.zone})"
    days = " and ".join(_WEEKDAYS.get(day, "Sunday") for day in window.days)
    return f"every {days} from {window.starts} until {window.ends} ({window.zone})"


def _contents(policy: Policy) -> Iterator[Told]:
    breaks = "is refused" if policy.breaking_variables == "block" else "is let in with a warning"
    yield Told("breaking_variables", f"A version that would break its callers {breaks}.")
    if policy.shrink_guard:
        yield Told("shrink_guard", "A text that lost more than half is refused, unless the release says it is meant.")
    if policy.max_items < ITEMS_MAX:
        yield Told("max_items", f"A release holds {policy.max_items} prompts at most.")


def _applications(policy: Policy) -> Iterator[Told]:
    yield Told("pins", _PINS[policy.pins])
    if policy.latest_allowed:
        yield Told("latest_allowed", "Applications may ask for the newest version, released or not.")
    if policy.reads_audited:
        yield Told("reads_audited", "The audit says which person read what is live here.")


def span(seconds: int) -> str:
    """A length of time in its largest whole unit: "2 days", "90 minutes"."""
    size, unit = next((found for found in _UNITS if seconds and seconds % found[0] == 0), _UNITS[-1])
    count = timedelta(seconds=seconds) // timedelta(seconds=size)
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _either(words: tuple[str, ...]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words) or "nobody"


def _clock(local: str) -> str:
    return f"{datetime.fromisoformat(local):%Y-%m-%d %H:%M}"
