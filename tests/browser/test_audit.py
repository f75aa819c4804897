"""The audit and a release's evidence: found, taken along, and checked by the browser itself."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.look import Looker, obstacles, settled, violations

PAGES = ("/p/default/audit", "/p/default/audit?action=nothing", "/p/default/releases/2/evidence")


@pytest.mark.parametrize("path", PAGES)
def test_everybody_can_read_the_page(look: Looker, path: str) -> None:
    with look.window("author") as page:
        page.goto(path)
        assert obstacles(page) == []


def test_filters_stand_in_the_address(look: Looker) -> None:
    with look.window("author") as page:
        page.goto("/p/default/audit")
        page.get_by_label("What").select_option("releases")
        page.get_by_label("By whom").fill("sample-team")
        page.get_by_label("By whom").press("Enter")
        page.wait_for_url("**/audit?action=release.&principal=sample-team")
        page.reload()
        expect(page.get_by_label("By whom")).to_have_value("sample-team")
        entries = page.get_by_role("list", name="Entries, newest first").get_by_role("listitem")
        expect(entries.first).to_contain_text("release.promote")
        assert page.get_by_text("version.saved").count() == 0


def test_the_browser_finds_the_chain_intact(look: Looker) -> None:
    with look.window("author") as page:
        verify(page)
        expect(page.get_by_role("status")).to_contain_text("entries, all intact.")
        assert violations(page) == []


def test_the_browser_finds_the_entry_that_was_changed(look: Looker) -> None:
    def tamper(route: Route) -> None:
        lines = [json.loads(line) for line in route.fetch().text().splitlines()]
        lines[2]["reason"] = "nothing happened here"
        route.fulfill(body="\n".join(json.dumps(line) for line in lines))

    with look.window("author") as page:
        page.route("**/audit/export?*", tamper)
        verify(page)
        expect(page.get_by_role("status")).to_contain_text("Broken at entry 3.its content was changed")


def test_a_kept_checkpoint_shows_a_chain_that_was_cut(look: Looker) -> None:
    with look.window("author") as page:
        page.goto("/p/default/audit")
        with page.expect_download() as saved:
            page.get_by_role("link", name="Checkpoint to keep").click()
        assert saved.value.suggested_filename == "checkpoint-default.json"
        page.route("**/audit/export?*", lambda route: route.fulfill(body="\n".join(route.fetch().text().splitlines()[:4])))
        verify(page, saved.value.path().read_bytes())
        expect(page.get_by_role("status")).to_contain_text("Broken at entry 5.")
        expect(page.get_by_role("status")).to_contain_text("the chain was cut")


def test_the_chain_is_taken_along(look: Looker) -> None:
    with look.window("author") as page:
        page.goto("/p/default/audit?action=release.")
        with page.expect_download() as saved:
            page.get_by_role("link", name="Export JSON lines").click()
        lines = saved.value.path().read_text().splitlines()
        assert lines
        assert all(json.loads(line)["action"].startswith("release.") for line in lines)


def test_evidence_is_one_white_page_of_paper_whatever_the_screen_is(look: Looker) -> None:
    with look.window("author", scheme="dark") as page:
        page.goto("/p/default/releases/3/evidence")
        settled(page)
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(ground)
        page.emulate_media(media="print")
        page.wait_for_function(f"() => {ground} === 'rgb(255, 255, 255)'")
        expect(page.get_by_role("navigation")).to_have_count(0)
        expect(page.get_by_role("button")).to_have_count(0)
        expect(page.get_by_text("by author@example.org at http")).to_be_visible()
        paper = page.pdf(format="A4", margin={"top": "1cm", "right": "1cm", "bottom": "1cm", "left": "1cm"})
        assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
        page.emulate_media(media="screen")
        page.wait_for_function(f"() => {ground} === {json.dumps(dark)}")


def verify(page: Page, checkpoint: bytes = b"") -> None:
    """Open the dialog and check the chain, perhaps against a checkpoint."""
    page.goto("/p/default/audit")
    page.get_by_role("button", name="Verify …").click()
    if checkpoint:
        with page.expect_file_chooser() as chooser:
            page.get_by_label("A checkpoint that you kept").click()
        chooser.value.set_files({"name": "kept.json", "mimeType": "application/json", "buffer": checkpoint})
    page.get_by_role("button", name="Verify", exact=True).click()
