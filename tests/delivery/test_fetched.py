"""What each key fetched is noted in memory, one write a request at most, and written down now and then."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime

import orjson
import pytest

from cuebook_server.delivery import board as boards
from cuebook_server.services.ports import Fetched
from cuebook_server.worker import Job, Worker
from tests.delivery.client import TRIAGE, Shop
from tests.delivery.test_watcher import until, watching

PATH = f"/v1/prompts/{TRIAGE}"
RENDER = orjson.dumps({"variables": {"customer": "c"}})


def taken(shop: Shop) -> set[int | None]:
    """What production's key took: ids of prompts, and ``None`` for everything."""
    fetched = shop.node.board.take_fetched()
    assert {selector for selector, _ in fetched} <= {shop.prd.split("_")[2]}
    return {prompt_id for _, prompt_id in fetched}


@pytest.mark.parametrize("path", [PATH, f"{PATH}?version=1", f"{PATH}?subject=s", "/v1/prompts/old.name"])
def test_a_prompt_by_its_name_or_a_former_one(shop: Shop, path: str) -> None:
    shop.source.alias("old.name", TRIAGE)
    shop.node.board.refresh_now()
    etag = shop.get(path).headers["etag"]
    assert taken(shop) == {1}
    assert shop.get(path, if_none_match=etag).status == 304
    assert taken(shop) == {1}, "who holds it uses it"
    assert taken(shop) == set()


def test_a_render(shop: Shop) -> None:
    assert shop.node.post(f"{PATH}/render", shop.prd, RENDER).status == 200
    assert taken(shop) == {1}


@pytest.mark.parametrize("path", ["/v1/prompts", "/v1/snapshot"])
def test_everything(shop: Shop, path: str) -> None:
    assert shop.get(path).status == 200
    assert taken(shop) == {None}


@pytest.mark.parametrize(
    "path", ["/v1/prompts/draft.only", f"{PATH}?version=3", "/v1/nowhere", "/v1/snapshot?x=1", f"{PATH}?x=1"]
)
def test_what_was_refused_was_not_fetched(shop: Shop, path: str) -> None:
    assert shop.get(path).status >= 400
    assert taken(shop) == set()


def test_times_are_as_coarse_as_a_minute(shop: Shop) -> None:
    shop.get(PATH)
    (moment,) = shop.node.board.take_fetched().values()
    assert (moment.second, moment.microsecond) == (0, 0)


def test_a_key_that_takes_too_many_has_taken_everything(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "FETCHED_MAX", 2)
    board = shop.node.board
    for prompt_id in (1, 2, 3, 1, 4):
        board.fetch("key", prompt_id)
    board.fetch("other", 1)
    assert set(board.fetched) == {("key", 1), ("key", 2), ("key", None), ("other", None)}


def test_it_is_written_down_with_which_keys_were_used(shop: Shop) -> None:
    for path, environment in ((PATH, "production"), ("/v1/snapshot", "staging")):
        shop.get(path, environment)
        shop.node.board.write_uses()
    assert {prompt_id for _, prompt_id in shop.source.noted_fetches} == {1, None}
    assert len(shop.source.noted) == 2
    shop.source.down = True
    shop.node.board.write_uses()  # there is nothing to tell


def test_a_database_that_takes_no_writes_delays_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full for an hour must not make a prompt look unused."""
    refused: list[Mapping[Fetched, datetime]] = []

    def full(fetched: Mapping[Fetched, datetime]) -> None:
        refused.append(fetched)
        raise OSError("the disk is full")

    assert shop.get(PATH).status == 200
    with monkeypatch.context() as patched:
        patched.setattr(shop.source, "fetched", full)
        patched.setattr(shop.source, "used", full)
        for _ in range(2):
            with pytest.raises(OSError, match="full"):
                shop.node.board.write_uses()
    assert len(refused) == 2
    shop.node.board.write_uses()
    assert {prompt_id for _, prompt_id in shop.source.noted_fetches} == {1}
    assert list(shop.source.noted) == [shop.prd.split("_")[2]]


def test_a_database_that_keeps_it_waiting_makes_no_node_stale(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody holds the key's row, or a standby is away: for seconds, once a minute, nodes once heard of nothing."""
    waits, gone = threading.Event(), threading.Event()

    def wait(_: object) -> None:
        waits.set()
        gone.wait(20)

    monkeypatch.setattr(shop.source, "used", wait)
    shop.get(PATH)
    worker = Worker([Job("uses", 0.01, lambda _: shop.node.board.write_uses(), at_end=True)])
    with watching(shop):
        worker.start()
        assert waits.wait(20)
        shop.source.release(shop.environments["production"], TRIAGE, 3)
        until(lambda: shop.get(PATH).json["version"] == 3)
        gone.set()
        worker.stop()
