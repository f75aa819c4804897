"""A stand-in registry, and a client of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

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


@pytest.fixture
def ended() -> Callable[[], bool]:
    """Whether the threads made since have ended; to be asked for before the client is made."""
    before = set(threading.enumerate())
    return lambda: not [made for made in threading.enumerate() if made not in before and made.name.startswith("cuebook-")]
