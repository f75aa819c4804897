"""``make screenshots``: the pictures of README and docs, from the sample project and one that is asked for.

Each is a page as somebody sees it; what pictures there are stands in ``PICTURES``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page, sync_playwright

from cuebook_server.domain.access import Actor, Grant
from cuebook_server.services import environments, releases
from tests.browser.look import ROOT, Looker, Scheme, launch, settled
from tests.browser.people import Desk, login, settle
from tests.support.server import start_server

FOLDER = ROOT / "docs/images"
SIZE = (1280, 800)
AUTHOR = Actor(login("author"), "pictures", (Grant("admin"),), "req_pictures", person=login("author"))


class Picture(NamedTuple):
    """Who looks at which address, and what they do there before the picture is taken."""

    who: str
    path: str
    scheme: Scheme = "light"
    act: Callable[[Page], object] = settled


def _palette(page: Page) -> None:
    settled(page)
    page.keyboard.press("Control+k")
    page.get_by_label("Search").fill("handover")
    page.get_by_role("button", name="support.handover").wait_for()


PICTURES = {
    "what-runs-where": Picture("reviewer", "/p/default"),
    "what-runs-where-dark": Picture("reviewer", "/p/default", "dark"),
    "palette": Picture("author", "/p/default", act=_palette),
}


def main(names: list[str]) -> None:
    """Take every picture, or those named."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cuebook-pictures-") as folder, sync_playwright() as playwright:
        server = start_server(Path(folder))
        try:
            desk = settle(server)
            _ask(desk)
            with closing(launch(playwright)) as browser:
                for name in names or PICTURES:
                    _take(Looker(browser, desk), name, PICTURES[name])
        finally:
            server.stop()


def _ask(desk: Desk) -> None:
    """Production asks for an approval, and a release waits for one."""
    with desk.write() as uow:
        environments.adopt(AUTHOR, uow, "default", "production", "team")
        items = [releases.Wanted("support.triage", 2)]
        releases.propose(
            AUTHOR, uow, "default", releases.Request("production", "promote", items, "Plain JSON for the ticket system")
        )


def _take(looker: Looker, name: str, picture: Picture) -> None:
    with looker.window(picture.who, SIZE, picture.scheme) as page:
        page.goto(picture.path)
        picture.act(page)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=FOLDER / f"{name}.png")
    assert looker.complaints == [], f"{name}: {looker.complaints}"


if __name__ == "__main__":
    main(sys.argv[1:])
