"""The tutorial, typed as it stands into a shell beside a new server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs import console
from tests.support.server import Server, clean_environment

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)  # twenty commands of a second each, on a machine that does other things too
def test_the_tutorial(start_server: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    start_server(tmp_path / "data")
    console.check(ROOT / "docs/tutorial/first-prompt.md", tmp_path, clean_environment())
