"""The worlds of the door matrix: one application for each preset of production, put back after every try that changed it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from tests.doors.world import World, open_world


@pytest.fixture(autouse=True)
def _plain_log() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, World]]:
    """Made when first asked for, by preset."""
    with _Worlds(tmp_path_factory) as made:
        yield made


class _Worlds(dict[str, World]):
    def __init__(self, folders: pytest.TempPathFactory) -> None:
        super().__init__()
        self._folders = folders
        self._open: list[object] = []

    def __missing__(self, preset: str) -> World:
        opened = open_world(preset, self._folders.mktemp(preset))
        self[preset] = opened.__enter__()
        self._open.append(opened)
        return self[preset]

    def __enter__(self) -> _Worlds:
        return self

    def __exit__(self, *_: object) -> None:
        for opened in self._open:
            opened.__exit__(None, None, None)  # type: ignore[attr-defined]  # context managers, all of them


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
