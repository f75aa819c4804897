"""What happened, for good: one append-only chain a project."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cuebook.audit import GENESIS, entry_hash
from cuebook_server.domain.access import Actor

__all__ = ["GENESIS", "AuditFilter", "Happening", "Read", "entry"]

READ = "content.read"


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted; what is empty does not matter. An ``action`` that ends with a dot means all of its kind."""

    principal: str = ""
    action: str = ""
    target: str = ""
    environment: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """What a use case did, before it becomes an entry of the chain. Never holds a secret."""

    action: str
    target: str
    environment: str | None = None
    revision: int | None = None
    reason: str = ""
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class Read:
    """A person was shown the content that an environment served at a revision."""

    project: str
    prompt: str
    version: int
    digest: str
    environment: str
    revision: int

    @property
    def happening(self) -> Happening:
        """The read as an entry of the project's chain."""
        after = {"version": self.version, "digest": self.digest}
        return Happening(READ, f"{self.prompt}@{self.version}", self.environment, self.revision, after=after)


def entry(happening: Happening, actor: Actor, *, seq: int, at: datetime, prev: str) -> dict[str, Any]:
    """The chain's next entry, with its hash, as JSON values."""
    values: dict[str, Any] = {
        "seq": seq,
        "at": at.isoformat(),
        "principal": actor.principal,
        "credential": actor.credential,
        "request_id": actor.request_id,
        "source": actor.source,
        "action": happening.action,
        "target": happening.target,
        "environment": happening.environment,
        "revision": happening.revision,
        "reason": happening.reason,
        "before": happening.before,
        "after": happening.after,
        "prev": prev,
    }
    return values | {"hash": entry_hash(values)}
