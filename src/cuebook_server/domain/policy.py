"""The rules of an environment: what a release must fulfil to be let in.

A policy is plain data with a revision; ``domain.decision`` weighs a release against it. A new rule is a new field whose default
leaves environments as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cuebook_server.domain.errors import Invalid
from cuebook_server.domain.release import ITEMS_MAX

Pins = Literal["none", "live", "any"]
Severity = Literal["warn", "block"]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
APPROVALS_MAX = 10
GATES_MAX = 20
FREEZES_MAX = 20
SOAK_S_MAX = 90 * 86_400
AGE_S_MAX = 365 * 86_400
TEXT_CHARS_MAX = 200

_Reader = Callable[[str, object], Any]


class BadPolicy(Invalid):
    """The environment's policy is not valid."""

    code = "bad_policy"
    hint = "docs/reference/policy.md describes every rule."


@dataclass(frozen=True, slots=True)
class Approvals:
    """How many people must approve, and who counts.

    roles: the approver must hold one of these. author: whether the release's author, and people who saved one of its
    versions, count. wording: how many are enough when only wording changes within the same variables, model and tools
    (``None``: no fewer).
    """

    count: int = 0
    roles: tuple[str, ...] = ("reviewer", "releaser", "admin")
    author: bool = False
    wording: int | None = None


@dataclass(frozen=True, slots=True)
class Freeze:
    """A time without releases. Once (``starts`` and ``ends`` are local date-times) or every week (``days``, local times).

    A weekly window whose end is not after its start runs into the next day. Rollbacks and changes of the rules go on during
    a freeze.
    """

    starts: str
    ends: str
    zone: str = "UTC"
    days: tuple[str, ...] = ()
    reason: str = ""

    def covers(self, moment: datetime) -> bool:
        """Whether the moment lies within the window, on the clock of its zone."""
        local = moment.astimezone(ZoneInfo(self.zone))
        if not self.days:
            here = local.replace(tzinfo=None)
            return datetime.fromisoformat(self.starts) <= here < datetime.fromisoformat(self.ends)
        starts, ends, now = time.fromisoformat(self.starts), time.fromisoformat(self.ends), local.time()
        today, yesterday = DAYS[local.weekday()], DAYS[(local - timedelta(days=1)).weekday()]
        if starts < ends:
            return today in self.days and starts <= now < ends
        return (today in self.days and now >= starts) or (yesterday in self.days and now < ends)


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of an environment.

    comes_from: a version must have been live in that environment before. soak_s: for so many seconds, without a rollback.
    approvals: how many people, and who. gates: evaluation suites that must have passed on exactly these digests, at most
    ``gate_age_s`` seconds ago. freeze: times without releases. reason_required: a release needs a reason (a rollback always).
    breaking_variables, shrink_guard: what to do with a version whose callers would break, or whose text shrank to less than
    half: warn, or block (a shrunken text is let in when the release says that it is meant). max_items: prompts in one release.
    pins: which numbered versions a caller may ask for: none, those once live here, or any. latest_allowed: whether a caller may
    ask for `latest` where the environment is pinned. reads_audited: when a person reads what is live here, the audit says so.
    """

    comes_from: str | None = None
    soak_s: int = 0
    approvals: Approvals = Approvals()
    gates: tuple[str, ...] = ()
    gate_age_s: int = 7 * 86_400
    freeze: tuple[Freeze, ...] = ()
    reason_required: bool = True
    breaking_variables: Severity = "warn"
    shrink_guard: bool = False
    max_items: int = ITEMS_MAX
    pins: Pins = "live"
    latest_allowed: bool = False
    reads_audited: bool = False

    def to_json(self) -> dict[str, Any]:
        """The policy as JSON values, every rule named."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    def changed(self, changes: Mapping[str, object]) -> Policy:
        """This policy with some rules replaced, each checked; unknown rules are refused."""
        known = {field.name for field in fields(Policy)}
        if unknown := sorted(set(changes) - known):
            raise BadPolicy(f"Unknown rule {unknown[0][:40]!r}.", hint=f"Rules: {', '.join(sorted(known))}.")
        return replace(self, **{name: _READERS[name](name, value) for name, value in changes.items()})

    @property
    def preset(self) -> str | None:
        """The preset whose rules these are, if any; the rules a preset leaves alone do not matter."""
        return next((name for name, rules in PRESETS.items() if self.changed(rules) == self), None)


