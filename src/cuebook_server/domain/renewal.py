"""What changed since somebody approved: the reviewer of a rebased or revised release reads that, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cuebook_server.domain.decision import Approval
from cuebook_server.domain.release import Item


@dataclass(frozen=True, slots=True)
class Given:
    """An approval and the number of the release it was given to: this one, or one that it takes up again."""

    release_id: int
    approval: Approval


@dataclass(frozen=True, slots=True)
class ItemSince:
    """An item that is not what was approved. ``then`` and ``now`` are ``None`` where the release did not hold it.

    summary: how the version differs from the approved one; base: how what it replaces differs, each in plain words.
    """

    prompt: str
    then: Item | None
    now: Item | None
    summary: Sequence[str] = ()
    base: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PolicySince:
    """How the environment's rules changed: between which revisions, and each rule before and after."""

    before: int
    after: int
    rules: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Since:
    """What changed since a person approved. Nothing did where the approval only lapsed."""

    given: Given
    items: Sequence[ItemSince]
    policy: PolicySince | None


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved under a stale release: the version it would have replaced, what is live instead, and who did it, when."""

    prompt: str
    yours: int | None
    theirs: int | None
    by: str
    at: datetime
    release_id: int | None = None
    reason: str = ""

    @property
    def sentence(self) -> str:
        """What happened, for people."""
        went = f"retired {self.prompt}" if self.theirs is None else f"brought version {self.theirs} of {self.prompt}"
        return f"release {self.release_id} by {self.by} {went}"

    def to_json(self) -> dict[str, Any]:
        """What moved as JSON values."""
        told = {"yours": self.yours, "theirs": self.theirs, "release": self.release_id, "by": self.by}
        return {**told, "at": self.at.isoformat(), "reason": self.reason}


def newest_by_person(given: Sequence[Given]) -> Mapping[str, Given]:
    """Everybody's last approval."""
    return {each.approval.person: each for each in sorted(given, key=lambda each: (each.approval.at, each.release_id))}


def items_since(then: Sequence[Item], now: Sequence[Item]) -> Sequence[ItemSince]:
    """The items whose version or base differs, or that came or went."""
    before, after = {item.prompt_id: item for item in then}, {item.prompt_id: item for item in now}
    return [
        ItemSince(item.prompt, before.get(item.prompt_id), after.get(item.prompt_id))
        for item in {**before, **after}.values()
        if before.get(item.prompt_id) != after.get(item.prompt_id)
    ]


def rules_since(then: Mapping[str, Any], now: Mapping[str, Any]) -> Mapping[str, tuple[Any, Any]]:
    """The rules that differ, each before and after."""
    return {name: (then.get(name), value) for name, value in now.items() if then.get(name) != value}
