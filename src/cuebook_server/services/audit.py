"""Reading the audit chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cuebook_server.domain.access import Actor
from cuebook_server.services.ports import UnitOfWork
from cuebook_server.services.projects import enter


def entries(actor: Actor, uow: UnitOfWork, project: str, *, after: int, limit: int) -> Sequence[Mapping[str, Any]]:
    """The chain's entries after a number, in order, each with its hash."""
    return enter(actor, uow, project).audit.entries(after, limit)
