"""Numbers other than the one served: the policy decides, memory and then the source provide."""

from __future__ import annotations

import time

import pytest

from tests.delivery.client import TRIAGE, Shop, make_node
from tests.delivery.memory import PROJECT, MemorySource, text

PATH = f"/v1/prompts/{TRIAGE}"


def asks(shop: Shop) -> int:
    return shop.source.calls.count("version")


def got(shop: Shop, selector: str | int, environment: str = "production") -> int | str:
    """The number that was served, or the refusal's code."""
    answer = shop.get(f"{PATH}?version={selector}", environment)
    if answer.status != 200:
        return answer.code
    assert answer.headers["cuebook-version"] == str(answer.json["version"])
    assert answer.headers["cuebook-environment"] == environment
    return int(answer.json["version"])


@pytest.mark.parametrize(
    ("pins", "latest_allowed", "served"),
    [
        ("none", False, ["not_released_here", 2, "not_released_here", "not_released_here", "not_released_here"]),
        ("live", False, [1, 2, "not_released_here", "not_released_here", "not_released_here"]),
        ("any", False, [1, 2, 3, "not_released_here", "not_released_here"]),
        ("none", True, ["not_released_here", 2, 3, "not_released_here", 3]),
        ("live", True, [1, 2, 3, "not_released_here", 3]),
        ("any", True, [1, 2, 3, "not_released_here", 3]),
    ],
)
def test_the_policy_decides(shop: Shop, pins: str, latest_allowed: bool, served: list[int | str]) -> None:
    """Staging serves 2, served 1 before, and never 3."""
    shop.set_policy("staging", pins=pins, latest_allowed=latest_allowed)
    assert [got(shop, selector, "staging") for selector in (1, 2, 3, 4, "latest")] == served


def test_what_tracks_latest_serves_it_under_each_name(shop: Shop) -> None:
    assert [got(shop, selector, "development") for selector in ("stable", "latest", 3, 2)] == [3, 3, 3, 2]


def test_latest_is_the_newest_even_where_no_release_told_of_it(shop: Shop) -> None:
    shop.set_policy("staging", latest_allowed=True)
    shop.source.save(TRIAGE, text("Version 4"))
    shop.node.board.refresh_now()
    assert got(shop, "latest", "staging") == 4


def test_latest_is_asked_of_the_source_where_nothing_tracks_it(shop: Shop) -> None:
    del shop.source.held[shop.environments["development"]]
    alone = Shop(make_node(shop.source), shop.environments, shop.keys)
    alone.set_policy("staging", latest_allowed=True)
    shop.source.save(TRIAGE, text("Version 4"))
    assert got(alone, "latest", "staging") == 4
    assert got(alone, 3, "staging") == "not_released_here"


def test_what_is_served_never_asks_the_source(shop: Shop) -> None:
    for environment, number in (("development", 3), ("staging", 2), ("production", 1)):
        assert got(shop, number, environment) == number
    assert got(shop, 999_999_999) == "not_released_here", "a number that no release can have brought"
    assert asks(shop) == 0


def test_a_version_is_looked_up_once(shop: Shop) -> None:
    fresh = Shop(make_node(shop.source), shop.environments, shop.keys)
    assert [got(fresh, 1, "staging") for _ in range(3)] == [1, 1, 1]
    assert asks(fresh) == 1


def test_a_refusal_is_not_remembered(shop: Shop) -> None:
    """Never live and then live: the next answer says so."""
    shop.source.save(TRIAGE, text("Version 4"))
    shop.set_policy("staging", pins="any")
    assert got(shop, 3, "staging") == 3
    shop.set_policy("staging", pins="live")
    shop.release("staging", TRIAGE, 4)
    assert got(shop, 3, "staging") == "not_released_here"
    fresh = Shop(make_node(shop.source), shop.environments, shop.keys)
    shop.source.release(shop.environments["staging"], TRIAGE, 3)
    shop.source.release(shop.environments["staging"], TRIAGE, 4)
    assert got(shop, 3, "staging") == got(fresh, 3, "staging") == 3


def test_a_replaced_version_is_served_without_the_database(shop: Shop) -> None:
    before = shop.get(PATH)
    shop.release("production", TRIAGE, 2)
    shop.source.down = True
    pinned = shop.get(f"{PATH}?version=1")
    assert pinned.body == before.body
    assert pinned.headers["etag"] == before.headers["etag"]
    assert got(shop, "stable") == 2


def test_without_the_database_the_rest_is_unavailable_not_missing(shop: Shop) -> None:
    shop.release("production", TRIAGE, 3)
    fresh = Shop(make_node(shop.source), shop.environments, shop.keys)
    shop.source.down = True
    answer = fresh.get(f"{PATH}?version=1")
    assert (answer.status, answer.code) == (503, "unavailable")
    assert "stable" in answer.json["hint"]


def test_a_source_that_hangs_is_given_up_on(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Shop(make_node(shop.source, timeout_s=0.05), shop.environments, shop.keys)
    monkeypatch.setattr(shop.source, "version", lambda *_: time.sleep(0.5))
    assert slow.get(f"{PATH}?version=1", "staging").status == 503


def test_a_new_epoch_forgets_what_the_old_one_numbered(shop: Shop) -> None:
    shop.release("production", TRIAGE, 2)
    shop.source.versions[1, TRIAGE][0] = shop.source.versions[1, "draft.only"][0]
    shop.source.epoch = 2
    shop.node.board.refresh_now()
    assert shop.get(f"{PATH}?version=1").json["text"] == "Not ready"


def test_the_memory_is_bounded_by_bytes() -> None:
    source = MemorySource()
    key = source.add_environment("production", "prd")
    token = source.add_key(key)
    node = make_node(source, bytes_max=20_000)
    for number in range(1, 31):
        source.release(key, "a", source.save("a", text(f"{number} " * 500)))
        node.board.refresh_now()
    source.down = True
    known = [node.get(f"/v1/prompts/a?version={number}", token).status for number in range(1, 31)]
    assert known[-1] == 200
    assert known[-5:-1] == [200] * 4
    assert known[:20] == [503] * 20


def recall(shop: Shop, number: int) -> None:
    shop.source.recalls.append((PROJECT, TRIAGE, number))
    shop.node.board.refresh_now()


def test_a_recalled_version_is_refused_though_it_is_in_memory(shop: Shop) -> None:
    shop.set_policy("staging", pins="live")
    assert got(shop, 1, "staging") == 1
    recall(shop, 1)
    answer = shop.get(f"{PATH}?version=1", "staging")
    assert (answer.status, answer.code, answer.headers["cache-control"]) == (410, "recalled", "no-store")
    shop.source.down = True
    assert got(shop, 1, "staging") == "recalled"
    assert got(shop, "stable", "staging") == 2


def test_a_recalled_version_is_not_the_newest(shop: Shop) -> None:
    shop.set_policy("staging", latest_allowed=True)
    shop.source.save(TRIAGE, text("Version 4"))
    recall(shop, 4)
    assert got(shop, "latest", "staging") == 3
