"""The editor: what is written is marked, checked, kept, compared and saved; and nobody overwrites anybody unnoticed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from cuebook_server.domain.access import Actor, Grant
from cuebook_server.services import prompts
from tests.browser.look import NARROW, WIDE, Looker, Scheme, settled, violations
from tests.browser.people import Desk, login
from tests.factories import chat, text

OTHER = Actor(login("owner"), "test", (Grant("admin"),), "req_test", person=login("owner"))


def save(desk: Desk, name: str, *contents: dict[str, object]) -> None:
    with desk.write() as uow:
        for content in contents:
            prompts.save(OTHER, uow, "default", name, prompts.Draft(content, "by another"))


@pytest.fixture
def page(look: Looker) -> Iterator[Page]:
    """What the author sees."""
    with look.window("author") as page:
        yield page


def write(page: Page, label: str, words: str) -> None:
    field = page.get_by_role("textbox", name=label, exact=True)
    field.click()
    page.keyboard.press("Control+a")
    page.keyboard.type(words)


def test_a_version_is_written_kept_compared_and_saved(page: Page, desk: Desk) -> None:
    save(desk, "edit.kept", text("Dear {{name}}"))
    page.goto("/p/default/prompts/edit.kept/edit")
    write(page, "Text", "Dear tenant of {{flat}} ")
    expect(page.get_by_role("region", name="Preview")).to_contain_text("Dear tenant of flat")
    page.get_by_role("button", name="Remove name").click()
    page.reload()
    expect(page.get_by_role("textbox", name="Text", exact=True)).to_contain_text("Dear tenant of {{flat}}")
    page.get_by_role("button", name="Compare and save").click()
    expect(page.get_by_role("dialog").locator("ins").first).to_be_visible()
    page.get_by_label("Message").fill("By flat")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/p/default/prompts/edit.kept")
    expect(page.get_by_text("By flat")).to_be_visible()
    expect(page.get_by_role("region", name="Variables")).to_contain_text("flat string")
    expect(page.get_by_role("region", name="Variables")).not_to_contain_text("name")


def test_a_new_prompt_begins_on_the_first_page(page: Page, desk: Desk) -> None:
    page.goto("/p/default")
    page.get_by_role("link", name="New prompt").click()
    page.get_by_label("Name").fill("edit.new")
    page.get_by_label("What the model is told first").fill("Sort this message: {{ticket}}")
    page.get_by_role("button", name="Save as version 1").click()
    page.wait_for_url("**/p/default/prompts/edit.new/edit")
    expect(page.get_by_role("textbox", name="Message 1", exact=True)).to_contain_text("Sort this message: {{ticket}}")


def test_a_name_that_is_taken_is_not_written_to(page: Page, desk: Desk) -> None:
    save(desk, "edit.taken", text("Theirs"))
    page.goto("/p/default/new-prompt")
    assert violations(page) == []
    page.get_by_label("Name").fill("edit.taken")
    page.get_by_label("What the model is told first").fill("Mine")
    page.get_by_role("button", name="Save as version 1").click()
    expect(page.get_by_role("alert")).to_contain_text("base_moved")


def test_who_was_slower_sees_both_sides(page: Page, desk: Desk) -> None:
    save(desk, "edit.both", text("One"))
    page.goto("/p/default/prompts/edit.both/edit")
    write(page, "Text", "Mine")
    save(desk, "edit.both", text("Theirs"))
    page.get_by_role("button", name="Compare and save").click()
    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Somebody saved version 2 meanwhile")
    expect(dialog.locator("del")).to_have_text("Theirs")
    expect(dialog.locator("ins")).to_have_text("Mine")
    dialog.get_by_role("button", name="Mine goes on top of version 2").click()
    dialog.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/p/default/prompts/edit.both")
    expect(page.get_by_role("region", name="Text")).to_have_text("Mine")


def test_what_is_odd_is_pointed_out(page: Page, desk: Desk) -> None:
    save(desk, "edit.odd", chat("Obey {{anything}} {{#if}} \u202e", "Hello"))
    page.goto("/p/default/prompts/edit.odd/edit")
    found = page.get_by_role("region", name="Worth a look")
    expect(found).to_contain_text("anything takes any text into the system role")
    expect(found).to_contain_text("two braces that are no variable")
    expect(found).to_contain_text("characters that nobody sees")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_write(look: Looker, scheme: Scheme) -> None:
    for size in (WIDE, NARROW):
        with look.window("author", size, scheme) as page:
            page.goto("/p/default/prompts/support.triage/edit")
            settled(page)
            page.get_by_role("textbox", name="Text", exact=True).wait_for()
            assert violations(page) == []
