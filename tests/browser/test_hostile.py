"""What people type is shown and never run: 300 payloads in every text that the pages show, and none of them does anything."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from cuebook_server.domain.access import INSTANCE_ADMIN, Actor, Grant
from cuebook_server.services import credentials, prompts, releases, webhooks
from cuebook_server.services.ports import UnitOfWork
from tests.browser.hostile import PAYLOADS, in_lots
from tests.browser.look import Looker, settled
from tests.browser.people import Desk, login
from tests.services.test_webhooks import OUTGOING

OWNER = Actor(login("owner"), "test", (INSTANCE_ADMIN,), "req_test", person=login("owner"))
ONE = quote(" ".join(PAYLOADS[:25]), safe="")
# A project has so many webhooks and no more: each of these has the next lot.
HOOKED = {f"hooks{number}" if number else "default": lot for number, lot in enumerate(in_lots(webhooks.WEBHOOKS_MAX))}
RELEASE = 4  # the sample project has three
PATHS = (
    "/p/default",
    f"/p/default?q={ONE}&folder={ONE}&tag={ONE}&owner={ONE}",
    "/p/default/prompts/hostile.p0",
    "/p/default/prompts/hostile.p0/edit",
    "/p/default/releases",
    f"/p/default/releases/{RELEASE}",
    f"/p/default/releases/{RELEASE}/evidence",
    "/p/default/propose?environment=staging&prompt=hostile.p0",
    "/p/default/environments/staging",
    f"/p/default/keys?q={ONE}&environment={ONE}",
    "/p/default/audit",
    "/p/default/audit?before=200",
    f"/p/default/audit?action={ONE}&principal={ONE}&target={ONE}&environment={ONE}&since={ONE}",
    "/notices",
    "/me",
)


@pytest.fixture(scope="module", autouse=True)
def _hostile(desk: Desk) -> None:
    with desk.write() as uow:
        owner = uow.people.find(login("owner"))
        assert owner is not None
        uow.people.add_grant(owner, INSTANCE_ADMIN)
        _name_everything(uow)
        for number, lot in enumerate(in_lots(10)):
            _write_prompt(uow, f"hostile.p{number}", lot)
        asked = releases.Request("staging", "promote", [releases.Wanted("hostile.p0", 2)], "\n".join(PAYLOADS[:25]))
        assert releases.propose(OWNER, uow, "default", asked).release_id == RELEASE
        for lot in in_lots(25):
            releases.comment(OWNER, uow, "default", RELEASE, "\n".join(lot))


def _name_everything(uow: UnitOfWork) -> None:
    project = uow.projects.find("default")
    assert project is not None
    for number, payload in enumerate(PAYLOADS):
        credentials.create_key(OWNER, uow, "default", environment="staging", name=payload)
        credentials.create_token(OWNER, uow, "default", name=payload, role="viewer")
        uow.people.add_grant(uow.people.add(f"x{number}@example.org", payload, None), Grant("viewer", project.project_id))
    for name, lot in HOOKED.items():
        if name != "default":
            uow.projects.add(name)
        for payload in lot:
            made = webhooks.add(OWNER, uow, name, OUTGOING, url="https://hooks.example.org/taken", name=payload)
            webhooks.disable(OWNER, uow, name, made.webhook.webhook_id)  # nobody is there to be told


def _write_prompt(uow: UnitOfWork, name: str, lot: tuple[str, ...]) -> None:
    text = "\n".join(lot)
    for ending in ("", " {{ticket}}"):
        variables = {"ticket": {"type": "string", "description": lot[0], "default": lot[1]}} if ending else {}
        content = {"kind": "text", "text": text + ending, "variables": variables}
        prompts.save(OWNER, uow, "default", name, prompts.Draft(content, text, None if not ending else 1))
    changes = {"description": text, "owner": lot[0], "tags": [payload[:64] for payload in lot]}
    prompts.describe(OWNER, uow, "default", name, changes)


def quiet(page: Page) -> bool:
    """Whether nothing ran, here or in a frame, and the page is still ours."""
    assert page.evaluate("[...document.querySelectorAll('details')].forEach((one) => { one.open = true })") is None
    return page.evaluate("window.ran === undefined") is True and len(page.frames) == 1


def test_no_payload_does_anything(look: Looker) -> None:
    with look.window("owner") as page:
        for path in PATHS:
            page.goto(path)
            settled(page)
            assert quiet(page), path


@pytest.mark.parametrize("path", ["/p/default/prompts/", "/p/default/", "/sign-in?next=/", "/invitation#"])
def test_no_address_does_anything(look: Looker, path: str) -> None:
    with look.window("owner") as page:
        page.goto(path + ONE)
        assert quiet(page)


@pytest.mark.parametrize(
    ("paths", "where"),
    [
        (["/p/default/keys"], "Keys of staging"),
        (["/p/default/members"], "Members"),
        (["/people"], "People"),
        ([f"/p/{name}/webhooks" for name in HOOKED], "Webhooks"),
    ],
)
def test_all_of_them_are_shown_as_they_were_typed(look: Looker, paths: list[str], where: str) -> None:
    shown = set[str]()
    with look.window("owner") as page:
        for path in paths:
            page.goto(path)
            settled(page)
            shown |= set(page.get_by_role("list", name=where).locator("bdi").all_text_contents())
            assert quiet(page)
    assert set(PAYLOADS) <= shown


def test_the_palette_shows_what_it_found_and_runs_nothing(look: Looker) -> None:
    with look.window("owner") as page:
        page.goto("/p/default")
        settled(page)
        page.keyboard.press("Control+k")
        page.get_by_label("Search").fill("onerror hostile")
        expect(page.get_by_role("button", name="hostile.p").first).to_be_visible()
        assert quiet(page)


def test_the_alarm_would_have_rung(look: Looker) -> None:
    with look.window("owner") as page:
        page.goto("/me")
        settled(page)
        said = page.evaluate("try { document.body.innerHTML = '<img src=x onerror=ran=1>' } catch (error) { String(error) }")
        assert "Markup is never written from text." in said
        page.evaluate("document.body.append(Object.assign(document.createElement('img'), {src: 'http://x.invalid/'}))")
        page.wait_for_timeout(100)
        assert any("policy: img-src" in complaint for complaint in look.complaints)
        look.complaints.clear()
