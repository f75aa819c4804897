"""A database with another past than what was seen: nothing of it is served under the old epoch, after no restart either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cuebook_server.delivery.board import Board
from cuebook_server.delivery.kept import Seen
from cuebook_server.delivery.last_known_good import LastKnownGood
from tests.delivery.client import TRIAGE, Shop
from tests.delivery.memory import PROJECT, MemorySource


@dataclass
class Beginner:
    """Begins an epoch as the database does: if the present one is still that, and above every one seen."""

    source: MemorySource
    calls: list[tuple[int, int, str]] = field(default_factory=list)

    def __call__(self, present: int, seen: int, why: str) -> None:
        self.calls.append((present, seen, why))
        if self.source.epoch == present:
            self.source.epoch, self.source.moved = max(present, seen) + 1, False


def node_of(shop: Shop, seen: Seen | None = None) -> tuple[Board, Beginner]:
    """A node over the shop's source that has read it once; ``seen``: what its machine remembers."""
    begin = Beginner(shop.source)
    board = Board(shop.source, recollect=lambda: seen, begin_epoch=begin)
    board.refresh_now()
    return board, begin


def past(shop: Shop, seq: int, hash_: str) -> None:
    shop.source.history = {PROJECT: (seq, hash_)}


def go_back(shop: Shop) -> None:
    key = shop.environments["production"]
    held = shop.source.held[key]
    held.moves.pop()
    held.environment = replace(held.environment, revision=held.environment.revision - 1)


def order(shop: Shop, board: Board) -> tuple[int, int]:
    return board.environments[shop.environments["production"]].order[:2]


@pytest.mark.parametrize(
    "happens",
    [
        go_back,
        lambda shop: past(shop, 4, "d"),
        lambda shop: past(shop, 5, "x"),
        lambda shop: past(shop, 9, "x"),
        lambda shop: shop.source.history.clear(),
        lambda shop: setattr(shop.source, "moved", True),
        lambda shop: setattr(shop.source, "epoch", 0),
    ],
)
def test_another_past_begins_an_epoch_and_is_followed(shop: Shop, happens: Callable[[Shop], object]) -> None:
    past(shop, 5, "e")
    shop.release("production", TRIAGE, 2)
    board, begin = node_of(shop)
    assert begin.calls == []
    happens(shop)
    assert board.refresh_now()
    assert len(begin.calls) == board.counters.epochs_begun == 1
    assert order(shop, board)[0] == shop.source.epoch == 2
    assert board.refresh_now()
    assert len(begin.calls) == 1


def test_a_database_that_takes_no_writes_is_not_followed(shop: Shop) -> None:
    past(shop, 5, "e")
    board, begin = node_of(shop)
    before = order(shop, board)
    past(shop, 4, "d")
    shop.source.writable = False
    assert not board.refresh_now()
    assert (order(shop, board), begin.calls) == (before, [])


def test_a_standby_that_is_behind_is_followed_when_it_has_caught_up(shop: Shop) -> None:
    past(shop, 5, "e")
    board, begin = node_of(shop)
    past(shop, 4, "d")
    shop.source.writable = False
    assert not board.refresh_now()
    past(shop, 5, "e")
    assert board.refresh_now()
    assert begin.calls == []


def test_of_two_nodes_that_notice_one_begins(shop: Shop) -> None:
    past(shop, 5, "e")
    (one, begins), (other, begins_too) = node_of(shop), node_of(shop)
    past(shop, 4, "d")
    assert one.refresh_now()
    assert other.refresh_now()
    assert (len(begins.calls), len(begins_too.calls), shop.source.epoch) == (1, 0, 2)


def test_a_greater_epoch_is_followed_whatever_the_past(shop: Shop) -> None:
    past(shop, 5, "e")
    board, begin = node_of(shop)
    past(shop, 1, "a")
    go_back(shop)
    shop.source.epoch = 7
    assert board.refresh_now()
    assert (begin.calls, order(shop, board)[0]) == ([], 7)


def test_an_environment_the_new_epoch_never_had_is_let_go(shop: Shop) -> None:
    key = shop.source.add_environment("canary")
    board, _ = node_of(shop)
    assert key in board.environments
    del shop.source.held[key]
    shop.source.epoch = 2
    assert board.refresh_now()
    assert key not in board.environments


def test_a_restarted_node_remembers_how_far_it_had_seen(shop: Shop, tmp_path: Path) -> None:
    past(shop, 5, "e")
    board, _ = node_of(shop)
    LastKnownGood(tmp_path, "here", 1 << 30).keep(board)
    remembered = LastKnownGood(tmp_path, "here", 1 << 30).seen()
    assert remembered == Seen("one", 1, {PROJECT: (5, "e")})
    assert LastKnownGood(tmp_path, "elsewhere", 1 << 30).seen() is None
    past(shop, 3, "c")
    again, begin = node_of(shop, remembered)
    assert len(begin.calls) == 1
    assert order(shop, again)[0] == 2


def test_an_older_epoch_after_a_restart_is_raised_above_what_was_seen(shop: Shop) -> None:
    board, begin = node_of(shop, Seen("one", 9, {}))
    assert begin.calls[0][:2] == (1, 9)
    assert order(shop, board)[0] == 10


def test_what_was_seen_of_another_registry_does_not_matter(shop: Shop) -> None:
    board, begin = node_of(shop, Seen("another", 9, {PROJECT: (99, "z")}))
    assert (begin.calls, order(shop, board)[0]) == ([], 1)


def test_damaged_memory_is_none(shop: Shop, tmp_path: Path) -> None:
    board, _ = node_of(shop)
    copy = LastKnownGood(tmp_path, "here", 1 << 30)
    copy.keep(board)
    (tmp_path / "seen").write_bytes(b"no")
    assert copy.seen() is None


def vanish(shop: Shop) -> None:
    """What a backup of before the environment was made does to it, put back."""
    key = shop.environments["production"]
    del shop.source.held[key]
    shop.source.epoch += 1


@pytest.mark.parametrize("path", ["/v1/snapshot?min_revision=9", "/v1/snapshot", "/v1/prompts"])
def test_an_environment_that_a_restore_took_away_meanwhile(shop: Shop, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Whoever was let in when it was there is told to ask again: then their key is not known any more."""
    admit = shop.node.app._admit

    def late(*asked: Any) -> Any:
        try:
            return admit(*asked)
        finally:
            vanish(shop)
            assert "min_revision" in path or shop.node.board.refresh_now()

    monkeypatch.setattr(shop.node.app, "_admit", late)
    answer = shop.get(path)
    assert (answer.status, answer.code) == (503, "unavailable")
