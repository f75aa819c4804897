"""Event streams: level-triggered, the newest only, closed with the key."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cuebook_server.delivery.limits import Limits
from cuebook_server.delivery.snapshot import Snapshot
from cuebook_server.delivery.streams import Streams
from tests.delivery.client import TRIAGE, Shop, make_shop
from tests.delivery.listener import PATIENCE_S, Listener
from tests.delivery.live import serving
from tests.delivery.memory import PROJECT, SOME_TIME, text
from tests.delivery.proxies import front


@contextmanager
def listening(shop: Shop, *, limits: Limits | None = None, **times: float) -> Iterator[int]:
    """The port of a node with streams of another kind than production's."""
    shop.node.app.streams = Streams(shop.node.board, limits or Limits(), **times)
    with serving(shop) as port:
        yield port


@pytest.fixture
def port(shop: Shop) -> Iterator[int]:
    with listening(shop) as number:
        yield number


def until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not seen():
        assert time.monotonic() < deadline, "it was not seen"
        time.sleep(0.01)


def change_key(shop: Shop, **changes: object) -> None:
    row = next(row for row in shop.source.delivery_keys.values() if row.environment == "production")
    shop.source.change_key(replace(row, **changes))  # type: ignore[arg-type]  # fields by name
    assert shop.node.board.refresh_now()


def test_a_newcomer_is_told_at_once_where_things_stand(shop: Shop, port: int) -> None:
    with Listener(port, shop.prd) as client:
        assert client.status == 200
        assert client.headers["content-type"] == "text/event-stream"
        assert client.headers["cache-control"] == "no-store, no-transform"
        assert client.headers["x-accel-buffering"] == "no"
        assert 200 <= int(client.event().data) <= 2_000
        hello, head = client.event(), client.event()
    assert (hello.name, hello.id, hello.data["heartbeat_s"]) == ("hello", "1:1", 15)
    assert 0.8 * 1_800 <= hello.data["life_s"] <= 1.2 * 1_800
    assert head == ("head", "1:1", {"epoch": 1, "revision": 1, "recalled": 0})


@pytest.mark.parametrize("seen", ["1:1", "1:999999", "9:0", "", "x", "1:1\u00e9", "9" * 5_000])
def test_what_a_client_has_seen_changes_nothing(shop: Shop, port: int, seen: str) -> None:
    with Listener(port, shop.prd, f"Last-Event-ID: {seen}") as client:
        assert client.next("head").data == {"epoch": 1, "revision": 1, "recalled": 0}


def test_a_release_is_told_with_what_changed(shop: Shop, port: int) -> None:
    with Listener(port, shop.prd) as client:
        client.next("head")
        shop.release("production", TRIAGE, 3)
        assert client.event() == ("head", "1:2", {"epoch": 1, "revision": 2, "recalled": 0, "changed": [[TRIAGE, 3]]})
        shop.release("production", TRIAGE, None)
        assert client.event().data["changed"] == [[TRIAGE, None]]


def test_many_changes_are_not_listed(shop: Shop, port: int) -> None:
    for number in range(101):
        shop.source.save(f"many.{number}", text("one of many"))
    with Listener(port, shop.prd) as client:
        client.next("head")
        shop.source.release_all(shop.environments["production"])
        assert shop.node.board.refresh_now()
        assert client.event().data == {"epoch": 1, "revision": 2, "recalled": 0}


def test_a_recall_that_raises_no_revision_is_told_to_whom_it_concerns(shop: Shop, port: int) -> None:
    shop.release("production", TRIAGE, 2)
    with Listener(port, shop.prd) as concerned, Listener(port, shop.keys["staging"]) as other:
        concerned.next("head")
        other.next("head")
        shop.source.recalls.append((PROJECT, TRIAGE, 3))  # development alone has served it
        assert shop.node.board.refresh_now()
        shop.source.recalls.append((PROJECT, TRIAGE, 1))  # both have; neither serves it now
        assert shop.node.board.refresh_now()
        told = {"epoch": 1, "recalled": 1}
        assert concerned.event() == ("head", "1:2", {**told, "revision": 2})
        assert other.event() == ("head", "1:2", {**told, "revision": 2})
    assert shop.get("/v1/snapshot").json["recalled"] == {TRIAGE: [1]}


def test_nobody_hears_of_another_environment(shop: Shop, port: int) -> None:
    with Listener(port, shop.prd) as client:
        client.next("head")
        shop.release("staging", TRIAGE, 3)
        shop.set_policy("production", latest_allowed=True)
        shop.release("production", TRIAGE, 2)
        assert client.event().data["changed"] == [[TRIAGE, 2]]


