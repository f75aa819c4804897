"""Cycles of fragments."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.errors import FragmentCycle
from cuebook_server.domain.fragment import check_cycle

graphs = st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=3), max_size=6)


def reachable(graph: dict[str, list[str]], start: str) -> set[str]:
    """All that ``start`` leads to in one step or more, the slow and obvious way."""
    found: set[str] = set(graph.get(start, []))
    for _ in graph:
        found |= {below for name in found for below in graph.get(name, [])}
    return found


@pytest.mark.parametrize(
    ("graph", "shown"),
    [
        ({"a": ["a"]}, "a -> a"),
        ({"a": ["b"], "b": ["a"]}, "a -> b -> a"),
        ({"a": ["x", "b"], "x": ["y"], "y": ["z"], "z": ["a"], "b": ["c"], "c": ["a"]}, "a -> b -> c -> a"),
    ],
)
def test_the_shortest_cycle_is_shown(graph: dict[str, list[str]], shown: str) -> None:
    with pytest.raises(FragmentCycle, match=f": {shown}\\.$") as caught:
        check_cycle("a", graph)
    assert caught.value.data["cycle"] == shown.split(" -> ")


@given(graphs)
def test_a_cycle_is_found_exactly_when_there_is_one(graph: dict[str, list[str]]) -> None:
    if "a" not in reachable(graph, "a"):
        check_cycle("a", graph)
        return
    with pytest.raises(FragmentCycle) as caught:
        check_cycle("a", lambda name: graph.get(name, []))
    cycle = caught.value.data["cycle"]
    assert cycle[0] == cycle[-1] == "a"
    assert all(after in graph[before] for before, after in pairwise(cycle))
