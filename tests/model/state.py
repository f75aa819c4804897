"""What should be: the registry as dictionaries, written down a second time and from scratch. Nothing here asks the product."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TONE = "tone"  # the one prompt that others include


@dataclass(frozen=True, slots=True)
class Content:
    """A text prompt; it may name the variable ``question``, another model, or include the prompt ``tone``."""

    text: str
    model: str = "small"

    @property
    def document(self) -> dict[str, Any]:
        return {"kind": "text", "text": self.text, "model": {"provider": "lab", "name": self.model}}

    @property
    def toned(self) -> bool:
        return "{{> tone}}" in self.text


CONTENTS = (
    Content("Answer briefly and politely."),
    Content("Answer politely and briefly."),
    Content("Answer {{question}} briefly and politely."),
    Content("Answer briefly and politely.", "large"),
    Content("Answer."),
    Content("{{> tone}} Answer briefly."),
)


@dataclass(frozen=True, slots=True)
class Version:
    """A version: what was written, what is served of it, and the person who answers for it."""

    content: Content
    tone: int | None
    served: str
    person: str
    at: datetime

    @property
    def needs(self) -> frozenset[str]:
        return frozenset(re.findall(r"\{\{(\w+)\}\}", self.served))


@dataclass(slots=True)
class Prompt:
    name: str
    versions: list[Version] = field(default_factory=list)
    recalled: set[int] = field(default_factory=set)
    aliases: frozenset[str] = frozenset()
    description: str = ""
    imported: dict[str, int] = field(default_factory=dict)

    @property
    def newest(self) -> int | None:
        """What an environment that tracks latest serves."""
        return max(set(range(1, len(self.versions) + 1)) - self.recalled, default=None)


@dataclass(frozen=True, slots=True)
class Moved:
    """One row of an environment's history."""

    revision: int
    prompt: str
    before: int | None
    after: int | None
    cause: str
    at: datetime


@dataclass(slots=True)
class Environment:
    name: str
    tracks: bool
    policy: dict[str, Any]
    updated_at: datetime
    policy_revision: int = 1
    revision: int = 0
    moves: list[Moved] = field(default_factory=list)

    def raise_revision(self, now: datetime) -> None:
        self.revision, self.updated_at = self.revision + 1, max(self.updated_at, now)

    def record(self, prompt: str, before: int | None, after: int | None, cause: str) -> None:
        self.moves.append(Moved(self.revision, prompt, before, after, cause, self.updated_at))

    def of(self, prompt: str) -> list[Moved]:
        return [move for move in self.moves if move.prompt == prompt]


@dataclass(frozen=True, slots=True)
class Approved:
    """An approval: it stands for the policy's revision it was given under, on the items of its release."""

    person: str
    roles: frozenset[str]
    policy_revision: int
    at: datetime


@dataclass(slots=True)
class Release:
    """``items``: by prompt, the version it brings (``None``: retired) and the one it replaces."""

    number: int
    environment: str
    kind: str
    items: dict[str, tuple[int | None, int | None]]
    reason: str
    author: str
    person: str | None
    created_at: datetime
    policy: Mapping[str, Any] | None = None
    shrink_meant: bool = False
    emergency: bool = False
    state: str = "proposed"
    revision: int | None = None
    approvals: list[Approved] = field(default_factory=list)
    review: str = ""
    scheduled: tuple[datetime, str] | None = None  # when, and the player in whose name

    @property
    def answers(self) -> str:
        return self.person or self.author


@dataclass(frozen=True, slots=True)
class Gate:
    name: str
    suite: str
    digest: str
    passed: bool
    at: datetime


@dataclass(slots=True)
class Key:
    environment: str
    secret: str
    made_at: datetime
    expires_at: datetime | None = None
    revoked: bool = False

    def counts(self, now: datetime) -> bool:
        return not self.revoked and (self.expires_at is None or now < self.expires_at)


@dataclass(slots=True)
class Player:
    """A credential in somebody's hands: a person's, or a service's with a role of its own."""

    principal: str
    token: str = field(repr=False)
    person: str | None = None
    owner: str | None = None
    role: str = ""
    revoked: bool = False

    @property
    def answers(self) -> str:
        return self.person or self.owner or self.principal


APPROVALS: Mapping[str, Any] = {
    "count": 0,
    "roles": ["reviewer", "releaser", "admin"],
    "author": False,
    "wording": None,
}
LAX: Mapping[str, Any] = {
    "comes_from": None,
    "soak_s": 0,
    "approvals": APPROVALS,
    "gates": [],
    "gate_age_s": 7 * 86_400,
    "freeze": [],
    "reason_required": True,
    "breaking_variables": "warn",
    "shrink_guard": False,
    "max_items": 1_000,
    "pins": "live",
    "latest_allowed": False,
    "reads_audited": False,
}


def changed(policy: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    """A policy with some rules replaced; what a rule leaves out has its default."""
    told = {name: {**APPROVALS, **value} if name == "approvals" else value for name, value in rules.items()}
    freeze = [{"zone": "UTC", "days": [], "reason": "", **window} for window in told.get("freeze", ())]
    return {**policy, **told, **({"freeze": freeze} if "freeze" in told else {})}


@dataclass(slots=True)
class State:
    """Everything people have done."""

    environments: dict[str, Environment]
    prompts: dict[str, Prompt] = field(default_factory=dict)
    releases: dict[int, Release] = field(default_factory=dict)
    gates: list[Gate] = field(default_factory=list)
    keys: dict[str, Key] = field(default_factory=dict)
    grants: dict[str, set[tuple[str, str | None]]] = field(default_factory=dict)

    @classmethod
    def first(cls, now: datetime) -> State:
        """A new project."""
        rules: dict[str, Mapping[str, Any]] = {
            "development": {"reason_required": False, "latest_allowed": True},
            "staging": {"reason_required": False, "comes_from": "development"},
            "production": {"comes_from": "staging", "reads_audited": True},
        }
        return cls(
            {name: Environment(name, name == "development", changed(LAX, rule), now) for name, rule in rules.items()},
        )

    def prompt(self, name: str) -> Prompt | None:
        """The prompt of that name, or that had it."""
        return self.prompts.get(name) or next((p for p in self.prompts.values() if name in p.aliases), None)

    def serves(self, environment: str, prompt: str) -> int | None:
        of = self.environments[environment]
        if of.tracks:
            return self.prompts[prompt].newest if prompt in self.prompts else None
        return next((move.after for move in reversed(of.of(prompt))), None)

    def add(self, release: Release) -> Release:
        self.releases[release.number] = release
        return release

    def apply(self, release: Release, now: datetime) -> None:
        """Everything a release does, at once."""
        of = self.environments[release.environment]
        of.raise_revision(now)
        for prompt, (after, before) in release.items.items():
            of.record(prompt, before, after, release.kind)
        if release.policy is not None and (rules := changed(of.policy, release.policy)) != of.policy:
            of.policy, of.policy_revision = rules, of.policy_revision + 1
        release.state, release.revision = "applied", of.revision
