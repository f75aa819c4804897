"""Environments: which version a prompt resolves to, and the rules that guard them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Literal

from cuebook_server.domain.errors import Invalid, NotReleasedHere, Retired, UnknownSelector

Kind = Literal["dev", "stg", "prd", "other"]
Pins = Literal["none", "live", "any"]
KINDS: tuple[Kind, ...] = ("dev", "stg", "prd", "other")
_VERSION_DIGITS_MAX = 9


class BadPolicy(Invalid):
    """The environment's policy is not valid."""

    code = "bad_policy"
    hint = "Rules: comes_from (an environment or null), reason_required, latest_allowed (booleans), pins (none, live or any)."


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of an environment. A new rule is a new field with the value that leaves old environments as they were.

    comes_from: a version must have been live in that environment before.
    reason_required: a release needs a reason (a rollback always does).
    pins: which numbered versions a caller may ask for: `none`, those once `live` here, or `any`.
    latest_allowed: whether a caller may ask for `latest` where the environment is pinned.
    """

    comes_from: str | None = None
    reason_required: bool = True
    pins: Pins = "live"
    latest_allowed: bool = False

    def to_json(self) -> dict[str, Any]:
        """The policy as JSON values, every rule named."""
        return asdict(self)

    def changed(self, changes: Mapping[str, object]) -> Policy:
        """This policy with some rules replaced; unknown rules and wrong types are refused."""
        known = {field.name for field in fields(Policy)}
        if unknown := sorted(set(changes) - known):
            raise BadPolicy(f"Unknown rule {unknown[0]!r}.")
        policy = replace(self, **dict(changes))  # type: ignore[arg-type]  # the values are checked on the next line
        flags = (policy.reason_required, policy.latest_allowed)
        if not all(isinstance(flag, bool) for flag in flags) or policy.pins not in ("none", "live", "any"):
            raise BadPolicy
        if not isinstance(policy.comes_from, str | None):
            raise BadPolicy
        return policy


@dataclass(frozen=True, slots=True)
class Environment:
    """A named context of a project that resolves every prompt to exactly one version.

    ``tracks_latest``: a save is live at once and no pointers exist. Otherwise pointers move only by a release.
    ``revision`` counts what changed here; ``position`` orders the environments from first to last stop.
    """

    project_id: int
    environment_id: int
    name: str
    kind: Kind
    position: int
    tracks_latest: bool
    policy: Policy
    policy_revision: int
    revision: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What a new environment is made of."""

    name: str
    kind: Kind
    tracks_latest: bool
    policy: Policy


# What a new project starts with; production is as strict as the preset `solo` makes it.
FIRST_ENVIRONMENTS = (
    Plan("development", "dev", True, Policy(reason_required=False, latest_allowed=True)),
    Plan("staging", "stg", False, Policy(comes_from="development", reason_required=False)),
    Plan("production", "prd", False, Policy(comes_from="staging")),
)

Selector = Literal["stable", "latest"] | int


def selector(text: str) -> Selector:
    """Read a version selector: ``stable``, ``latest`` or a number from 1."""
    if text == "stable":
        return "stable"
    if text == "latest":
        return "latest"
    if text.isascii() and text.isdigit() and len(text) <= _VERSION_DIGITS_MAX and not text.startswith("0"):
        return int(text)
    raise UnknownSelector(f"{text[:40]!r} selects no version.")


def _never(_: int) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Standing:
    """How one prompt stands in one environment.

    ``serves``: the version of the pointer (or the newest, where latest is tracked); ``None`` when nothing is.
    ``was_live``: whether a number was ever live here; asked only for pinned numbers.
    """

    prompt: str
    serves: int | None
    latest: int
    retired: bool = False
    was_live: Callable[[int], bool] = _never


def resolve(environment: Environment, standing: Standing, wanted: Selector) -> int:
    """The version a caller of this environment gets, or a typed refusal. Pure; the only place that decides it."""
    if standing.retired:
        raise Retired(f"{standing.prompt} was retired from {environment.name}.")
    if wanted == "latest":
        if not (environment.tracks_latest or environment.policy.latest_allowed):
            raise NotReleasedHere(
                f"{environment.name} does not serve `latest`.", hint="Ask for `stable`, or promote the newest version."
            )
        wanted = standing.latest
    if standing.serves is None:
        raise NotReleasedHere(f"{standing.prompt} was not released to {environment.name}.")
    if wanted in ("stable", standing.serves):
        return standing.serves
    assert isinstance(wanted, int)
    if wanted == standing.latest and environment.policy.latest_allowed:
        return wanted
    return _pinned(environment, standing, wanted)


def _pinned(environment: Environment, standing: Standing, number: int) -> int:
    pins = environment.policy.pins
    if pins == "any" and 1 <= number <= standing.latest:
        return number
    if pins == "live" and standing.was_live(number):
        return number
    rule = "serves no pinned versions" if pins == "none" else f"never served version {number}"
    raise NotReleasedHere(f"{environment.name} {rule} of {standing.prompt}.")
