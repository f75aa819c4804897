"""Webhooks: what happens is told, at least once, under one name, signed; and one endpoint's trouble stays its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook as Oracle

from cuebook_server.domain.errors import Forbidden, NotFound
from cuebook_server.domain.reach import BadUrl, Reach
from cuebook_server.domain.webhook import FAILED_MAX, PAUSES_S, Attempt, BadWebhook, Delivery, Outcome, message_id
from cuebook_server.domain.webhook import headers as sign
from cuebook_server.services import outbox, recalls, releases, webhooks
from cuebook_server.services.ports_webhooks import Outgoing
from tests.factories import Registry, request
from tests.people import ELSEWHERE, PROJECT

URL = "https://hooks.example.com/T0/B0"


class Envelope:
    """Seals so that a test can see whether something was sealed."""

    def seal(self, secret: str) -> str:
        return secret[::-1]

    def open(self, sealed: str) -> str:
        return sealed[::-1]


OUTGOING = Outgoing(Reach(), Envelope())
TAKEN = Outcome("204")


@dataclass
class Post:
    """An endpoint that answers as it is told, and keeps what came."""

    answer: Outcome | Callable[[str], Outcome] = TAKEN
    came: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        self.came.append((url, headers, body))
        return self.answer(url) if callable(self.answer) else self.answer

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for *_, body in self.came]

    def names(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self.came]


def add(registry: Registry, url: str = URL, **wanted: Any) -> webhooks.Made:
    return registry.do(webhooks.add, OUTGOING, url=url, **wanted)


def go(registry: Registry, post: Post) -> None:
    """One round: what happened is put on its way, and all that is due is sent, one try each."""
    outbox.collect(registry.units)
    with registry.units.read() as uow:
        due = uow.outbox.due(100)
    for project, webhook_id in due:
        while outbox.send(registry.units, OUTGOING.sealer, post, project, webhook_id):
            pass


def log(registry: Registry, made: webhooks.Made) -> list[Delivery]:
    return list(registry.ask(webhooks.deliveries, made.webhook.webhook_id, before=10**6, limit=100))


def shown(registry: Registry, made: webhooks.Made) -> Any:
    return registry.ask(webhooks.one, made.webhook.webhook_id)


# --- what is told --------------------------------------------------------------------------------------------------------
def test_what_happens_from_now_on_is_told_signed(filled: Registry) -> None:
    made, post = add(filled), Post()
    filled.promote("a", to="staging", reason="kinder words")
    go(filled, post)
    ((url, headers, body),) = post.came
    assert url == URL
    told = json.loads(body)
    assert (told["type"], told["data"]["prompts"]) == ("release.applied", [{"name": "a", "from": 1, "to": 2}])
    assert b"kinder" not in body
    assert b"two" not in body
    # The library goes by the machine's clock, so the same message is signed for it anew.
    assert headers == sign(headers["webhook-id"], body, [made.secret], filled.clock.now)
    assert Oracle(made.secret).verify(body, sign(headers["webhook-id"], body, [made.secret], datetime.now(UTC))) == told


def test_the_whole_life_of_releases_is_told_in_order(filled: Registry) -> None:
    add(filled)
    filled.rules(approvals={"count": 1, "author": True})
    filled.promote("a", to="staging")
    release = filled.propose("a", to="production")
    filled.approve(release, filled.hire("reviewer", "reviewer"))
    filled.do(releases.apply, release.release_id)
    filled.rollback("a")
    post = Post()
    go(filled, post)
    assert post.types() == [
        "environment.changed",
        "release.applied",
        "release.proposed",
        "release.approved",
        "release.applied",
        "release.rolled_back",
    ]


def test_emergencies_their_reviews_and_recalls_are_told(filled: Registry) -> None:
    add(filled, events=["release.break_glass", "review.closed", "version.recalled"])
    pager = filled.hire("pager", "on-call")
    release = filled.do_as(pager, releases.break_glass, request("promote", "production", "a@2"))
    filled.do(releases.close_review, release.release_id, "it was right")
    filled.do(recalls.recall, "a", 2, "it insults")
    post = Post()
    go(filled, post)
    assert post.types() == ["release.break_glass", "review.closed", "version.recalled"]


def test_only_the_environments_asked_for(filled: Registry) -> None:
    add(filled, environments=["production"])
    filled.promote("a", to="staging")
    filled.promote("a", to="production")
    post = Post()
    go(filled, post)
    assert [json.loads(body)["data"]["environment"] for *_, body in post.came] == ["production"]


def test_what_nobody_asked_for_moves_the_place_and_sends_nothing(filled: Registry) -> None:
    made, post = add(filled, events=["drift.found"]), Post()
    filled.promote("a", to="staging")
    go(filled, post)
    assert post.came == []
    assert shown(filled, made).cursor == filled.audit()[-1]["seq"]
    with filled.units.read() as uow:
        assert uow.outbox.behind() == []


def test_a_ping_goes_to_one_webhook(filled: Registry) -> None:
    one, other = add(filled), add(filled, "https://other.example.com/")
    seq = filled.do(webhooks.ping, one.webhook.webhook_id)
    post = Post()
    go(filled, post)
    assert post.types() == ["ping"]
    assert post.came[0][0] == URL
    assert [row.seq for row in log(filled, one)] == [seq]
    assert log(filled, other) == []


# --- at least once, under one name ---------------------------------------------------------------------------------------
def test_a_message_keeps_its_name_over_every_try(filled: Registry) -> None:
    made, post = add(filled), Post(Outcome("500"))
    filled.promote("a", to="staging")
    for pause_s in (0, *PAUSES_S):
        filled.clock.tick(1.2 * pause_s + 1)
        go(filled, post)
    assert len(post.came) == 1 + len(PAUSES_S)
    assert len(set(post.names())) == 1
    (delivery,) = log(filled, made)
    assert (delivery.state, [one.outcome for one in delivery.log]) == ("failed", ["500"] * 10)
    filled.clock.tick(10**6)
    go(filled, post)
    assert len(post.came) == 10


def test_nothing_is_tried_before_its_time(filled: Registry) -> None:
    add(filled)
    post = Post(Outcome("503", 600))
    filled.promote("a", to="staging")
    go(filled, post)
    filled.clock.tick(599)
    go(filled, post)
    assert len(post.came) == 1
    filled.clock.tick(2)
    go(filled, post)
    assert len(post.came) == 2


def test_an_endpoint_that_failed_rests_whatever_else_is_due(filled: Registry) -> None:
    add(filled)
    post = Post(Outcome("timeout"))
    filled.promote("a", to="staging")
    filled.promote("a", to="production")
    go(filled, post)
    go(filled, post)
    assert len(post.came) == 1


@pytest.mark.fault("C-27")
def test_trouble_of_one_is_not_trouble_of_another(filled: Registry) -> None:
    add(filled)
    other = add(filled, "https://other.example.com/")
    post = Post(lambda url: Outcome("timeout" if url == URL else "204"))
    filled.promote("a", to="staging")
    filled.promote("a", to="production")
    go(filled, post)
    assert [row.state for row in log(filled, other)] == ["delivered", "delivered"]


def test_of_two_nodes_one_gets_a_message(filled: Registry) -> None:
    made = add(filled)
    filled.promote("a", to="staging")
    outbox.collect(filled.units)
    outbox.collect(filled.units)
    claims = []
    for _ in range(2):
        with filled.units.write() as uow:
            claims.append(outbox.claim(uow, PROJECT, made.webhook.webhook_id))
    assert [claim is not None for claim in claims] == [True, False]


def test_after_a_crash_the_claim_ends_and_the_message_goes_out_under_its_name(filled: Registry) -> None:
    made = add(filled)
    filled.promote("a", to="staging")
    outbox.collect(filled.units)
    with filled.units.write() as uow:
        lost = outbox.claim(uow, PROJECT, made.webhook.webhook_id)
    post = Post()
    go(filled, post)
    assert post.came == []
    filled.clock.tick(outbox.LEASE.total_seconds())
    go(filled, post)
    assert lost is not None
    assert [headers["webhook-id"] for _, headers, _ in post.came] == [message_id(lost.delivery)]
    (delivery,) = log(filled, made)
    assert (delivery.state, delivery.attempts) == ("delivered", 2)


def test_who_comes_late_changes_nothing_that_another_has_done(filled: Registry) -> None:
    made = add(filled)
    filled.promote("a", to="staging")
    outbox.collect(filled.units)
    with filled.units.write() as uow:
        slow = outbox.claim(uow, PROJECT, made.webhook.webhook_id)
    assert slow is not None
    filled.clock.tick(outbox.LEASE.total_seconds())
    go(filled, Post())
    with filled.units.write() as uow:
        outbox.settle(uow, slow, Attempt(1, slow.at, "timeout", 1), Outcome("timeout"))
    (delivery,) = log(filled, made)
    assert (delivery.state, [one.outcome for one in delivery.log]) == ("delivered", ["timeout", "204"])


def test_who_comes_late_leaves_another_its_claim(filled: Registry) -> None:
    made = add(filled)
    filled.promote("a", to="staging")
    outbox.collect(filled.units)
    claims = []
    for _ in range(2):
        with filled.units.write() as uow:
            claims.append(outbox.claim(uow, PROJECT, made.webhook.webhook_id))
        filled.clock.tick(outbox.LEASE.total_seconds())
    slow, other = claims
    assert slow
    assert other
    with filled.units.write() as uow:
        outbox.settle(uow, slow, Attempt(1, slow.at, "timeout", 1), Outcome("timeout"))
    (delivery,) = log(filled, made)
    assert (delivery.leased_until, delivery.due_at) == (other.delivery.leased_until, other.delivery.due_at)


def test_a_transaction_that_fails_loses_nothing(filled: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deliveries and the place in the chain are written together, or not at all."""
    made = add(filled)
    filled.promote("a", to="staging")
    with monkeypatch.context() as patched:
        patched.setattr("cuebook_server.store.webhooks.WebhookStore.prune", _fail)
        with pytest.raises(RuntimeError):
            outbox.collect(filled.units)
    assert (log(filled, made), shown(filled, made).cursor) == ([], made.webhook.cursor)
    post = Post()
    go(filled, post)
    assert post.types() == ["release.applied"]


