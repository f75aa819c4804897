"""Releases: the one deliberate way to change a pinned environment, and the decision behind each.

A release is ``proposed`` until it is ``applied``, ``declined``, ``withdrawn`` or ``failed``. Whether a proposed one is
``approved``, ``stale`` or ``expired`` is not stored but seen: it follows from the policy, the pointers and the time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from cuebook_server.domain.errors import Invalid
from cuebook_server.domain.schedule import Schedule

Kind = Literal["promote", "rollback", "retire", "policy"]
State = Literal["proposed", "applied", "declined", "withdrawn", "failed"]
Seen = Literal["proposed", "approved", "stale", "expired", "applied", "declined", "withdrawn", "failed"]
REASON_CHARS_MAX = 2_000
ITEMS_MAX = 1_000
COMMENT_CHARS_MAX = 5_000
PROPOSAL_LIFE = timedelta(days=30)
LOOKED_BACK = timedelta(days=90)


class BadRelease(Invalid):
    """The release is not valid."""

    code = "bad_release"
    hint = "Correct what is named above; `dry_run` shows a release without applying it."


@dataclass(frozen=True, slots=True)
class Wanted:
    """One item as asked for. ``version`` may be left open (the source's for a promotion, the previous for a rollback);
    ``replaces`` is what the caller believes to be live (compare-and-set), checked when ``guarded``.
    """

    prompt: str
    version: int | None = None
    replaces: int | None = None
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One pointer move. ``version`` is ``None`` when the prompt is retired; ``replaces`` is ``None`` when nothing was live."""

    prompt_id: int
    prompt: str
    version: int | None
    replaces: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule's answer: whether it is met, what was seen, and a sentence for people."""

    rule: str
    passed: bool
    sentence: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy says of one release: every rule with its verdict. It is the same in the API, the CLI and the pages."""

    verdicts: tuple[Verdict, ...]
    policy_revision: int

    @property
    def allowed(self) -> bool:
        """Whether every rule is met."""
        return all(verdict.passed for verdict in self.verdicts)

    @property
    def unmet(self) -> tuple[Verdict, ...]:
        """The rules that are not met."""
        return tuple(verdict for verdict in self.verdicts if not verdict.passed)

    def to_json(self) -> dict[str, Any]:
        """The decision as JSON values."""
        rules = [
            {"rule": v.rule, "passed": v.passed, "sentence": v.sentence, "evidence": dict(v.evidence)} for v in self.verdicts
        ]
        return {"allowed": self.allowed, "policy_revision": self.policy_revision, "rules": rules}


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new release is made of, before it has a number.

    person: who answers for the author, where somebody does. policy: the rules a release of kind ``policy`` changes.
    """

    kind: Kind
    reason: str
    author: str
    person: str | None
    items: tuple[Item, ...]
    decision: Decision
    notes: tuple[str, ...]
    signature: str
    shrink_meant: bool = False
    emergency: bool = False
    rebases: int | None = None
    policy: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A change of one environment, wanted or done: all of its items, or none. One of kind ``policy`` changes rules instead.

    ``decision`` is that of the proposal until the release is applied, then the one it was applied by.
    """

    project_id: int
    release_id: int
    environment: str
    kind: Kind
    state: State
    reason: str
    author: str
    created_at: datetime
    epoch: int
    items: tuple[Item, ...]
    decision: Mapping[str, Any]
    applied_at: datetime | None = None
    revision: int | None = None
    person: str | None = None
    notes: tuple[str, ...] = ()
    signature: str = ""
    shrink_meant: bool = False
    emergency: bool = False
    schedule: Schedule | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    ended_why: str = ""
    rebases: int | None = None
    policy: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said of a release."""

    author: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """The debt of an emergency: which rules were skipped, and who looked at it afterwards."""

    release_id: int
    environment: str
    skipped: tuple[str, ...]
    opened_by: str
    opened_at: datetime
    closed_by: str | None = None
    closed_at: datetime | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One row of an environment's history: at ``revision``, ``prompt`` went from one version to another."""

    revision: int
    prompt_id: int
    prompt: str
    before: int | None
    after: int | None
    cause: str
    actor: str
    at: datetime
    release_id: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one prompt in one environment, as far as its life there is concerned."""

    after: int | None
    cause: str
    at: datetime
    revision: int = 0


def seen(release: Release, *, allowed: bool, stale: bool, now: datetime) -> Seen:
    """What a release is, now that its policy (``allowed``) and its pointers (``stale``) were looked at."""
    if release.state != "proposed":
        return release.state
    if now - release.created_at >= PROPOSAL_LIFE:
        return "expired"
    if stale:
        return "stale"
    return "approved" if allowed else "proposed"


def lived(steps: Sequence[Step], number: int, now: datetime) -> tuple[timedelta | None, bool]:
    """How long a version ran during its last stretch, and whether it was rolled back from; ``None``: it never ran.

    ``steps``: the prompt's life in the environment, oldest first.
    """
    began = next((i for i in range(len(steps) - 1, -1, -1) if steps[i].after == number), None)
    if began is None:
        return None, False
    following = steps[began + 1] if began + 1 < len(steps) else None
    span = (following.at if following else now) - steps[began].at
    return span, following is not None and following.cause == "rollback"


def longest(steps: Sequence[Step], now: datetime) -> tuple[int, timedelta] | None:
    """The version that was live longest, all its stretches of the last 90 days together, and for how long.

    Held against it, slow drift by many small edits shows. A stretch that ended with a rollback does not count: what was taken
    back is no measure. Of two that lived equally long it is the newer. ``None``: no stretch counts.
    """
    lives: dict[int, timedelta] = {}
    oldest = now - LOOKED_BACK
    for i, step in enumerate(steps):
        following = steps[i + 1] if i + 1 < len(steps) else None
        ended = following.at if following else now
        if step.after is None or ended < oldest or (following is not None and following.cause == "rollback"):
            continue
        span = max(ended - max(step.at, oldest), timedelta())
        lives[step.after] = lives.get(step.after, timedelta()) + span
    return max(((number, span) for number, span in lives.items()), key=lambda life: (life[1], life[0]), default=None)


def previous(history: Sequence[int | None], barred: Collection[int] = ()) -> int | None:
    """What a rollback without a number returns to, given everything that was live, oldest first; never what is ``barred``.

    Going back twice goes back two steps, not forth again: what was rolled back from does not count as previous.
    """
    stack: list[int] = []
    for number in history:
        if number is None:
            continue
        if number in stack:
            del stack[stack.index(number) + 1 :]
        else:
            stack.append(number)
    before = stack if history and history[-1] is None else stack[:-1]
    return next((number for number in reversed(before) if number not in barred), None)
