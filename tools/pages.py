"""Pages that are partly written by people and partly generated: the generated part stands between two marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path


def filled(page: str, name: str, body: str) -> str:
    """The page with ``body`` between ``<!-- generated: name -->`` and ``<!-- end: name -->``; ValueError without the marks."""
    begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
    marked = re.compile(rf"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
    if not marked.search(page):
        raise ValueError(f"the page has no marks {begin!r} and {end!r}")
    return marked.sub(lambda _: f"\n{body.strip()}\n\n", page, count=1)


def fill(path: Path, name: str, body: str) -> None:
    """The same on a file."""
    path.write_text(filled(path.read_text(encoding="utf-8"), name, body), encoding="utf-8")


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table; a bar or a line's end inside a cell does not break it."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in line) + " |" for line in lines)
