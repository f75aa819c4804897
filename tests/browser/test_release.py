"""The release page: proposed with a reason, read, approved by somebody else, applied; and what stands in the way is said."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from cuebook_server.domain.access import Actor, Grant
from cuebook_server.services import environments, prompts, releases
from tests.browser.look import Looker, obstacles, on_both, violations
from tests.browser.people import Desk, login
from tests.factories import request, text

OWNER = Actor(login("owner"), "test", (Grant("admin"),), "req_test", person=login("owner"))


@pytest.fixture(scope="module", autouse=True)
def two_decide(desk: Desk) -> None:
    """In production somebody else must approve."""
    with desk.write() as uow:
        environments.adopt(OWNER, uow, "default", "production", "team")


def ready(desk: Desk, name: str) -> str:
    """A prompt of a story's own that staging serves, and production does not yet."""
    with desk.write() as uow:
        prompts.save(OWNER, uow, "default", name, prompts.Draft(text("Hand over at six"), "by another"))
        releases.create(OWNER, uow, "default", request("promote", "staging", name))
    return name


def proposed(page: Page, prompt: str) -> str:
    """A proposal of what staging serves, and its address."""
    page.goto(f"/p/default/propose?environment=production&prompt={prompt}")
    page.get_by_label("Why").fill("Fewer wrong queues <script>alert(1)</script>")
    page.get_by_role("button", name="Propose it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"Release \d+"))
    return page.url


@on_both
@pytest.mark.everyday
def test_from_proposal_to_production(look: Looker) -> None:
    with look.window("author") as page:
        address = proposed(page, "support.triage")
        expect(page.get_by_text("waiting", exact=True)).to_be_visible()
        expect(page.get_by_text("1 of 1 approvals missing")).to_be_visible()
        expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    with look.window("reviewer") as page:
        page.goto(address)
        expect(page.locator("ins")).to_have_text(" Nothing but the JSON.")
        page.get_by_role("button", name="Approve").click()
        page.get_by_label("What your approval means").fill("Read the wording")
        page.get_by_role("dialog").get_by_role("button", name="Approve").click()
        expect(page.get_by_text("may be applied")).to_be_visible()
    with look.window("releaser") as page:
        page.goto(address)
        page.get_by_role("button", name="Apply now").click()
        expect(page.get_by_text("applied", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name="Take it back")).to_be_visible()
        expect(page.get_by_text("No running client has been heard of")).to_be_visible()
        expect(page.get_by_text(f"{login('reviewer')} approved, ")).to_be_visible()


def test_a_no_ends_it_and_says_why(look: Looker, desk: Desk) -> None:
    with look.window("author") as page:
        address = proposed(page, ready(desk, "release.unwanted"))
    with look.window("reviewer") as page:
        page.goto(address)
        page.get_by_label("Say something").fill("Which desk asked for it?")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text("Which desk asked for it?", exact=True)).to_be_visible()
        page.get_by_role("button", name="Decline").click()
        page.get_by_role("textbox", name="Why").fill("Not before the audit")
        page.get_by_role("dialog").get_by_role("button", name="Decline").click()
        expect(page.get_by_text("declined it")).to_contain_text("Not before the audit")
        page.goto("/p/default/releases?environment=production&state=ended")
        expect(page.get_by_text("declined", exact=True).first).to_be_visible()


def test_the_way_to_a_no_goes_by_keys_alone(look: Looker, desk: Desk) -> None:
    with look.window("author") as page:
        page.goto(f"/p/default/propose?environment=production&prompt={ready(desk, 'release.keys')}")
        expect(page.get_by_label("Why")).to_be_focused()
        page.keyboard.type("Typed and sent at once")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"Release \d+"))
        page.wait_for_function("document.activeElement.id === 'main'")
        address = page.url
    with look.window("reviewer") as page:
        page.goto(address)
        page.get_by_role("button", name="Decline").press("Enter")
        expect(page.get_by_role("textbox", name="Why")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Decline")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("textbox", name="Why")).to_be_focused()
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("dialog")).to_be_visible()  # without a reason nothing is sent
        page.keyboard.type("Not before the audit")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text("declined it")).to_contain_text("Not before the audit")
        page.wait_for_function("document.activeElement.id === 'main'")


