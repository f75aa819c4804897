"""Releases: the one deliberate way to change a pinned environment, and the decision behind each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from cuebook_server.domain.environment import Environment
from cuebook_server.domain.errors import Invalid

Kind = Literal["promote", "rollback", "retire"]
State = Literal["applied"]  # `proposed` and the states after it come with approvals
REASON_CHARS_MAX = 2_000
ITEMS_MAX = 1_000


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

    def to_json(self) -> dict[str, Any]:
        """The decision as JSON values."""
        rules = [
            {"rule": v.rule, "passed": v.passed, "sentence": v.sentence, "evidence": dict(v.evidence)} for v in self.verdicts
        ]
        return {"allowed": self.allowed, "policy_revision": self.policy_revision, "rules": rules}


@dataclass(frozen=True, slots=True)
class Release:
    """One applied change of one environment: all of its items, or none."""

    project_id: int
    release_id: int
    environment: str
    kind: Kind
    state: State
    reason: str
    author: str
    created_at: datetime
    applied_at: datetime
    epoch: int
    revision: int
    items: tuple[Item, ...]
    decision: Mapping[str, Any]
    notes: tuple[str, ...] = ()


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


def decide(environment: Environment, kind: Kind, reason: str, unmet_source: Iterable[Item]) -> Decision:
    """Weigh a release against the environment's policy.

    ``unmet_source``: the items whose version was never live in the environment the policy says they come from.
    A rollback asks for a reason and for nothing else, so that it works at night.
    """
    verdicts = [_reason(environment, kind, reason)]
    if kind == "promote" and environment.policy.comes_from:
        verdicts.append(_comes_from(environment.policy.comes_from, list(unmet_source)))
    return Decision(tuple(verdicts), environment.policy_revision)


def _reason(environment: Environment, kind: Kind, reason: str) -> Verdict:
    needed = environment.policy.reason_required or kind == "rollback"
    passed = bool(reason.strip()) or not needed
    sentence = "A reason was given." if reason.strip() else ("No reason is needed." if passed else "A reason is missing.")
    return Verdict("reason_required", passed, sentence, {"needed": needed})


def _comes_from(source: str, unmet: Sequence[Item]) -> Verdict:
    names = [f"{item.prompt} version {item.version}" for item in unmet]
    sentence = (
        f"{', '.join(names[:3])}{' and others' if len(names) > 3 else ''} never ran in {source}: promote it there first."
        if names
        else f"Every version ran in {source}."
    )
    return Verdict("comes_from", not names, sentence, {"environment": source, "missing": names})


def previous(history: Sequence[int | None]) -> int | None:
    """What a rollback without a number returns to, given everything that was live, oldest first.

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
    if history and history[-1] is None:
        return stack[-1] if stack else None
    return stack[-2] if len(stack) > 1 else None
