"""Coming in: the first account, somebody without a project, an empty one, and a session that ends in the middle of work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from cuebook_server.domain.access import INSTANCE_ADMIN, Actor, Grant
from cuebook_server.services import projects, prompts, sessions
from cuebook_server.services.sessions import Visit
from tests.browser.look import Looker, obstacles
from tests.browser.people import Desk, login
from tests.factories import text
from tests.support.passwords import PASSWORD

OWNER = Actor(login("owner"), "test", (Grant("admin"),), "req_test", person=login("owner"))


@pytest.fixture(scope="module", autouse=True)
def arrivals(desk: Desk) -> None:
    """Somebody whom nobody gave a role, an admin of the instance, and a project in which nothing was written."""
    with desk.write() as uow:
        lone = uow.people.add(login("lone"), "Lone", None)
        owner = uow.people.find(login("owner"))
        assert owner is not None
        uow.people.add_grant(owner, INSTANCE_ADMIN)
        projects.create(OWNER, uow, "fresh")
        prompts.save(OWNER, uow, "default", "edit.expired", prompts.Draft(text("Dear {{name}}"), "by another"))
        desk.cookies["lone"] = sessions.begin(uow, lone, Visit("req_test", "127.0.0.1"))  # type: ignore[index]  # a dict in truth


@pytest.mark.parametrize(("who", "path"), [("owner", "/p/fresh"), ("lone", "/"), ("", "/sign-in")])
def test_everybody_can_read_the_page(look: Looker, who: str, path: str) -> None:
    with look.window(who) as page:
        page.goto(path)
        assert obstacles(page) == []


def test_who_is_in_no_project_is_told_how_to_get_into_one(look: Looker, desk: Desk) -> None:
    with look.window("lone") as page:
        page.goto("/")
        expect(page.get_by_text("cuebook members add lone@example.org --role author")).to_be_visible()
        assert page.get_by_role("button", name="Make the project").count() == 0
        with desk.write() as uow:
            found, lone = uow.projects.find("fresh"), uow.people.find(login("lone"))
            assert found is not None
            assert lone is not None
            uow.people.add_grant(lone, Grant("viewer", found.project_id))
        page.get_by_role("button", name="Look again").click()
        expect(page.get_by_role("heading", name="No prompts here yet.")).to_be_visible()
        assert page.get_by_role("link", name="Write the first prompt").count() == 0


def test_an_admin_makes_a_project_and_its_first_prompt(look: Looker) -> None:
    with look.window("owner") as page:
        page.goto("/p/default")
        page.get_by_role("button", name=login("owner")).click()
        page.get_by_role("menuitem", name="New project").click()
        page.get_by_label("Name of the project").fill("Not a name")
        page.get_by_role("button", name="Make the project").click()
        expect(page.get_by_role("alert")).to_contain_text("bad_name")
        page.get_by_label("Name of the project").fill("brand-new")
        page.get_by_role("button", name="Make the project").click()
        page.get_by_role("link", name="Write the first prompt").click()
        page.wait_for_url("**/p/brand-new/new-prompt")


def test_an_admin_of_one_project_makes_no_others(look: Looker) -> None:
    with look.window("stranger") as page:
        page.goto("/new-project")
        expect(page.get_by_text("An admin of the whole instance makes projects.")).to_be_visible()


@pytest.fixture
def expired(look: Looker, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The author has typed into the editor and opened what is saved, and then the session ends."""
    with look.window("author") as page:
        page.goto("/p/default/prompts/edit.expired/edit")
        page.get_by_role("textbox", name="Text", exact=True).click()
        page.keyboard.press("Control+a")
        # Of its own: where another test saved the same, there is nothing to save.
        page.keyboard.type(f"Dear neighbour {request.node.name}")
        page.get_by_role("button", name="Compare and save").click()
        page.get_by_label("Message").fill("Warmer")
        save = page.get_by_role("button", name="Save", exact=True)
        expect(save).to_be_enabled()  # whoever looks at the draft has answered
        page.context.clear_cookies()
        save.click()
        yield page


def test_a_session_that_ends_in_the_middle_of_work_takes_nothing_with_it(expired: Page) -> None:
    dialog = expired.get_by_role("dialog", name="Your session has ended")
    dialog.get_by_role("textbox", name="Password").fill("wrong wrong wrong")
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("wrong_password")
    expired.keyboard.press("Escape")
    dialog.get_by_role("textbox", name="Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    # What was refused is sent again by itself.
    expired.wait_for_url("**/p/default/prompts/edit.expired")
    expect(expired.get_by_text("Warmer")).to_be_visible()


def test_whoever_signs_in_another_way_finds_the_draft(expired: Page) -> None:
    expired.get_by_role("dialog", name="Your session has ended").get_by_role("link", name="Sign in another way").click()
    expired.get_by_label("Login").fill(login("author"))
    expired.get_by_label("Password").fill(PASSWORD)
    expired.get_by_role("button", name="Sign in", exact=True).click()
    expired.wait_for_url("**/p/default/prompts/edit.expired/edit")
    expect(expired.get_by_role("textbox", name="Text", exact=True)).to_contain_text("Dear neighbour")
