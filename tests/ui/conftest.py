"""A browser for the tests that need one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories import Registry, open_registry
from tests.support.settled import Settled
from tests.ui.browser import Chromium, find_chromium


@pytest.fixture
def chromium(tmp_path: Path) -> Chromium:
    """The real browser, or a skip that says it is not there."""
    return find_chromium(tmp_path / "profile")


@pytest.fixture
def registry(settled_sqlite: Settled) -> Iterator[Registry]:
    """A settled registry: the project `desk` with its owner, a colleague and a stranger."""
    with open_registry(settled_sqlite.url, settled_sqlite.people) as opened:
        yield opened
