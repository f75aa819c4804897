"""The board moves forward only, never empties, and shows a commit to whoever asks after it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.delivery.board import Board
from cuebook_server.domain.errors import Unavailable
from cuebook_server.domain.policy import Policy
from cuebook_server.services.ports import EnvironmentKey, EnvironmentState, Heads, History
from tests.delivery.client import TRIAGE, Shop, make_shop
from tests.delivery.memory import MemorySource, text


def held(board: Board, key: EnvironmentKey) -> tuple[int, int, int]:
    return board.environments[key].order


def test_a_release_is_visible_in_the_next_answer(shop: Shop) -> None:
    for number in (2, 3, 1):
        shop.release("production", TRIAGE, number)
        assert shop.get(f"/v1/prompts/{TRIAGE}").json["version"] == number


def test_only_what_changed_is_read_again(shop: Shop) -> None:
    shop.source.calls.clear()
    shop.node.board.refresh_now()
    assert shop.source.calls == ["heads"]
    shop.release("production", TRIAGE, 2)
    assert shop.source.calls == ["heads", "heads", "environment"]


def test_a_changed_policy_counts_at_the_same_revision(shop: Shop) -> None:
    before = held(shop.node.board, shop.environments["production"])
    shop.set_policy("production", latest_allowed=True)
    assert held(shop.node.board, shop.environments["production"]) == (before[0], before[1], before[2] + 1)
    assert shop.get(f"/v1/prompts/{TRIAGE}?version=latest").json["version"] == 3


def test_a_new_epoch_replaces_everything_even_by_a_smaller_revision(shop: Shop) -> None:
    restored = make_shop()
    shop.source.held, shop.source.epoch = restored.source.held, 2
    key = shop.environments["staging"]
    held_there = shop.source.held[key]
    held_there.moves.pop()
    held_there.environment = replace(held_there.environment, revision=1)
    assert shop.node.board.refresh_now()
    assert held(shop.node.board, key)[:2] == (2, 1)
    assert shop.get(f"/v1/prompts/{TRIAGE}", "staging").json["version"] == 1


def test_an_older_epoch_is_refused(shop: Shop) -> None:
    shop.source.epoch = 0
    shop.source.release(shop.environments["production"], TRIAGE, 3)
    assert not shop.node.board.refresh_now()
    assert shop.get(f"/v1/prompts/{TRIAGE}").json["version"] == 1


def test_a_database_that_went_back_in_time_is_not_followed(shop: Shop) -> None:
    """A backup put back without a word: the numbers it will give again stand for other content elsewhere."""
    key = shop.environments["production"]
    shop.release("production", TRIAGE, 2)
    held_there = shop.source.held[key]
    held_there.moves.pop()
    held_there.environment = replace(held_there.environment, revision=held_there.environment.revision - 1)
    as_of = shop.node.board.as_of
    assert not shop.node.board.refresh_now()
    assert shop.get(f"/v1/prompts/{TRIAGE}").json["version"] == 2
    assert shop.node.board.as_of == as_of, "the node goes stale, and says so"


def test_an_answer_older_than_what_is_held_is_dropped(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica that lags may answer ``environment`` with less than ``heads`` promised."""
    key = shop.environments["production"]
    shop.release("production", TRIAGE, 2)
    old = shop.source.environment(key)
    assert old is not None
    shop.release("production", TRIAGE, 3)
    late = replace(old, revision=1)
    monkeypatch.setattr(shop.source, "environment", lambda *_: late)
    shop.source.release(key, TRIAGE, 1)
    shop.node.board.refresh_now()
    assert shop.get(f"/v1/prompts/{TRIAGE}").json["version"] == 3