def test_a_project_that_cannot_be_read_holds_up_no_other(filled: Registry) -> None:
    made, stranger = add(filled), filled.people.stranger
    with filled.units.write() as uow:
        theirs = webhooks.add(stranger.actor, uow, ELSEWHERE, OUTGOING, url=URL)
        webhooks.ping(stranger.actor, uow, ELSEWHERE, theirs.webhook.webhook_id)
    with filled.database.engine.begin() as connection:
        damage = text("UPDATE webhook SET events = 'no JSON' WHERE webhook_id = :id")
        connection.execute(damage, {"id": made.webhook.webhook_id})
    filled.promote("a", to="staging")
    with pytest.raises(ValueError, match="Expecting value"):
        outbox.collect(filled.units)
    with filled.units.read() as uow:
        assert [project for project, _ in uow.outbox.due(10)] == [ELSEWHERE]


def _fail(*_: object) -> None:
    raise RuntimeError


# --- looking after it ----------------------------------------------------------------------------------------------------
def test_gone_ends_it_and_the_chain_says_so(filled: Registry) -> None:
    made, post = add(filled), Post(Outcome("410"))
    filled.promote("a", to="staging")
    go(filled, post)
    found = shown(filled, made)
    assert found.disabled_why == "The endpoint answered 410 Gone."
    last = filled.audit()[-1]
    assert (last["action"], last["principal"], last["target"]) == ("webhook.disabled", "cuebook", found.target)
    filled.promote("a", to="production")
    filled.clock.tick(3_600)
    go(filled, post)
    assert len(post.came) == 1


