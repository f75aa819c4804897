"""A prompt's page: what it says, how it came to that, where each version is live, who uses it and how."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from cuebook_server.domain.access import Actor, Grant
from cuebook_server.services import prompts
from tests.browser.look import Looker, obstacles, settled
from tests.browser.people import Desk, login
from tests.factories import chat, text

AUTHOR = Actor(login("author"), "test", (Grant("admin"),), "req_test", person=login("author"))
HIDDEN = "\u202e"
TRIAGE = "/p/default/prompts/support.triage"
LETTER = "/p/default/prompts/support.letter"


@pytest.fixture(scope="module", autouse=True)
def letter(desk: Desk) -> None:
    """A chat prompt of two versions, which includes a fragment, calls a tool and hides a character."""
    system = f"Write to <b>{{{{name}}}}</b>{HIDDEN} about {{{{ topic }}}}. {{{{> support.tone}}}} {{{{#if}}}}"
    told = {"topic": {"type": "string", "enum": ["rent", "repair"]}}
    model = {"model": {"provider": "openai", "name": "gpt-5.2", "parameters": {"temperature": 0.4}}}
    contents = [text("Dear {{name}}"), chat(system, "{{ticket}}", variables=told, **model)]
    with desk.write() as uow:
        for number, content in enumerate(contents):
            prompts.save(AUTHOR, uow, "default", "support.letter", prompts.Draft(content, f"Edit {number}"))


@pytest.fixture
def page(look: Looker) -> Iterator[Page]:
    """What the author sees."""
    with look.window("author") as page:
        yield page


def test_the_content_is_a_conversation_with_what_it_leaves_open(page: Page) -> None:
    page.goto(LETTER)
    said = page.get_by_role("list", name="Messages").get_by_role("listitem")
    expect(said).to_have_count(2)
    expect(said.first).to_contain_text("Write to <b>{{name}}</b>U+202E about {{ topic }}. {{> support.tone}} v2 {{#if}}")
    assert said.first.locator(".variable").all_inner_texts() == ["{{name}}", "{{ topic }}", "{{> support.tone}} v2"]
    expect(page.get_by_role("region", name="Variables")).to_contain_text("One of: rent, repair")
    page.get_by_label("As it is served").check(force=True)
    expect(said.first).not_to_contain_text("support.tone")
    said.first.page.get_by_role("link", name="support.tone").click()
    page.wait_for_url("**/prompts/support.tone?version=2")


def test_two_versions_are_compared_in_words_and_fields(page: Page) -> None:
    page.goto(TRIAGE)
    page.get_by_role("button", name="Compare with v2").click()
    page.wait_for_url("**/support.triage?version=3&against=2")
    expect(page.get_by_role("list", name="Summary")).not_to_be_empty()
    expect(page.locator("ins").first).to_be_visible()
    page.get_by_text("Side by side").click()
    page.wait_for_url("**/support.triage?version=3&against=2&view=side")
    page.get_by_role("button", name="The other way round").click()
    page.wait_for_url("**/support.triage?version=2&against=3&view=side")
    page.goto(f"{LETTER}?version=2&against=1")
    expect(page.get_by_role("alert")).to_contain_text("ticket")


def test_the_line_of_versions_says_where_each_is_and_was_live(page: Page) -> None:
    page.goto(f"{TRIAGE}?tab=versions")
    lines = page.get_by_role("list", name="Versions").get_by_role("listitem")
    expect(lines).to_have_count(3)
    expect(lines.nth(0)).to_contain_text("development since")
    expect(lines.nth(1)).to_contain_text("development until")
    expect(lines.nth(1)).to_contain_text("staging since")
    expect(lines.nth(2)).to_contain_text("production since")
    lines.nth(2).get_by_role("link", name="v2, staging").click()
    page.wait_for_url("**/support.triage?version=1&against=2")


def test_a_version_is_tried_with_values_that_are_not_read_again(page: Page) -> None:
    page.goto(f"{LETTER}?tab=try")
    page.get_by_label("name").fill("{{ticket}} <i>")
    page.get_by_label("topic").select_option("repair")
    page.get_by_role("button", name="Render").click()
    expect(page.get_by_text("Write to <b>{{ticket}} <i></b>")).to_be_visible()


def test_what_is_pasted_names_the_key_and_holds_no_secret(page: Page, desk: Desk) -> None:
    page.goto(f"{TRIAGE}?tab=use")
    page.get_by_role("button", name=re.compile("^Copy curl")).click()
    pasted = page.evaluate("navigator.clipboard.readText()")
    assert f"{desk.server.url}/v1/prompts/support.triage/render" in pasted
    assert "$CUEBOOK_KEY" in pasted
    assert "which reads production" in pasted
    assert not [key for key in desk.server.keys.values() if key in page.content()]
    assert json.loads(re.search(r"--data '(.*)'$", pasted)[1]) == {"variables": {"ticket": "ticket"}}  # type: ignore[index]  # it is there


def test_how_to_use_it_begins_where_something_is_live(page: Page) -> None:
    page.goto("/p/default/prompts/support.handover?tab=use")
    expect(page.get_by_label("Environment")).to_have_value("staging")
    expect(page.get_by_text("In staging it gets version 1.")).to_be_visible()


def test_a_comparison_hides_no_character_and_turns_no_line_round(page: Page) -> None:
    for view in ("inline", "side"):
        page.goto(f"{LETTER}?version=2&against=1&view={view}")
        expect(page.get_by_text(re.compile(r"</b>U\+202E about")).first).to_be_visible()
        assert HIDDEN not in page.locator("main").inner_text()


def test_who_uses_a_fragment_is_told(page: Page) -> None:
    page.goto("/p/default/prompts/support.tone?tab=dependents")
    expect(page.get_by_role("region", name="Prompts that include it")).to_contain_text("support.letter v2 holds v2")


def test_what_one_may_not_do_is_not_offered(look: Looker) -> None:
    with look.window("reviewer") as page:
        page.goto(TRIAGE)
        settled(page)
        expect(page.get_by_role("button", name="Describe …")).to_have_count(0)
        expect(page.get_by_role("button", name="Recall …")).to_have_count(0)
    with look.window("stranger") as page:
        page.goto(TRIAGE)
        expect(page.get_by_role("alert")).to_contain_text("There is no project 'default'")


def test_an_owner_describes_a_prompt_and_recalls_a_version(look: Looker) -> None:
    with look.window("owner") as page:
        page.goto(LETTER)
        page.get_by_role("button", name="Describe …").click()
        page.get_by_label("Description").fill("Letters to tenants")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Letters to tenants")).to_be_visible()
        page.goto(f"{LETTER}?version=1")
        page.get_by_role("button", name="Recall …").click()
        page.get_by_label("Why").fill("It promises money")
        page.get_by_role("button", name="Recall version 1").click()
        expect(page.get_by_text("It promises money")).to_be_visible()


@pytest.mark.parametrize("what", ["", "?tab=versions", "?version=2&against=1", "?tab=try", "?tab=use", "?tab=dependents"])
def test_everybody_can_read_it(look: Looker, what: str) -> None:
    with look.window("owner") as page:
        page.goto(LETTER + what)
        assert obstacles(page) == []
