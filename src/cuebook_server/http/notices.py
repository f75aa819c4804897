"""What people are told, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from cuebook_server.http.door import Before, Body, Limit, Route, Shown, Through
from cuebook_server.services import notices
from cuebook_server.services.ports import NUMBER_MAX

router = APIRouter(prefix="/me/notices", tags=["me"], route_class=Route)


class NoticeShown(Shown):
    """Something one should know. ``seq``: the entry of the project's audit chain it tells of."""

    id: int
    project: str
    seq: int
    release: int | None
    sentence: str
    at: datetime
    read_at: datetime | None


class NoticesShown(Shown):
    """A page of one's own notices, newest first; ``unread``: of all, not of this page."""

    items: list[NoticeShown]
    unread: int
    next: str | None


class ReadIn(Body):
    """The newest notice that was read: it and all before it."""

    up_to: Annotated[int, Field(ge=1, le=NUMBER_MAX)]


class Read(Shown):
    """How many are now read that were not."""

    count: int


@router.get("")
def list_notices(door: Through, *, before: Before = NUMBER_MAX, limit: Limit = 100) -> NoticesShown:
    """List what one should know, newest first; what is older than 90 days is forgotten."""
    rows, unread = door.read(lambda actor, uow: notices.mine(actor, uow, before=before, limit=limit))
    items = [
        NoticeShown(
            id=row.notice_id,
            project=row.project,
            seq=row.seq,
            release=row.release_id,
            sentence=row.sentence,
            at=row.at,
            read_at=row.read_at,
        )
        for row in rows
    ]
    return NoticesShown(items=items, unread=unread, next=str(rows[-1].notice_id) if len(rows) == limit else None)


@router.post("/read", response_model=Read)
def read_notices(body: ReadIn, door: Through) -> Response:
    """Note that one's notices were read."""
    return door.write(lambda actor, uow: (200, Read(count=notices.read(actor, uow, body.up_to))))
