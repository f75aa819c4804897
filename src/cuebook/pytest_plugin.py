"""The fixture ``fake_cuebook``; apart from `cuebook.testing`, which needs no pytest."""

from __future__ import annotations

import pytest

from cuebook.testing import FakeClient


@pytest.fixture
def fake_cuebook() -> FakeClient:
    """A `FakeClient` that serves nothing yet: ``fake_cuebook.set({"name": "text"})``."""
    return FakeClient()
