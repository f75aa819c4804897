"""What an import drags in. The accident: ``import cuebook.template`` runs ``cuebook/__init__.py``, and so all it names."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.server import clean_environment

# The server's domain imports these, so they may load nothing that does anything.
LIGHT = ["cuebook", "cuebook.audit", "cuebook.rendering", "cuebook.template", "cuebook.variables", "cuebook.wire"]
HEAVY = {"httpx2", "ssl", "asyncio", "cuebook_server", "rich", "typer", "sqlalchemy", "fastapi", "dulwich"}


@pytest.mark.parametrize("module", LIGHT)
def test_a_light_import_drags_nothing_heavy_in(module: str) -> None:
    assert _loaded_by(f"import {module}") & HEAVY == set()


def test_the_measure_sees_a_heavy_import() -> None:
    assert {"httpx2", "ssl"} <= _loaded_by("import cuebook.template, httpx2")


def test_the_application_never_loads_the_server() -> None:
    assert _loaded_by("from cuebook import *") & (HEAVY - {"httpx2", "ssl", "asyncio"}) == set()


def _loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], env=clean_environment(), capture_output=True, text=True, check=True)
    return set(result.stdout.split())
