"""The pure functions of the pages, by the test runner of their own language."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cuebook_server.ui.built import Built
from tests.browser.look import ROOT


def test_the_pages_own_tests_pass() -> None:
    if not Built().there:
        pytest.skip("the pages are not built: `make pages` builds them, and installs what runs their tests")
    command = [sys.executable, "hatch_build.py", "vitest", "run"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
