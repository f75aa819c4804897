"""Every address the pages have, as their router lists them: none is forgotten when everybody must be able to read it."""

from __future__ import annotations

import re

import pytest

from cuebook_server.domain.access import INSTANCE_ADMIN
from tests.browser.look import NARROW, ROOT, WIDE, Looker, Scheme, obstacles
from tests.browser.people import Desk, login

PLACES = {"project": "default", "name": "support.triage", "release": "2", "environment": "production"}
ROUTER = (ROOT / "ui/src/router.tsx").read_text(encoding="utf-8")
PATHS = [re.sub(r"\$(\w+)", lambda found: PLACES[found[1]], path) for path in re.findall(r'\bpath: "([^"]+)"', ROUTER)]


@pytest.fixture(scope="module", autouse=True)
def admin(desk: Desk) -> None:
    """The owner may see the pages about the whole server too."""
    with desk.write() as uow:
        owner = uow.people.find(login("owner"))
        assert owner is not None
        uow.people.add_grant(owner, INSTANCE_ADMIN)


def test_the_router_was_read() -> None:
    assert len(PATHS) == ROUTER.count("createRoute(") > 10


@pytest.mark.slow
@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_everybody_can_read_every_page(look: Looker, size: tuple[int, int], scheme: Scheme) -> None:
    """Opened on the screen it is looked at on: elsewhere a page that is open is looked at on both."""
    with look.window("owner", size, scheme) as page:
        for path in PATHS:
            page.goto(path)
            assert obstacles(page, [size]) == [], path
