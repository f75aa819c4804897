"""Weighing a release against its environment's policy: every rule, its verdict, its evidence and a sentence for people.

Pure: the facts are gathered by the service, at commit time again. The same decision is shown by the API, the commands and the
pages, and stored with the release.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from cuebook import canonical
from cuebook_server.domain.policy import Policy
from cuebook_server.domain.release import Decision, Item, Kind, Verdict

ChangeClass = Literal["none", "wording", "model", "contract"]
APPROVAL_LIFE = timedelta(hours=72)
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What is known of one item.

    live_in_source: how long the version has been live in the source environment (``None``: never, or there is no source).
    rolled_back: it was rolled back from there since. savers: the people who saved the version. change: how far it reaches
    beyond what it replaces. breaking: sentences on callers that would break. shrunk: the text lost more than half.
    recalled: why the version was recalled, else "". fragments: the recalled versions it includes, in words.
    """

    item: Item
    digest: str | None
    live_in_source: timedelta | None = None
    rolled_back: bool = False
    savers: frozenset[str] = frozenset()
    change: ChangeClass = "contract"
    breaking: tuple[str, ...] = ()
    shrunk: bool = False
    recalled: str = ""
    fragments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's signature over exactly this release; ``signature`` is that of ``sign``."""

    person: str
    roles: frozenset[str]
    meaning: str
    signature: str
    at: datetime


