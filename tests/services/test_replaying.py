"""A replay sends again what was sent, or could not be: the same messages under the same names, so many at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cuebook_server.domain.errors import NotFound
from cuebook_server.domain.webhook import BadWebhook, message_id
from cuebook_server.services import webhooks
from tests.factories import Registry
from tests.services.test_webhooks import Post, add, go, log


def test_a_replay_sends_the_same_again(filled: Registry) -> None:
    made, post = add(filled), Post()
    since = filled.clock.tick()
    for place in ("staging", "production"):
        filled.promote("a", to=place)
    go(filled, post)
    done = filled.do(webhooks.replay, made.webhook.webhook_id, since=since)
    go(filled, post)
    assert (done.count, done.after) == (2, None)
    assert post.names()[:2] == post.names()[2:]
    assert post.came[0][2] == post.came[2][2]
    one = log(filled, made)[0]
    filled.do(webhooks.replay, made.webhook.webhook_id, seq=one.seq)
    go(filled, post)
    assert post.names()[-1] == message_id(one)
    assert [row.ordinal for row in log(filled, made)[0].log] == [1, 2, 3]


def test_a_long_replay_goes_on_where_it_stopped(filled: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    made = add(filled)
    since = filled.clock.now - timedelta(days=1)
    for place in ("staging", "production"):
        filled.promote("a", to=place)
    go(filled, Post())
    monkeypatch.setattr(webhooks, "REPLAY_MAX", 3)
    first = filled.do(webhooks.replay, made.webhook.webhook_id, since=since)
    assert first.after is not None
    second = filled.do(webhooks.replay, made.webhook.webhook_id, since=since, after=first.after)
    assert (first.count, second.count, second.after) == (3, 1, None)


def test_a_replay_looks_at_so_many_entries_at_once(filled: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project waits until it has: one that found nothing to send once read a chain of any length to its end."""
    made = add(filled)
    filled.promote("a", to="staging")
    go(filled, Post())
    monkeypatch.setattr(webhooks, "_PAGE", 2)
    monkeypatch.setattr(webhooks, "REPLAY_PAGES_MAX", 1)
    since, after = filled.clock.now - timedelta(days=1), 0
    counts = []
    for _ in range(100):
        done = filled.do(webhooks.replay, made.webhook.webhook_id, since=since, after=after)
        counts.append(done.count)
        if done.after is None:
            break
        after = done.after
    assert sum(counts) == 3
    assert 2 < len(counts) < 100


def test_what_a_webhook_is_not_told_is_not_replayed(filled: Registry) -> None:
    made = add(filled)
    with pytest.raises(NotFound):
        filled.do(webhooks.replay, made.webhook.webhook_id, seq=1)
    with pytest.raises(BadWebhook):
        filled.do(webhooks.replay, made.webhook.webhook_id)
