"""A small shop: one project, three environments, a key for each."""

from __future__ import annotations

import pytest

from tests.delivery.client import Shop, make_shop


@pytest.fixture
def shop() -> Shop:
    return make_shop()
