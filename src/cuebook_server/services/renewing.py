"""What moved under a release, and what changed since people approved it or one that it takes up again. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from cuebook_server.domain.audit import AuditFilter
from cuebook_server.domain.decision import Approval, ItemFacts, sign
from cuebook_server.domain.release import Item, Release
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
from cuebook_server.services.prompts import side_by_side, versions_of
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
    given = _given(scope, release, scope.releases.approvals(release))
    return newest_by_person([each for _, each in given]).get(person)


def since(
    scope: Scope, release: Release, weighed: Weighed, approvals: Sequence[Approval], counting: Sequence[Approval]
) -> Sequence[Since]:
    """For everybody who approved, and whose approval does not count now: what changed since."""
    given = list(_given(scope, release, approvals))
    people = {approval.person for approval in counting}
    last = [each for person, each in newest_by_person([each for _, each in given]).items() if person not in people]
    releases = {of.release_id: of for of, _ in given}
    by_release: dict[int, list[Approval]] = {}
    for each in last:
        by_release.setdefault(each.release_id, []).append(each.approval)
    items = {number: _items(scope, releases[number], weighed) for number in by_release}
    rules = {number: _rules(scope, releases[number], of, weighed) for number, of in by_release.items()}
    return [Since(each, items[each.release_id], rules[each.release_id].get(each.approval.signature)) for each in last]


def _given(scope: Scope, release: Release, approvals: Sequence[Approval]) -> Iterator[tuple[Release, Given]]:
    """The approvals of a release, and those of what it takes up again, each with its release."""
    for _ in range(REBASES_MAX):
        for approval in approvals:
            yield release, Given(release.release_id, approval)
        before = scope.releases.find(release.rebases) if release.rebases else None
        if before is None:
            return
        release, approvals = before, scope.releases.approvals(before)


def _items(scope: Scope, approved: Release, weighed: Weighed) -> Sequence[ItemSince]:
    """The items that are not what was approved, with what changed in plain words."""
    live = [replace(move.item, replaces=move.old.number if move.old else None) for move in weighed.moves]
    found = items_since(approved.items, live)
    sides = [item for each in found for item in (each.then, each.now) if item]
    versions = versions_of(scope, ((item.prompt_id, number) for item in sides for number in (item.version, item.replaces)))

    def summary(item: Item, old: int | None, new: int | None) -> Sequence[str]:
        before, after = (versions.get((item.prompt_id, number or 0)) for number in (old, new))
        compared = side_by_side(before, after) if old != new else None
        return summarize(compared.diff) if compared else ()

    return [
        replace(
            each,
            summary=summary(then, then.version, now.version),
            base=summary(then, then.replaces, now.replaces),
        )
        if (then := each.then) and (now := each.now)
        else each
        for each in found
    ]


def _rules(
    scope: Scope, approved: Release, approvals: Sequence[Approval], weighed: Weighed
) -> Mapping[str, PolicySince | None]:
    """How the rules changed since approvals, by signature: it says under which revision of them each was given."""
    environment = weighed.environment
    wanted = AuditFilter(action="environment.changed", environment=environment.name, since=min(a.at for a in approvals))
    changes = scope.audit.latest(wanted, limit=POLICY_CHANGES_MAX)
    versions = versions_of(scope, ((item.prompt_id, item.version) for item in approved.items))
    digests = ((item, versions.get((item.prompt_id, item.version or 0))) for item in approved.items)
    facts = [ItemFacts(item, version.digest if version else None) for item, version in digests]
    waiting = {approval.signature for approval in approvals}
    found: dict[str, PolicySince | None] = {}
    for back, change in enumerate((None, *changes)):
        if not waiting - found.keys():
            break
        revision = environment.policy_revision - back
        then: Mapping[str, object] = change["before"]["policy"] if change else environment.policy.to_json()
        since_then = PolicySince(revision, environment.policy_revision, rules_since(then, environment.policy.to_json()))
        found[sign(environment.name, facts, revision, approved.policy)] = since_then if back else None
    return found
