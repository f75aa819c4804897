"""A stand-in registry, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import cuebook
from tests.sdk.standin import StandIn, serving, whole

KEY = "cue_prd_selector_secret_checksum"


@pytest.fixture
def registry() -> Iterator[StandIn]:
    """A registry that serves ``greeting`` at revision 1 of production."""
    with StandIn(serving(whole(1))).running() as standin:
        yield standin


@pytest.fixture
def client(registry: StandIn) -> Iterator[cuebook.Client]:
    """A client that refreshes only when asked."""
    with cuebook.Client(registry.url, KEY, refresh_s=1000) as made:
        yield made
