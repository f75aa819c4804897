"""The courier: what hangs holds up nothing but itself."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping

import pytest

from cuebook_server.domain.webhook import Outcome
from cuebook_server.services import courier as couriers
from cuebook_server.services import webhooks
from cuebook_server.services.courier import Courier
from tests.factories import Registry, open_registry
from tests.services.test_webhooks import OUTGOING, add, log

SECONDS_MAX = 30


class Hanging:
    """Takes everything, but for one address, which never answers until the test ends."""

    def __init__(self) -> None:
        self.over, self.hangs, self.came = threading.Event(), threading.Event(), list[str]()

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        if "hangs" in url:
            self.hangs.set()
            self.over.wait(SECONDS_MAX)
            return Outcome("timeout")
        self.came.append(json.loads(body)["type"])
        return Outcome("204")


@pytest.fixture
def registry(database_url: str) -> Iterator[Registry]:
    with open_registry(database_url) as opened:
        opened.save("a", "one")
        yield opened


@pytest.fixture
def sender() -> Iterator[Hanging]:
    made = Hanging()
    yield made
    made.over.set()


def courier(registry: Registry, sender: Hanging) -> Courier:
    return Courier(registry.units, OUTGOING.sealer, sender)


def rounds(of: Courier, until: Callable[[], bool]) -> None:
    """Rounds until something is so, and everything that was begun has ended or hangs."""
    for _ in range(200):
        of.round()
        of.wait(0.05)
        if until():
            return
    raise AssertionError("it did not come to that")


def test_one_endpoint_that_hangs_holds_up_no_other_and_no_release(registry: Registry, sender: Hanging) -> None:
    hanging = add(registry, "https://hangs.example.com/")
    add(registry, "https://goes.example.com/")
    sends = courier(registry, sender)
    registry.promote("a", to="staging")
    rounds(sends, sender.hangs.is_set)
    registry.promote("a", to="production")
    rounds(sends, lambda: len(sender.came) == 2)
    assert [row.state for row in log(registry, hanging)] == ["waiting", "waiting"]
    sender.over.set()
    sends.wait(SECONDS_MAX)
    assert log(registry, hanging)[1].log[0].outcome == "timeout"


def test_a_long_queue_is_sent_in_one_go(registry: Registry, sender: Hanging) -> None:
    made = add(registry)
    for _ in range(5):
        registry.do(webhooks.ping, made.webhook.webhook_id)
    sends = courier(registry, sender)
    sends.round()
    sends.wait(SECONDS_MAX)
    assert sender.came == ["ping"] * 5


def test_no_more_threads_than_agreed(registry: Registry, sender: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers, "SENDERS_MAX", 1)
    for _ in range(2):
        add(registry, "https://hangs.example.com/")
    registry.promote("a", to="staging")
    sends = courier(registry, sender)
    rounds(sends, sender.hangs.is_set)
    assert len([thread for thread in threading.enumerate() if thread.name == "cuebook-webhook"]) == 1
    sender.over.set()
    sends.wait(SECONDS_MAX)


def test_what_breaks_is_logged_and_tried_again(
    registry: Registry, sender: Hanging, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add(registry)
    registry.promote("a", to="staging")
    sends = courier(registry, sender)

    def fail(*_: object) -> Outcome:
        raise RuntimeError("it broke")

    with monkeypatch.context() as broken, caplog.at_level(logging.WARNING):
        broken.setattr(sender, "post", fail)
        rounds(sends, lambda: "it broke" in caplog.text)
    registry.clock.tick(61)
    rounds(sends, lambda: len(sender.came) == 1)


def test_a_process_that_ends_begins_nothing_new(registry: Registry, sender: Hanging) -> None:
    add(registry)
    registry.promote("a", to="staging")
    sends = courier(registry, sender)
    sends.round(lambda: True)
    sends.wait(SECONDS_MAX)
    assert sender.came == []
