"""One page of evidence for a release."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cuebook_server.http.door import Shown
from cuebook_server.http.releases import CommentShown, ReleaseShown, ReviewShown, show_review
from cuebook_server.http.releases import show as show_release
from cuebook_server.services.audit import Evidence


class MoveShown(Shown):
    """One item: both digests, what changed in plain words, until when it was live (null: it still is, or never was).

    ``longest``: the version that had been live longest in the 90 days before; ``drift``: what changed against that one, empty
    where it is the one replaced.
    """

    prompt: str
    version: int | None
    digest: str | None
    replaces: int | None
    replaced_digest: str | None
    summary: list[str]
    live_until: datetime | None
    longest: int | None
    drift: list[str]


class SignatureShown(Shown):
    """A person's approval and its meaning."""

    person: str
    roles: list[str]
    meaning: str
    at: datetime
    signature: str


class EvidenceShown(Shown):
    """Everything an auditor asks of one release; ``entries`` are those of the audit chain, with their hashes."""

    release: ReleaseShown
    moves: list[MoveShown]
    approvals: list[SignatureShown]
    comments: list[CommentShown]
    review: ReviewShown | None
    entries: list[dict[str, Any]]


def show(evidence: Evidence) -> EvidenceShown:
    """The evidence as a caller sees it."""
    moves = [
        MoveShown(
            prompt=move.item.prompt,
            version=move.item.version,
            digest=move.digest,
            replaces=move.item.replaces,
            replaced_digest=move.replaced_digest,
            summary=list(move.summary),
            live_until=move.live_until,
            longest=move.longest,
            drift=list(move.drift),
        )
        for move in evidence.moves
    ]
    approvals = [
        SignatureShown(person=a.person, roles=sorted(a.roles), meaning=a.meaning, at=a.at, signature=a.signature)
        for a in evidence.approvals
    ]
    return EvidenceShown(
        release=show_release(evidence.release),
        moves=moves,
        approvals=approvals,
        comments=[CommentShown(author=c.author, text=c.text, at=c.at) for c in evidence.comments],
        review=show_review(evidence.review) if evidence.review else None,
        entries=[dict(entry) for entry in evidence.entries],
    )
