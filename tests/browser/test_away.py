"""What one sees when the server is gone, or has nothing at an address: nothing is lost, and it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.look import Looker, settled
from tests.browser.people import Desk
from tests.support.server import Server, start_server

REMINDER = "/p/default/prompts/support.handover/edit"
BANNER = "What stands here may be old; what you wrote stays."


@dataclass
class Switch:
    """Takes the server away, and brings it back at the same address."""

    running: Server

    def off(self) -> None:
        self.running.stop()

    def on(self) -> None:
        port = int(self.running.url.rpartition(":")[2])
        self.running = start_server(self.running.data, port=port)


@pytest.fixture(scope="module")
def switch(desk: Desk) -> Iterator[Switch]:
    """Of the desk's server. Whoever takes it away brings it back: others look at its pages too."""
    switch = Switch(desk.server)
    yield switch
    switch.off()


def change(page: Page, words: str) -> None:
    """Write at the end of the text, and ask to save it."""
    page.get_by_role("textbox", name="Text", exact=True).click()
    page.keyboard.press("Control+End")
    page.keyboard.type(words)
    page.get_by_role("button", name="Compare and save").click()
    page.get_by_label("Message").fill("Written while nobody answered")


@pytest.mark.parametrize("path", ["/nowhere", "/p/UPPER", "/p/default/", "/p/a%20b", "/p/default/prompts/%73upport.triage"])
def test_an_address_that_nothing_has_is_told_by_a_page(look: Looker, path: str) -> None:
    with look.window("author") as page:
        page.goto(path)
        expect(page.get_by_text("This address leads nowhere.")).to_be_visible()
        page.get_by_role("link", name="To the first page").click()
        page.wait_for_url("**/p/default")


def test_what_is_not_there_leads_on(look: Looker) -> None:
    with look.window("author") as page:
        page.goto("/p/default/prompts/support.nothing")
        expect(page.get_by_role("alert")).to_contain_text("There is no prompt support.nothing")
        page.get_by_role("link", name="Back to what runs where").click()
        page.wait_for_url("**/p/default")


def test_a_change_whose_answer_was_lost_is_made_once(look: Looker) -> None:
    lost = list[int]()

    def lose(route: Route) -> None:
        answer = route.fetch()
        if lost or answer.status != 201:
            return route.fulfill(response=answer)
        lost.append(answer.json()["id"])
        return route.abort()

    with look.window("author") as page:
        page.goto("/p/default/propose?environment=production&prompt=support.triage")
        page.get_by_label("Why").fill("Asked for twice, wanted once")
        page.route("**/api/projects/default/releases", lose)
        page.get_by_role("button", name="Propose it").click()
        expect(page.get_by_role("alert")).to_contain_text("The server did not answer.")
        page.get_by_role("button", name="Propose it").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Release {lost[0]}")
    look.complaints.clear()  # the browser says there what the page says too


@pytest.mark.slow
def test_a_server_that_is_gone_takes_nothing_along(look: Looker, switch: Switch) -> None:
    with look.window("author") as editor, look.window("owner") as page:
        editor.goto(REMINDER)
        page.goto("/p/default")
        settled(editor)
        settled(page)
        switch.off()
        page.get_by_role("link", name="Webhooks").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("This page did not come")
        expect(page.get_by_text(BANNER)).to_be_visible()
        change(editor, " Thank you.")
        save = editor.get_by_role("dialog").get_by_role("button", name="Save", exact=True)
        save.click()
        expect(editor.get_by_role("alert").last).to_contain_text("The server did not answer.")
        switch.on()
        expect(page.get_by_role("heading", level=1)).to_have_text("Webhooks")
        expect(editor.get_by_role("dialog").locator("ins")).to_have_text(" Thank you.")
        expect(editor.get_by_label("Message")).to_have_value("Written while nobody answered")
        save.click()
        editor.wait_for_url("**/p/default/prompts/support.handover")
    look.complaints.clear()  # the browser says there what the page says too
