"""The frame around every page: reached by keyboard, read by screen readers, and gone with the session."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.look import Looker, obstacles, settled
from tests.browser.people import login
from tests.support.passwords import PASSWORD

# Addresses that lead nowhere; those that lead somewhere are in `test_every_page`.
NOWHERE = (
    "/p/default/nowhere",
    "/p/default/prompts/nothing.of-the-kind",
    "/p/default/releases/999",
    "/p/default/environments/nowhere",
)


@pytest.mark.parametrize("path", NOWHERE)
def test_everybody_can_read_the_page(look: Looker, path: str) -> None:
    with look.window("owner") as page:
        page.goto(path)
        assert obstacles(page) == []


def test_who_is_not_signed_in_signs_in_and_goes_on(look: Looker) -> None:
    with look.window() as page:
        page.goto("/p/default/audit?action=release")
        page.get_by_label("Login").fill(login("author"))
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page).to_have_url(re.compile(r"/p/default/audit\?action=release$"))


def test_a_session_that_ended_is_asked_for_where_one_is(look: Looker) -> None:
    with look.window("releaser") as page:
        page.goto("/p/default")
        settled(page)
        page.context.clear_cookies()
        page.keyboard.press("Control+k")
        page.get_by_label("Search").fill("triage")
        dialog = page.get_by_role("dialog", name="Your session has ended")
        expect(dialog).to_contain_text(login("releaser"))
        expect(dialog.get_by_role("link", name="Sign in another way")).to_have_attribute("href", "/sign-in?next=%2Fp%2Fdefault")
        dialog.get_by_label("Password", exact=True).fill(PASSWORD)
        dialog.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("button", name="support.triage")).to_be_visible()


def test_a_prompt_is_three_keys_away(look: Looker) -> None:
    with look.window("author") as page:
        page.goto("/p/default")
        settled(page)
        page.keyboard.press("Control+k")
        expect(page.get_by_label("Search")).to_be_focused()
        page.keyboard.type("handover")
        expect(page.get_by_role("button", name=re.compile("^support.handover"))).to_be_visible()
        page.keyboard.press("Enter")
        page.wait_for_url("**/p/default/prompts/support.handover")


# Presses Ctrl K as soon as React has drawn anything.
_AT_ONCE = """new MutationObserver((_, watch) => {
  if (!document.querySelector("#root > *")) return;
  watch.disconnect();
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "k", code: "KeyK", ctrlKey: true, bubbles: true }));
}).observe(document, { childList: true, subtree: true })"""


def test_the_palette_opens_for_who_was_quicker_than_the_page(look: Looker) -> None:
    with look.window("author") as page:
        page.add_init_script(_AT_ONCE)
        page.goto("/p/default")
        expect(page.get_by_label("Search")).to_be_focused()


def test_a_foreign_project_does_not_exist(look: Looker) -> None:
    with look.window("stranger") as page:
        page.goto("/p/default")
        expect(page.get_by_role("alert")).to_contain_text("There is no project 'default'")
        page.wait_for_load_state("networkidle")  # what was refused is not asked again and again


def test_signing_out_ends_the_session(look: Looker) -> None:
    with look.window() as page:
        page.goto("/sign-in")
        page.get_by_label("Login").fill(login("reviewer"))
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("button", name=login("reviewer")).click()
        page.get_by_role("menuitem", name="Sign out").click()
        page.wait_for_url("**/sign-in")
        page.goto("/p/default")
        assert page.url.endswith("/sign-in?next=%2Fp%2Fdefault")


@pytest.mark.parametrize(
    ("path", "field"), [("/p/default", "input[type=search]"), ("/p/default/prompts/support.triage/edit", ".cm-content")]
)
def test_the_palette_opens_from_where_one_types(look: Looker, path: str, field: str) -> None:
    with look.window("author") as page:
        page.goto(path)
        page.locator(field).click()
        page.keyboard.press("Control+k")
        expect(page.get_by_label("Search")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator(field)).to_be_focused()


def test_the_place_one_is_at_is_marked_whatever_one_looks_for_there(look: Looker) -> None:
    with look.window("author") as page:
        for path, place in (("/p/default?q=zzz", "What runs where"), ("/p/default/audit?action=release", "Audit")):
            page.goto(path)
            expect(page.locator(".places [aria-current=page]")).to_have_text(place)
