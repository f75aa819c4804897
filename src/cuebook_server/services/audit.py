"""Reading the audit chain, vouching for it, and one page of evidence for a release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import AuditFilter
from cuebook_server.domain.decision import Approval
from cuebook_server.domain.release import Comment, Item, Release, Review
from cuebook_server.domain.summary import summarize
from cuebook_server.services.ports import Scope, Signer, UnitOfWork
from cuebook_server.services.projects import enter
from cuebook_server.services.prompts import locate, side_by_side
from cuebook_server.services.releases import found
from cuebook_server.services.reviewing import measure

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
    return enter(actor, uow, project).audit.entries(wanted, after=after, limit=limit)


def latest(
    actor: Actor, uow: UnitOfWork, project: str, wanted: AuditFilter, *, before: int, limit: int
) -> Sequence[Mapping[str, Any]]:
    """The chain's entries before a number, newest first."""
    return enter(actor, uow, project).audit.latest(wanted, before=before, limit=limit)


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
        moves=[_move(scope, release, item, uow.now) for item in release.items],
        approvals=scope.releases.approvals(release),
        comments=scope.releases.comments(release),
        review=scope.releases.review(release_id),
        entries=scope.audit.entries(told, after=0, limit=EVIDENCE_ENTRIES_MAX),
    )


def _move(scope: Scope, release: Release, item: Item, now: datetime) -> MoveEvidence:
    prompt = locate(scope, item.prompt)
    longest, _ = measure(scope, release, item, now) or (None, None)
    numbers = (item.version, item.replaces, longest)
    new, old, stayed = (scope.prompts.version(prompt, number) if number else None for number in numbers)
    replaced, drifted = side_by_side(old, new), side_by_side(stayed, new) if longest != item.replaces else None
    summary = summarize(replaced.diff) if replaced else ["first version here" if new else "retired"]
    drift = summarize(drifted.diff) if drifted else []
    environment = scope.environments.find(release.environment)
    assert environment is not None
    until = scope.environments.ended(environment, prompt.prompt_id, release.revision) if release.revision else None
    return MoveEvidence(item, new.digest if new else None, old.digest if old else None, summary, until, longest, drift)
