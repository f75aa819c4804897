"""The way of a message out of the house: what the chain says is put on its way, claimed by one node, sent, written down.

Nothing here is asked for by anybody: the worker calls it. Every step is a short transaction of its own and the sending lies
between them, so that an endpoint that hangs holds no transaction open. After a crash between two steps a message goes out
again, under the same name.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cuebook_server.domain import access, webhook
from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import AuditFilter
from cuebook_server.domain.webhook import Attempt, Delivery, Outcome, Webhook
from cuebook_server.services.ports import Scope, UnitOfWork, Units
from cuebook_server.services.ports_webhooks import Sealer, Sender
from cuebook_server.services.rounds import for_each
from cuebook_server.services.webhooks import switch_off

# The server itself, where it does something of its own accord.
SERVER = Actor(access.SERVER, "worker", (), "worker")
# Longer than a try can take, and than the clocks of two nodes are apart.
LEASE = timedelta(seconds=60)
KEPT = timedelta(days=30)
PAGE = 200
PRUNED_MAX = 200


@dataclass(frozen=True, slots=True)
class Ready:
    """A claimed delivery with all that its sending needs."""

    project: str
    webhook: Webhook
    delivery: Delivery
    body: bytes
    at: datetime


def collect(units: Units) -> None:
    """Put what happened since on its way: the deliveries and the cursor, in one transaction a project."""
    with units.read() as uow:
        behind = uow.outbox.behind()

    def collect_one(name: str) -> None:
        with units.write() as uow:
            if found := uow.projects.find(name):
                scope = uow.scope(found)
                _collect(scope)
                scope.webhooks.prune(uow.now - KEPT, PRUNED_MAX)

    for_each(behind, collect_one)


def _collect(scope: Scope) -> None:
    for found in scope.webhooks.all():
        if found.disabled_at is None and (page := scope.audit.entries(AuditFilter(), after=found.cursor, limit=PAGE)):
            asked = {entry["seq"]: webhook.TYPES[entry["action"]] for entry in page if found.wants(entry)}
            scope.webhooks.ask_for(found, asked)
            scope.webhooks.change(replace(found, cursor=page[-1]["seq"]))


def claim(uow: UnitOfWork, project: str, webhook_id: str) -> Ready | None:
    """Take a webhook's next message: of all nodes, one gets it."""
    known = uow.projects.find(project)
    if known is None:
        return None
    scope = uow.scope(known)
    found = scope.webhooks.find(webhook_id)
    if found is None or not found.is_awake(uow.now) or (claimed := scope.webhooks.claim(found, uow.now + LEASE)) is None:
        return None
    (entry,) = scope.audit.entries(AuditFilter(), after=claimed.seq - 1, limit=1)
    return Ready(project, found, claimed, webhook.message(entry, project), uow.now)


def send(units: Units, sealer: Sealer, sender: Sender, project: str, webhook_id: str) -> bool:
    """Send a webhook's next message. Whether there was one and it was taken, so that the next one may follow."""
    with units.write() as uow:
        ready = claim(uow, project, webhook_id)
    if ready is None:
        return False
    began = time.monotonic()
    outcome = _post(ready, sealer, sender)
    took_ms = round((time.monotonic() - began) * 1_000)
    with units.write() as uow:
        settle(uow, ready, Attempt(ready.delivery.attempts, ready.at, outcome.word, took_ms), outcome)
    return outcome.delivered


def _post(ready: Ready, sealer: Sealer, sender: Sender) -> Outcome:
    try:
        secrets = [sealer.open(sealed) for sealed in ready.webhook.counting(ready.at)]
    except ValueError:
        return Outcome("secret_unreadable")
    headers = webhook.headers(webhook.message_id(ready.delivery), ready.body, secrets, ready.at)
    return sender.post(ready.webhook.url, headers, ready.body)


def settle(uow: UnitOfWork, ready: Ready, attempt: Attempt, outcome: Outcome) -> None:
    """Write down what became of a try: delivered, to be tried again, or failed; and what that means for the webhook."""
    known = uow.projects.find(ready.project)
    assert known is not None
    scope = uow.scope(known)
    found = scope.webhooks.find(ready.webhook.webhook_id)
    if found is None:  # removed meanwhile
        return
    claimed = replace(ready.delivery, leased_until=None)
    if outcome.delivered:
        scope.webhooks.settle(replace(claimed, state="delivered", done_at=uow.now), attempt)
        scope.webhooks.change(replace(found, failures=0, rests_until=None))
        return
    due = webhook.next_try(claimed.tries, outcome, uow.now, random.random())  # noqa: S311  # spreads retries, hides nothing
    after = replace(claimed, due_at=due) if due else replace(claimed, state="failed", done_at=uow.now)
    scope.webhooks.settle(after, attempt)
    rests_until = uow.now + timedelta(seconds=webhook.rest_s(outcome))
    resting = replace(found, failures=found.failures + (due is None), rests_until=rests_until)
    scope.webhooks.change(resting)
    if outcome.gone:
        switch_off(SERVER, uow, scope, resting, "The endpoint answered 410 Gone.")
    elif resting.failures >= webhook.FAILED_MAX:
        switch_off(SERVER, uow, scope, resting, f"{resting.failures} messages in a row could not be delivered.")
