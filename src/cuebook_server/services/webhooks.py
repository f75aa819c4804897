"""Webhooks: who is told of what happens, and looking after that."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cuebook_server.domain import webhook
from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import AuditFilter, Happening
from cuebook_server.domain.errors import NotFound
from cuebook_server.domain.prompt import check_text
from cuebook_server.domain.webhook import BadWebhook, Delivery, Webhook
from cuebook_server.services.environments import known
from cuebook_server.services.ports import Scope, UnitOfWork
from cuebook_server.services.ports_webhooks import Outgoing
from cuebook_server.services.projects import enter

WEBHOOKS_MAX = 20
NAME_CHARS_MAX = 100
OVERLAP_S_MAX = 30 * 86_400
ID_BYTES = 10
REPLAY_MAX = 1_000
_PAGE = 500
REPLAY_PAGES_MAX = 20  # looked at in one transaction: the project waits meanwhile


@dataclass(frozen=True, slots=True)
class Made:
    """A webhook with a new secret, which is shown this once."""

    webhook: Webhook
    secret: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many deliveries were asked for again. ``after``: the entry to go on from, where there are more."""

    count: int
    after: int | None


def add(
    actor: Actor,
    uow: UnitOfWork,
    project: str,
    outgoing: Outgoing,
    *,
    url: str,
    name: str = "",
    events: Sequence[str] = (),
    environments: Sequence[str] = (),
) -> Made:
    """Tell an address of everything that happens from now on, or of some events and environments only."""
    scope = enter(actor, uow, project, "webhooks.write")
    endpoint = outgoing.reach.read(url)
    check_text("name", name, NAME_CHARS_MAX, lines=False)
    if len(scope.webhooks.all()) >= WEBHOOKS_MAX:
        raise BadWebhook(f"A project has at most {WEBHOOKS_MAX} webhooks.", hint="Remove one that nobody needs.")
    secret = webhook.new_secret(uow.random(webhook.SECRET_BYTES))
    made = Webhook(
        project_id=scope.project.project_id,
        webhook_id=b32encode(uow.random(ID_BYTES)).decode().lower(),
        name=name.strip() or endpoint.host,
        url=url,
        events=webhook.check_events(events),
        environments=tuple(sorted(known(scope, environment).name for environment in set(environments))),
        cursor=scope.audit.head()[0],
        sealed=outgoing.sealer.seal(secret),
        created_by=actor.principal,
        created_at=uow.now,
    )
    scope.webhooks.add(made)
    told = {"name": made.name, "host": endpoint.shown, "events": list(made.events), "environments": list(made.environments)}
    scope.audit.append(actor, Happening("webhook.added", made.target, after=told))
    return Made(made, secret)


def listed(actor: Actor, uow: UnitOfWork, project: str) -> Sequence[Webhook]:
    """The project's webhooks, oldest first; never their secrets."""
    return enter(actor, uow, project, "webhooks.write").webhooks.all()


def one(actor: Actor, uow: UnitOfWork, project: str, webhook_id: str) -> Webhook:
    """One webhook."""
    return _open(actor, uow, project, webhook_id)[1]


def rotate(actor: Actor, uow: UnitOfWork, project: str, outgoing: Outgoing, webhook_id: str, *, overlap_s: int) -> Made:
    """Sign with a new secret from now on, and beside it with the old one until the overlap has passed."""
    scope, found = _open(actor, uow, project, webhook_id)
    if not 0 <= overlap_s <= OVERLAP_S_MAX:
        raise BadWebhook(f"An overlap of {overlap_s} s.", hint=f"Between 0 and {OVERLAP_S_MAX} s.")
    secret = webhook.new_secret(uow.random(webhook.SECRET_BYTES))
    until = uow.now + timedelta(seconds=overlap_s)
    rotated = replace(found, sealed=outgoing.sealer.seal(secret), old_sealed=found.sealed, old_until=until)
    scope.webhooks.change(rotated)
    scope.audit.append(actor, Happening("webhook.rotated", found.target, after={"old_until": until.isoformat()}))
    return Made(rotated, secret)


def remove(actor: Actor, uow: UnitOfWork, project: str, webhook_id: str) -> Webhook:
    """Tell it nothing any more, and forget it with its log."""
    scope, found = _open(actor, uow, project, webhook_id)
    scope.webhooks.remove(webhook_id)
    scope.audit.append(actor, Happening("webhook.removed", found.target, before={"name": found.name}))
    return found


