"""The audit chain over HTTP: read, exported, vouched for; and one page of evidence for a release."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from cuebook.audit import CSV_COLUMNS, csv_line
from cuebook_server.domain.audit import AuditFilter
from cuebook_server.domain.errors import BadRequest
from cuebook_server.http.door import Door, Limit, Route, Shown, Site, Through
from cuebook_server.http.environments import moment
from cuebook_server.http.evidence import EvidenceShown, show
from cuebook_server.http.releases import ReleaseId
from cuebook_server.services import audit
from cuebook_server.services.ports import NUMBER_MAX

router = APIRouter(prefix="/projects/{project}", tags=["audit"], route_class=Route)
PAGE = 500
Entries = Iterable[Mapping[str, Any]]


class EntriesShown(Shown):
    """A page of the chain; each entry carries the hash of the one before."""

    items: list[dict[str, Any]]
    next: str | None


class CheckpointShown(Shown):
    """A signed word of how long the chain is. Keep it where the registry's operators cannot reach."""

    checkpoint: dict[str, Any]
    public_key: str


def _filter(
    principal: str = "",
    action: Annotated[str, Query(description="`release.promote`, or `release.` for all of its kind.")] = "",
    target: str = "",
    environment: str = "",
    since: str = "",
    until: str = "",
) -> AuditFilter:
    times = [moment(text) if text else None for text in (since, until)]
    return AuditFilter(principal, action, target, environment, *times)


Wanted = Annotated[AuditFilter, Depends(_filter)]


@router.get("/audit")
def list_entries(
    project: str,
    door: Through,
    wanted: Wanted,
    *,
    after: Annotated[int, Query(ge=0, le=NUMBER_MAX)] = 0,
    before: Annotated[int | None, Query(ge=1, le=NUMBER_MAX, description="Newest first, below this number.")] = None,
    limit: Limit = 100,
) -> EntriesShown:
    """List what happened, in order; with `before`, newest first."""
    if before is not None and after:
        raise BadRequest("The query has `after` and `before`.", hint="`after` lists in order, `before` newest first.")
    if before is not None:
        rows = door.read(lambda actor, uow: audit.latest(actor, uow, project, wanted, before=before, limit=limit))
    else:
        rows = door.read(lambda actor, uow: audit.entries(actor, uow, project, wanted, after=after, limit=limit))
    return EntriesShown(items=[dict(row) for row in rows], next=str(rows[-1]["seq"]) if len(rows) == limit else None)


@router.get(
    "/audit/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {}, "text/csv": {}}}},
)
def export(
    project: str, door: Through, wanted: Wanted, *, form: Annotated[Literal["jsonl", "csv"], Query(alias="format")] = "jsonl"
) -> StreamingResponse:
    """Export the chain. Whole and as JSON lines, `cuebook audit verify` checks it without a server; CSV is for people."""
    first = _page(door, project, wanted, 0)  # a refusal comes before the first byte
    write, kind = (_csv, "text/csv") if form == "csv" else (_jsonl, "application/jsonl")
    return StreamingResponse(_lines(door, project, wanted, first, write), media_type=kind)


@router.get("/audit/checkpoint")
def get_checkpoint(project: str, door: Through, request: Request) -> CheckpointShown:
    """Sign how long the chain is now, and what its head is."""
    site: Site = request.app.state.site
    signer = site.signer
    signed = door.read(lambda actor, uow: audit.checkpoint(actor, uow, project, signer))
    return CheckpointShown(checkpoint=dict(signed), public_key=signer.public)


@router.get("/releases/{release_id}/evidence")
def get_evidence(project: str, release_id: ReleaseId, door: Through) -> EvidenceShown:
    """One page for one release: who asked, what changed, what was checked, who approved and applied, until when it was live."""
    return show(door.read(lambda actor, uow: audit.evidence(actor, uow, project, release_id)))


def _page(door: Door, project: str, wanted: AuditFilter, after: int) -> list[dict[str, Any]]:
    rows = door.read(lambda actor, uow: audit.entries(actor, uow, project, wanted, after=after, limit=PAGE))
    return [dict(row) for row in rows]


def _lines(
    door: Door, project: str, wanted: AuditFilter, page: list[dict[str, Any]], write: Callable[[Entries, bool], str]
) -> Iterator[str]:
    # A page at a time, each in its own short transaction: a long export holds nothing up, and history does not change.
    yield write(page, True)
    while len(page) == PAGE:
        page = _page(door, project, wanted, page[-1]["seq"])
        yield write(page, False)


def _jsonl(entries: Entries, _: bool) -> str:
    return "".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n" for entry in entries)


def _csv(entries: Entries, first: bool) -> str:
    lines = [csv_line(entry[column] for column in CSV_COLUMNS) for entry in entries]
    return "".join([csv_line(CSV_COLUMNS), *lines] if first else lines)
