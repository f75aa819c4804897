"""Webhooks over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from cuebook_server.domain.webhook import Delivery, Webhook, message_id
from cuebook_server.http.door import Before, Body, Limit, Route, Shown, Site, Through
from cuebook_server.http.environments import moment
from cuebook_server.services import webhooks
from cuebook_server.services.ports import NUMBER_MAX
from cuebook_server.services.ports_webhooks import Outgoing

router = APIRouter(prefix="/projects/{project}/webhooks", tags=["webhooks"], route_class=Route)


class WebhookIn(Body):
    """Where to send what. ``events``, ``environments``: only those; none: all."""

    url: str
    name: str = ""
    events: list[str] = Field(default_factory=list)
    environments: list[str] = Field(default_factory=list)


class RotateIn(Body):
    """How long the old secret signs beside the new one."""

    overlap_s: int = 86_400


class ReplayIn(Body):
    """One entry (``seq``), or everything since a moment; ``after`` goes on where an answer stopped."""

    seq: Annotated[int | None, Field(ge=1, le=NUMBER_MAX)] = None
    since: str | None = None
    after: Annotated[int, Field(ge=0, le=NUMBER_MAX)] = 0


class WebhookShown(Shown):
    """A webhook without its secret. ``sent_up_to``: the last entry of the audit chain it was held against."""

    id: str
    name: str
    url: str
    events: list[str]
    environments: list[str]
    sent_up_to: int
    created_by: str
    created_at: datetime
    old_secret_until: datetime | None
    disabled_at: datetime | None
    disabled_why: str


class WebhookMade(WebhookShown):
    """A webhook with a new secret: keep it now, it is never shown again."""

    secret: str


class WebhooksShown(Shown):
    """The webhooks, oldest first."""

    items: list[WebhookShown]
    next: str | None = None


class AttemptShown(Shown):
    """One try: the HTTP status, or what kept it from one."""

    attempt: int
    at: datetime
    outcome: str
    duration_ms: int


class DeliveryShown(Shown):
    """A message on its way, or done with. ``next_try_at``: only while it waits."""

    seq: int
    message: str
    type: str
    state: Literal["waiting", "delivered", "failed"]
    created_at: datetime
    next_try_at: datetime | None
    done_at: datetime | None
    attempts: list[AttemptShown]


class DeliveriesShown(Shown):
    """A page of a webhook's log, newest first."""

    items: list[DeliveryShown]
    next: str | None


class Tested(Shown):
    """The test event is on its way: the log tells what became of it, under this number."""

    seq: int


class ReplayedShown(Shown):
    """How many messages are sent again. ``next``: what to ask for as ``after``, where there are more."""

    count: int
    next: int | None


@router.get("")
def list_webhooks(project: str, door: Through) -> WebhooksShown:
    """List the webhooks, without their secrets."""
    return WebhooksShown(items=[_shown(row) for row in door.read(lambda actor, uow: webhooks.listed(actor, uow, project))])


@router.post("", response_model=WebhookMade, status_code=201)
def create_webhook(project: str, body: WebhookIn, door: Through, request: Request) -> Response:
    """Tell an address of what happens from now on; the secret it is signed with is in this answer only."""
    way = _outgoing(request)
    return door.write(lambda actor, uow: (201, _made(webhooks.add(actor, uow, project, way, **body.model_dump()))))


@router.get("/{webhook}")
def get_webhook(project: str, webhook: str, door: Through) -> WebhookShown:
    """Show one webhook."""
    return _shown(door.read(lambda actor, uow: webhooks.one(actor, uow, project, webhook)))


@router.delete("/{webhook}", response_model=WebhookShown)
def remove_webhook(project: str, webhook: str, door: Through) -> Response:
    """Forget a webhook with its log."""
    return door.write(lambda actor, uow: (200, _shown(webhooks.remove(actor, uow, project, webhook))))


@router.post("/{webhook}/rotate", response_model=WebhookMade, status_code=201)
def rotate_webhook(project: str, webhook: str, body: RotateIn, door: Through, request: Request) -> Response:
    """Sign with a new secret, and with the old one beside it until the overlap has passed."""
    way = _outgoing(request)
    return door.write(
        lambda actor, uow: (201, _made(webhooks.rotate(actor, uow, project, way, webhook, overlap_s=body.overlap_s)))
    )


@router.post("/{webhook}/disable", response_model=WebhookShown)
def disable_webhook(project: str, webhook: str, door: Through) -> Response:
    """Tell it nothing until it is enabled again."""
    return door.write(lambda actor, uow: (200, _shown(webhooks.disable(actor, uow, project, webhook))))


@router.post("/{webhook}/enable", response_model=WebhookShown)
def enable_webhook(project: str, webhook: str, door: Through) -> Response:
    """Go on where it stopped: what happened meanwhile is sent too."""
    return door.write(lambda actor, uow: (200, _shown(webhooks.enable(actor, uow, project, webhook))))


@router.post("/{webhook}/test", response_model=Tested, status_code=202)
def test_webhook(project: str, webhook: str, door: Through) -> Response:
    """Send the event `ping` to this webhook alone."""
    return door.write(lambda actor, uow: (202, Tested(seq=webhooks.ping(actor, uow, project, webhook))))


@router.post("/{webhook}/replay", response_model=ReplayedShown, status_code=202)
def replay_webhook(project: str, webhook: str, body: ReplayIn, door: Through) -> Response:
    """Send one message again, or everything since a moment: the same messages under the same names."""
    since = None if body.since is None else moment(body.since)

    def asked(done: webhooks.Replayed) -> tuple[int, ReplayedShown]:
        return 202, ReplayedShown(count=done.count, next=done.after)

    return door.write(
        lambda actor, uow: asked(webhooks.replay(actor, uow, project, webhook, seq=body.seq, since=since, after=body.after))
    )


@router.get("/{webhook}/deliveries")
def list_deliveries(
    project: str,
    webhook: str,
    door: Through,
    *,
    before: Before = NUMBER_MAX,
    limit: Limit = 100,
) -> DeliveriesShown:
    """List what was sent and what became of every try, newest first; what is done is kept for 30 days."""
    rows = door.read(lambda actor, uow: webhooks.deliveries(actor, uow, project, webhook, before=before, limit=limit))
    return DeliveriesShown(items=[_delivery(row) for row in rows], next=str(rows[-1].seq) if len(rows) == limit else None)


def _outgoing(request: Request) -> Outgoing:
    site: Site = request.app.state.site
    return site.outgoing


def _made(made: webhooks.Made) -> WebhookMade:
    return WebhookMade(**_shown(made.webhook).model_dump(), secret=made.secret)


def _shown(found: Webhook) -> WebhookShown:
    return WebhookShown(
        id=found.webhook_id,
        name=found.name,
        url=found.url,
        events=list(found.events),
        environments=list(found.environments),
        sent_up_to=found.cursor,
        created_by=found.created_by,
        created_at=found.created_at,
        old_secret_until=found.old_until,
        disabled_at=found.disabled_at,
        disabled_why=found.disabled_why,
    )


def _delivery(found: Delivery) -> DeliveryShown:
    tried = [
        AttemptShown(attempt=one.ordinal, at=one.at, outcome=one.outcome, duration_ms=one.duration_ms) for one in found.log
    ]
    return DeliveryShown(
        seq=found.seq,
        message=message_id(found),
        type=found.type,
        state=found.state,
        created_at=found.created_at,
        next_try_at=found.due_at if found.state == "waiting" else None,
        done_at=found.done_at,
        attempts=tried,
    )
