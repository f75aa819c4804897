"""A node that has really lost its database: the pages say so, keep what was written, and go on by themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.look import Looker, obstacles, settled
from tests.browser.people import Desk, settle
from tests.browser.test_away import BANNER, REMINDER, change
from tests.support.postgres import Cluster, stoppable
from tests.support.server import start_server

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server that this story may stop."""
    with stoppable() as running:
        running.start()
        yield running


@pytest.fixture(scope="module")
def desk(browser: Browser, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A node on that database."""
    del browser
    url = cluster.url("postgres")
    server = start_server(tmp_path_factory.mktemp("desk"), database=url)
    yield settle(server, url)
    server.stop()


def test_what_is_open_says_so_keeps_what_was_written_and_goes_on(look: Looker, cluster: Cluster) -> None:
    with look.window("author") as editor, look.window("owner") as page, look.window("owner") as late:
        editor.goto(REMINDER)
        page.goto("/p/default/releases")
        settled(editor)
        settled(page)
        cluster.stop()
        page.get_by_role("link", name="Members").click()
        expect(page.get_by_role("status").filter(has_text=BANNER)).to_contain_text("The server cannot answer right now.")
        expect(page.get_by_role("alert")).to_contain_text("unavailable")
        assert obstacles(page) == []
        answer = late.goto("/p/default")
        assert answer is not None
        assert answer.status == 503
        change(editor, " Thank you.")
        save = editor.get_by_role("dialog").get_by_role("button", name="Save", exact=True)
        save.click()
        expect(editor.get_by_role("alert").last).to_contain_text("unavailable")
        cluster.resume()
        expect(page.get_by_role("list", name="Members")).to_be_visible()
        expect(page.get_by_text(BANNER)).to_have_count(0)
        expect(late.get_by_role("heading", level=1)).to_have_text("What runs where")
        expect(editor.get_by_role("dialog").locator("ins")).to_have_text(" Thank you.")
        save.click()
        editor.wait_for_url("**/p/default/prompts/support.handover")
        expect(editor.get_by_text("Written while nobody answered")).to_be_visible()
