"""What a reviewer sees of a release, over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from cuebook_server.domain.release import ITEMS_MAX
from cuebook_server.http.door import Route, Shown, Through
from cuebook_server.http.prompts import DiffShown, show_comparison
from cuebook_server.http.releases import ReleaseId
from cuebook_server.services import reviewing

router = APIRouter(prefix="/projects/{project}", tags=["releases"], route_class=Route)
ITEMS_SHOWN_MAX = 50  # each is compared word by word, twice


class ItemDiffShown(Shown):
    """One item, held against what is live (``live``; of a release that ended: was live) and what lived there ``longest``.

    ``longest`` is the version that was live longest in the 90 days before, for ``longest_days`` in all; what was rolled back
    from does not count. ``against_longest`` is null where it is the live one, and both are null where there is nothing to
    compare.
    """

    prompt: str
    version: int | None
    live: int | None
    longest: int | None
    longest_days: float
    against_live: DiffShown | None
    against_longest: DiffShown | None


class ItemDiffsShown(Shown):
    """A page of items, in the release's order."""

    items: list[ItemDiffShown]
    next: str | None


@router.get("/releases/{release_id}/diff", response_model=ItemDiffsShown)
def diff_release(
    project: str,
    release_id: ReleaseId,
    door: Through,
    *,
    after: Annotated[int, Query(ge=0, le=ITEMS_MAX, description="Only items after so many.")] = 0,
    limit: Annotated[int, Query(ge=1, le=ITEMS_SHOWN_MAX)] = ITEMS_SHOWN_MAX,
) -> Response:
    """Show what a release changes: each item against what is live, and against what lived there longest."""
    found = door.read(lambda actor, uow: reviewing.compare(actor, uow, project, release_id, after=after, limit=limit))
    following = str(after + limit) if len(found) == limit else None
    shown = ItemDiffsShown(items=[_shown(row) for row in found], next=following)
    return Response(shown.model_dump_json(by_alias=True), media_type="application/json")


def _shown(found: reviewing.ItemDiff) -> ItemDiffShown:
    return ItemDiffShown(
        prompt=found.item.prompt,
        version=found.item.version,
        live=found.live,
        longest=found.longest,
        longest_days=round(found.lived.total_seconds() / 86_400, 3),
        against_live=show_comparison(found.against_live) if found.against_live else None,
        against_longest=show_comparison(found.against_longest) if found.against_longest else None,
    )
