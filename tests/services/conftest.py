"""Every use case is tried on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.factories import Registry, open_registry


@pytest.fixture
def registry(database_url: str) -> Iterator[Registry]:
    """A settled registry: the project `desk` with its owner, a colleague and a stranger."""
    with open_registry(database_url) as opened:
        yield opened
