"""Several people at the same moment, on two nodes: exactly one wins, and the others hear it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from cuebook_server.domain.release import Release
from cuebook_server.services import releases
from cuebook_server.services.releases import Request
from tests.factories import Registry, open_registry, request
from tests.model.killing import race_over_http
from tests.model.racing import Node, at_once, race, two_nodes
from tests.people import Person

ROUNDS = 4


@pytest.fixture
def registry(database_url: str) -> Iterator[Registry]:
    with open_registry(database_url) as opened:
        yield opened


@pytest.fixture
def nodes(registry: Registry) -> Iterator[list[Node]]:
    with two_nodes(registry) as opened:
        yield opened


@pytest.fixture
def reviewer(registry: Registry) -> Person:
    """Production asks for an approval; `a` runs in staging."""
    registry.save("a", "text")
    registry.promote("a", to="staging")
    registry.rules(approvals={"count": 1})
    return registry.hire("reviewer", "reviewer")


def test_acknowledged_is_what_was_raised(registry: Registry) -> None:
    """Eight promoters on one pointer; ``make soak`` lets each try 500 times."""
    tally = race(registry, promoters=8, times=25)
    assert min(tally.values()) > 0


def test_over_http_too(tmp_path: Path) -> None:
    tally = race_over_http(tmp_path, promoters=4, times=10)
    assert min(tally.values()) > 0


def test_one_release_is_applied_once(registry: Registry, nodes: list[Node], reviewer: Person) -> None:
    owner = registry.people.owner
    for number in range(ROUNDS):
        registry.save("a", f"text {number}")
        registry.promote("a", to="staging")
        waiting = registry.approve(registry.propose("a"), reviewer).release.release_id
        given = at_once(*(partial(node.do, owner, releases.apply, waiting) for node in nodes))
        assert sorted(_said(answer) for answer in given) == ["applied", "release_ended"]
    actions = [entry["action"] for entry in registry.audit() if entry["environment"] == "production"]
    assert actions.count("release.promote") == ROUNDS


def test_one_review_is_closed_once(registry: Registry, nodes: list[Node], reviewer: Person) -> None:
    pager = registry.hire("otto", "on-call")
    urgent = registry.do_as(pager, releases.break_glass, request("promote", "production", "a")).release_id
    given = at_once(
        partial(nodes[0].do, reviewer, releases.close_review, urgent, "fine"),
        partial(nodes[1].do, registry.people.owner, releases.close_review, urgent, "fine"),
    )
    assert sorted(_said(answer) for answer in given) == ["not_found", "review"]
    assert [entry["action"] for entry in registry.audit()].count("review.closed") == 1


def _policy(registry: Registry, reviewer: Person, pins: str) -> int:
    """A change of the rules that only waits to be applied."""
    change = Request("production", "policy", [], "because", policy={"pins": pins})
    return registry.approve(registry.do(releases.propose, change), reviewer).release.release_id


def test_an_approval_beside_a_change_of_the_rules(registry: Registry, nodes: list[Node], reviewer: Person) -> None:
    """Given before, it is void; given after, it counts: never anything between."""
    for number in range(ROUNDS):
        rules = _policy(registry, reviewer, ("none", "any")[number % 2])
        waiting = registry.propose("a").release_id
        at_once(
            partial(nodes[0].do, registry.people.owner, releases.apply, rules),
            partial(nodes[1].do, reviewer, releases.approve, waiting, "read it"),
        )
        order = [(entry["action"], entry["target"]) for entry in registry.audit()]
        after = order.index(("release.approved", f"release {waiting}")) > order.index(("release.policy", f"release {rules}"))
        assert bool(registry.ask(releases.find, waiting).counting) == after
        registry.do(releases.withdraw, waiting)


def test_applying_beside_a_change_of_the_rules(registry: Registry, nodes: list[Node], reviewer: Person) -> None:
    """What was approved under the old rules is applied before they change, or not at all."""
    owner = registry.people.owner
    for number in range(ROUNDS):
        registry.save("a", f"text {number}")
        registry.promote("a", to="staging")
        rules = _policy(registry, reviewer, ("none", "any")[number % 2])
        waiting = registry.approve(registry.propose("a"), reviewer).release.release_id
        changed, moved = at_once(
            partial(nodes[0].do, owner, releases.apply, rules),
            partial(nodes[1].do, owner, releases.apply, waiting),
        )
        assert isinstance(changed, Release)
        if isinstance(moved, Release):
            assert (moved.revision or 0) < (changed.revision or 0)
        else:
            assert _said(moved) == "policy_refused"


def _said(answer: object) -> str:
    return str(getattr(answer, "code", None) or getattr(answer, "state", "review"))
