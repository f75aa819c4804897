"""What a browser loads before anybody can do anything stays small; the editor comes when it is needed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cuebook_server.ui.built import FOLDER, Built

INITIAL_JS_BYTES_MAX = 250_000  # compressed with gzip
MANTINE = Path(__file__).parents[2] / "ui" / "node_modules" / "@mantine" / "core" / "styles.layer.css"


def chunks(manifest: dict[str, Any], name: str) -> set[str]:
    """A chunk's file, and those of all it imports at once."""
    chunk = manifest[name]
    return {chunk["file"]}.union(*(chunks(manifest, imported) for imported in chunk.get("imports", ())))


def first_view_bytes(manifest: dict[str, Any]) -> int:
    """The compressed size of all that the first page needs."""
    return sum((FOLDER / f"{file}.gz").stat().st_size for file in chunks(manifest, "index.html"))


def test_the_first_view_loads_little() -> None:
    if not Built().there:
        pytest.skip("the pages are not built: `make pages` builds them")
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    assert 100_000 < first_view_bytes(manifest) <= INITIAL_JS_BYTES_MAX


def classes(text: str) -> set[str]:
    """Mantine's names of classes: its scripts put them on elements, its styles speak about them."""
    return set(re.findall(r"m_[0-9a-f]{6,8}\b", text))


def test_the_styles_of_every_component_are_loaded() -> None:
    """`ui/src/mantine.css` names them one by one; whoever uses a new component adds its line."""
    if not (Built().there and MANTINE.is_file()):
        pytest.skip("the pages were not built here: `make pages` builds them")
    scripts, styles = ("".join(path.read_text() for path in FOLDER.rglob(f"*.{kind}")) for kind in ("js", "css"))
    needed = classes(scripts) & classes(MANTINE.read_text())
    assert len(needed) > 100
    assert needed <= classes(styles)
