"""Gates over HTTP: evaluation suites report here what they found of a digest."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Response

from cuebook_server.domain.decision import GateResult
from cuebook_server.http.door import Body, Route, Shown, Through
from cuebook_server.services import gates

router = APIRouter(prefix="/projects/{project}", tags=["gates"], route_class=Route)


class GateResultIn(Body):
    """What a suite, at one revision of itself, found of the content with this digest."""

    digest: str
    suite_revision: str
    passed: bool
    score: float | None = None


class GateResultShown(Shown):
    """A result as it was written down."""

    gate: str
    digest: str
    suite_revision: str
    passed: bool
    score: float | None
    at: datetime


@router.post("/gates/{gate}/results", response_model=GateResultShown, status_code=201)
def report_gate_result(project: str, gate: str, body: GateResultIn, door: Through) -> Response:
    """Report what an evaluation suite found of a digest; releases whose policy names the gate are held against it."""
    return door.write(lambda actor, uow: (201, _shown(gates.report(actor, uow, project, gate, **body.model_dump()))))


def _shown(result: GateResult) -> GateResultShown:
    return GateResultShown(
        gate=result.gate,
        digest=result.digest,
        suite_revision=result.suite_revision,
        passed=result.passed,
        score=result.score,
        at=result.at,
    )
