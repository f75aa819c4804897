"""What a node notes of its clients: from snapshot and event requests, bounded for each key, written down once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cuebook_server.delivery.fleet import Fleet
from cuebook_server.domain.fleet import Instance
from tests.delivery.client import TRIAGE, Shop
from tests.delivery.listener import Listener
from tests.delivery.live import serving
from tests.delivery.test_events import until

AGENT = "python/1.0 {} {}"


def ask(shop: Shop, instance: str = "a", *, applied: str = "", source: str = "none", path: str = "/v1/snapshot") -> None:
    headers = {"cuebook_client": AGENT.format(instance, source)} | ({"cuebook_applied": applied} if applied else {})
    assert shop.get(path, **headers).status == 200


def noted(shop: Shop) -> dict[str, tuple[str, tuple[int, int] | None]]:
    return {each.about.instance: (each.about.source, each.order) for each in shop.node.app.fleet.take()}


def test_a_client_holds_what_it_is_given(shop: Shop) -> None:
    ask(shop)
    assert noted(shop) == {"a": ("none", (1, 1))}
    shop.release("production", TRIAGE, 2)
    ask(shop, applied="1:1", source="network")
    assert noted(shop) == {"a": ("network", (1, 2))}


def test_a_304_says_so_too(shop: Shop) -> None:
    etag = shop.get("/v1/snapshot").headers["etag"]
    answer = shop.get("/v1/snapshot", if_none_match=etag, cuebook_client=AGENT.format("a", "disk"), cuebook_applied="1:1")
    assert answer.status == 304
    assert noted(shop) == {"a": ("disk", (1, 1))}


def test_who_does_not_take_it_does_not_hold_it(shop: Shop) -> None:
    """A client that refuses what it got asks again with what it held before."""
    ask(shop, applied="1:1")
    shop.release("production", TRIAGE, 2)
    for _ in range(3):
        ask(shop, applied="1:1")
    assert noted(shop) == {"a": ("none", (1, 1))}
    ask(shop, applied="1:2")
    assert noted(shop) == {"a": ("none", (1, 2))}


def test_who_knows_more_than_this_node_is_believed(shop: Shop) -> None:
    ask(shop, applied="1:7")
    assert noted(shop) == {"a": ("none", (1, 7))}


def test_the_stream_says_what_is_held(shop: Shop) -> None:
    headers = [(b"cuebook-client", b"python/1.0 a network"), (b"cuebook-applied", b"1:1")]
    shop.node.app.fleet.hear("key", headers)
    assert noted(shop) == {"a": ("network", (1, 1))}


@pytest.mark.parametrize("path", [f"/v1/prompts/{TRIAGE}", "/v1/prompts"])
def test_other_requests_are_not_looked_at(shop: Shop, path: str) -> None:
    ask(shop, path=path)
    assert noted(shop) == {}


@pytest.mark.parametrize("said", ["", "x" * 5_000, "python/1.0 a", "python/1.0 a network\u00e9", "; DROP TABLE / a network"])
def test_nonsense_is_answered_and_not_noted(shop: Shop, said: str) -> None:
    assert shop.get("/v1/snapshot", cuebook_client=said).status == 200
    assert noted(shop) == {}
    assert shop.get("/v1/snapshot", cuebook_client=AGENT.format("a", "none"), cuebook_applied="9" * 99).status == 200
    assert noted(shop) == {"a": ("none", (1, 1))}


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def hear(fleet: Fleet, key: str, instance: str) -> None:
    fleet.hear(key, [(b"cuebook-client", f"python/1 {instance} network".encode()), (b"cuebook-applied", b"1:1")])


def names(instances: Sequence[Instance]) -> list[str]:
    return [f"{each.selector}.{each.about.instance}" for each in instances]


def test_that_it_lives_is_written_now_and_then() -> None:
    clock = Clock()
    fleet = Fleet(clock=clock)
    hear(fleet, "k", "a")
    assert names(fleet.take()) == ["k.a"]
    clock.now += 44
    hear(fleet, "k", "a")
    assert fleet.take() == []
    clock.now += 2
    hear(fleet, "k", "a")
    assert names(fleet.take()) == ["k.a"]


STREAM = [(b"cuebook-client", b"python/1 a network"), (b"cuebook-applied", b"1:1")]


@pytest.mark.parametrize(("streams", "away", "left"), [(1, True, True), (1, False, False), (2, True, False)])
def test_whose_last_stream_ends_has_left_unless_it_was_sent_away(streams: int, away: bool, left: bool) -> None:
    fleet = Fleet()
    for _ in range(streams):
        fleet.come("k", STREAM)
    fleet.take()
    fleet.go("k", STREAM, away=away)
    assert [each.left for each in fleet.take()] == [True] * left


def test_who_comes_back_is_written_at_once() -> None:
    fleet = Fleet()
    fleet.come("k", STREAM)
    fleet.go("k", STREAM, away=True)
    assert [each.left for each in fleet.take()] == [True]
    fleet.come("k", STREAM)
    assert [each.left for each in fleet.take()] == [False]


def test_a_client_that_hangs_up_has_left_and_one_that_is_sent_away_has_not(shop: Shop) -> None:
    fleet = shop.node.app.fleet
    with serving(shop) as port:
        with Listener(port, shop.prd, "Cuebook-Client: python/1 goes network"):
            until(lambda: fleet.take() != [])
        until(lambda: [each.left for each in fleet.take()] == [True])
        stays = Listener(port, shop.prd, "Cuebook-Client: python/1 stays network")
        until(lambda: fleet.take() != [])
    with stays:  # the server has ended
        assert fleet.take() == []


def test_a_key_pushes_out_its_own_instances_only() -> None:
    fleet = Fleet(of_key_max=3, most=5)
    for instance in "abc":
        hear(fleet, "honest", instance)
    for n in range(50):
        hear(fleet, "flooding", f"i{n}")
    assert {key: list(known) for key, known in fleet._known.items()} == {"honest": ["a", "b", "c"], "flooding": ["i48", "i49"]}
    hear(fleet, "late", "x")
    assert (fleet._count, len(fleet._known["late"])) == (5, 0)


def test_who_was_not_heard_of_for_long_is_let_go() -> None:
    clock = Clock()
    fleet = Fleet(clock=clock)
    hear(fleet, "k", "a")
    clock.now += 601
    hear(fleet, "k", "b")
    fleet.tidy()
    assert list(fleet._known["k"]) == ["b"]
    assert fleet._count == 1
    assert names(fleet.take()) == ["k.b"], "nor is it written any more"


def test_where_nothing_can_be_written_the_news_are_bounded() -> None:
    """On a standby, and on a relay: nobody takes them."""
    fleet = Fleet(most=3)
    for n in range(9):
        hear(fleet, "k", f"i{n}")
    assert len(fleet.take()) == 3


def test_what_could_not_be_written_is_tried_again_with_what_came_since() -> None:
    fleet, written = Fleet(), list[str]()

    def refuse(_: Sequence[Instance]) -> None:
        hear(fleet, "k", "b")
        raise OSError("the disk is full")

    hear(fleet, "k", "a")
    with pytest.raises(OSError, match="full"):
        fleet.flush(refuse)
    fleet.flush(lambda instances: written.extend(names(instances)))
    assert sorted(written) == ["k.a", "k.b"]
    fleet.flush(refuse)
