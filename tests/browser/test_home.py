"""The first page: which version runs where, found in a few letters, and everything else one click away."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from cuebook_server.domain.access import Actor, Grant
from cuebook_server.services import environments, prompts, releases
from cuebook_server.ui.built import HOME_ASKS
from tests.browser.look import Looker, obstacles, settled, violations
from tests.browser.people import Desk, login

AUTHOR = Actor(login("author"), "test", (Grant("admin"),), "req_test", person=login("author"))
ONCALL = Actor(login("oncall"), "test", (Grant("admin"), Grant("on-call")), "req_test", person=login("oncall"))


@pytest.fixture(scope="module", autouse=True)
def waiting(desk: Desk) -> None:
    """The author asks for production, where somebody else must approve; on-call broke the glass there."""
    with desk.write() as uow:
        prompts.describe(AUTHOR, uow, "default", "support.handover", {"owner": "night shift", "tags": ["internal"]})
        environments.adopt(AUTHOR, uow, "default", "production", "team")
        asked = releases.Request("production", "promote", [releases.Wanted("support.tone", 2)], "Fewer apologies")
        releases.propose(AUTHOR, uow, "default", asked)
        now = releases.Request("production", "promote", [releases.Wanted("support.triage", 2)], "Tickets are lost")
        releases.break_glass(ONCALL, uow, "default", now)


def rows(page: Page) -> list[str]:
    return page.get_by_role("rowheader").get_by_role("link").all_inner_texts()


def test_a_cell_tells_version_and_distance(look: Looker) -> None:
    with look.window("author") as page:
        page.goto("/p/default")
        row = page.get_by_role("row").filter(has_text="support.triage")
        expect(row.get_by_role("button", name=re.compile("development version 3"))).to_be_visible()
        expect(row.get_by_role("button", name=re.compile("production version 2 1 behind"))).to_be_visible()


def test_letters_narrow_the_list_and_stand_in_the_address(look: Looker) -> None:
    with look.window("author") as page:
        page.goto("/p/default")
        settled(page)
        page.keyboard.press("/")
        page.keyboard.type("tri")
        page.wait_for_url("**/p/default?q=tri")
        expect(page.get_by_role("rowheader")).to_have_count(1)
        assert rows(page) == ["support.triage"]
        page.reload()
        expect(page.get_by_label("Name", exact=True)).to_have_value("tri")


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("owner=night+shift", ["support.handover"]),
        ("tag=internal", ["support.handover"]),
        ("folder=support&q=to", ["support.tone"]),
        ("show=differing&q=reply", []),
        ("q=%3Cscript%3E", []),
    ],
)
def test_a_filter_can_be_shared(look: Looker, query: str, left: list[str]) -> None:
    with look.window("author") as page:
        page.goto(f"/p/default?{query}")
        expect(page.get_by_role("rowheader")).to_have_count(len(left))
        assert rows(page) == left
        page.get_by_role("button", name="Show all").click()
        expect(page.get_by_role("rowheader")).to_have_count(4)


def test_the_four_questions_are_one_click_away(look: Looker) -> None:
    with look.window("releaser") as page:
        page.goto("/p/default")
        page.get_by_role("row").filter(has_text="support.triage").get_by_role("button").last.click()
        expect(page.get_by_role("menuitem").last).to_have_text("Take it back to version 1")
        offered = page.get_by_role("menuitem").all_inner_texts()
        assert offered[:3] == ["What runs: read version 2", "Who changed it, when and why", "Try it, or use it"]
        page.get_by_role("menuitem", name="Who changed it").click()
        page.wait_for_url("**/p/default/environments/production?tab=history&prompt=support.triage")


def test_nobody_is_offered_what_they_may_not_do(look: Looker) -> None:
    with look.window("reviewer") as page:
        page.goto("/p/default")
        page.get_by_role("row").filter(has_text="support.tone").get_by_role("button").last.click()
        expect(page.get_by_role("menuitem", name="Who changed it")).to_be_visible()
        expect(page.get_by_role("menuitem", name=re.compile("Take it back|Ship"))).to_have_count(0)


@pytest.mark.parametrize(
    ("who", "deed"), [("reviewer", "waits for your approval"), ("author", "is yours, and waits for others"), ("oncall", None)]
)
def test_what_waits_for_whom(look: Looker, who: str, deed: str | None) -> None:
    with look.window(who) as page:
        page.goto("/p/default")
        waits = page.get_by_role("region", name="Waits for you")
        expect(waits).to_contain_text("needs a review")
        if deed:
            expect(waits).to_contain_text(f"to production {deed}")
        else:
            expect(waits).not_to_contain_text("to production ")


def test_everybody_can_read_it(look: Looker) -> None:
    with look.window("owner") as page:
        page.goto("/p/default")
        page.get_by_role("region", name="Lately").get_by_role("link").first.wait_for()
        page.get_by_role("row").get_by_role("button").first.click()
        page.get_by_role("menuitem").first.wait_for()
        assert obstacles(page) == []
        expect(page.get_by_role("menuitem").first).to_be_visible()


def test_nothing_that_is_fetched_early_is_fetched_twice(look: Looker) -> None:
    with look.window("owner") as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.removeprefix(look.desk.server.url)))
        page.goto("/p/default")
        settled(page)
        page.get_by_role("region", name="Lately").get_by_role("link").first.wait_for()
        page.get_by_role("link", name="production").first.wait_for()
        for ask in HOME_ASKS:
            assert asked.count(ask.replace("{project}", "default")) == 1, ask


def test_a_project_without_prompts_says_how_to_begin(look: Looker) -> None:
    with look.window("stranger") as page:
        page.goto("/p/elsewhere")
        expect(page.get_by_role("heading", name="No prompts here yet.")).to_be_visible()
        assert violations(page) == []
