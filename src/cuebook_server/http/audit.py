"""The audit chain over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from cuebook_server.http.door import Door, Limit, Route, Shown, Through
from cuebook_server.http.prompts import NUMBER_MAX
from cuebook_server.services import audit

router = APIRouter(prefix="/projects/{project}/audit", tags=["audit"], route_class=Route)
PAGE = 500


class EntriesShown(Shown):
    """A page of the chain, in order; each entry carries the hash of the one before."""

    items: list[dict[str, Any]]
    next: str | None


@router.get("")
def list_entries(
    project: str, door: Through, *, after: Annotated[int, Query(ge=0, le=NUMBER_MAX)] = 0, limit: Limit = 100
) -> EntriesShown:
    """List what happened, in order."""
    rows = door.read(lambda actor, uow: audit.entries(actor, uow, project, after=after, limit=limit))
    return EntriesShown(items=[dict(row) for row in rows], next=str(rows[-1]["seq"]) if len(rows) == limit else None)


@router.get("/export", response_class=StreamingResponse, responses={200: {"content": {"application/jsonl": {}}}})
def export(project: str, door: Through) -> StreamingResponse:
    """Export the whole chain as JSON lines; `cuebook audit verify` checks it without a server."""
    first = _page(door, project, 0)  # a refusal comes before the first byte
    return StreamingResponse(_lines(door, project, first), media_type="application/jsonl")


def _page(door: Door, project: str, after: int) -> list[dict[str, Any]]:
    return [dict(row) for row in door.read(lambda actor, uow: audit.entries(actor, uow, project, after=after, limit=PAGE))]


def _lines(door: Door, project: str, page: list[dict[str, Any]]) -> Iterator[str]:
    # A page at a time, each in its own short transaction: a long export holds nothing up, and history does not change.
    while page:
        yield "".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n" for entry in page)
        page = _page(door, project, page[-1]["seq"])
