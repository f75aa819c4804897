"""Every use case is tried on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.factories import Registry, open_registry
from tests.support.settled import Settled


@pytest.fixture
def registry(settled_database: Settled) -> Iterator[Registry]:
    """A settled registry: the project `desk` with its owner, a colleague and a stranger."""
    with open_registry(settled_database.url, settled_database.people) as opened:
        yield opened


@pytest.fixture
def filled(registry: Registry) -> Registry:
    """Version 1 of `a` lives everywhere, version 2 in development."""
    registry.save("a", "one")
    registry.ship("a", 1)
    registry.save("a", "two")
    return registry