def test_a_prompts_page_proposes_the_next_stop(look: Looker, desk: Desk) -> None:
    def proposes(page: Page, stop: str) -> None:
        page.goto("/p/default/prompts/release.next")
        page.get_by_role("link", name="Promote v").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Release to {stop}")

    with desk.write() as uow:
        prompts.save(OWNER, uow, "default", "release.next", prompts.Draft(text("One"), "by another"))
    with look.window("author") as page:
        proposes(page, "staging")
        ready(desk, "release.next")
        proposes(page, "production")


@on_both
def test_on_call_breaks_the_glass_and_a_colleague_reviews_it(look: Looker, desk: Desk) -> None:
    with look.window("oncall") as page:
        page.goto(f"/p/default/propose?environment=production&prompt={ready(desk, 'release.urgent')}")
        expect(page.get_by_role("button", name="Break the glass")).to_be_disabled()
        page.get_by_label("Why").fill("The night shift has no handover")
        page.get_by_role("button", name="Break the glass").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Emergency release"))
        expect(page.get_by_text("waits for a review")).to_be_visible()
        address = page.url
    with look.window("reviewer") as page:
        page.goto(address)
        page.get_by_role("button", name="Close the review").click()
        page.get_by_label("What you found").fill("It was right")
        page.get_by_role("dialog").get_by_role("button", name="Close the review").click()
        expect(page.get_by_text("reviewed the emergency")).to_be_visible()


def test_who_decides_on_a_prompt_that_is_new_there_reads_all_of_it(look: Looker, desk: Desk) -> None:
    prompt = ready(desk, "support.fresh")
    with look.window("author") as page:
        address = proposed(page, prompt)
    with look.window("reviewer") as page:
        page.goto(address)
        expect(page.get_by_role("region", name="Text")).to_have_text("Hand over at six")


def test_who_may_not_release_is_told_so_and_refused_nothing(look: Looker) -> None:
    with look.window("reviewer") as page:
        page.goto("/p/default/propose?environment=production&prompt=support.triage")
        expect(page.get_by_role("heading", name="You may not release to production.")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
        assert violations(page) == []


def test_what_has_not_run_before_is_released_there_first(look: Looker, desk: Desk) -> None:
    with desk.write() as uow:
        prompts.save(OWNER, uow, "default", "support.early", prompts.Draft(text("Too early"), "by another"))
    with look.window("author") as page:
        page.goto("/p/default/propose?environment=production&prompt=support.early")
        page.get_by_role("link", name="Release it to staging first").click()
        page.wait_for_url("**/propose?environment=staging&prompt=support.early")
        page.goto("/p/default/propose?environment=production&prompt=support.early&version=1")
        page.get_by_role("link", name="Release it to staging first").click()
        page.wait_for_url("**/propose?environment=staging&prompt=support.early&version=1")


def test_a_refusal_says_what_to_do(look: Looker) -> None:
    with look.window("author") as page:
        page.goto("/p/default/propose?environment=staging&prompt=support.triage&version=99")
        expect(page.get_by_role("alert")).to_contain_text("not_found")
        expect(page.get_by_role("button", name="Propose it")).to_be_disabled()


def test_the_stranger_sees_no_release(look: Looker) -> None:
    with look.window("stranger") as page:
        page.goto("/p/default/releases/1")
        expect(page.get_by_role("alert").first).to_contain_text("There is no project 'default'")


@pytest.mark.parametrize(
    "path", ["releases", "releases/2", "releases/2?view=side", "propose?environment=production&prompt=support.tone"]
)
def test_everybody_can_read_them(look: Looker, path: str) -> None:
    with look.window("releaser") as page:
        page.goto(f"/p/default/{path}")
        assert obstacles(page) == []