# What a preset sets; the other rules stay as they are.
PRESETS: Mapping[str, Mapping[str, object]] = {
    "solo": {"approvals": {"count": 0}, "soak_s": 0, "breaking_variables": "warn", "shrink_guard": False, "pins": "live"},
    "team": {
        "approvals": {"count": 1},
        "soak_s": 0,
        "breaking_variables": "warn",
        "shrink_guard": True,
        "pins": "live",
        "reads_audited": True,
    },
    "regulated": {
        "approvals": {"count": 2},
        "soak_s": 86_400,
        "breaking_variables": "block",
        "shrink_guard": True,
        "pins": "none",
        "reads_audited": True,
    },
}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple | list) else value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise BadPolicy(f"{name} is true or false.")
    return value


def _count(name: str, value: object, *, most: int, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadPolicy(f"{name} is a whole number from {least} to {most}.")
    return value


def _choice(name: str, value: object, *, among: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in among:
        raise BadPolicy(f"{name} is one of {', '.join(among)}.")
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_CHARS_MAX:
        raise BadPolicy(f"{name} is a text of {TEXT_CHARS_MAX} characters at most.")
    return value


def _texts(name: str, value: object, *, most: int) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > most:
        raise BadPolicy(f"{name} is a list of {most} texts at most.")
    return tuple(_text(name, item) for item in value)


def _optional(name: str, value: object, *, read: _Reader) -> Any:
    return None if value is None else read(name, value)


def _members(name: str, value: object, readers: Mapping[str, _Reader]) -> dict[str, Any]:
    if not isinstance(value, Mapping) or (unknown := set(value) - set(readers)):
        found = f" and no {min(unknown)[:40]!r}" if isinstance(value, Mapping) else ""
        raise BadPolicy(f"{name} is an object of {', '.join(readers)}{found}.")
    return {key: readers[key](f"{name}.{key}", inner) for key, inner in value.items()}


def _approvals(name: str, value: object) -> Approvals:
    made = Approvals(**_members(name, value, _APPROVALS))
    known = ("viewer", "author", "reviewer", "releaser", "admin")
    if strange := set(made.roles) - set(known):
        raise BadPolicy(f"{name}.roles has {min(strange)!r}.", hint=f"Roles: {', '.join(known)}.")
    if made.wording is not None and made.wording > made.count:
        raise BadPolicy(f"{name}.wording is more than {name}.count.")
    return made


def _freezes(name: str, value: object) -> tuple[Freeze, ...]:
    if not isinstance(value, list | tuple) or len(value) > FREEZES_MAX:
        raise BadPolicy(f"{name} is a list of {FREEZES_MAX} windows at most.")
    return tuple(_freeze(f"{name}[{index}]", item) for index, item in enumerate(value))


def _freeze(name: str, value: object) -> Freeze:
    members = _members(name, value, _FREEZE)
    if not {"starts", "ends"} <= set(members):
        raise BadPolicy(f"{name} needs starts and ends.")
    window = Freeze(**members)
    try:
        ZoneInfo(window.zone)
        read = time.fromisoformat if window.days else datetime.fromisoformat
        ends = (read(window.starts), read(window.ends))
    except (ValueError, ZoneInfoNotFoundError, OSError) as error:
        raise BadPolicy(f"{name}: {error}.", hint="Local times such as 16:00, local dates such as 2026-12-20T00:00.") from None
    if any(end.tzinfo is not None for end in ends) or (not window.days and ends[0] >= ends[1]):  # type: ignore[operator]  # same kind
        raise BadPolicy(f"{name} ends before it starts, or names an offset beside its zone.")
    if set(window.days) - set(DAYS):
        raise BadPolicy(f"{name}.days is a list of {', '.join(DAYS)}.")
    return window


_APPROVALS: Mapping[str, _Reader] = {
    "count": partial(_count, most=APPROVALS_MAX),
    "roles": partial(_texts, most=10),
    "author": _flag,
    "wording": partial(_optional, read=partial(_count, most=APPROVALS_MAX)),
}
_FREEZE: Mapping[str, _Reader] = {
    "starts": _text,
    "ends": _text,
    "zone": _text,
    "days": partial(_texts, most=7),
    "reason": _text,
}
_READERS: Mapping[str, _Reader] = {
    "comes_from": partial(_optional, read=_text),
    "soak_s": partial(_count, most=SOAK_S_MAX),
    "approvals": _approvals,
    "gates": partial(_texts, most=GATES_MAX),
    "gate_age_s": partial(_count, most=AGE_S_MAX),
    "freeze": _freezes,
    "reason_required": _flag,
    "breaking_variables": partial(_choice, among=("warn", "block")),
    "shrink_guard": _flag,
    "max_items": partial(_count, most=ITEMS_MAX, least=1),
    "pins": partial(_choice, among=("none", "live", "any")),
    "latest_allowed": _flag,
    "reads_audited": _flag,
}
