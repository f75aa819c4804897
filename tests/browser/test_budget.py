"""What a browser loads before anybody can do anything stays small; the editor comes when it is needed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cuebook_server.ui.built import FOLDER, Built

HOME = "src/pages/home/Page.tsx"
INITIAL_JS_BYTES_MAX = 250_000  # compressed with gzip


def chunks(manifest: dict[str, Any], name: str) -> set[str]:
    """A chunk's file, and those of all it imports at once."""
    chunk = manifest[name]
    return {chunk["file"]}.union(*(chunks(manifest, imported) for imported in chunk.get("imports", ())))


def first_view_bytes(manifest: dict[str, Any]) -> int:
    """The compressed size of all that the first page needs."""
    loaded = chunks(manifest, "index.html") | chunks(manifest, HOME)
    return sum((FOLDER / f"{file}.gz").stat().st_size for file in loaded)


def test_the_first_view_loads_little() -> None:
    if not Built().there:
        pytest.skip("the pages are not built: `make pages` builds them")
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    assert 100_000 < first_view_bytes(manifest) <= INITIAL_JS_BYTES_MAX
