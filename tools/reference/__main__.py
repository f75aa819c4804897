"""``make docs``: writes the generated parts of docs/reference anew, and the API's description that `ui/` is built with.

The tests fail while one of them differs from its source.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tools.pages import fill
from tools.reference import commands, errors, faults, routes, sdk, settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/reference"
OPENAPI = ROOT / "ui/openapi.json"
# The page, which is also the name of its generated part, and what writes it.
PAGES: dict[str, Callable[[], str]] = {
    "commands": commands.body,
    "errors": errors.body,
    "faults": faults.body,
    "http": routes.body,
    "sdk": sdk.body,
    "settings": settings.body,
}


def openapi() -> str:
    """The API's own description, for `ui/`."""
    return json.dumps(routes.document(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    """Write every page."""
    for name, body in PAGES.items():
        fill(FOLDER / f"{name}.md", name, body())
    OPENAPI.write_text(openapi(), encoding="utf-8")


if __name__ == "__main__":
    main()