def test_failures_in_a_row_disable_and_a_delivery_in_between_forgives(filled: Registry) -> None:
    made, post = add(filled), Post(Outcome("500"))
    filled.promote("a", to="staging")

    def nearly_failed() -> None:
        with filled.units.write() as uow:
            found = uow.projects.find(PROJECT)
            assert found is not None
            uow.scope(found).webhooks.change(replace(shown(filled, made), failures=FAILED_MAX - 1))

    nearly_failed()
    for pause_s in (0, *PAUSES_S):
        filled.clock.tick(1.2 * pause_s + 1)
        go(filled, post)
    assert shown(filled, made).disabled_why == f"{FAILED_MAX} messages in a row could not be delivered."
    filled.do(webhooks.enable, made.webhook.webhook_id)
    nearly_failed()
    filled.promote("a", to="production")
    go(filled, Post())
    assert (shown(filled, made).failures, shown(filled, made).disabled_at) == (0, None)


def test_enabled_again_it_goes_on_where_it_stopped(filled: Registry) -> None:
    made, post = add(filled), Post()
    filled.do(webhooks.disable, made.webhook.webhook_id)
    filled.promote("a", to="staging")
    go(filled, post)
    assert post.came == []
    filled.do(webhooks.enable, made.webhook.webhook_id)
    go(filled, post)
    assert post.types() == ["release.applied"]


