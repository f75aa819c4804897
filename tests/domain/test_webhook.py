"""What is told, how it is signed, when it is tried again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook as Oracle
from standardwebhooks.webhooks import WebhookVerificationError

from cuebook_server.domain import webhook
from cuebook_server.domain.webhook import BadWebhook, Outcome, Webhook

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
HOOK = Webhook(1, "w", "ci", "https://example.com/", (), (), 0, "sealed", "owner", NOW)
ENTRY: dict[str, Any] = {
    "seq": 7,
    "at": NOW.isoformat(),
    "principal": "owner",
    "action": "release.promote",
    "target": "release 3",
    "environment": "production",
    "revision": 4,
    "reason": "The prompt now says: be kind.",
    "before": {"a": {"version": 1, "digest": "sha256:x"}, "b": None},
    "after": {"a": {"version": 2, "digest": "sha256:y"}, "b": {"version": 1, "digest": "sha256:z"}},
}


def entry(**more: Any) -> dict[str, Any]:
    return ENTRY | more


def test_an_entry_of_the_same_number_after_a_restore_is_another_message() -> None:
    first = webhook.Delivery(1, "w", 7, "release.applied", "waiting", 0, 0, NOW, NOW)
    again = replace(first, state="delivered", attempts=2, tries=2, due_at=NOW + timedelta(hours=1))
    restored = replace(first, created_at=NOW + timedelta(minutes=1))
    assert webhook.message_id(first) == webhook.message_id(again) != webhook.message_id(restored)


def data(**more: Any) -> Any:
    return json.loads(webhook.message(entry(**more), "desk"))["data"]


def test_a_message_says_who_did_what_where_and_quotes_nobody() -> None:
    told = webhook.message(ENTRY, "desk")
    assert json.loads(told) == {
        "type": "release.applied",
        "timestamp": "2026-11-21T10:00:00+00:00",
        "data": {
            "project": "desk",
            "environment": "production",
            "release": 3,
            "revision": 4,
            "action": "release.promote",
            "actor": "owner",
            "seq": 7,
            "prompts": [{"name": "a", "from": 1, "to": 2}, {"name": "b", "from": None, "to": 1}],
            "prompts_total": 2,
        },
    }


def test_a_message_stays_small() -> None:
    many = {f"p{number}": {"version": 1} for number in range(1_000)}
    told = data(after=many, before={})
    assert (len(told["prompts"]), told["prompts_total"]) == (webhook.PROMPTS_MAX, 1_000)


def test_what_is_no_version_is_not_told() -> None:
    assert data(action="release.approved", after={"signature": "secret"}, before=None)["prompts"] == []
    assert data(action="environment.changed", target="production", before={"policy": {"version": 1}})["prompts"] == []
    assert data(action="environment.changed", target="production")["release"] is None
    assert data(action="version.recalled", target="a.b@3", before=None, after=None)["prompts"] == [
        {"name": "a.b", "from": 3, "to": None}
    ]


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        (HOOK, True),
        (replace(HOOK, events=("release.applied",)), True),
        (replace(HOOK, events=("release.rolled_back",)), False),
        (replace(HOOK, environments=("staging",)), False),
        (replace(HOOK, environments=("production", "staging")), True),
    ],
)
def test_a_webhook_is_told_what_it_asked_for(hook: Webhook, told: bool) -> None:
    assert hook.wants(ENTRY) is told


def test_an_unknown_action_is_told_to_nobody_and_a_ping_to_one() -> None:
    assert not HOOK.wants(entry(action="key.created"))
    assert HOOK.wants(entry(action="webhook.tested", target="webhook w", environment=None))
    assert not HOOK.wants(entry(action="webhook.tested", target="webhook v", environment=None))


def test_a_recall_concerns_every_environment() -> None:
    assert replace(HOOK, environments=("staging",)).wants(entry(action="version.recalled", environment=None))


def test_an_unknown_event_is_refused() -> None:
    assert webhook.check_events(["release.applied", "drift.found", "drift.found"]) == ("drift.found", "release.applied")
    with pytest.raises(BadWebhook, match="no event 'ping'"):
        webhook.check_events(["ping"])


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), st.binary(max_size=300))
def test_another_library_accepts_the_signature_and_nothing_else(key: bytes, other: bytes, body: bytes) -> None:
    now = datetime.now(UTC)
    secrets = [webhook.new_secret(key), webhook.new_secret(other)]
    headers = webhook.headers("msg_w_7", b'"' + body.hex().encode() + b'"', secrets, now)
    for secret in secrets:
        assert Oracle(secret).verify(b'"' + body.hex().encode() + b'"', headers) == body.hex()
    with pytest.raises(WebhookVerificationError):
        Oracle(secrets[0]).verify(b'"' + body.hex().encode() + b'x"', headers)
    with pytest.raises(WebhookVerificationError):
        Oracle(webhook.new_secret(bytes(31) + b"\x01")).verify(b'""', headers)


def test_pauses_grow_and_end() -> None:
    for tries in range(1, 10):
        due = webhook.next_try(tries, Outcome("500"), NOW, 0.5)
        assert due is not None
        assert (
            timedelta(seconds=webhook.PAUSES_S[tries - 1]) <= due - NOW <= timedelta(seconds=1.2 * webhook.PAUSES_S[tries - 1])
        )
    assert webhook.next_try(10, Outcome("500"), NOW, 0.5) is None


def test_gone_is_gone_and_retry_after_counts_within_reason() -> None:
    assert webhook.next_try(1, Outcome("410"), NOW, 0) is None
    assert webhook.next_try(1, Outcome("503", 120), NOW, 0) == NOW + timedelta(seconds=120)
    assert webhook.next_try(1, Outcome("429", 1e9), NOW, 0) == NOW + timedelta(seconds=webhook.RETRY_AFTER_S_MAX)
    assert webhook.next_try(1, Outcome("500", 120), NOW, 0) == NOW + timedelta(seconds=5)
    assert webhook.next_try(1, Outcome("503", -5), NOW, 0) == NOW + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("word", "delivered"), [("200", True), ("204", True), ("301", False), ("404", False), ("timeout", False)]
)
def test_only_a_status_of_success_is_a_delivery(word: str, delivered: bool) -> None:
    assert Outcome(word).delivered is delivered


def test_the_old_secret_counts_until_its_time() -> None:
    rotated = replace(HOOK, old_sealed="old", old_until=NOW)
    assert rotated.counting(NOW - timedelta(seconds=1)) == ("sealed", "old")
    assert rotated.counting(NOW) == ("sealed",)


def test_a_webhook_shows_no_secret_when_it_is_printed() -> None:
    assert "sealed" not in repr(replace(HOOK, old_sealed="sealed")).replace("old_sealed", "")