def disable(actor: Actor, uow: UnitOfWork, project: str, webhook_id: str) -> Webhook:
    """Tell it nothing until it is enabled again."""
    scope, found = _open(actor, uow, project, webhook_id)
    return switch_off(actor, uow, scope, found, f"Disabled by {actor.principal}.")


def enable(actor: Actor, uow: UnitOfWork, project: str, webhook_id: str) -> Webhook:
    """Go on where it stopped: what happened meanwhile is sent too."""
    scope, found = _open(actor, uow, project, webhook_id)
    if found.disabled_at is None:
        return found
    enabled = replace(found, disabled_at=None, disabled_why="", failures=0, rests_until=None)
    scope.webhooks.change(enabled)
    scope.audit.append(actor, Happening("webhook.enabled", found.target))
    return enabled


def switch_off(actor: Actor, uow: UnitOfWork, scope: Scope, found: Webhook, why: str) -> Webhook:
    """Disable a webhook of a project that is open already, and say why in the chain."""
    if found.disabled_at is not None:
        return found
    disabled = replace(found, disabled_at=uow.now, disabled_why=why)
    scope.webhooks.change(disabled)
    scope.audit.append(actor, Happening("webhook.disabled", found.target, reason=why))
    return disabled


def ping(actor: Actor, uow: UnitOfWork, project: str, webhook_id: str) -> int:
    """Send the event `ping` to this webhook alone; the number under which its log tells what became of it."""
    scope, found = _open(actor, uow, project, webhook_id)
    if found.disabled_at is not None:
        raise BadWebhook("The webhook is disabled.", hint="Enable it first.")
    return scope.audit.append(actor, Happening("webhook.tested", found.target))


def deliveries(actor: Actor, uow: UnitOfWork, project: str, webhook_id: str, *, before: int, limit: int) -> Sequence[Delivery]:
    """What was sent, is sent or could not be, below a number, newest first, with every try."""
    scope, found = _open(actor, uow, project, webhook_id)
    return scope.webhooks.deliveries(found, before, limit)


def replay(
    actor: Actor,
    uow: UnitOfWork,
    project: str,
    webhook_id: str,
    *,
    seq: int | None = None,
    since: datetime | None = None,
    after: int = 0,
) -> Replayed:
    """Send one entry again, or everything since a moment: the same messages under the same names."""
    scope, found = _open(actor, uow, project, webhook_id)
    if (seq is None) == (since is None):
        raise BadWebhook("Replay what?", hint="Name one entry (`seq`), or a moment (`since`).")
    asked, more = _entry(scope, found, seq) if seq is not None else _since(scope, found, since, after)
    scope.webhooks.ask_for(found, asked)
    what = {"seq": seq} if seq is not None else {"since": since.isoformat() if since else None}
    scope.audit.append(actor, Happening("webhook.replayed", found.target, after=what | {"count": len(asked)}))
    return Replayed(len(asked), more)


def _entry(scope: Scope, of: Webhook, seq: int) -> tuple[dict[int, str], int | None]:
    for entry in scope.audit.entries(AuditFilter(), after=seq - 1, limit=1):
        if entry["seq"] == seq and of.wants(entry):
            return {seq: webhook.TYPES[entry["action"]]}, None
    raise NotFound(f"Entry {seq} is nothing that this webhook is told.", hint="`cuebook webhooks log` shows the numbers.")


def _since(scope: Scope, of: Webhook, since: datetime | None, after: int) -> tuple[dict[int, str], int | None]:
    asked: dict[int, str] = {}
    for _ in range(REPLAY_PAGES_MAX):
        page = scope.audit.entries(AuditFilter(since=since), after=after, limit=_PAGE)
        for entry in page:
            if entry["seq"] > of.cursor:  # it is on its way anyway
                return asked, None
            if of.wants(entry) and entry["action"] != "webhook.tested":
                asked[entry["seq"]] = webhook.TYPES[entry["action"]]
                if len(asked) == REPLAY_MAX:
                    return asked, entry["seq"]
        if not page:
            return asked, None
        after = page[-1]["seq"]
    return asked, after


def _open(actor: Actor, uow: UnitOfWork, project: str, webhook_id: str) -> tuple[Scope, Webhook]:
    scope = enter(actor, uow, project, "webhooks.write")
    found = scope.webhooks.find(webhook_id)
    if found is None:
        raise NotFound(f"There is no webhook {webhook_id[:40]!r}.", hint="`cuebook webhooks list` shows them.")
    return scope, found