@dataclass(frozen=True, slots=True)
class GateResult:
    """What an evaluation suite, at one revision of itself, said of one digest. A ``score`` of NaN is no pass."""

    gate: str
    digest: str
    suite_revision: str
    passed: bool
    at: datetime
    score: float | None = None

    def answers(self, gate: str) -> bool:
        """Whether a policy means this suite: by its name, or by ``name@revision`` exactly at that revision."""
        return gate in (self.gate, f"{self.gate}@{self.suite_revision}")

    def good(self, oldest: datetime) -> bool:
        """Whether it passed, and not too long ago."""
        return self.passed and self.at >= oldest and not (self.score is not None and math.isnan(self.score))


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a decision rests on.

    author: who asks. shrink_meant: they say that a text should shrink. gates: what suites said, oldest first.
    """

    kind: Kind
    reason: str
    author: str
    now: datetime
    items: Sequence[ItemFacts]
    signature: str = ""
    shrink_meant: bool = False
    approvals: Sequence[Approval] = ()
    gates: Sequence[GateResult] = field(default=())


def sign(environment: str, items: Sequence[ItemFacts], policy_revision: int, policy: Mapping[str, Any] | None = None) -> str:
    """What an approval signs: the digests, the environment, what they replace, and the policy's revision and change.

    Anything of these changes: the signature is another, and the approval void by construction.
    """
    moves = sorted([f.item.prompt, f.digest, f.item.version, f.item.replaces] for f in items)
    signed: dict[str, Any] = {
        "environment": environment,
        "moves": moves,
        "policy_revision": policy_revision,
        "policy": dict(policy) if policy is not None else None,
    }
    return hashlib.sha256(canonical.dumps(signed)).hexdigest()


def decide(policy: Policy, policy_revision: int, facts: Facts) -> Decision:
    """Weigh a release.

    A rollback asks for a reason and that nothing was recalled, so that it works at night. A change of the policy moves no
    version: it asks for a reason and for all the approvals, and no freeze stops it, or none could be lifted before its end.
    """
    rules = _RULES_OF.get(facts.kind, _RULES)
    verdicts = tuple(verdict for rule in rules for verdict in rule(policy, facts))
    return Decision(verdicts, policy_revision)


def needed_approvals(policy: Policy, items: Sequence[ItemFacts]) -> int:
    """How many people must approve; fewer where the policy lets wording pass and every item is no more than that."""
    approvals = policy.approvals
    if approvals.wording is not None and items and all(facts.change in ("none", "wording") for facts in items):
        return approvals.wording
    return approvals.count


def involved(facts: Facts) -> frozenset[str]:
    """Who asks for a release, and who saved one of its versions."""
    return frozenset({facts.author}).union(*(item.savers for item in facts.items))


def counting(policy: Policy, facts: Facts) -> list[Approval]:
    """The approvals that count: of this very release, in time, by different people with a right role who did not write it."""
    wrote = involved(facts)
    people: dict[str, Approval] = {}
    for approval in facts.approvals:
        fits = approval.signature == facts.signature and facts.now - approval.at < APPROVAL_LIFE
        apart = policy.approvals.author or approval.person not in wrote
        if fits and apart and approval.roles & set(policy.approvals.roles):
            people.setdefault(approval.person, approval)
    return list(people.values())


def _reason(policy: Policy, facts: Facts) -> Iterator[Verdict]:
    given = bool(facts.reason.strip())
    needed = policy.reason_required or facts.kind == "rollback"
    sentence = "A reason was given." if given else ("A reason is missing." if needed else "No reason is needed.")
    yield Verdict("reason_required", given or not needed, sentence, {"needed": needed})


def _recalled(_: Policy, facts: Facts) -> Iterator[Verdict]:
    found = {f"{f.item.prompt} version {f.item.version}": f.recalled for f in facts.items if f.recalled}
    if found:
        yield Verdict("recalled", False, f"{_list(list(found))} was recalled: no environment may take it.", {"recalled": found})
    including = {_name(f): list(f.fragments) for f in facts.items if f.fragments}
    if including:
        parts = _list([f"{name} includes {_list(fragments)}" for name, fragments in including.items()])
        yield Verdict("recalled", False, f"{parts}: recalled, so no environment may take it.", {"fragments": including})


def _comes_from(policy: Policy, facts: Facts) -> Iterator[Verdict]:
    if policy.comes_from is None or facts.kind != "promote":
        return
    missing = [_name(f) for f in facts.items if f.live_in_source is None]
    sentence = (
        f"{_list(missing)} never ran in {policy.comes_from}: promote it there first."
        if missing
        else f"Every version ran in {policy.comes_from}."
    )
    yield Verdict("comes_from", not missing, sentence, {"environment": policy.comes_from, "missing": missing})
    if policy.soak_s:
        yield _soak(policy, facts)


def _soak(policy: Policy, facts: Facts) -> Verdict:
    needed = timedelta(seconds=policy.soak_s)
    short = [f for f in facts.items if f.rolled_back or (f.live_in_source or timedelta()) < needed]
    waits = max(((needed - (f.live_in_source or timedelta())) for f in short if not f.rolled_back), default=timedelta())
    sentence = f"Every version ran in {policy.comes_from} for {_time(needed)} without a rollback."
    if short:
        rolled = [_name(f) for f in short if f.rolled_back]
        sentence = (
            f"{_list(rolled)} was rolled back in {policy.comes_from}."
            if rolled
            else f"{_list([_name(f) for f in short])} must run in {policy.comes_from} for another {_time(waits)}."
        )
    return Verdict("soak", not short, sentence, {"needed_s": policy.soak_s, "missing": [_name(f) for f in short]})


def _approvals(policy: Policy, facts: Facts) -> Iterator[Verdict]:
    needed = needed_approvals(policy, facts.items)
    if not needed:
        return
    found = counting(policy, facts)
    missing = needed - len(found)
    who = f" ({', '.join(policy.approvals.roles)}; not the author)" if not policy.approvals.author else ""
    sentence = (
        f"{missing} of {needed} approvals missing{who}."
        if missing > 0
        else f"Approved by {', '.join(approval.person for approval in found)}."
    )
    evidence = {
        "needed": needed,
        "people": [approval.person for approval in found],
        "roles": list(policy.approvals.roles),
        "excluded": [] if policy.approvals.author else sorted(involved(facts)),
    }
    yield Verdict("approvals", missing <= 0, sentence, evidence)


def _gates(policy: Policy, facts: Facts) -> Iterator[Verdict]:
    oldest = facts.now - timedelta(seconds=policy.gate_age_s)
    for gate in policy.gates:
        # The last word counts: a suite that passed once and fails now has not passed.
        last = {result.digest: result for result in facts.gates if result.answers(gate)}
        passed = {digest for digest, result in last.items() if result.good(oldest)}
        missing = [_name(f) for f in facts.items if f.digest is not None and f.digest not in passed]
        sentence = f"{gate} has not passed on {_list(missing)}." if missing else f"{gate} passed on every version."
        yield Verdict("gates", not missing, sentence, {"gate": gate, "missing": missing})


def _freeze(policy: Policy, facts: Facts) -> Iterator[Verdict]:
    for window in policy.freeze:
        if window.covers(facts.now):
            why = f": {window.reason}" if window.reason else ""
            sentence = f"Frozen until {window.ends} ({window.zone}){why}. Rollbacks go on."
            yield Verdict("freeze", False, sentence, {"starts": window.starts, "ends": window.ends, "zone": window.zone})


def _breaking(policy: Policy, facts: Facts) -> Iterator[Verdict]:
    found = [f"{f.item.prompt}: {sentence}" for f in facts.items for sentence in f.breaking]
    if found:
        blocks = policy.breaking_variables == "block"
        yield Verdict("breaking_variables", not blocks, " ".join(found[:_SHOWN]), {"breaking": found, "blocks": blocks})


def _shrink(policy: Policy, facts: Facts) -> Iterator[Verdict]:
    found = [_name(f) for f in facts.items if f.shrunk]
    if policy.shrink_guard and found:
        sentence = f"The text of {_list(found)} is less than half of what it replaces"
        sentence += ", as the release says it should be." if facts.shrink_meant else ": say so if it is meant."
        yield Verdict("shrink_guard", facts.shrink_meant, sentence, {"shrunk": found, "meant": facts.shrink_meant})


def _size(policy: Policy, facts: Facts) -> Iterator[Verdict]:
    if len(facts.items) > policy.max_items:
        sentence = f"{len(facts.items)} prompts at once; {policy.max_items} at most."
        yield Verdict("max_items", False, sentence, {"items": len(facts.items), "most": policy.max_items})


_Rule = Callable[[Policy, Facts], Iterator[Verdict]]
_RULES: tuple[_Rule, ...] = (_reason, _recalled, _comes_from, _size, _freeze, _breaking, _shrink, _gates, _approvals)
_RULES_OF: Mapping[Kind, tuple[_Rule, ...]] = {"rollback": (_reason, _recalled), "policy": (_reason, _approvals)}


def _name(facts: ItemFacts) -> str:
    return f"{facts.item.prompt} version {facts.item.version}"


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _time(span: timedelta) -> str:
    hours, minutes = divmod(math.ceil(span / timedelta(minutes=1)), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
