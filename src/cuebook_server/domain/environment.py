"""Environments: which version a prompt resolves to, and the rules that guard them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cuebook_server.domain.errors import NotReleasedHere, Retired, UnknownSelector
from cuebook_server.domain.policy import Policy

Kind = Literal["dev", "stg", "prd", "other"]
KINDS: tuple[Kind, ...] = ("dev", "stg", "prd", "other")
_VERSION_DIGITS_MAX = 9


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


# What a new project starts with; production is as strict as the preset `solo` makes it, and says who looked at it.
FIRST_ENVIRONMENTS = (
    Plan("development", "dev", True, Policy(reason_required=False, latest_allowed=True)),
    Plan("staging", "stg", False, Policy(comes_from="development", reason_required=False)),
    Plan("production", "prd", False, Policy(comes_from="staging", reads_audited=True)),
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
