"""Beginning a new epoch: the database has another past than what was served before, so its revisions count anew."""

from __future__ import annotations

from cuebook_server.domain import access
from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.epoch import following
from cuebook_server.services.instance import instance
from cuebook_server.services.ports import UnitOfWork

NODE = Actor(access.SERVER, "node", (), "node")
OPERATOR = Actor(access.OPERATOR, "operator", (), "operator")


def begin(actor: Actor, uow: UnitOfWork, why: str, *, least: int = 0, expected: int | None = None) -> int | None:
    """Begin an epoch greater than ``least`` and the present one, told in the instance's chain; gives it back.

    Only where the present epoch is the ``expected`` one, if that is given: of several nodes that notice together, one acts.
    ``None``: another did.
    """
    chain = instance(uow).audit if uow.projects.all() else None  # opened first: writers come in one order
    present = uow.epochs.present()
    if expected is not None and present != expected:
        return None
    epoch = following(max(present, least), uow.now)
    uow.epochs.begin(epoch)
    if chain is not None:
        chain.append(actor, Happening("epoch.begun", "registry", reason=why, before={"epoch": present}, after={"epoch": epoch}))
    return epoch
