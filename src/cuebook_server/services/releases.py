"""Releases: the only way to change what a pinned environment serves.

``_move`` moves pointers, and nothing else does. Before it, the actor is checked and the policy weighed against the facts of
this moment; in it each pointer is compared and set, the environment's revision raised once, and the release, the history and
the audit entry written, all in the caller's transaction: readers see all of it or nothing. The database refuses any other way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cuebook_server.domain.access import Actor, Permission
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.decision import Approval, counting, involved
from cuebook_server.domain.environment import Environment
from cuebook_server.domain.errors import Conflict, Forbidden, NotFound, NothingToRollBack, PolicyRefused
from cuebook_server.domain.prompt import Recall, Version, check_text
from cuebook_server.domain.release import (
    COMMENT_CHARS_MAX,
    REASON_CHARS_MAX,
    BadRelease,
    Change,
    Comment,
    Decision,
    Draft,
    Item,
    Kind,
    Release,
    Review,
    Seen,
    State,
    Verdict,
    Wanted,
    seen,
)
from cuebook_server.domain.renewal import Moved, Since
from cuebook_server.services import deeds, notices, renewing
from cuebook_server.services.environments import change_in, check_rules, known
from cuebook_server.services.ports import Scope, UnitOfWork
from cuebook_server.services.projects import enter
from cuebook_server.services.prompts import locate_all
from cuebook_server.services.weighing import Move, Request, Weighed, check_size, weigh, weigh_again

__all__ = ["Request", "Wanted", "Weighed"]  # from elsewhere, and theirs from here who call these use cases

MOVED_SHOWN = 3
NEEDED: dict[Kind, Permission] = {
    "promote": "releases.apply",
    "retire": "releases.apply",
    "rollback": "releases.rollback",
    "policy": "environments.write",
}


class StaleRelease(Conflict):
    """What the release would replace has changed since."""

    code = "stale_release"
    hint = "Rebase it: reviewers then see only what changed."


class NotStale(Conflict):
    """The release still replaces what is live now."""

    code = "not_stale"
    hint = "Approve or apply it as it is."


class ReleaseEnded(Conflict):
    """The release has ended already."""

    code = "release_ended"


class PersonNeeded(Forbidden):
    """Only a person can do this, not a service's token."""

    code = "person_needed"
    hint = "Sign in as yourself: an approval counts people, not credentials."


class OwnWork(Forbidden):
    """Somebody else must do this."""

    code = "own_work"
    hint = "Ask a colleague."


@dataclass(frozen=True, slots=True)
class Standing:
    """A release as it stands now: what it is, what its policy says at this moment, and who said what.

    moved: what made it stale. since: for everybody whose approval does not count any more, what changed since.
    forecast: what the policy would say at the moment the release is scheduled for, if nothing else happens until then.
    deeds: what whoever asks can do with it.
    """

    release: Release
    seen: Seen
    weighed: Weighed | None
    approvals: Sequence[Approval]
    comments: Sequence[Comment]
    review: Review | None
    counting: Sequence[Approval] = ()
    moved: Sequence[Moved] = ()
    since: Sequence[Since] = ()
    forecast: Decision | None = None
    deeds: Sequence[deeds.Deed] = ()


def create(actor: Actor, uow: UnitOfWork, project: str, request: Request) -> Release:
    """Release at once: every item of it, or nothing, and only where the policy asks for nobody else."""
    scope = enter(actor, uow, project, NEEDED[request.kind], environment=request.environment)
    weighed = weigh(scope, uow, request, actor.answerable)
    _let_in(weighed)
    release = scope.releases.add(weighed.environment, _draft(actor, weighed))
    return _move(actor, scope, release, weighed)


def consider(actor: Actor, uow: UnitOfWork, project: str, request: Request) -> Weighed:
    """What a release would do and what the policy says of it. Changes nothing."""
    scope = enter(actor, uow, project, environment=request.environment)
    return weigh(scope, uow, request, actor.answerable)


def propose(actor: Actor, uow: UnitOfWork, project: str, request: Request) -> Release:
    """Ask for a release that others then approve and apply."""
    scope = enter(actor, uow, project, "releases.propose", environment=request.environment)
    weighed = weigh(scope, uow, request, actor.answerable)
    release = scope.releases.add(weighed.environment, _draft(actor, weighed))
    before, after = _sides(weighed.moves)
    tell(actor, scope, "release.proposed", release, before=before, after=after)
    return release