def test_both_secrets_sign_until_the_overlap_has_passed(filled: Registry) -> None:
    made, post = add(filled), Post()
    new = filled.do(webhooks.rotate, OUTGOING, made.webhook.webhook_id, overlap_s=60)
    filled.promote("a", to="staging")
    go(filled, post)
    filled.clock.tick(61)
    filled.promote("a", to="production")
    go(filled, post)
    counts = [headers["webhook-signature"].count("v1,") for _, headers, _ in post.came]
    assert counts == [2, 1]
    assert new.secret != made.secret


def test_a_secret_is_kept_sealed_and_told_nowhere(filled: Registry) -> None:
    made = add(filled)
    new = filled.do(webhooks.rotate, OUTGOING, made.webhook.webhook_id, overlap_s=60)
    chain = json.dumps(filled.audit())
    assert made.secret not in chain
    assert new.secret not in chain
    assert "T0" not in chain
    assert shown(filled, made).sealed == new.secret[::-1]


def test_a_secret_that_cannot_be_read_is_a_failed_try(filled: Registry) -> None:
    made = add(filled)
    filled.promote("a", to="staging")
    outbox.collect(filled.units)

    class Foreign(Envelope):
        def open(self, sealed: str) -> str:
            raise ValueError

    post = Post()
    assert not outbox.send(filled.units, Foreign(), post, PROJECT, made.webhook.webhook_id)
    assert post.came == []
    assert log(filled, made)[0].log[0].outcome == "secret_unreadable"


def test_removed_it_is_forgotten_even_while_a_message_is_on_its_way(filled: Registry) -> None:
    made = add(filled)
    filled.promote("a", to="staging")
    outbox.collect(filled.units)
    with filled.units.write() as uow:
        ready = outbox.claim(uow, PROJECT, made.webhook.webhook_id)
    assert ready is not None
    filled.do(webhooks.remove, made.webhook.webhook_id)
    with filled.units.write() as uow:
        outbox.settle(uow, ready, Attempt(1, ready.at, "204", 1), Outcome("204"))
    with pytest.raises(NotFound):
        shown(filled, made)
    assert filled.audit()[-1]["action"] == "webhook.removed"


def test_what_is_done_is_forgotten_after_a_month(filled: Registry) -> None:
    made = add(filled)
    filled.promote("a", to="staging")
    go(filled, Post())
    filled.clock.tick(31 * 86_400)
    filled.promote("a", to="production")
    go(filled, Post())
    assert [row.type for row in log(filled, made)] == ["release.applied"]


# --- who may -------------------------------------------------------------------------------------------------------------
def test_only_admins_of_the_project_look_after_webhooks(filled: Registry) -> None:
    made = add(filled)
    everything: list[Callable[..., Any]] = [
        partial(webhooks.add, outgoing=OUTGOING, url=URL),
        webhooks.listed,
        partial(webhooks.one, webhook_id=made.webhook.webhook_id),
        partial(webhooks.ping, webhook_id=made.webhook.webhook_id),
        partial(webhooks.remove, webhook_id=made.webhook.webhook_id),
    ]
    for use in everything:
        with pytest.raises(Forbidden):
            filled.do_as(filled.people.colleague, use)
        with pytest.raises(NotFound):
            filled.do_as(filled.people.stranger, use)


def test_another_projects_webhook_does_not_exist_here(filled: Registry) -> None:
    made = add(filled)
    with filled.units.write() as uow, pytest.raises(NotFound, match="no webhook"):
        webhooks.one(filled.people.operator.actor, uow, "elsewhere", made.webhook.webhook_id)


@pytest.mark.parametrize("wanted", [{"url": "http://example.com/"}, {"url": "https://127.0.0.1/"}])
def test_an_address_that_leads_inside_is_refused(filled: Registry, wanted: dict[str, Any]) -> None:
    with pytest.raises(BadUrl):
        add(filled, **wanted)


def test_there_are_only_so_many(filled: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "WEBHOOKS_MAX", 1)
    add(filled)
    with pytest.raises(BadWebhook, match="at most 1"):
        add(filled)
