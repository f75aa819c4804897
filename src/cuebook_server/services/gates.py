"""Gates: what evaluation suites report of exact digests. Releases are held against it; the suites themselves run elsewhere."""

from __future__ import annotations

import math
import re

from cuebook_server.domain import names
from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.decision import GateResult
from cuebook_server.domain.errors import Invalid
from cuebook_server.domain.prompt import check_text
from cuebook_server.services.ports import UnitOfWork
from cuebook_server.services.projects import enter

SUITE_REVISION_CHARS_MAX = 100
_DIGEST = re.compile("sha256:[0-9a-f]{64}")


class BadGateResult(Invalid):
    """The result of a gate is not valid."""

    code = "bad_gate_result"


def report(
    actor: Actor,
    uow: UnitOfWork,
    project: str,
    gate: str,
    *,
    digest: str,
    suite_revision: str,
    passed: bool,
    score: float | None = None,
) -> GateResult:
    """Say what a suite found of one digest. It stays; a later result takes its place.

    Whoever reports judges, so it takes the right to approve: an author's token cannot pass its own work.
    """
    scope = enter(actor, uow, project, "releases.approve")
    names.slug(gate, what="a gate")
    check_text("suite_revision", suite_revision, SUITE_REVISION_CHARS_MAX, lines=False)
    if not _DIGEST.fullmatch(digest):
        raise BadGateResult(f"{digest[:80]!r} is no digest.", hint="sha256: and 64 hexadecimal digits, as versions carry it.")
    if score is not None and not math.isfinite(score):
        raise BadGateResult("The score is no finite number.", hint="A suite that could not tell has not passed.")
    result = GateResult(gate, digest, suite_revision, passed, uow.now, score)
    scope.releases.add_gate_result(result, actor.principal)
    told = {"digest": digest, "suite_revision": suite_revision, "passed": passed, "score": repr(score)}
    scope.audit.append(actor, Happening("gate.reported", gate, after=told))
    return result
