"""Stories use the same command line and the same server as its own tests do."""

from __future__ import annotations

from tests.cli.conftest import bare, cuebook

__all__ = ["bare", "cuebook"]