def approve(actor: Actor, uow: UnitOfWork, project: str, release_id: int, meaning: str | None = None) -> Standing:
    """Sign exactly these digests, for this environment, in place of what is live there, under its policy of now.

    Without a meaning, that of the actor's last approval of the release, or of the one it takes up again, is renewed.
    """
    scope, release = _open(actor, uow, project, release_id, "releases.approve")
    if actor.person is None:
        raise PersonNeeded
    actor.require_recent_sign_in(uow.now)
    weighed = weigh_again(scope, uow, release, ())
    _refuse_stale(scope, uow, release, weighed)
    earlier = renewing.earlier(scope, release, actor.person)
    said = earlier.approval.meaning if meaning is None and earlier else meaning or ""
    if not check_text("meaning", said, REASON_CHARS_MAX).strip():
        raise BadRelease("The approval says nothing.", hint="Name its meaning, such as 'reviewed the wording'.")
    facts = weighed.facts
    rules = weighed.environment.policy.approvals
    if not rules.author and actor.person in involved(facts):
        raise OwnWork(f"{actor.person} wrote or proposed this, and cannot approve it.")
    roles = actor.roles(scope.project.project_id, release.environment)
    if not roles & set(rules.roles):
        raise Forbidden(f"{release.environment} takes approvals of {', '.join(rules.roles)}.", needed=list(rules.roles))
    approval = Approval(actor.person, frozenset(roles), said, facts.signature, uow.now)
    scope.releases.add_approval(release, approval, actor.credential)
    renews = {"renews": f"release {earlier.release_id}"} if earlier else {}
    tell(actor, scope, "release.approved", release, reason=said, after={"signature": facts.signature, **renews})
    return _standing(actor, scope, uow, release)


def apply(actor: Actor, uow: UnitOfWork, project: str, release_id: int) -> Release:
    """Apply a proposed release. Its policy is weighed again now; a moved base makes it stale."""
    scope, release = _open(actor, uow, project, release_id, "releases.apply")
    actor.require(NEEDED[release.kind], scope.project.project_id, release.environment)
    weighed = weigh_again(scope, uow, release, scope.releases.approvals(release))
    _refuse_stale(scope, uow, release, weighed)
    _let_in(weighed)
    return _move(actor, scope, release, weighed)


def decline(actor: Actor, uow: UnitOfWork, project: str, release_id: int, why: str) -> Release:
    """End a proposed release with a no."""
    scope, release = _open(actor, uow, project, release_id, "releases.approve")
    return _end(actor, scope, uow, release, "declined", why)


def withdraw(actor: Actor, uow: UnitOfWork, project: str, release_id: int, why: str = "") -> Release:
    """Take one's own proposal back."""
    scope, release = _open(actor, uow, project, release_id, "releases.propose")
    _only_author(actor, release, "withdraw", hint="Decline it instead.")
    return _end(actor, scope, uow, release, "withdrawn", why)


def comment(actor: Actor, uow: UnitOfWork, project: str, release_id: int, text: str) -> Standing:
    """Say something about a release."""
    scope = enter(actor, uow, project)
    release = found(scope, release_id)
    if not check_text("comment", text, COMMENT_CHARS_MAX).strip():
        raise BadRelease("The comment is empty.", hint="Say something.")
    scope.releases.add_comment(release, Comment(actor.principal, text, uow.now))
    tell(actor, scope, "release.commented", release)
    return _standing(actor, scope, uow, release)


def rebase(actor: Actor, uow: UnitOfWork, project: str, release_id: int, revised: Sequence[Wanted] = ()) -> Release:
    """Take a release up again, as a new one over what is live now, perhaps with other versions; the old one ends."""
    scope, release = _open(actor, uow, project, release_id, "releases.propose")
    if revised:
        _only_author(actor, release, "revise", hint="Propose your own.")
        check_size(revised)
    wanted = {item.prompt: Wanted(item.prompt, item.version) for item in release.items}
    prompts = locate_all(scope, [item.prompt for item in revised])
    wanted |= {prompt.name: item for prompt, item in zip(prompts, revised, strict=True)}
    items = list(wanted.values())
    request = Request(release.environment, release.kind, items, release.reason, release.shrink_meant, release.policy)
    weighed = weigh(scope, uow, request, actor.answerable)
    if weighed.items == release.items:
        raise NotStale(f"Nothing that release {release_id} replaces has changed.")
    fresh = scope.releases.add(weighed.environment, replace(_draft(actor, weighed), rebases=release.release_id))
    _end(actor, scope, uow, release, "withdrawn", f"Rebased as release {fresh.release_id}.")
    before, after = _sides(weighed.moves)
    tell(actor, scope, "release.proposed", fresh, before=before, after=after)
    return fresh