@pytest.mark.parametrize("part", ["heads", "keys", "directory", "environment"])
def test_no_error_empties_anything(shop: Shop, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    def broken(*_: object) -> None:
        raise ConnectionError("away")

    with monkeypatch.context() as patched:
        patched.setattr(shop.source, part, broken)
        shop.source.add_key(shop.environments["staging"])
        shop.source.save("new.one", text("new"))
        assert not shop.node.board.refresh_now()
        assert shop.get(f"/v1/prompts/{TRIAGE}").status == 200
    assert shop.node.board.refresh_now()
    assert shop.get("/v1/prompts/new.one", "development").status == 200


def test_one_environment_that_cannot_be_read_stops_no_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    ask, broken = shop.source.environment, shop.environments["staging"]

    def half(key: EnvironmentKey, since: int | None = None) -> EnvironmentState | None:
        if key == broken:
            raise OSError("I/O error")
        return ask(key, since)

    monkeypatch.setattr(shop.source, "environment", half)
    for name in ("staging", "production"):
        shop.source.release(shop.environments[name], TRIAGE, 3)
    assert not shop.node.board.refresh_now()
    assert shop.get(f"/v1/prompts/{TRIAGE}", "staging").json["version"] == 2
    assert shop.get(f"/v1/prompts/{TRIAGE}").json["version"] == 3


def test_as_of_stands_still_while_the_source_is_away(shop: Shop) -> None:
    before = shop.node.board.as_of
    shop.source.down = True
    shop.node.board.refresh_now()
    assert shop.node.board.as_of == before
    assert shop.node.board.counters.refresh_errors == 1


def test_a_source_that_is_away_is_told_once_and_that_it_is_back(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.source.down = True
    for _ in range(50):
        shop.node.board.refresh_now()
    assert [record.message for record in caplog.records] == [
        "could not read the heads (the database is away); what this node holds stays"
    ]
    shop.source.down = False
    for _ in range(3):
        shop.node.board.refresh_now()
    assert [record.message for record in caplog.records][1:] == ["everything can be read again; this node is up to date"]
    shop.source.down = True
    shop.node.board.refresh_now()
    assert len(caplog.records) == 3


def test_only_a_surprise_is_logged_with_its_trace(
    shop: Shop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, traced in ((Unavailable("The origin gives no answer."), False), (ValueError("a surprise"), True)):
        monkeypatch.setattr(shop.source, "heads", Mock(side_effect=error))
        shop.node.board.refresh_now()
        assert [bool(record.exc_info) for record in caplog.records] == [traced]
        monkeypatch.undo()
        shop.node.board.refresh_now()
        caplog.clear()


def test_errors_that_differ_every_time_fill_no_log(
    shop: Shop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter(range(1_000))

    def broken(*_: object) -> None:
        raise ConnectionError(f"try {next(numbers)}")

    monkeypatch.setattr(shop.source, "heads", broken)
    for _ in range(100):
        shop.node.board.refresh_now()
    assert len(caplog.records) == 20
    assert shop.node.board.counters.refresh_errors == 100


def test_after_a_while_it_says_for_how_long(shop: Shop) -> None:
    assert "cuebook-stale" not in shop.get(f"/v1/prompts/{TRIAGE}").headers
    shop.node.board.as_of -= 7
    for path in (f"/v1/prompts/{TRIAGE}", "/v1/prompts", "/v1/snapshot"):
        assert 7 <= int(shop.get(path).headers["cuebook-stale"]) < 60


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["release", "policy", "down", "up", "epoch", "past"]), st.integers(1, 3)), max_size=12
)


@given(ACTIONS)
def test_what_is_held_only_grows(actions: list[tuple[str, int]]) -> None:
    shop = make_shop()
    key, board = shop.environments["production"], shop.node.board
    for action, number in actions:
        before = held(board, key)
        match action:
            case "release":
                shop.source.release(key, TRIAGE, number)
            case "policy":
                shop.source.set_policy(key, Policy(latest_allowed=number > 1))
            case "epoch" | "past":
                shop.source.epoch += 1 if action == "epoch" else -1
            case _:
                shop.source.down = action == "down"
        board.refresh_now()
        assert held(board, key) >= before
        assert shop.get(f"/v1/prompts/{TRIAGE}").status == 200


class SlowSource(MemorySource):
    """Its ``heads`` can be held up at the door."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def heads(self, seen: History | None = None) -> Heads:
        found = super().heads(seen)
        self.entered.set()
        assert self.go_on.wait(10)
        return found


@contextmanager
def held_up(source: SlowSource, board: Board) -> Iterator[None]:
    """A refresh is under way and has already read the heads."""
    source.go_on.clear()
    source.entered.clear()
    running = threading.Thread(target=board.refresh_now)
    running.start()
    assert source.entered.wait(10)
    yield
    source.go_on.set()
    running.join(10)


def test_who_asks_during_a_refresh_gets_one_that_started_after() -> None:
    source = SlowSource()
    key = source.add_environment("production", "prd")
    source.save("a", text("one"))
    board = Board(source)
    askers = [threading.Thread(target=board.refresh_now) for _ in range(5)]
    with held_up(source, board):
        source.release(key, "a", 1)
        for asker in askers:
            asker.start()
    for asker in askers:
        asker.join(10)
    assert b"a" in board.environments[key].entries
    assert board.counters.refreshes <= 3, "those who wait together share one"
