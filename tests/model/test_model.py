"""Whatever people do in whatever order, the registry agrees with a model of dictionaries, and the databases with each other.

Longer: ``CUEBOOK_TEST_LONG=20 make test ARGS=tests/model`` takes twenty times as many steps, ``make soak`` as many as fit in.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from cuebook_server.domain.release import Wanted
from cuebook_server.services.releases import Request
from cuebook_server.store.database import open_database
from cuebook_server.store.unit_of_work import SqlUnitOfWork
from tests.model import changes, checks, contents, keys, moments
from tests.model.choices import STEPS, Step, begin, walk
from tests.model.state import CONTENTS
from tests.model.world import World
from tests.support import databases

LONG = int(os.environ.get("CUEBOOK_TEST_LONG", "1"))
EXAMPLES, STEPS_EACH, WALKED = 6 * LONG, 25, 60 * LONG
Opened = Callable[[], AbstractContextManager[str]]

pytestmark = pytest.mark.timeout(300 * LONG)


class Machine(RuleBasedStateMachine):
    """What Hypothesis may choose from: one rule for everything in ``choices.STEPS``."""

    opened: Opened

    def __init__(self) -> None:
        super().__init__()
        self._database = type(self).opened()
        self.world = World(open_database(self._database.__enter__()))

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        begin(self.world, lambda of: data.draw(st.sampled_from(of)))

    @invariant()
    def holds(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        try:
            checks.finally_intact(self.world)
        finally:
            self.world.registry.database.close()
            self._database.__exit__(None, None, None)


def _rule(step: Step) -> Callable[[Machine, st.DataObject], None]:
    def run(self: Machine, data: st.DataObject) -> None:
        step(self.world, lambda of: data.draw(st.sampled_from(of)))

    return run


for _name, (_, _step) in STEPS.items():
    setattr(Machine, _name.replace(" ", "_"), rule(data=st.data())(_rule(_step)))


def agree(opens: Opened) -> None:
    class Here(Machine):
        opened = staticmethod(opens)

    short = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS_EACH, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Here, settings=short)


def test_sqlite_agrees_with_the_model() -> None:
    agree(databases.sqlite_database)


@pytest.mark.postgres
def test_postgresql_agrees_with_the_model() -> None:
    agree(databases.postgres_database)


def transcript(url: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Everything that was answered, written down and served in a series of steps that a seed decides. Chance is its own too."""
    chance = random.Random(seed)
    monkeypatch.setattr(SqlUnitOfWork, "random", lambda _, count: chance.randbytes(count))
    database = open_database(url)
    try:
        world = World(database)
        walk(world, seed, WALKED)
        checks.finally_intact(world)
        return [*world.told, *world.chain.entries, checks.served(world.board, world)]
    finally:
        database.close()


@pytest.mark.postgres
@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_steps_give_the_same_on_both_databases(
    sqlite_url: str, postgres_url: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers, refusals, every audit entry with its hash, and what is served (B-35)."""
    assert transcript(sqlite_url, seed, monkeypatch) == transcript(postgres_url, seed, monkeypatch)


# --- what the model found ------------------------------------------------------------------------------------------------
@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    database = open_database(database_url)
    yield World(database)
    database.close()


def test_a_clock_set_back_revives_no_key(world: World) -> None:
    """Revoked was "revoked at or before now": after the operator set the clock back an hour, the key worked again."""
    keys.make_key(world, "owner", "production", None)
    (selector,) = world.state.keys
    keys.revoke_key(world, "owner", selector)
    keys.revoke_token(world, "owner", "ship")
    keys.tick(world, timedelta(hours=-1))
    world.check()
    changes.release(world, "ship", Request("staging", "promote", [Wanted("a")]))


def test_rules_set_to_what_they_are_void_no_approval(world: World) -> None:
    """Saying what was so already raised the policy's revision, told of a change, and voided every approval."""
    contents.save(world, "author", "a", CONTENTS[0])
    changes.rules(world, "owner", "staging", {"approvals": {"count": 1}})
    changes.propose(world, "author", Request("staging", "promote", [Wanted("a")]))
    changes.approve(world, "reviewer", 1, "read it", timedelta())
    changes.rules(world, "owner", "staging", {"approvals": {"count": 1}})
    changes.preset(world, "owner", "production", "solo")
    world.check()
    changes.apply(world, "releaser", 1)
    assert world.state.releases[1].state == "applied"


def test_a_key_with_an_end_has_no_endless_successor(world: World) -> None:
    """A key replaced in the moment it was made had a life of no time, which counted as none: its next successor never ended."""
    keys.make_key(world, "owner", "staging", 3_600)
    (selector,) = world.state.keys
    for _ in range(2):
        keys.rotate_key(world, "owner", selector, 0)
    world.check()
    assert all(key.expires_at for key in world.state.keys.values())


def test_rules_that_make_no_sense_any_more_fail_at_their_moment(world: World) -> None:
    """A circle that came about meanwhile was found only after the release was written as applied: what then failed took the
    whole round with it, every round, and no release after it was ever applied.
    """
    changes.rules(world, "owner", "production", {"comes_from": None})
    changes.propose(world, "owner", Request("staging", "policy", [], "why not", policy={"comes_from": "production"}))
    changes.rules(world, "owner", "production", {"comes_from": "staging"})
    world.check()
    moments.schedule(world, "owner", 1, timedelta(minutes=1))
    keys.tick(world, timedelta(minutes=1))
    moments.keep(world)
    world.check()
    assert world.state.releases[1].state == "failed"
