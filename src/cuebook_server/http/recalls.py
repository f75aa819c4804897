"""Recalled versions over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response

from cuebook_server.domain.prompt import Recall
from cuebook_server.http.door import Body, Route, Shown, Through
from cuebook_server.services import recalls
from cuebook_server.services.ports import NUMBER_MAX

router = APIRouter(prefix="/projects/{project}", tags=["prompts"], route_class=Route)


class RecallIn(Body):
    """What is wrong with the version."""

    reason: str


class IncludingShown(Shown):
    """A version that includes the recalled one, directly or through others, and the environments that serve it."""

    prompt: str
    version: int
    live: list[str]


class RecallShown(Shown):
    """A version declared harmful. ``included_by``: versions that include it, live ones first, at most 1,000. They are not
    recalled by that, but no release brings them in.
    """

    prompt: str
    version: int
    reason: str
    by: str
    at: datetime
    included_by: list[IncludingShown]


class RecalledShown(RecallShown):
    """What a recall did: the environments that served the version, and what each serves instead (null: nothing)."""

    instead: dict[str, int | None]


class RecallsShown(Shown):
    """The recalled versions, newest first."""

    items: list[RecallShown]
    next: str | None = None


@router.post("/prompts/{name}/versions/{number}/recall", response_model=RecalledShown, status_code=201)
def recall_version(
    project: str, name: str, number: Annotated[int, Path(ge=1, le=NUMBER_MAX)], body: RecallIn, door: Through
) -> Response:
    """Declare a version harmful: every environment that serves it goes back, and none takes it again."""
    return door.write(lambda actor, uow: (201, _done(recalls.recall(actor, uow, project, name, number, body.reason))))


@router.get("/recalls")
def list_recalls(project: str, door: Through) -> RecallsShown:
    """List the versions that were recalled."""
    return RecallsShown(items=[_shown(*row) for row in door.read(lambda actor, uow: recalls.listed(actor, uow, project))])


def _done(done: recalls.Recalled) -> RecalledShown:
    return RecalledShown(**_shown(done.recall, done.affected).model_dump(), instead=done.instead)


def _shown(made: Recall, affected: Sequence[recalls.Affected]) -> RecallShown:
    including = [
        IncludingShown(prompt=row.including.prompt, version=row.including.number, live=list(row.live)) for row in affected
    ]
    return RecallShown(
        prompt=made.prompt, version=made.number, reason=made.reason, by=made.by, at=made.at, included_by=including
    )
