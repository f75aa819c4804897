"""Long work on the event loop: in turns, with room for others between, and none stopped by another's fault."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from cuebook_server.delivery.portions import PORTION, Portions

MANY = 5 * PORTION + 1


def work(done: list[str], name: str) -> Iterator[None]:
    for _ in range(MANY):
        done.append(name)
        yield


def run(done: list[str], *works: Iterator[None], steps: int) -> list[int]:
    """Work through these until so many steps are done; how many were, at each turn of somebody else on the loop."""
    seen: list[int] = []

    async def begin() -> None:
        portions = Portions()
        for each in works:
            portions.begin(each)
        async with asyncio.timeout(30):
            while len(done) < steps:
                seen.append(len(done))
                await asyncio.sleep(0)

    asyncio.run(begin())
    return [*seen, len(done)]


def test_others_have_their_turn_after_every_portion() -> None:
    done: list[str] = []
    seen = run(done, work(done, "a"), steps=MANY)
    assert set(range(0, MANY, PORTION)) | {MANY} == set(seen)


def test_between_two_portions_the_loop_is_free() -> None:
    done: list[str] = []
    seen = run(done, work(done, "a"), steps=MANY)
    assert len(seen) > len(set(seen)), "somebody had a turn in which nothing was done"


def test_works_take_turns() -> None:
    done: list[str] = []
    run(done, work(done, "a"), work(done, "b"), steps=2 * MANY)
    assert "".join(done[::PORTION])[:6] == "ababab"
    assert done.count("a") == done.count("b") == MANY


def test_a_work_that_fails_ends_alone() -> None:
    def failing() -> Iterator[None]:
        yield
        failures.append("here")
        raise ConnectionError

    done: list[str] = []
    failures: list[str] = []
    run(done, failing(), work(done, "a"), steps=MANY)
    assert failures == ["here"]
