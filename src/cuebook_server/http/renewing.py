"""What moved under a release, and what changed since it was approved, as callers of the API see it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cuebook_server.domain.release import Item
from cuebook_server.domain.renewal import Moved, Since
from cuebook_server.http.door import Shown


class ItemShown(Shown):
    """One pointer's move; ``version`` is null where the prompt is retired, ``replaces`` where nothing was live."""

    prompt: str
    version: int | None
    replaces: int | None


class MovedShown(Shown):
    """What made a release stale: instead of ``yours``, ``theirs`` is live; by whose release, and when."""

    prompt: str
    yours: int | None
    theirs: int | None
    release: int | None
    by: str
    at: datetime
    reason: str


class ItemSinceShown(Shown):
    """An item that is not what was approved: the item then and now (null: the release did not hold it), and in plain words how
    the version (``summary``) and what it replaces (``base``) differ.
    """

    prompt: str
    then: ItemShown | None
    now: ItemShown | None
    summary: list[str]
    base: list[str]


class RuleSinceShown(Shown):
    """A rule of the policy, before and after."""

    rule: str
    before: Any
    after: Any


class PolicySinceShown(Shown):
    """How the environment's rules changed."""

    before: int
    after: int
    rules: list[RuleSinceShown]


class SinceShown(Shown):
    """What changed since a person approved ``release``, this one or one that it takes up again. With no item and no policy the
    approval only lapsed. Approving without a meaning says the same again.
    """

    person: str
    release: int
    meaning: str
    at: datetime
    items: list[ItemSinceShown]
    policy: PolicySinceShown | None


def show_item(item: Item) -> ItemShown:
    """An item as a caller sees it."""
    return ItemShown(prompt=item.prompt, version=item.version, replaces=item.replaces)


def show_moved(moved: Moved) -> MovedShown:
    """What moved, as a caller sees it."""
    return MovedShown(prompt=moved.prompt, **moved.to_json())


def show_since(found: Since) -> SinceShown:
    """What changed since an approval, as a caller sees it."""
    approval, policy = found.given.approval, found.policy
    items = [
        ItemSinceShown(
            prompt=item.prompt,
            then=show_item(item.then) if item.then else None,
            now=show_item(item.now) if item.now else None,
            summary=list(item.summary),
            base=list(item.base),
        )
        for item in found.items
    ]
    rules = [RuleSinceShown(rule=name, before=old, after=new) for name, (old, new) in policy.rules.items()] if policy else []
    changed = PolicySinceShown(before=policy.before, after=policy.after, rules=rules) if policy else None
    return SinceShown(
        person=approval.person,
        release=found.given.release_id,
        meaning=approval.meaning,
        at=approval.at,
        items=items,
        policy=changed,
    )
