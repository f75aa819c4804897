"""Webhooks: what is told to whom, how it is signed, and when it is tried again. The audit chain is their outbox.

An entry of the chain is written with the change it tells of, in one transaction; a webhook has a place in the chain
(``cursor``) and gets what comes after it. Messages follow Standard Webhooks: ``webhook-id`` is the same over all retries.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from cuebook_server.domain.errors import Invalid

# What an audit entry is called outside. An action that does not stand here is sent to nobody.
TYPES: Mapping[str, str] = {
    "release.proposed": "release.proposed",
    "release.approved": "release.approved",
    "release.promote": "release.applied",
    "release.retire": "release.applied",
    "release.policy": "release.applied",
    "release.rollback": "release.rolled_back",
    "release.break_glass": "release.break_glass",
    "release.declined": "release.declined",
    "release.withdrawn": "release.withdrawn",
    "release.stale": "release.stale",
    "release.failed": "release.failed",
    "review.closed": "review.closed",
    "version.recalled": "version.recalled",
    "environment.changed": "environment.changed",
    "drift.found": "drift.found",
    "drift.ended": "drift.ended",
    "epoch.begun": "epoch.begun",
    "webhook.tested": "ping",
}
PING = "ping"
EVENTS = tuple(sorted({*TYPES.values()} - {PING}))
PROMPTS_MAX = 100
SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"  # noqa: S105  # what secrets begin with, not one
# After the first failure, the second ...: three days in all, as Standard Webhooks recommends.
PAUSES_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
RETRY_AFTER_S_MAX = 3_600.0
# An endpoint that failed rests, so that one with a long queue cannot keep the senders busy.
REST_S = 5.0
# Deliveries in a row that failed for good; then the webhook is disabled.
FAILED_MAX = 10

State = Literal["waiting", "delivered", "failed"]


class BadWebhook(Invalid):
    """The webhook is not valid."""

    code = "bad_webhook"
    hint = f"Events: {', '.join(EVENTS)}."


@dataclass(frozen=True, slots=True)
class Webhook:
    """Somebody who is told. ``events`` and ``environments``: only those; none: all.

    sealed: the secret, readable by this server's nodes only; the old one counts beside it until ``old_until``.
    failures: deliveries in a row that failed for good. rests_until: the endpoint failed, and is left alone so long.
    """

    project_id: int
    webhook_id: str
    name: str
    url: str
    events: tuple[str, ...]
    environments: tuple[str, ...]
    cursor: int
    sealed: str = field(repr=False)
    created_by: str
    created_at: datetime
    old_sealed: str | None = field(default=None, repr=False)
    old_until: datetime | None = None
    disabled_at: datetime | None = None
    disabled_why: str = ""
    failures: int = 0
    rests_until: datetime | None = None

    def wants(self, entry: Mapping[str, Any]) -> bool:
        """Whether an entry of the chain is told here. What belongs to no environment, such as a recall, belongs to all."""
        type_ = TYPES.get(entry["action"])
        if type_ == PING:
            return bool(entry["target"] == self.target)
        here = entry["environment"] is None or not self.environments or entry["environment"] in self.environments
        return type_ is not None and here and (not self.events or type_ in self.events)

    def is_awake(self, now: datetime) -> bool:
        """Whether something may be sent now: it is not disabled, and its endpoint does not rest."""
        return self.disabled_at is None and (self.rests_until is None or self.rests_until <= now)

    def counting(self, now: datetime) -> tuple[str, ...]:
        """The sealed secrets that count now, the newest first."""
        if self.old_sealed is None or self.old_until is None or self.old_until <= now:
            return (self.sealed,)
        return self.sealed, self.old_sealed

    @property
    def target(self) -> str:
        """What the audit calls it."""
        return f"webhook {self.webhook_id}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. ``outcome``: the HTTP status, or what kept it from one; never anything the endpoint said."""

    ordinal: int
    at: datetime
    outcome: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """An entry of the chain on its way to a webhook. ``tries`` counts since it was last asked for, ``attempts`` always."""

    project_id: int
    webhook_id: str
    seq: int
    type: str
    state: State
    attempts: int
    tries: int
    due_at: datetime
    created_at: datetime
    leased_until: datetime | None = None
    done_at: datetime | None = None
    log: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a try: ``word`` is the HTTP status, or what kept it from one."""

    word: str
    retry_after_s: float | None = None

    @property
    def delivered(self) -> bool:
        """Whether the endpoint took the message."""
        return len(self.word) == 3 and self.word.startswith("2")

    @property
    def gone(self) -> bool:
        """Whether the endpoint wants nothing any more."""
        return self.word == "410"


def message_id(delivery: Delivery) -> str:
    """The name of a message, on every node and at every try: whoever receives it twice knows it by this.

    The moment is in it because a database that was restored gives the numbers of its audit again, for other entries.
    """
    return f"msg_{delivery.webhook_id}_{delivery.seq}_{int(delivery.created_at.timestamp())}"


def check_events(events: Sequence[str]) -> tuple[str, ...]:
    """The event types, sorted, each once; ``BadWebhook`` names one that does not exist."""
    if unknown := sorted(set(events) - set(EVENTS)):
        raise BadWebhook(f"There is no event {unknown[0][:60]!r}.")
    return tuple(sorted(set(events)))


def message(entry: Mapping[str, Any], project: str) -> bytes:
    """What is sent for an entry of the chain: who did what where. No text of a prompt, no variable, no reason."""
    prompts = _prompts(entry)
    data = {
        "project": project,
        "environment": entry["environment"],
        "release": _number(entry["target"], "release "),
        "revision": entry["revision"],
        "action": entry["action"],
        "actor": entry["principal"],
        "seq": entry["seq"],
        "prompts": prompts[:PROMPTS_MAX],
        "prompts_total": len(prompts),
    }
    told = {"type": TYPES[entry["action"]], "timestamp": entry["at"], "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _prompts(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    if entry["action"] == "version.recalled":
        name, _, number = entry["target"].rpartition("@")
        return [{"name": name, "from": int(number), "to": None}]
    if not entry["action"].startswith(("release.", "drift.")):
        return []
    sides = [entry[side] if isinstance(entry[side], Mapping) else {} for side in ("before", "after")]
    names = sorted(name for name in {*sides[0], *sides[1]} if all(_is_side(side.get(name)) for side in sides))
    return [{"name": name, "from": _version(sides[0].get(name)), "to": _version(sides[1].get(name))} for name in names]


def _is_side(value: object) -> bool:
    return value is None or (isinstance(value, Mapping) and "version" in value)


def _version(side: Any) -> int | None:
    return side["version"] if side else None


def _number(target: str, kind: str) -> int | None:
    return int(target.removeprefix(kind)) if target.startswith(kind) else None


def new_secret(random: bytes) -> str:
    """A secret as Standard Webhooks writes it."""
    return SECRET_PREFIX + base64.b64encode(random).decode()


def headers(name: str, body: bytes, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The three headers of a message: its name, the time of this try, and a signature by every secret that counts."""
    stamp = str(int(now.timestamp()))
    signed = f"{name}.{stamp}.".encode() + body
    keys = (base64.b64decode(secret.removeprefix(SECRET_PREFIX)) for secret in secrets)
    signatures = (base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)
    return {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def next_try(tries: int, outcome: Outcome, now: datetime, spread: float) -> datetime | None:
    """When to try again after ``tries`` failures; ``None``: never. ``spread`` (0 to 1) keeps many from coming back at once."""
    if outcome.gone or tries > len(PAUSES_S):
        return None
    pause_s = PAUSES_S[tries - 1] * (1 + 0.2 * spread)
    return now + timedelta(seconds=max(pause_s, rest_s(outcome)))


def rest_s(outcome: Outcome) -> float:
    """How long an endpoint is left alone after a failure: as long as it asked for, within reason."""
    asked = outcome.retry_after_s if outcome.word in {"429", "503"} else None
    return REST_S if asked is None else min(max(asked, REST_S), RETRY_AFTER_S_MAX)