def test_a_restored_database_is_told_by_its_epoch(shop: Shop, port: int) -> None:
    with Listener(port, shop.prd) as client:
        client.next("head")
        shop.source.epoch = 2
        assert shop.node.board.refresh_now()
        assert client.event() == ("head", "2:1", {"epoch": 2, "revision": 1, "recalled": 0})


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/v1/events?environment=production", "HEAD", 200),
        ("/v1/events?environment=staging", "HEAD", 403),
        ("/v1/events?environment=staging", "GET", 403),
        ("/v1/events?since=1", "GET", 400),
        ("/v1/events", "POST", 405),
        ("/v1/events/", "GET", 404),
        ("/v1/events", "GET", 503),
    ],
)
def test_it_is_asked_as_the_other_calls_are(shop: Shop, path: str, method: str, status: int) -> None:
    """The last: a server without our protocol says that it does not stream."""
    answer = shop.node.get(path, shop.prd, method)
    assert (answer.status, answer.body == b"") == (status, method == "HEAD")


def test_a_stranger_hears_nothing(shop: Shop, port: int) -> None:
    with Listener(port, "cue_prd_nobody") as client:
        assert client.status == 401


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": SOME_TIME},
        {"expires_at": SOME_TIME},
        {"networks": ("10.0.0.0/8",)},
    ],
)
def test_a_key_that_counts_no_more_closes_its_streams_only(shop: Shop, port: int, change: dict[str, object]) -> None:
    with Listener(port, shop.prd) as client, Listener(port, shop.keys["staging"]) as other:
        client.next("head")
        change_key(shop, **change)
        (goodbye,) = client.end()
        assert (goodbye.name, goodbye.data["reason"]) == ("goodbye", "revoked")
        shop.release("staging", TRIAGE, 3)
        assert other.next("head").name == "head"
        assert len(shop.node.app.streams) == 1
    with Listener(port, shop.prd) as again:
        assert again.status in {401, 403}


def test_a_key_expires_while_it_streams(shop: Shop, port: int) -> None:
    change_key(shop, expires_at=datetime.now(UTC) + timedelta(seconds=1))
    with Listener(port, shop.prd) as client:
        assert client.end()[-1].data["reason"] == "revoked"


def test_a_quiet_stream_is_heard(shop: Shop) -> None:
    with listening(shop, heartbeat_s=0.3) as port, Listener(port, shop.prd) as client:
        for _ in range(3):
            assert client.beat()


def test_a_life_ends_and_says_when_to_come_back(shop: Shop) -> None:
    with listening(shop, heartbeat_s=0.2, life_s=0.5) as port, Listener(port, shop.prd) as client:
        goodbye = client.end()[-1]
    assert goodbye.data["reason"] == "life"
    assert 0 < goodbye.data["retry_ms"] <= 2_000
    assert dict(shop.node.board.counters.goodbyes) == {"life": 1}


@pytest.mark.fault("C-16")
def test_who_does_not_read_hears_the_newest_only(shop: Shop, port: int) -> None:
    """Names of 200 bytes, a hundred a release: what is not read fills the connection after a few."""
    for number in range(60):
        shop.source.save(f"{'n' * 190}.{number}", text("long"))
    counters, key = shop.node.board.counters, shop.environments["production"]
    with Listener(port, shop.prd, buffer_bytes=1_024) as client:
        until(lambda: len(shop.node.app.streams) == 1)
        for _ in range(60):
            shop.source.release_all(key)
            assert shop.node.board.refresh_now()
            time.sleep(0.005)
        until(lambda: counters.mailbox_overwrites > 0)
        heard: list[int] = []
        while not heard or heard[-1] < 61:
            heard.append(client.next("head").data["revision"])
    assert heard == sorted(set(heard))
    assert len(heard) <= 61 - counters.mailbox_overwrites


@pytest.mark.fault("C-16")
def test_who_takes_nothing_is_dropped(shop: Shop) -> None:
    for number in range(60):
        shop.source.save(f"{'n' * 190}.{number}", text("long"))
    with (
        listening(shop, stalled_s=0.5) as port,
        Listener(port, shop.prd, buffer_bytes=1_024) as client,
        Listener(port, shop.prd) as reader,
    ):
        reader.next("head")
        while not shop.node.board.counters.goodbyes["slow"]:
            shop.source.release_all(shop.environments["production"])
            assert shop.node.board.refresh_now()
            assert reader.next("head").data["revision"] < 500
        until(lambda: len(shop.node.app.streams) == 1)
        assert all(event.name != "goodbye" for event in client.end()[:-1])


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        (Limits(streams=2), "streams"),
        (Limits(key_streams=2), "streams_of_a_key"),
        (Limits(address_streams=2), "streams_of_an_address"),
    ],
)
def test_over_the_cap_one_is_sent_away_for_a_while(shop: Shop, limits: Limits, what: str) -> None:
    with listening(shop, limits=limits) as port, Listener(port, shop.prd), Listener(port, shop.prd) as second:
        until(lambda: len(shop.node.app.streams) == 2)
        waits = set()
        for _ in range(20):
            with Listener(port, shop.prd) as refused:
                assert (refused.status, refused.headers["content-type"]) == (503, "application/problem+json")
                waits.add(int(refused.headers["retry-after"]))
        assert len(waits) > 1
        assert max(waits) <= 30
        assert dict(shop.node.board.counters.refused) == {what: 20}
        second.socket.close()
        until(lambda: len(shop.node.app.streams) == 1)
        with Listener(port, shop.prd) as taken:
            assert taken.status == 200


