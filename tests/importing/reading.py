"""Reading a source in tests."""

from __future__ import annotations

from pathlib import Path

from cuebook.importing import Item, Options, Problem, read

SHARED = Path(__file__).parents[3] / "shared" / "data"


def items(source: Path, options: Options | None = None) -> list[Item]:
    """What would be imported."""
    return [each for each in read(source, options or Options()) if isinstance(each, Item)]


def problems(source: Path, options: Options | None = None) -> list[tuple[str, str, str]]:
    """What would be reported: kind, place, reason."""
    found = (each for each in read(source, options or Options()) if isinstance(each, Problem))
    return [(each.kind, each.where, each.reason) for each in found]


def text(item: Item) -> str:
    """The text of a text prompt."""
    said = item.content["text"]
    assert isinstance(said, str)
    return said
