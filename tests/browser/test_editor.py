"""The editor: what is written is marked, checked, kept, compared and saved; and nobody overwrites anybody unnoticed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import pytest
from playwright.sync_api import Error, Locator, Page, Route, expect

from cuebook_server.domain.access import Actor, Grant
from cuebook_server.services import prompts
from tests.adapters.test_aids import TOKEN
from tests.browser.look import Looker, obstacles, on_both, violations
from tests.browser.people import Desk, login
from tests.factories import chat, text

OTHER = Actor(login("owner"), "test", (Grant("admin"),), "req_test", person=login("owner"))


def save(desk: Desk, name: str, *contents: Mapping[str, object]) -> None:
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


@on_both
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


def editing(page: Page, name: str) -> Locator:
    """The text of a prompt in its editor."""
    page.goto(f"/p/default/prompts/{name}/edit")
    field = page.get_by_role("textbox", name="Text", exact=True)
    field.wait_for()
    return field


def test_a_draft_is_its_authors_and_its_prompts_alone(look: Looker, desk: Desk) -> None:
    for name in ("edit.mine", "edit.other"):
        save(desk, name, text("As it was"))
    with look.window("author") as page:
        editing(page, "edit.mine")
        write(page, "Text", "Half a thought")
        page.close()
        again = page.context.new_page()
        expect(editing(again, "edit.mine")).to_have_text("Half a thought")
        expect(again.get_by_role("status").filter(has_text="it is not saved")).to_contain_text(
            "This is what you wrote just now"
        )
        expect(editing(again, "edit.other")).to_have_text("As it was")
        page.context.add_cookies([{**sent, "value": desk.cookies["owner"]} for sent in page.context.cookies()])  # type: ignore[typeddict-item]  # what the browser gives it takes
        expect(editing(again, "edit.mine")).to_have_text("As it was")
        expect(again.get_by_text("This is what you wrote")).to_have_count(0)


def test_a_draft_goes_when_it_is_saved_or_taken_back(page: Page, desk: Desk) -> None:
    drafts = "Object.keys(localStorage).filter((key) => key.startsWith('cuebook-draft')).length"
    save(desk, "edit.gone", text("One"))
    editing(page, "edit.gone")
    write(page, "Text", "Two")
    page.wait_for_function(f"{drafts} === 1")
    write(page, "Text", "One")
    page.wait_for_function(f"{drafts} === 0")
    page.get_by_role("button", name="Compare and save").click()
    expect(page.get_by_role("dialog")).to_contain_text("there is nothing to save")
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    page.keyboard.press("Escape")
    write(page, "Text", "Two")
    page.get_by_role("button", name="Compare and save").click()
    expect(page.get_by_role("dialog").locator("ins")).to_have_text("Two")
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_enabled()
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/p/default/prompts/edit.gone")
    assert page.evaluate(drafts) == 0


def test_an_older_version_is_edited_and_held_against_the_newest(page: Page, desk: Desk) -> None:
    save(desk, "edit.older", text("One"), text("Two"))
    page.goto("/p/default/prompts/edit.older/edit?from=1")
    page.get_by_role("button", name="Compare and save").click()
    expect(page.get_by_role("dialog").locator("del")).to_have_text("Two")
    expect(page.get_by_role("dialog").locator("ins")).to_have_text("One")


def test_a_new_prompt_is_kept_until_it_is_saved(page: Page) -> None:
    page.goto("/p/default/new-prompt")
    page.get_by_label("Name").fill("edit.begun")
    page.get_by_label("What the model is told first").fill("Half a thought")
    page.reload()
    expect(page.get_by_label("Name")).to_have_value("edit.begun")
    expect(page.get_by_label("What the model is told first")).to_have_value("Half a thought")
    page.get_by_role("button", name="Save as version 1").click()
    page.wait_for_url("**/p/default/prompts/edit.begun/edit")
    page.goto("/p/default/new-prompt")
    expect(page.get_by_label("Name")).to_have_value("")


def test_a_new_prompt_begins_on_the_first_page(page: Page, desk: Desk) -> None:
    page.goto("/p/default")
    page.get_by_role("link", name="New prompt").click()
    # The first page has a field of that name too, and stays until the next one has come.
    page.get_by_role("heading", name="New prompt").wait_for()
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


def test_who_may_not_write_is_told_so_and_asked_for_nothing(look: Looker) -> None:
    with look.window("reviewer") as page:
        page.goto("/p/default/new-prompt")
        expect(page.get_by_role("heading", name="You may not write prompts here.")).to_be_visible()
        expect(page.get_by_role("textbox")).to_have_count(0)
        assert violations(page) == []


@on_both
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
    expect(found).to_contain_text("characters that nobody sees: U+202E")
    found.get_by_role("listitem").filter(has_text="Two braces that are no variable").get_by_role("button").click()
    assert page.evaluate("getSelection().toString()") == "{{#if}}"
    expect(page.locator(".finding").filter(has_text="{{#if}}")).to_be_visible()


def test_a_secret_is_saved_only_by_somebody_who_means_it(page: Page, desk: Desk) -> None:
    save(desk, "edit.secret", text("Hello"))
    page.goto("/p/default/prompts/edit.secret/edit")
    write(page, "Text", f"Log in with {TOKEN}")
    expect(page.get_by_role("region", name="Worth a look")).to_contain_text("looks like a secret (GitHub Token)")
    page.get_by_role("button", name="Compare and save").click()
    send = page.get_by_role("dialog").get_by_role("button", name="Save", exact=True)
    expect(page.get_by_role("alert")).to_contain_text("looks like a secret")
    expect(send).to_be_disabled()
    page.get_by_label("Save it anyway").check()
    send.click()
    page.wait_for_url("**/p/default/prompts/edit.secret")


def test_one_writes_on_while_the_server_is_slow(page: Page, desk: Desk) -> None:
    save(desk, "edit.slow", text("Hello"))
    late: list[Route] = []

    def hold(route: Route) -> None:
        if "first" in (route.request.post_data or ""):
            late.append(route)
        else:
            route.continue_()

    page.route("**/check", hold)
    page.goto("/p/default/prompts/edit.slow/edit")
    with page.expect_request("**/check"):
        write(page, "Text", "first {{a}}")
    write(page, "Text", "second {{b}}")
    expect(page.get_by_role("region", name="Preview")).to_contain_text("second b")
    for route in late:
        with suppress(Error):  # the page has given it up
            route.continue_()
    expect(page.get_by_role("region", name="Preview")).to_contain_text("second b")
    expect(page.get_by_role("textbox", name="Text", exact=True)).to_have_text("second {{b}}")


def test_what_the_server_refuses_is_said_while_one_writes(page: Page, desk: Desk) -> None:
    save(desk, "edit.none", text("Hello {{you}}"))
    page.goto("/p/default/prompts/edit.none/edit")
    expect(page.get_by_role("region", name="Preview")).to_contain_text("Hello you")
    write(page, "Text", "{{> no.such}}")
    expect(page.get_by_role("region", name="Worth a look")).to_contain_text("The fragment no.such does not exist")
    expect(page.get_by_role("region", name="Preview")).to_contain_text("Hello you")


def test_everything_a_version_can_hold_is_edited_and_nothing_is_lost(page: Page, desk: Desk) -> None:
    image: dict[str, object] = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    said: dict[str, object] = {"type": "text", "text": "Look {{at}}", "cache": True}
    parts: list[dict[str, object]] = [said, image]
    kind, history = {"role": "system", "content": "Be kind"}, {"placeholder": "history"}
    messages = [kind, history, {"role": "user", "content": parts}]
    variables = {"at": {"type": "any", "enum": ["1", 1, {"b": [2]}], "description": "d"}}
    whole = {"kind": "chat", "messages": messages, "variables": variables, "model": {"name": "m"}, "tools": [{"name": "t"}]}
    save(desk, "edit.whole", whole)
    page.goto("/p/default/prompts/edit.whole/edit")
    write(page, "Message 3, part 1", "See {{at}}")
    page.get_by_label("Messages of the caller, by the name").fill("earlier")
    page.get_by_role("button", name="Move message 2 up").click()
    page.get_by_role("button", name="Compare and save").click()
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/p/default/prompts/edit.whole")
    with desk.write() as uow:
        saved = prompts.version(OTHER, uow, "default", "edit.whole", "latest").content
    parts[0]["text"] = "See {{at}}"
    expected = {**whole, "messages": [{"placeholder": "earlier"}, kind, {"role": "user", "content": parts}]}
    spec = {**variables["at"], "required": True}
    assert saved == {**expected, "engine": "simple", "variables": {"at": spec}}


@contextmanager
def hurrying(page: Page, desk: Desk, name: str, words: str) -> Iterator[Locator]:
    """Ctrl Enter pressed while the server still looks at what was written; afterwards it has looked. The button that saves."""
    save(desk, name, text("One"))
    editing(page, name)
    expect(page.get_by_role("region", name="Preview")).to_contain_text("One")
    late: list[Route] = []
    page.route("**/check", lambda route: late.append(route))  # noqa: PLW0108  # Playwright takes no built-in method
    with page.expect_request("**/check"):
        write(page, "Text", words)
    page.get_by_role("button", name="Compare and save").click()
    expect(page.get_by_role("dialog").locator("ins").first).to_be_visible()
    button = page.get_by_role("dialog").get_by_role("button", name="Save", exact=True)
    expect(button).to_be_disabled()
    page.keyboard.press("Control+Enter")
    yield button
    for route in late:
        with suppress(Error):  # the page has given it up
            route.continue_()


def test_ctrl_enter_saves_as_soon_as_it_was_looked_at(page: Page, desk: Desk) -> None:
    with hurrying(page, desk, "edit.hurried", "Two") as button:
        expect(button).to_have_attribute("data-loading", "true")
    page.wait_for_url("**/p/default/prompts/edit.hurried")


def test_ctrl_enter_pressed_early_saves_no_secret(page: Page, desk: Desk) -> None:
    with hurrying(page, desk, "edit.early", f"Log in with {TOKEN}") as button:
        expect(button).to_have_attribute("data-loading", "true")
    expect(page.get_by_role("dialog")).to_contain_text("looks like a secret")
    expect(button).not_to_have_attribute("data-loading", "true")
    expect(button).to_be_disabled()


def test_a_message_becomes_parts_and_the_callers_messages_come_in(page: Page, desk: Desk) -> None:
    save(desk, "edit.parts", chat("Be kind"))
    page.goto("/p/default/prompts/edit.parts/edit")
    page.get_by_role("button", name="Make parts of message 1").click()
    page.get_by_role("button", name="Add another part").click()
    page.get_by_role("button", name="Add the caller’s messages").click()
    expect(page.get_by_label("Messages of the caller, by the name")).to_have_value("history")
    expect(page.get_by_role("region", name="Preview")).to_contain_text("(history)")
    expect(page.get_by_role("textbox", name="Message 1, part 1", exact=True)).to_have_text("Be kind")
    expect(page.get_by_role("textbox", name="Message 1, part 2")).to_have_value(re.compile("image_url"))
    assert violations(page) == []


def test_everybody_can_write(page: Page) -> None:
    page.goto("/p/default/prompts/support.triage/edit")
    page.get_by_role("textbox", name="Text", exact=True).wait_for()
    assert obstacles(page) == []
