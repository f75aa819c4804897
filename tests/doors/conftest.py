"""The worlds of the door matrix: one application for each preset of production, put back after every try that changed it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import structlog

from tests.doors.world import World, open_world
from tests.support import databases


@pytest.fixture(autouse=True)
def _plain_log() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def worlds() -> Iterator[dict[str, World]]:
    """Made when first asked for, by preset."""
    with ExitStack() as stack:
        yield _Worlds(stack)


class _Worlds(dict[str, World]):
    def __init__(self, stack: ExitStack) -> None:
        super().__init__()
        self._stack = stack

    def __missing__(self, preset: str) -> World:
        place = self._stack.enter_context(databases.folder())
        self[preset] = self._stack.enter_context(open_world(preset, place))
        return self[preset]


def at_base(worlds: dict[str, World], preset: str) -> World:
    world = worlds[preset]
    world.reset(world.folder / "base.db")
    return world


@pytest.fixture
def solo(worlds: dict[str, World]) -> World:
    return at_base(worlds, "solo")


@pytest.fixture
def team(worlds: dict[str, World]) -> World:
    return at_base(worlds, "team")


@pytest.fixture
def regulated(worlds: dict[str, World]) -> World:
    return at_base(worlds, "regulated")
