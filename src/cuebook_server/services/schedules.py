"""Releases applied at a moment to come: "Tuesday 09:00 Europe/Paris".

Whoever may apply a release may say when. At that moment everything is asked again: their rights, the pointers, the policy. Then
the release is applied, or it is stale or failed, and says why; it is never applied late, and never silently not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cuebook_server.domain.access import SERVER, Actor, Grant, Permission
from cuebook_server.domain.errors import CuebookError, Forbidden, KeyRevoked, NotFound, Unavailable
from cuebook_server.domain.release import PROPOSAL_LIFE, Comment, Release
from cuebook_server.domain.schedule import BadMoment, Missed, Schedule, instant
from cuebook_server.services import releases
from cuebook_server.services.credentials import check_counts, scopes_left
from cuebook_server.services.ports import Project, Scope, UnitOfWork, Units
from cuebook_server.services.projects import enter
from cuebook_server.services.releases import NEEDED, ReleaseEnded, Request, StaleRelease, Standing, found, tell
from cuebook_server.services.rounds import for_each

DUE_MAX = 100  # releases of one round; the next comes within a second


def schedule(actor: Actor, uow: UnitOfWork, project: str, release_id: int, moment: str) -> Standing:
    """Say when a proposed release is to be applied, in the actor's name. A later word takes the place of an earlier one."""
    at, zone = instant(moment)
    scope = enter(actor, uow, project)
    release = found(scope, release_id)
    for permission in ("releases.apply", NEEDED[release.kind]):
        actor.require(permission, scope.project.project_id, release.environment)
    _refuse_ended(releases.find(actor, uow, project, release_id))
    if not uow.now < at < release.created_at + PROPOSAL_LIFE:
        when = "has passed" if at <= uow.now else f"is more than {PROPOSAL_LIFE.days} days after the proposal"
        raise BadMoment(f"{moment[:60]!r} {when}.")
    wanted = Schedule(at, zone, actor.principal, actor.person, actor.credential)
    scope.releases.schedule(release, wanted)
    tell(actor, scope, "release.scheduled", release, after={"at": at.isoformat(), "zone": zone})
    return releases.find(actor, uow, project, release_id)


def propose(actor: Actor, uow: UnitOfWork, project: str, request: Request, moment: str) -> Release:
    """Ask for a release and say when it is to be applied."""
    made = releases.propose(actor, uow, project, request)
    return schedule(actor, uow, project, made.release_id, moment).release


def unschedule(actor: Actor, uow: UnitOfWork, project: str, release_id: int) -> Standing:
    """Take the moment back: the release waits for people again. Its author may, and whoever may apply it."""
    scope = enter(actor, uow, project)
    release = found(scope, release_id)
    if release.author != actor.principal:
        actor.require("releases.apply", scope.project.project_id, release.environment)
    _refuse_ended(releases.find(actor, uow, project, release_id))
    if release.schedule is None:
        raise NotFound(f"Release {release_id} waits for no moment.")
    scope.releases.schedule(release, None)
    tell(actor, scope, "release.unscheduled", release, before={"at": release.schedule.at.isoformat()})
    return releases.find(actor, uow, project, release_id)


def waiting(actor: Actor, uow: UnitOfWork, project: str) -> Sequence[Release]:
    """The releases that wait for their moment, the next first."""
    return enter(actor, uow, project).releases.scheduled()


def keep_all(units: Units, stopping: Callable[[], bool]) -> None:
    """Keep every schedule whose moment has come, each in a transaction of its own. Any node may, at any time."""
    with units.read() as uow:
        due = uow.projects.due(DUE_MAX)

    def keep_one(waiting: tuple[Project, int]) -> None:
        with units.write() as uow:
            keep(uow, *waiting)

    for_each(due, keep_one, stopping)


def keep(uow: UnitOfWork, project: Project, release_id: int) -> Release | None:
    """Apply a release whose moment has come; ``None`` when it is no longer waiting for it.

    The project is locked before the release is read: of all nodes that come at once, the first does it and the others find it
    done. A crash before the commit leaves it due.
    """
    scope = uow.scope(project)
    release = scope.releases.find(release_id)
    if release is None or release.state != "proposed" or release.schedule is None or not release.schedule.due(uow.now):
        return None
    wanted = release.schedule
    actor = Actor(SERVER, SERVER, (), f"schedule-{release_id}", SERVER)
    try:
        if wanted.missed(uow.now):
            raise Missed(f"Nothing ran when its moment came: {wanted.shown}.")
        actor = _in_the_name_of(uow, wanted, release)
        return releases.apply(actor, uow, project.name, release_id)
    except Unavailable:
        raise
    except StaleRelease as refusal:
        return _stale(actor, scope, uow, release, refusal.detail)
    except CuebookError as refusal:
        return _fail(actor, scope, uow, release, refusal.detail)


def _in_the_name_of(uow: UnitOfWork, wanted: Schedule, release: Release) -> Actor:
    """Who scheduled a release, with the rights they have now, narrowed to what this needs."""
    needed = frozenset[Permission]({"read", "releases.apply", NEEDED[release.kind]})
    actor = Actor(wanted.by, wanted.credential, (), f"schedule-{release.release_id}", "schedule", scopes=needed)
    if wanted.person is not None:
        person = uow.people.find(wanted.person)
        if person is None or person.disabled_at is not None:
            raise Forbidden(f"{wanted.by} has no account any more.")
        own = uow.personal_tokens.find(wanted.credential)
        if own is not None and own.revoked_at is not None:
            raise KeyRevoked(f"The token by which {wanted.by} scheduled it was revoked.")
        return replace(actor, person=person.login, grants=uow.people.grants(person))
    token = uow.credentials.token(wanted.credential)
    if token is None:
        raise Forbidden(f"The token of {wanted.by} is gone.")
    check_counts(token, uow.now)
    left = scopes_left(uow, token)
    scopes = needed if left is None else needed & left
    return replace(actor, owner=token.owner, grants=(Grant(token.role, token.project_id),), scopes=scopes)


def _stale(actor: Actor, scope: Scope, uow: UnitOfWork, release: Release, why: str) -> Release:
    """The moment came and the environment had moved: people decide again, over what is live now."""
    assert release.schedule is not None
    said = f"Not applied on {release.schedule.shown}: {why} Rebase it, then schedule it anew."
    scope.releases.add_comment(release, Comment(SERVER, said, uow.now))
    tell(actor, scope, "release.stale", release, reason=said)
    return scope.releases.schedule(release, None)


def _fail(actor: Actor, scope: Scope, uow: UnitOfWork, release: Release, why: str) -> Release:
    failed = replace(release, state="failed", ended_at=uow.now, ended_by=actor.principal, ended_why=why)
    scope.releases.end(failed)
    tell(actor, scope, "release.failed", release, reason=why)
    return failed


def _refuse_ended(standing: Standing) -> None:
    release = standing.release
    if standing.seen == "stale":
        raise StaleRelease(f"{release.environment} has changed since release {release.release_id} was proposed.")
    if standing.seen not in {"proposed", "approved"}:
        raise ReleaseEnded(f"Release {release.release_id} is {standing.seen}.", state=standing.seen)
