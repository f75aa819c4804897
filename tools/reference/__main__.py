"""``make docs``: writes the generated parts of docs/reference anew. The tests fail while a page differs from its source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tools.pages import fill
from tools.reference import commands, errors, routes, sdk, settings

FOLDER = Path(__file__).parents[2] / "docs/reference"
# The page, which is also the name of its generated part, and what writes it.
PAGES: dict[str, Callable[[], str]] = {
    "commands": commands.body,
    "errors": errors.body,
    "http": routes.body,
    "sdk": sdk.body,
    "settings": settings.body,
}


def main() -> None:
    """Write every page."""
    for name, body in PAGES.items():
        fill(FOLDER / f"{name}.md", name, body())


if __name__ == "__main__":
    main()
