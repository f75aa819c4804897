"""The environment page: taken back in two clicks at night, seen at any moment of the past, and ruled in words and by a form."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from cuebook_server.domain.access import Actor, Grant
from cuebook_server.services import environments, prompts, releases
from tests.browser.look import NARROW, Looker, obstacles, on_both, settled
from tests.browser.people import Desk, login

OWNER = Actor(login("owner"), "test", (Grant("admin"),), "req_test", person=login("owner"))
STAGING, PRODUCTION = "/p/default/environments/staging", "/p/default/environments/production"


@on_both
@pytest.mark.everyday
def test_on_call_takes_a_prompt_back_in_two_clicks(look: Looker) -> None:
    with look.window("oncall", NARROW) as page:
        page.goto(STAGING)
        page.get_by_role("link", name="Roll back support.triage").click()
        expect(page.get_by_label("Why")).to_be_focused()
        expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
        page.keyboard.type("Tickets are lost since noon")
        page.get_by_role("button", name="Roll back now").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"Rollback \d+"))
        expect(page.get_by_text("Tickets are lost since noon").first).to_be_visible()
        page.goto(f"{STAGING}?prompt=triage")
        expect(page.get_by_text("support.triage 1")).to_be_visible()


def test_from_a_cell_of_the_first_page_it_is_as_near(look: Looker, desk: Desk) -> None:
    with desk.write() as uow:
        prompts.save(OWNER, uow, "default", "support.reply", prompts.Draft({"kind": "text", "text": "Answer kindly."}))
        releases.create(OWNER, uow, "default", releases.Request("staging", "promote", [releases.Wanted("support.reply")], ""))
    with look.window("oncall") as page:
        page.goto("/p/default")
        page.get_by_role("row").filter(has_text="support.reply").get_by_role("button", name=re.compile("staging")).click()
        page.get_by_role("menuitem", name="Take it back to version 1").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Roll back staging")


def test_what_has_no_earlier_version_offers_no_way_back(look: Looker) -> None:
    with look.window("oncall") as page:
        page.goto(f"{PRODUCTION}?prompt=support.tone")
        expect(page.get_by_text("Nothing to go back to")).to_be_visible()
        expect(page.get_by_role("link", name=re.compile("Roll back"))).to_have_count(0)
        page.goto(f"{PRODUCTION}?tab=history&prompt=support.tone")
        expect(page.get_by_text("Nothing to go back to")).to_be_visible()
        page.goto("/p/default")
        page.get_by_role("row").filter(has_text="support.tone").get_by_role("button", name=re.compile("production")).click()
        expect(page.get_by_role("menuitem", name="Nothing to take it back to")).to_be_disabled()


def test_a_moment_of_the_past_beside_today(look: Looker) -> None:
    with look.window("author") as page:
        page.goto(f"{STAGING}?tab=history")
        page.get_by_role("list", name="Revisions").get_by_role("link", name="all of it then").last.click()
        expect(page.get_by_text("revision 1.")).to_be_visible()
        assert "tab=time&at=" in page.url
        page.get_by_label("Only what differs").uncheck()
        expect(page.get_by_role("rowheader", name="support.triage")).to_be_visible()


@on_both
def test_a_freeze_stops_releases_until_it_is_lifted(look: Looker) -> None:
    with look.window("owner") as page:
        page.goto(f"{PRODUCTION}?tab=policy")
        page.get_by_role("button", name="Freeze now").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("What whoever wants to release is told").fill("the audit")
        dialog.get_by_label("Why").fill("Nothing moves while they look")
        dialog.get_by_role("button", name="Freeze now").click()
        expect(dialog).to_have_count(0)
        page.goto("/p/default/propose?environment=production&prompt=support.handover")
        expect(page.get_by_text(re.compile("Frozen until .*: the audit"))).to_be_visible()
        expect(page.get_by_role("button", name="Release now")).to_be_disabled()
        page.goto(f"{PRODUCTION}?tab=policy")
        page.get_by_role("button", name="Lift").click()
        page.get_by_role("dialog").get_by_label("Why").fill("They have seen enough")
        page.get_by_role("button", name="Lift it").click()
        expect(page.get_by_text("None: releases go on at any time.")).to_be_visible()
        page.goto(f"{PRODUCTION}?tab=history")
        told = page.get_by_role("list", name="Revisions").get_by_role("listitem").filter(has_text="They have seen enough")
        expect(told).to_contain_text(f"{login('owner')} changed the rules")
        expect(told.locator("del")).to_contain_text("the audit")


def test_a_freeze_of_what_asks_for_approvals_is_lifted_by_a_proposal(look: Looker, desk: Desk) -> None:
    rules = {"approvals": {"count": 1}, "freeze": [{"starts": "2020-01-01T00:00", "ends": "2099-01-01T00:00"}]}
    with desk.write() as uow:
        environments.create(OWNER, uow, "default", "iced", policy=rules)
    with look.window("owner") as page:
        page.goto("/p/default/environments/iced?tab=policy")
        page.get_by_role("button", name="Lift").click()
        page.get_by_role("dialog").get_by_label("Why").fill("The holidays are over")
        expect(page.get_by_role("dialog").get_by_role("list", name="Rules of the policy")).not_to_contain_text("Frozen")
        page.get_by_role("button", name="Propose it").click()
        page.wait_for_url("**/p/default/releases/*")
        release = page.url
    with look.window("reviewer") as page:
        page.goto(release)
        page.get_by_role("button", name="Approve").click()
        page.get_by_label("What your approval means").fill("Read and understood")
        page.get_by_role("dialog").get_by_role("button", name="Approve").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
    with look.window("owner") as page:
        page.goto(release)
        page.get_by_role("button", name="Apply now").click()
        expect(page.get_by_text("Applied.")).to_be_visible()
        page.goto("/p/default/environments/iced?tab=policy")
        expect(page.get_by_text("None: releases go on at any time.")).to_be_visible()


def test_rules_of_a_preset_fill_the_form_and_are_proposed_with_a_reason(look: Looker, desk: Desk) -> None:
    with desk.write() as uow:  # of its own: nobody loosens these rules again
        environments.create(OWNER, uow, "default", "strict")
    with look.window("owner") as page:
        page.goto("/p/default/environments/strict?tab=policy")
        page.get_by_role("button", name="team").click()
        expect(page.get_by_label("People who must approve")).to_have_value("1")
        page.get_by_label("Why").fill("There are two of us now")
        page.get_by_role("button", name="Change the rules").click()
        expect(page.get_by_text("1 person must approve who is")).to_be_visible()


def test_who_may_not_is_offered_nothing(look: Looker) -> None:
    with look.window("reviewer") as page:
        page.goto(STAGING)
        settled(page)
        expect(page.get_by_text("support.reply")).to_be_visible()
        expect(page.get_by_role("link", name=re.compile("Roll back|Release to"))).to_have_count(0)


def test_on_a_phone_all_that_drifted_is_in_sight(look: Looker) -> None:
    with look.window("author", NARROW) as page:
        page.goto(f"{PRODUCTION}?tab=drift")
        row = page.get_by_role("row").filter(has_text="support.handover")
        expect(row).to_contain_text("only in staging")
        assert row.evaluate("(row) => row.getBoundingClientRect().right <= innerWidth")


@pytest.mark.parametrize("tab", ["history", "time&at=2026-01-01T00:00:00Z", "policy", "drift"])
def test_everybody_can_read_it(look: Looker, tab: str) -> None:
    with look.window("owner") as page:
        page.goto(f"{PRODUCTION}?tab={tab}")
        assert obstacles(page) == []
