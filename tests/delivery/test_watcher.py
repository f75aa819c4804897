"""The watcher hears of changes by itself, outlives faults, and ends when told."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cuebook_server.delivery.board import Board
from cuebook_server.delivery.watcher import Watcher
from tests.delivery.client import TRIAGE, Shop
from tests.delivery.memory import MemorySource


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def watching(shop: Shop) -> Iterator[Watcher]:
    watcher = Watcher(shop.node.board, shop.source, back_off_s=(0.01, 0.02))
    watcher.start()
    yield watcher
    watcher.stop()
    assert "cuebook-watcher" not in [thread.name for thread in threading.enumerate()]


def version(shop: Shop) -> int:
    return int(shop.get(f"/v1/prompts/{TRIAGE}").json["version"])


def test_a_release_elsewhere_is_heard_of(shop: Shop) -> None:
    with watching(shop):
        shop.source.release(shop.environments["production"], TRIAGE, 3)
        until(lambda: version(shop) == 3)
    counters = shop.node.board.counters
    assert counters.propagations >= 1


def test_it_outlives_a_source_that_is_away(shop: Shop) -> None:
    with watching(shop):
        shop.source.down = True
        until(lambda: shop.node.board.counters.refresh_errors >= 3)
        assert version(shop) == 1
        shop.source.release(shop.environments["production"], TRIAGE, 2)
        shop.source.down = False
        until(lambda: version(shop) == 2)


def test_it_polls_where_hints_fail_for_good(shop: Shop) -> None:
    def no_hints() -> Iterator[None]:
        raise NotImplementedError("a standby refuses LISTEN")

    shop.source.hints = no_hints  # type: ignore[method-assign]  # the fault to be outlived
    with watching(shop):
        shop.source.release(shop.environments["production"], TRIAGE, 3)
        until(lambda: version(shop) == 3)


def test_states_follow_the_source(shop: Shop) -> None:
    now = [time.time()]
    watcher = Watcher(shop.node.board, shop.source, clock=lambda: now[0])
    assert watcher.state == "stale", "nobody watches yet"
    watcher.start()
    until(lambda: watcher.state == "ready")
    now[0] += 6
    assert watcher.state == "stale"
    watcher.stop()


def test_a_node_that_never_loaded_is_starting() -> None:
    source = MemorySource()
    source.down = True
    board = Board(source)
    watcher = Watcher(board, source)
    watcher.start()
    until(lambda: board.counters.refresh_errors > 0)
    asyncio.run(watcher.begun(0.01))
    assert watcher.state == "starting"
    watcher.stop()


def test_who_begins_waits_until_there_is_something_to_serve(shop: Shop) -> None:
    source, board = shop.source, Board(shop.source)
    source.down = True
    watcher = Watcher(board, source, back_off_s=(0.01, 0.02))
    watcher.start()
    threading.Timer(0.1, setattr, (source, "down", False)).start()
    asyncio.run(watcher.begun(60.0))
    assert watcher.state == "ready"
    watcher.stop()


def test_stopping_does_not_wait_for_a_source_that_hangs(shop: Shop) -> None:
    release = threading.Event()

    def hang() -> Iterator[None]:
        release.wait(10)
        yield

    shop.source.hints = hang  # type: ignore[method-assign]  # the fault to be outlived
    watcher = Watcher(shop.node.board, shop.source)
    watcher.start()
    started = time.monotonic()
    watcher.stop(timeout_s=0.1)
    assert time.monotonic() - started < 5
    release.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_ends_by_itself_is_told_of(shop: Shop) -> None:
    """A listener was once lost to the garbage collector: nothing failed, and the node heard of nothing any more."""

    def end() -> Iterator[None]:
        raise SystemExit

    watcher = Watcher(shop.node.board, shop.source)
    assert not watcher.dead, "it has not begun"
    shop.source.hints = end  # type: ignore[method-assign]  # the fault to be told of
    watcher.start()
    until(lambda: watcher.dead)
    assert watcher.state == "stale"
