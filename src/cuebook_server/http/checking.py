"""Looking at a draft over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field

from cuebook_server.domain.check import Finding, Kind
from cuebook_server.http.door import Body, Route, Shown, Through
from cuebook_server.services import checking

router = APIRouter(prefix="/projects/{project}", tags=["prompts"], route_class=Route)


class CheckIn(Body):
    """A draft to look at, and values to try it with; samples stand for those that are left out."""

    content: Any
    variables: dict[str, Any] = Field(default_factory=dict)


class FindingShown(Shown):
    """Something worth a look. ``at``: a JSON pointer into the content; ``start``, ``end``: characters of the text there.

    Characters are Unicode code points. ``confirm``: ask somebody before it is saved.
    """

    kind: Kind
    sentence: str
    at: str
    start: int | None
    end: int | None
    confirm: bool


class TokensShown(Shown):
    """How many tokens the rendered texts have, by which tokenizer; ``exact``: it is the model's own."""

    tokens: int
    by: str
    exact: bool


class CostShown(Shown):
    """What that costs as input, in US dollars a call; ``as_of`` is empty where the list of prices does not say."""

    usd: float
    source: str
    as_of: str


class CheckedShown(Shown):
    """What a draft would be. ``variables``: the whole contract; ``values``: those it was rendered with.

    ``cost`` is null where the content names no model, or one whose price nobody has told.
    """

    findings: list[FindingShown]
    variables: dict[str, dict[str, Any]]
    includes: dict[str, int]
    values: dict[str, Any]
    text: str | None
    messages: list[dict[str, Any]] | None
    tokens: TokensShown
    cost: CostShown | None


class CompareIn(Body):
    """A draft, and the version it is held against: a number, `latest`, or an environment's name."""

    content: Any
    against: str | int = "latest"


class DraftDiffShown(Shown):
    """A draft compared with the version ``against``: prose by words, the rest by fields, and in plain words."""

    against: int
    same: bool
    prose: list[dict[str, Any]]
    fields: list[dict[str, Any]]
    summary: list[str]
    breaking: list[dict[str, str]]


@router.post("/prompts/{name}/check")
def check_draft(project: str, name: str, body: CheckIn, door: Through) -> CheckedShown:
    """Look at a draft as a save would take it: findings, a preview, tokens, cost. The prompt may be new; nothing is stored."""
    locked = door.read(lambda actor, uow: checking.lock(actor, uow, project, name, body.content))
    found = checking.look(locked, body.variables, door.aids)
    return CheckedShown(
        findings=show_findings(found.findings),
        variables={variable: dict(spec) for variable, spec in found.served["variables"].items()},
        includes=dict(found.includes),
        values=dict(found.values),
        text=found.rendered.text,
        messages=found.rendered.messages,
        tokens=TokensShown(**asdict(found.tokens)),
        cost=CostShown(**asdict(found.cost)) if found.cost else None,
    )


@router.post("/prompts/{name}/compare", response_model=DraftDiffShown)
def compare_draft(project: str, name: str, body: CompareIn, door: Through) -> Response:
    """Compare a draft with a version, as two versions are compared. Nothing is stored."""
    found = door.read(lambda actor, uow: checking.compare(actor, uow, project, name, body.content, str(body.against)))
    told = {key: value for key, value in found.diff.to_json().items() if key in DraftDiffShown.model_fields}
    shown = DraftDiffShown.model_validate({"against": found.old.number, **told, "breaking": [*map(asdict, found.breaking)]})
    return Response(shown.model_dump_json(), media_type="application/json")


def show_findings(found: Iterable[Finding]) -> list[FindingShown]:
    """Findings as a caller sees them."""
    return [FindingShown(**asdict(one), confirm=one.confirm) for one in found]