def break_glass(actor: Actor, uow: UnitOfWork, project: str, request: Request) -> Release:
    """Release at once in an emergency, past the policy. The rules skipped are a debt that somebody else must close."""
    scope = enter(actor, uow, project, "releases.break_glass", environment=request.environment)
    if request.kind == "policy":
        raise BadRelease("An emergency moves versions; it changes no rules.", hint="Propose the change of the policy.")
    if not request.reason.strip():
        raise BadRelease("An emergency needs a reason.", hint="Say what happened.")
    weighed = weigh(scope, uow, request, actor.answerable)
    skipped = tuple(verdict.rule for verdict in weighed.decision.unmet)
    if "recalled" in skipped:
        _let_in(weighed)
    release = scope.releases.add(weighed.environment, replace(_draft(actor, weighed), emergency=True))
    scope.releases.open_review(Review(release.release_id, release.environment, skipped, actor.principal, uow.now))
    return _move(actor, scope, release, weighed)


def take_back(actor: Actor, uow: UnitOfWork, scope: Scope, environment: Environment, recall: Recall) -> Release:
    """Take a recalled version out of an environment: back to the one before it that was not recalled, or to nothing.

    Whoever may recall may do this, whatever the policy asks: it brings in nothing new.
    """
    reason = f"Recalled: {recall.reason}"[:REASON_CHARS_MAX]
    request = Request(environment.name, "rollback", [Wanted(recall.prompt)], reason)
    try:
        weighed = weigh(scope, uow, request, actor.answerable)
    except NothingToRollBack:
        weighed = weigh(scope, uow, replace(request, kind="retire"), actor.answerable)
        said = Verdict("recalled", True, f"Version {recall.number} was recalled, and nothing is left to go back to.", {})
        weighed = replace(weighed, decision=Decision((said,), environment.policy_revision))
    release = scope.releases.add(environment, _draft(actor, weighed))
    return _move(actor, scope, release, weighed)


def close_review(actor: Actor, uow: UnitOfWork, project: str, release_id: int, text: str) -> Review:
    """Look at an emergency afterwards, and say what came of it. Nobody closes their own."""
    scope = enter(actor, uow, project)
    release = found(scope, release_id)
    actor.require("releases.approve", scope.project.project_id, release.environment)
    review = scope.releases.review(release_id)
    if review is None or review.closed_at is not None:
        raise NotFound(f"Release {release_id} has no open review.")
    if actor.person is None:
        raise PersonNeeded
    if actor.person in (release.person, release.author):
        raise OwnWork("An emergency is reviewed by another person than whoever declared it.")
    if not check_text("comment", text, COMMENT_CHARS_MAX).strip():
        raise BadRelease("A review closes with a comment.", hint="Say what was found.")
    closed = replace(review, closed_by=actor.principal, closed_at=uow.now, comment=text)
    scope.releases.close_review(closed)
    tell(actor, scope, "review.closed", release, reason=text)
    return closed


def reviews(actor: Actor, uow: UnitOfWork, project: str) -> Sequence[Review]:
    """The emergencies nobody has looked at yet, oldest first."""
    return enter(actor, uow, project).releases.open_reviews()


def find(actor: Actor, uow: UnitOfWork, project: str, release_id: int) -> Standing:
    """One release as it stands now."""
    scope = enter(actor, uow, project)
    return _standing(actor, scope, uow, found(scope, release_id))


def listed(
    actor: Actor, uow: UnitOfWork, project: str, environment: str, *, before: int, limit: int, states: Sequence[State] = ()
) -> Sequence[Release]:
    """Releases below a number, newest first, of one environment or (``""``) of all; in some states or (none) in any."""
    scope = enter(actor, uow, project)
    return scope.releases.list(known(scope, environment) if environment else None, before, limit, states)


def _only_author(actor: Actor, release: Release, verb: str, *, hint: str) -> None:
    if actor.answerable != (release.person or release.author):
        raise Forbidden(f"Only {release.author} can {verb} it.", hint=hint)


def _draft(actor: Actor, weighed: Weighed) -> Draft:
    return Draft(
        kind=weighed.kind,
        reason=weighed.reason,
        author=actor.principal,
        person=actor.person or actor.owner,
        items=weighed.items,
        decision=weighed.decision,
        notes=weighed.notes,
        signature=weighed.facts.signature,
        shrink_meant=weighed.facts.shrink_meant,
        policy=weighed.policy,
    )


def found(scope: Scope, release_id: int) -> Release:
    """The release of that number, or ``NotFound``."""
    release = scope.releases.find(release_id)
    if release is None:
        raise NotFound(f"There is no release {release_id}.")
    return release


def _open(actor: Actor, uow: UnitOfWork, project: str, release_id: int, permission: Permission) -> tuple[Scope, Release]:
    """A release that still waits, for an actor who may do this in its environment."""
    scope = enter(actor, uow, project)
    release = found(scope, release_id)
    actor.require(permission, scope.project.project_id, release.environment)
    if release.state != "proposed":
        raise ReleaseEnded(f"Release {release_id} was {release.state}.", state=release.state)
    if seen(release, allowed=False, stale=False, now=uow.now) == "expired":
        raise ReleaseEnded(f"Release {release_id} has expired.", state="expired", hint="Propose it again.")
    return scope, release


