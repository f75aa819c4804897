"""Keys, members, people and one's own account, as those see them who look after them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from cuebook_server.domain.access import INSTANCE_ADMIN
from tests.browser.look import Looker, obstacles, settled, violations
from tests.browser.people import Desk, login
from tests.support.passwords import PASSWORD

# What is not seen at the addresses alone, which are in `test_every_page`.
STATES = ("/p/default/keys?ended=shown", "/p/default/keys?make=token")


@pytest.fixture(scope="module", autouse=True)
def instance_admin(desk: Desk) -> None:
    """The owner looks after the whole instance too."""
    with desk.write() as uow:
        owner = uow.people.find(login("owner"))
        assert owner is not None
        uow.people.add_grant(owner, INSTANCE_ADMIN)


@pytest.mark.parametrize("path", STATES)
def test_everybody_can_read_the_page(look: Looker, path: str) -> None:
    with look.window("owner") as page:
        page.goto(path)
        assert obstacles(page) == []


def test_a_key_is_made_seen_once_rotated_and_revoked(look: Looker) -> None:
    with look.window("owner") as page:
        page.goto("/p/default/keys")
        page.get_by_role("button", name="New delivery key").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill("checkout")
        dialog.get_by_label("Environment").select_option("production")
        first = made(page, "Make the key")
        page.reload()
        settled(page)
        assert first not in page.content()
        page.get_by_role("button", name="Rotate checkout").click()
        dialog.get_by_label("Both count for").select_option(label="no time at all: it ends now")
        assert made(page, "Rotate") != first
        page.get_by_role("button", name="Revoke checkout").click()
        dialog.get_by_role("button", name="Revoke").click()
        expect(page.get_by_role("button", name="Revoke checkout")).to_have_count(0)
        page.get_by_label("Those that ended too").check()
        expect(page.get_by_role("list", name="Keys of production")).to_contain_text("Replaced by")


def test_a_key_that_cannot_be_made_says_why(look: Looker) -> None:
    with look.window("owner") as page:
        page.goto("/p/default/keys?make=key")
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill("checkout")
        dialog.get_by_label("Only from these networks").fill("10.0.0.0/99")
        dialog.get_by_role("button", name="Make the key").click()
        expect(dialog.get_by_role("alert")).to_contain_text("Write networks as CIDR")


def test_who_may_not_change_keys_is_offered_nothing(look: Looker) -> None:
    with look.window("author") as page:
        page.goto("/p/default/keys")
        expect(page.get_by_role("list", name="Keys of staging")).to_be_visible()
        assert page.get_by_role("button", name=re.compile("key|Revoke|Rotate|token")).count() == 0
        page.goto("/people")
        expect(page.get_by_role("alert")).to_contain_text("forbidden")


def test_somebody_without_an_account_is_invited_and_comes_in(look: Looker) -> None:
    with look.window("owner") as page:
        page.goto("/p/default/members")
        page.get_by_role("button", name="Add somebody").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Login").fill("newcomer@example.org")
        dialog.get_by_role("button", name="Give the role").click()
        link = made(page, "Invite newcomer@example.org")
    with look.window() as page:
        page.goto(link)
        page.get_by_label("Your name").fill("Newcomer")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name=re.compile("account", re.IGNORECASE)).click()
        page.wait_for_url("**/p/default")
    with look.window("owner") as page:
        page.goto("/p/default/members")
        page.get_by_label("Take author in this project from newcomer@example.org").click()
        page.get_by_role("dialog").get_by_role("button", name="Take the role").click()
        expect(page.get_by_role("list", name="Members")).not_to_contain_text("newcomer@example.org")


def test_an_invitation_that_went_astray_is_seen_and_withdrawn(look: Looker) -> None:
    with look.window("owner") as page:
        page.goto("/people")
        page.get_by_role("button", name="Invite somebody").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Login").fill("astray@example.org")
        dialog.get_by_label("Where").select_option("default")
        link = made(page, "Make the invitation")
        open_ = page.get_by_role("list", name="Open invitations")
        expect(open_).to_contain_text(f"To be author in default. Made by {login('owner')}")
        page.goto("/p/default/members")
        assert violations(page) == []
        page.get_by_role("button", name="Withdraw the invitation of astray@example.org").click()
        dialog.get_by_role("button", name="Withdraw").click()
        expect(open_).to_have_count(0)
    with look.window() as page:
        page.goto(link)
        page.get_by_label("Your name").fill("Astray")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name=re.compile("account", re.IGNORECASE)).click()
        expect(page.get_by_role("alert")).to_contain_text("This invitation was used before")


def test_a_token_of_ones_own_is_made_and_ended(look: Looker) -> None:
    with look.window() as page:
        sign_in(page, "author")
        page.goto("/me")
        expect(page.get_by_role("list", name="Sessions")).to_contain_text("this one")
        page.get_by_role("button", name="New token").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill("laptop")
        made(page, "Make the token")
        page.get_by_role("button", name="Revoke laptop").click()
        dialog.get_by_role("button", name="Revoke").click()
        expect(page.get_by_role("list", name="Your tokens")).to_contain_text("Revoked")


def test_signing_out_everywhere_ends_this_session_too(look: Looker) -> None:
    with look.window() as page:
        sign_in(page, "reviewer")
        page.goto("/me")
        page.get_by_role("button", name="Sign out everywhere").click()
        page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
        page.wait_for_url("**/sign-in?next=%2Fme")


def test_a_role_everywhere_is_given_and_taken_and_the_last_admin_stays(look: Looker) -> None:
    with look.window("owner") as page:
        page.goto("/people")
        page.get_by_role("button", name=f"Give a role in every project: {login('oncall')}").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Role").select_option("on-call")
        dialog.get_by_role("button", name="Give the role").click()
        page.get_by_label(f"Take on-call in every project from {login('oncall')}").click()
        dialog.get_by_role("button", name="Take the role").click()
        expect(page.get_by_label(f"Take on-call in every project from {login('oncall')}")).to_have_count(0)
        page.get_by_label(f"Take admin in every project from {login('owner')}").click()
        dialog.get_by_role("button", name="Take the role").click()
        expect(dialog.get_by_role("alert")).to_contain_text("Make somebody else an admin first.")


def made(page: Page, verb: str) -> str:
    """Press the button that makes a secret, and keep what is shown this once."""
    page.get_by_role("dialog").get_by_role("button", name=verb, exact=True).click()
    expect(page.get_by_role("button", name="I have kept it")).to_be_visible()
    secret = page.get_by_role("dialog").locator("pre").first.inner_text()
    page.get_by_role("button", name="I have kept it").click()
    return secret


def sign_in(page: Page, name: str) -> None:
    """Sign in by the form, as people do."""
    page.goto("/sign-in")
    page.get_by_label("Login").fill(login(name))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/p/default")
