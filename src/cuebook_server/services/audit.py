"""Reading the audit chain, vouching for it, and one page of evidence for a release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import AuditFilter
from cuebook_server.domain.decision import Approval
from cuebook_server.domain.prompt import Version
from cuebook_server.domain.release import Comment, Item, Release, Review, Step
from cuebook_server.domain.summary import summarize
from cuebook_server.services.environments import known
from cuebook_server.services.ports import Scope, Signer, UnitOfWork
from cuebook_server.services.projects import enter
from cuebook_server.services.prompts import side_by_side, versions_of
from cuebook_server.services.releases import found
from cuebook_server.services.reviewing import longest_of

EVIDENCE_ENTRIES_MAX = 200


@dataclass(frozen=True, slots=True)
class MoveEvidence:
    """One item: the digests on both sides, what changed in plain words, and until when it was live (``None``: it still is).

    longest: the version that had been live longest in the 90 days before; drift: what changed against that one, empty where it
    is the one replaced.
    """

    item: Item
    digest: str | None
    replaced_digest: str | None
    summary: Sequence[str]
    live_until: datetime | None
    longest: int | None
    drift: Sequence[str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything an auditor asks of one release, with the chain's entries that say so."""

    release: Release
    moves: Sequence[MoveEvidence]
    approvals: Sequence[Approval]
    comments: Sequence[Comment]
    review: Review | None
    entries: Sequence[Mapping[str, Any]]


def entries(
    actor: Actor, uow: UnitOfWork, project: str, wanted: AuditFilter, *, after: int, limit: int
) -> Sequence[Mapping[str, Any]]:
    """The chain's entries after a number, in order, each with its hash."""
    scope = enter(actor, uow, project)
    return _checked(scope, wanted, scope.audit.entries(wanted, after=after, limit=limit))


def latest(
    actor: Actor, uow: UnitOfWork, project: str, wanted: AuditFilter, *, before: int, limit: int
) -> Sequence[Mapping[str, Any]]:
    """The chain's entries before a number, newest first."""
    scope = enter(actor, uow, project)
    return _checked(scope, wanted, scope.audit.latest(wanted, before=before, limit=limit))


def _checked(scope: Scope, wanted: AuditFilter, found: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """That nothing happened is no answer about an environment that does not exist, such as a mistyped one."""
    if wanted.environment and not found:
        known(scope, wanted.environment)
    return found


def checkpoint(actor: Actor, uow: UnitOfWork, project: str, signer: Signer) -> Mapping[str, Any]:
    """A signed word of how long the chain is now: kept elsewhere, it makes a cut or rewritten chain visible."""
    scope = enter(actor, uow, project)
    seq, head = scope.audit.head()
    return signer.checkpoint(project, seq, head, uow.now)


def evidence(actor: Actor, uow: UnitOfWork, project: str, release_id: int) -> Evidence:
    """One page for one release: who asked, what changed, what was checked, who approved and applied, until when it was live."""
    scope = enter(actor, uow, project)
    release = found(scope, release_id)
    told = AuditFilter(target=f"release {release_id}")
    return Evidence(
        release=release,
        moves=_moves(scope, release, uow.now),
        approvals=scope.releases.approvals(release),
        comments=scope.releases.comments(release),
        review=scope.releases.review(release_id),
        entries=scope.audit.entries(told, after=0, limit=EVIDENCE_ENTRIES_MAX),
    )


def _moves(scope: Scope, release: Release, now: datetime) -> Sequence[MoveEvidence]:
    longest = {of: number for of, (number, _) in longest_of(scope, release, release.items, now).items()}
    sides = ((i.prompt_id, n) for i in release.items for n in (i.version, i.replaces, longest.get(i.prompt_id)))
    versions = versions_of(scope, sides)
    lives = scope.environments.steps(known(scope, release.environment), [item.prompt_id for item in release.items])
    return [
        _move(item, versions, longest.get(item.prompt_id), _until(lives.get(item.prompt_id, ()), release))
        for item in release.items
    ]


def _until(life: Sequence[Step], release: Release) -> datetime | None:
    """When what a release made live was replaced; ``None`` while it is live, or where it never was."""
    return next((step.at for step in life if release.revision is not None and step.revision > release.revision), None)


def _move(item: Item, versions: Mapping[tuple[int, int], Version], longest: int | None, until: datetime | None) -> MoveEvidence:
    new, old, stayed = (versions.get((item.prompt_id, n or 0)) for n in (item.version, item.replaces, longest))
    replaced, drifted = side_by_side(old, new), side_by_side(stayed, new) if longest != item.replaces else None
    summary = summarize(replaced.diff) if replaced else ["first version here" if new else "retired"]
    drift = summarize(drifted.diff) if drifted else []
    return MoveEvidence(item, new.digest if new else None, old.digest if old else None, summary, until, longest, drift)