def test_who_speaks_into_a_stream_is_not_listened_to(shop: Shop, port: int) -> None:
    with Listener(port, shop.prd) as client:
        client.next("head")
        client.socket.sendall(b"GET /v1/prompts HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        shop.release("production", TRIAGE, 2)
        assert client.event().name == "head"
    until(lambda: len(shop.node.app.streams) == 0)
    assert dict(shop.node.board.counters.requests) == {200: 1}


def test_an_old_client_is_streamed_to_as_well(shop: Shop, port: int) -> None:
    with Listener(port, shop.prd, http="1.0") as client:
        assert client.next("head").data["revision"] == 1


def test_nginx_passes_events_on_as_they_come(shop: Shop, port: int, tmp_path: Path) -> None:
    with front("nginx", port, tmp_path) as through, Listener(through, shop.prd, http="1.0") as client:
        assert client.headers["content-type"] == "text/event-stream"
        client.next("head")
        for number in (2, 3):
            shop.release("production", TRIAGE, number)
            assert client.event().data["changed"] == [[TRIAGE, number]]


def test_the_server_says_goodbye_when_it_ends(shop: Shop) -> None:
    with listening(shop) as port:
        client = Listener(port, shop.prd)
        client.next("head")
    assert client.end()[-1].data["reason"] == "drain"
    client.socket.close()


def test_a_node_that_drains_takes_nobody_in(shop: Shop, port: int) -> None:
    shop.node.app.streams.draining = True
    with Listener(port, shop.prd) as client:
        assert client.status == 503
    assert shop.get(f"/v1/prompts/{TRIAGE}").status == 200


def test_writers_without_pause_leave_the_last_word_to_the_last(shop: Shop, port: int) -> None:
    with Listener(port, shop.prd) as client:
        for number in range(200):
            shop.release("production", TRIAGE, 1 + number % 3)
        heard = [1]
        while heard[-1] < 201:
            heard.append(client.next("head").data["revision"])
    assert heard[1:] == sorted(heard[1:])


@pytest.mark.fault("C-15")
def test_all_come_back_at_once_and_are_taken_in(shop: Shop, port: int) -> None:
    for _ in range(3):
        with ExitStack() as stack:
            clients = [stack.enter_context(Listener(port, shop.prd)) for _ in range(200)]
            assert shop.get(f"/v1/prompts/{TRIAGE}").status == 200
            revision = shop.source.release(shop.environments["production"], TRIAGE, 2)
            assert shop.node.board.refresh_now()
            for client in clients:
                while client.next("head").data["revision"] < revision:
                    pass
    until(lambda: len(shop.node.app.streams) == 0)
    assert shop.node.board.counters.refused == {}


def test_two_nodes_of_one_process_have_streams_of_their_own() -> None:
    shops = make_shop(), make_shop()
    with serving(shops[0]) as one, serving(shops[1]) as other, Listener(one, shops[0].prd) as client:
        client.next("head")
        assert len(shops[1].node.app.streams) == 0
        with Listener(other, shops[1].prd) as second:
            assert second.next("head").data["revision"] == 1


def test_an_environment_that_was_put_back_to_nothing_keeps_no_news_from_others(shop: Shop, port: int) -> None:
    """A backup may be older than an environment that somebody listens to."""
    with Listener(port, shop.keys["staging"]) as gone, Listener(port, shop.prd) as client:
        assert [one.next("head").id for one in (gone, client)] == ["1:2", "1:1"]
        shop.source.epoch += 1
        del shop.source.held[shop.environments["staging"]]
        assert shop.node.board.refresh_now()
        assert client.next("head").data["epoch"] == 2
        shop.release("production", TRIAGE, 3)
        assert client.next("head").data["revision"] == 2


def test_what_nobody_listens_to_any_more_is_not_held(shop: Shop, port: int) -> None:
    def snapshots() -> int:
        gc.collect()
        mine = shop.environments["production"]
        return sum(isinstance(one, Snapshot) and one.key == mine for one in gc.get_objects())

    before = snapshots()
    with Listener(port, shop.prd) as client:
        client.next("head")
    until(lambda: len(shop.node.app.streams) == 0)
    for number in (2, 3):
        shop.release("production", TRIAGE, number)
    until(lambda: snapshots() == before)