def _standing(actor: Actor, scope: Scope, uow: UnitOfWork, release: Release) -> Standing:
    approvals, comments = scope.releases.approvals(release), scope.releases.comments(release)
    weighed = weigh_again(scope, uow, release, approvals) if release.state == "proposed" else None
    stale = bool(weighed and weighed.stale_items)
    now = seen(release, allowed=bool(weighed and weighed.decision.allowed), stale=stale, now=uow.now)
    standing = Standing(release, now, weighed, approvals, comments, scope.releases.review(release.release_id))
    if weighed is not None:
        valid = counting(weighed.environment.policy, weighed.facts)
        changed = renewing.since(scope, release, weighed, approvals, valid)
        then = release.schedule.at if release.schedule else None
        forecast = weigh_again(scope, uow, release, approvals, at=then).decision if then else None
        moved = renewing.moved(scope, weighed, uow.now)
        standing = replace(standing, counting=valid, moved=moved, since=changed, forecast=forecast)
    return replace(standing, deeds=deeds.of(actor, standing, NEEDED[release.kind]))


def _refuse_stale(scope: Scope, uow: UnitOfWork, release: Release, weighed: Weighed) -> None:
    if moved := renewing.moved(scope, weighed, uow.now):
        raise StaleRelease(
            f"{release.environment} has changed since release {release.release_id} was proposed: {_moved(moved)}.",
            moved={each.prompt: each.to_json() for each in moved},
            revision=weighed.environment.revision,
        )


def _moved(moved: Sequence[Moved]) -> str:
    more = f" and {len(moved) - MOVED_SHOWN} more" if len(moved) > MOVED_SHOWN else ""
    return "; ".join(each.sentence for each in moved[:MOVED_SHOWN]) + more


def _let_in(weighed: Weighed) -> None:
    if not weighed.decision.allowed:
        sentences = " ".join(verdict.sentence for verdict in weighed.decision.unmet)
        raise PolicyRefused(sentences, decision=weighed.decision.to_json())


def _end(actor: Actor, scope: Scope, uow: UnitOfWork, release: Release, state: State, why: str) -> Release:
    check_text("reason", why, REASON_CHARS_MAX)
    ended = replace(release, state=state, ended_at=uow.now, ended_by=actor.principal, ended_why=why)
    scope.releases.end(ended)
    tell(actor, scope, f"release.{state}", release, reason=why)
    return ended


def _move(actor: Actor, scope: Scope, release: Release, weighed: Weighed) -> Release:
    """Move every pointer of a release that was let in, or change its rules. No other function moves pointers."""
    rules = None if weighed.policy is None else weighed.environment.policy.changed(weighed.policy)
    if rules is not None:
        check_rules(scope, rules, release.environment)  # before the first write: who catches it goes on in this transaction
    environment = scope.environments.raise_revision(weighed.environment)
    applied = scope.releases.apply(release, environment, weighed.decision)
    if weighed.moves:
        scope.environments.record(environment, [_change(actor, environment, release, item) for item in weighed.items])
        new = {move.item.prompt_id for move in weighed.moves if move.first}
        scope.environments.move(environment, weighed.items, release.release_id, new)
    if rules is not None:
        change_in(actor, scope, environment, rules, environment.position)
    before, after = _sides(weighed.moves)
    action = "release.break_glass" if release.emergency else f"release.{release.kind}"
    tell(actor, scope, action, applied, reason=release.reason, before=before, after=after)
    return applied


def _change(actor: Actor, environment: Environment, release: Release, item: Item) -> Change:
    return Change(
        revision=environment.revision,
        prompt_id=item.prompt_id,
        prompt=item.prompt,
        before=item.replaces,
        after=item.version,
        cause=release.kind,
        actor=actor.principal,
        at=environment.updated_at,
        release_id=release.release_id,
    )


def _sides(moves: Sequence[Move]) -> tuple[dict[str, object], dict[str, object]]:
    """What is replaced and what comes, by prompt."""
    return {move.item.prompt: _told(move.old) for move in moves}, {move.item.prompt: _told(move.new) for move in moves}


def _told(version: Version | None) -> dict[str, object] | None:
    return {"version": version.number, "digest": version.digest} if version else None


def tell(
    actor: Actor, scope: Scope, action: str, release: Release, *, reason: str = "", before: object = None, after: object = None
) -> None:
    """Write what became of a release into the chain, with its own reason where there is no other, and tell whom it concerns."""
    happening = Happening(
        action,
        f"release {release.release_id}",
        environment=release.environment,
        revision=release.revision,
        reason=reason or release.reason,
        before=before,
        after=after,
    )
    seq = scope.audit.append(actor, happening)
    notices.tell(actor, scope, action, release, seq, reason)
