"""One browser and one server with everybody for a module."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import nullcontext

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.look import Looker, launch
from tests.browser.people import Desk, settle
from tests.support import databases
from tests.support.server import start_server

# How long a page may take to show what a test expects; a busy machine is no mistake of the page.
expect.set_options(timeout=20_000)
LOOKER = pytest.StashKey[Looker]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A story that failed shows what its windows showed."""
    report = yield
    looker = item.stash.get(LOOKER, None)
    if report.failed and looker is not None:
        report.sections.append(("What the windows showed", looker.evidence()))
    return report


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The real browser. Its driver keeps an event loop running in this thread: while it is open, no other test can run one."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> str:
    """The database behind the pages; a story marked `on_both` is told on either."""
    return str(request.param)


@pytest.fixture(scope="module")
def desk(browser: Browser, engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server with the sample project and everybody signed in; the browser first, which may not be there."""
    del browser
    with databases.postgres_database() if engine == "postgres" else nullcontext("") as url:
        server = start_server(tmp_path_factory.mktemp("desk"), database=url)
        yield settle(server, url)
        server.stop()


@pytest.fixture
def look(request: pytest.FixtureRequest, browser: Browser, desk: Desk) -> Iterator[Looker]:
    """Opens windows; afterwards nothing may have gone wrong in any of them."""
    looker = request.node.stash[LOOKER] = Looker(browser, desk)
    yield looker
    assert looker.complaints == []
