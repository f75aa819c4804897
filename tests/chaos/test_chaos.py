"""A short seeded part of ``make chaos``; and the checker notices every promise that is broken."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.history import Asked, Entry, Failed, Read, Released, broken, delays, entry
from tests.chaos.plan import KINDS, plan
from tests.chaos.run import keep, run

SEED, SECONDS = 49, 20.0
GOOD: list[Entry] = [
    Released(1.0, 1, 1),
    Read("a", 1.1, (1,), (1,)),
    Released(2.0, 2, 2),
    Asked(2.1, 2, 2),
    Asked(2.1, 2, None),
    Read("a", 2.2, (2,), (2,)),
    Read("b", 2.3, (2,), (2,)),
]


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(420)
def test_every_promise_holds_while_nodes_are_killed_stopped_and_cut_off(tmp_path: Path, postgres_url: str) -> None:
    told: list[str] = []
    faults = plan(SEED, SECONDS, 2)
    assert {fault.kind for fault in faults} >= {"kill", "stop", "cut"}
    history = run(tmp_path, postgres_url, faults, nodes=2, clients=3, seconds=SECONDS, say=told.append)
    assert broken(history) == [], told
    assert {each.client for each in history if isinstance(each, Read)} >= {
        "threads0-0",
        "asyncio1-1",
        "forked2-parent",
        "forked2-1",
    }


def test_a_good_history_breaks_nothing_and_survives_being_kept(tmp_path: Path) -> None:
    assert broken(GOOD) == []
    assert [round(took, 1) for took in delays(GOOD)] == [0.1, 0.2, 0.3, 1.3]
    keep(GOOD, tmp_path / "history")
    assert entry({"what": "Read", "client": "a", "at": 1.1, "revisions": [1], "generations": [1]}) == GOOD[1]
    assert len((tmp_path / "history").read_text().splitlines()) == len(GOOD)


@pytest.mark.parametrize(
    ("bad", "promise"),
    [
        (Read("a", 2.5, (2,), (1, 2)), "atomic releases"),
        (Read("a", 2.5, (1, 2), (2,)), "atomic releases"),
        (Read("a", 2.5, (2,), (7,)), "one content"),
        (Read("a", 2.5, (1,), (1,)), "monotonic reads"),
        (Read("c", 200.0, (1,), (1,)), "bounded staleness"),
        (Asked(2.5, 2, 1), "read your writes"),
        (Failed("a", 2.5, "gone"), "availability"),
    ],
)
def test_the_checker_notices(bad: Entry, promise: str) -> None:
    assert {sentence.split(":")[0] for sentence in broken([*GOOD, bad])} == {promise}


@given(st.integers(), st.floats(5, 600), st.integers(1, 5))
def test_a_plan_is_the_seeds_and_gives_no_node_two_faults_at_once(seed: int, seconds: float, nodes: int) -> None:
    faults = plan(seed, seconds, nodes)
    assert faults == plan(seed, seconds, nodes)
    for node in range(nodes):
        mine = [fault for fault in faults if fault.node == node]
        assert all(one.at_s + one.for_s <= two.at_s + 0.02 for one, two in pairwise(mine))
    assert all(0 <= fault.node < nodes and fault.at_s + fault.for_s <= seconds + 0.02 for fault in faults)


def test_a_long_plan_has_every_fault() -> None:
    assert {fault.kind for fault in plan(SEED, 600, 3)} == set(KINDS)
