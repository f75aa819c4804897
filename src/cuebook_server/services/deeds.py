"""What somebody can do with a release as it stands. The use cases decide, by the same rules; this is what is offered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from cuebook_server.domain.access import Actor, Permission
from cuebook_server.domain.decision import involved

if TYPE_CHECKING:  # a standing tells its own deeds
    from cuebook_server.services.releases import Standing

Deed = Literal[
    "approve",
    "decline",
    "apply",
    "schedule",
    "unschedule",
    "rebase",
    "revise",
    "withdraw",
    "break_glass",
    "roll_back",
    "review",
]


def of(actor: Actor, standing: Standing, apply_needs: Permission) -> tuple[Deed, ...]:
    """Everything the actor may do with it now, but for a comment, which is everybody's."""
    waits = standing.weighed is not None and standing.seen != "expired"
    return tuple(_while_it_waits(actor, standing, apply_needs) if waits else _afterwards(actor, standing))


def _while_it_waits(actor: Actor, standing: Standing, apply_needs: Permission) -> Iterator[Deed]:
    release, stale = standing.release, standing.seen == "stale"
    mine = actor.answerable == (release.person or release.author)
    applies = _may(actor, standing, "releases.apply") and _may(actor, standing, apply_needs)
    proposes = _may(actor, standing, "releases.propose")
    if not stale and _can_approve(actor, standing):
        yield "approve"
    if _may(actor, standing, "releases.approve"):
        yield "decline"
    if applies and standing.seen == "approved":
        yield "apply"
    if applies and not stale:
        yield "schedule"
    if release.schedule and (release.author == actor.principal or _may(actor, standing, "releases.apply")):
        yield "unschedule"
    if proposes and stale:
        yield "rebase"
    if proposes and mine and release.kind != "policy":
        yield "revise"
    if proposes and mine:
        yield "withdraw"
    if standing.seen == "proposed" and _emergency(standing) and _may(actor, standing, "releases.break_glass"):
        yield "break_glass"


def _afterwards(actor: Actor, standing: Standing) -> Iterator[Deed]:
    release, review = standing.release, standing.review
    replaced = any(item.replaces is not None for item in release.items)
    if release.state == "applied" and replaced and _may(actor, standing, "releases.rollback"):
        yield "roll_back"
    others = actor.person is not None and actor.person not in (release.person, release.author)
    if review and review.closed_at is None and others and _may(actor, standing, "releases.approve"):
        yield "review"


def _can_approve(actor: Actor, standing: Standing) -> bool:
    """Whether an approval of theirs is asked for and would count."""
    if standing.weighed is None or actor.person is None or not _may(actor, standing, "releases.approve"):
        return False
    rules = standing.weighed.environment.policy.approvals
    if not rules.count or actor.person in {given.person for given in standing.counting}:
        return False
    own = not rules.author and actor.person in involved(standing.weighed.facts)
    release = standing.release
    return not own and bool(actor.roles(release.project_id, release.environment) & set(rules.roles))


def _emergency(standing: Standing) -> bool:
    """Whether the glass could be broken: what was recalled stays out, and an emergency changes no rules."""
    unmet = standing.weighed.decision.unmet if standing.weighed else ()
    return standing.release.kind != "policy" and not any(verdict.rule == "recalled" for verdict in unmet)


def _may(actor: Actor, standing: Standing, permission: Permission) -> bool:
    return actor.may(permission, standing.release.project_id, standing.release.environment)
