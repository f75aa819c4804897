"""Drift between environments over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from cuebook_server.http.door import Route, Shown, Through
from cuebook_server.http.releases import WeighedShown, show_weighed
from cuebook_server.services import drift

router = APIRouter(prefix="/projects/{project}", tags=["environments"], route_class=Route)


class DifferenceShown(Shown):
    """A prompt that differs: what each serves, how far apart (positive: ``from`` is newer), and what would change."""

    prompt: str
    from_version: int | None
    to_version: int | None
    versions: int | None
    days: float | None
    summary: list[str]
    reach: str


class DriftShown(Shown):
    """What two environments differ in, and what ``to`` would become if ``from`` were promoted into it."""

    items: list[DifferenceShown]
    next: str | None = None
    promotion: WeighedShown | None


@router.get("/drift")
def compare_environments(project: str, door: Through, *, from_: Annotated[str, Query(alias="from")], to: str) -> DriftShown:
    """Hold one environment against another."""
    found = door.read(lambda actor, uow: drift.compare(actor, uow, project, from_, to))
    items = [
        DifferenceShown(
            prompt=row.prompt,
            from_version=row.one,
            to_version=row.other,
            versions=row.versions,
            days=None if row.days is None else round(row.days, 3),
            summary=list(row.summary),
            reach=row.reach,
        )
        for row in found.differences
    ]
    return DriftShown(items=items, promotion=show_weighed(found.promotion) if found.promotion else None)
