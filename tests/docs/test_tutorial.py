"""The README, the tutorial and a guide, typed as they stand into a shell beside a new server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs import console
from tests.support.server import Server, clean_environment

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(300)  # twenty commands of a second each, on a machine that does other things too
@pytest.mark.parametrize(
    "page", ["README.md", "docs/tutorial/first-prompt.md", "docs/howto/audit.md", "docs/howto/signatures.md"]
)
def test_a_page_is_what_happens(start_server: Callable[..., Server], tmp_path: Path, page: str) -> None:
    for name in ("tests", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    start_server(tmp_path / "data")
    console.check(ROOT / page, tmp_path, clean_environment())
