"""How the pages are built where the machine's Node is too old for it: by one that a Python package brings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cuebook_server.ui.built import Built

ROOT = Path(__file__).parents[2]
OLD = '#!/bin/sh\n[ "$1" = --version ] && echo v18.20.4\n'


def test_a_node_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    if not Built().there:
        pytest.skip("the pages are not built: `make pages` builds them, and installs what this runs")
    for name in ("node", "npm", "npx"):
        (tmp_path / name).write_text(OLD)
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, "hatch_build.py", "prettier", "--version"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
