"""What moved under a release, and what changed since people approved it or one that it takes up again. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from cuebook_server.domain.audit import AuditFilter
from cuebook_server.domain.decision import Approval, ItemFacts, sign
from cuebook_server.domain.prompt import Version
from cuebook_server.domain.release import Release
from cuebook_server.domain.renewal import (
    Given,
    ItemSince,
    Moved,
    PolicySince,
    Since,
    items_since,
    newest_by_person,
    rules_since,
)
from cuebook_server.domain.summary import summarize
from cuebook_server.services.ports import Scope
from cuebook_server.services.prompts import locate, side_by_side
from cuebook_server.services.weighing import Weighed

REBASES_MAX = 50
POLICY_CHANGES_MAX = 500


def moved(scope: Scope, weighed: Weighed, now: datetime) -> Sequence[Moved]:
    """What moved under a stale release, by whose release and when."""
    stale = weighed.stale_items
    if not stale:
        return ()
    environment = weighed.environment
    _, changes = scope.environments.at(environment, max(now, environment.updated_at), [item.prompt_id for item in stale])
    last = {change.prompt_id: change for change in changes}
    return [
        Moved(item.prompt, item.replaces, c.after, c.actor, c.at, c.release_id, c.reason)
        for item in stale
        if (c := last[item.prompt_id])
    ]


def earlier(scope: Scope, release: Release, person: str) -> Given | None:
    """The last approval a person gave to a release, or to one that it takes up again."""
    return newest_by_person([given for _, given in _given(scope, release)]).get(person)


def since(scope: Scope, release: Release, weighed: Weighed, counting: Sequence[Approval]) -> Sequence[Since]:
    """For everybody who approved, and whose approval does not count now: what changed since."""
    given = list(_given(scope, release))
    approved = {each.release_id: of for of, each in given}
    people = {approval.person for approval in counting}
    found: dict[
        tuple[int, str], Since
    ] = {}  # who signed the same sees the same: it is looked for once, not for each of 200 people
    changed = []
    for person, last in newest_by_person([each for _, each in given]).items():
        if person not in people:
            signed = last.release_id, last.approval.signature
            if signed not in found:
                found[signed] = _since(scope, approved[last.release_id], last, weighed)
            changed.append(replace(found[signed], given=last))
    return changed


def _given(scope: Scope, release: Release) -> Iterator[tuple[Release, Given]]:
    """The approvals of a release and of those it takes up again, each with its release."""
    current: Release | None = release
    for _ in range(REBASES_MAX):
        if current is None:
            return
        for approval in scope.releases.approvals(current):
            yield current, Given(current.release_id, approval)
        current = scope.releases.find(current.rebases) if current.rebases else None


def _since(scope: Scope, approved: Release, given: Given, weighed: Weighed) -> Since:
    live = [replace(move.item, replaces=move.old.number if move.old else None) for move in weighed.moves]
    items = [_told(scope, item) for item in items_since(approved.items, live)]
    return Since(given, items, _policy(scope, approved, given.approval, weighed))


def _told(scope: Scope, item: ItemSince) -> ItemSince:
    """With what changed, in plain words."""
    if item.then is None or item.now is None:
        return item
    summary = _summary(scope, item.prompt, item.then.version, item.now.version)
    return replace(item, summary=summary, base=_summary(scope, item.prompt, item.then.replaces, item.now.replaces))


def _summary(scope: Scope, name: str, old: int | None, new: int | None) -> Sequence[str]:
    compared = side_by_side(_version(scope, name, old), _version(scope, name, new)) if old != new else None
    return summarize(compared.diff) if compared else ()


def _policy(scope: Scope, approved: Release, approval: Approval, weighed: Weighed) -> PolicySince | None:
    """How the rules changed since an approval. Its signature says under which revision of them it was given."""
    environment = weighed.environment
    wanted = AuditFilter(action="environment.changed", environment=environment.name, since=approval.at)
    changes = scope.audit.latest(wanted, before=scope.audit.head()[0] + 1, limit=POLICY_CHANGES_MAX)
    versions = ((item, _version(scope, item.prompt, item.version)) for item in approved.items)
    facts = [ItemFacts(item, version.digest if version else None) for item, version in versions]
    for back, change in enumerate((None, *changes)):
        revision = environment.policy_revision - back
        if approval.signature == sign(environment.name, facts, revision, approved.policy):
            then: Mapping[str, object] = change["before"]["policy"] if change else environment.policy.to_json()
            rules = rules_since(then, environment.policy.to_json())
            return PolicySince(revision, environment.policy_revision, rules) if back else None
    return None


def _version(scope: Scope, name: str, number: int | None) -> Version | None:
    return scope.prompts.version(locate(scope, name), number) if number else None
