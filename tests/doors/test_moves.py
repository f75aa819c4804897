"""Who moves production, by which request: everybody tries each of ``moves`` with everything they could hold.

After each try an oracle that shares nothing with the code says whether the change was let in by its rules. Where nothing moved,
an application of production gets the very same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from tests.doors.conftest import at_base
from tests.doors.credentials import Credential
from tests.doors.moves import MOVES, PRESETS, Move
from tests.doors.oracle import verdict
from tests.doors.world import World


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.name)
def test_production_moves_as_its_policy_says_and_for_nobody_else(worlds: dict[str, World], preset: str, move: Move) -> None:
    world = at_base(worlds, preset)
    trying = list(who_tries(world, move, preset))
    moved = {who.name for who in trying if knock(world, move, who)}
    assert moved == (set(may(move, trying)) if preset in move.presets else set())


def who_tries(world: World, move: Move, preset: str) -> Iterator[Credential]:
    """Everybody with everything, where only the right stands before the pointer: under the loosest policy, once for each right.

    Elsewhere the best that everybody has, and where nothing should move for anybody, those who hold every right together.
    """
    whole = preset == "solo" and move in FIRST
    for who in world.credentials:
        if whole or (who.strong if move.right else who.mighty):
            yield who


# The first request of each right, which is tried with every kind of credential.
FIRST = [next(move for move in MOVES if move.right == right) for right in sorted({move.right for move in MOVES} - {""})]


def may(move: Move, trying: Iterable[Credential]) -> Iterable[str]:
    """Who holds the right, where the call asks for it."""
    for who in trying:
        if move.right and move.right in (who.everywhere if move.project_wide else who.rights):
            yield who.name


def knock(world: World, move: Move, who: Credential) -> bool:
    """Try the door; whether production moved. Whatever changed is put back."""
    before, served = world.state(), world.served()
    answer = world.knock(who, move.method, move.path(world), move.sent(world))
    after = world.state()
    moved = after.production != before.production
    if moved:
        assert verdict(world, before, who.everywhere if move.project_wide else who.rights) == "", who.name
        assert answer.status_code < 300
        assert world.served() != served
    else:
        assert world.served() == served, who.name
    if after != before:
        world.reset()
    return moved
