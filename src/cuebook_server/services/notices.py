"""Notices: what becomes of releases is told to the people it concerns, in the transaction in which it happens."""

from __future__ import annotations

from collections.abc import Sequence

from cuebook_server.domain.access import Actor
from cuebook_server.domain.notice import PEOPLE_MAX, SENTENCE_CHARS_MAX, Notice
from cuebook_server.domain.release import Release
from cuebook_server.services.ports import Scope, UnitOfWork

# What becomes of a release at its moment, while nobody looks.
_ENDS = {"release.stale": "is stale", "release.failed": "failed"}


def tell(actor: Actor, scope: Scope, action: str, release: Release, seq: int, why: str) -> None:
    """Tell of entry ``seq`` of the chain whoever must know: approvers what waits or was skipped, authors what ended."""
    place, number, author = release.environment, release.release_id, release.person or release.author
    because = f": {why}" if why else "."
    if release.state == "applied" and release.items:
        for other, their_author in scope.notices.overtaken(number, PEOPLE_MAX):
            _add(
                actor,
                scope,
                [their_author],
                seq,
                f"Your release {other} to {place} is stale: release {number} came first.",
                other,
            )
    if action == "release.break_glass":
        sentence = f"{actor.principal} broke the glass in {place} with release {number}, past its rules: it needs a review."
        _add(actor, scope, _approvers(scope, place), seq, sentence, number)
    elif action == "release.proposed" and _waits(release):
        sentence = f"Release {number} to {place} waits for approval: {release.author} proposed it."
        _add(actor, scope, _approvers(scope, place), seq, sentence, number)
    elif action == "release.declined":
        _add(actor, scope, [author], seq, f"Your release {number} to {place} was declined{because}", number)
    elif action in _ENDS:  # at its moment, in the name of whoever scheduled it: they were not there
        people = {author, (release.schedule.person if release.schedule else None) or author}
        _write(scope, sorted(people), seq, f"Release {number} to {place} {_ENDS[action]}{because}", number)


def _add(actor: Actor, scope: Scope, people: Sequence[str], seq: int, sentence: str, release_id: int) -> None:
    """Nobody is told of what they did themselves."""
    if told := [login for login in people if login != (actor.person or actor.principal)]:
        _write(scope, told, seq, sentence, release_id)


def _write(scope: Scope, people: Sequence[str], seq: int, sentence: str, release_id: int) -> None:
    line = " ".join(sentence.split())
    cut = line if len(line) <= SENTENCE_CHARS_MAX else line[: SENTENCE_CHARS_MAX - 1] + "…"
    scope.notices.add(people, seq, cut, release_id)


def mine(actor: Actor, uow: UnitOfWork, *, before: int, limit: int) -> tuple[Sequence[Notice], int]:
    """One's own notices, newest first, and how many of all are unread. A service is told nothing."""
    if actor.person is None:
        return [], 0
    projects = _seen(actor, uow)
    return uow.notices.of(actor.person, projects, before, limit), uow.notices.unread(actor.person, projects)


def read(actor: Actor, uow: UnitOfWork, up_to: int) -> int:
    """Note that one's own notices were read, up to that number; how many that were."""
    return uow.notices.read(actor.person, _seen(actor, uow), up_to) if actor.person else 0


def _seen(actor: Actor, uow: UnitOfWork) -> list[int]:
    """Who left a project is told of it no more."""
    return [project.project_id for project in uow.projects.all() if actor.sees(project.project_id)]


def _approvers(scope: Scope, environment: str) -> Sequence[str]:
    found = scope.environments.find(environment)
    return scope.notices.holders(found.policy.approvals.roles, environment, PEOPLE_MAX) if found else []


def _waits(release: Release) -> bool:
    return any(rule["rule"] == "approvals" and not rule["passed"] for rule in release.decision["rules"])
