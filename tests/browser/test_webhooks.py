"""Who outside is told: made, tested, paused, given a new secret, sent again and removed, in the browser."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import Browser, Page, expect

from cuebook_server.domain.webhook import EVENTS
from tests.browser.look import Looker, obstacles
from tests.browser.people import Desk, settle
from tests.browser.test_people import made
from tests.support.server import start_server

PLACE = "/p/default/webhooks"


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server that may send to this machine."""
    del browser
    server = start_server(tmp_path_factory.mktemp("hooks"), environment={"CUEBOOK_WEBHOOK_NETWORKS": "127.0.0.0/8"})
    yield settle(server)
    server.stop()


class Receiver(BaseHTTPRequestHandler):
    """Takes everything at `/taken`, nothing elsewhere."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204 if self.path == "/taken" else 500)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def receiver() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def make(page: Page, url: str, name: str) -> str:
    """A webhook by the dialog; returns its secret."""
    page.goto(f"{PLACE}?make=webhook")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Address").fill(url)
    dialog.get_by_label("Name").fill(name)
    return made(page, "Make the webhook")


def test_a_message_is_sent_seen_and_sent_again(look: Looker, receiver: str) -> None:
    with look.window("owner") as page:
        secret = make(page, f"{receiver}/taken", "pipeline")
        assert secret.startswith("whsec_")
        page.get_by_role("button", name="Send a test: pipeline").click()
        log = page.get_by_role("list", name="Log of pipeline")
        expect(log).to_contain_text(re.compile(r"ping\s*delivered.*Try 1: 204 after \d+ ms", re.DOTALL))
        log.get_by_role("button", name=re.compile("Send entry \\d+ again")).first.click()
        expect(log).to_contain_text("Try 2: 204")
        page.reload()
        expect(log).to_be_visible()
        assert secret not in page.content()


def test_what_is_not_taken_says_why_and_when_it_is_tried_again(look: Looker, receiver: str) -> None:
    with look.window("owner") as page:
        make(page, f"{receiver}/lost", "broken")
        page.get_by_role("button", name="Send a test: broken").click()
        log = page.get_by_role("list", name="Log of broken")
        expect(log).to_contain_text(re.compile(r"waiting.*Try 1: 500.*Next try", re.DOTALL))


def test_a_webhook_is_paused_gets_a_new_secret_and_is_removed(look: Looker, receiver: str) -> None:
    with look.window("owner") as page:
        first = make(page, f"{receiver}/taken", "chat")
        page.get_by_role("button", name="Pause: chat").click()
        expect(page.get_by_role("list", name="Webhooks")).to_contain_text("Disabled by owner@example.org.")
        assert page.get_by_role("button", name="Send a test: chat").count() == 0
        page.get_by_role("button", name="Go on: chat").click()
        page.get_by_role("button", name="New secret: chat").click()
        assert made(page, "Make the secret") != first
        expect(page.get_by_role("list", name="Webhooks")).to_contain_text("The old secret signs too")
        page.get_by_role("button", name="Remove: chat").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.get_by_role("button", name="Remove: chat")).to_have_count(0)


def test_every_event_is_offered_and_an_address_that_is_refused_says_why(look: Looker) -> None:
    with look.window("owner") as page:
        page.goto(f"{PLACE}?make=webhook")
        dialog = page.get_by_role("dialog")
        group = dialog.get_by_role("group", name="Only these events")
        expect(group.get_by_role("checkbox")).to_have_count(len(EVENTS))
        assert {box.get_attribute("value") for box in group.get_by_role("checkbox").all()} == set(EVENTS)
        dialog.get_by_label("Address").fill("http://169.254.169.254/latest")
        dialog.get_by_role("button", name="Make the webhook").click()
        expect(dialog.get_by_role("alert")).to_be_visible()


@pytest.mark.parametrize("who", ["author", "stranger"])
def test_who_may_not_look_after_them_is_shown_nothing(look: Looker, who: str) -> None:
    with look.window(who) as page:
        page.goto(PLACE)
        expect(page.get_by_role("alert")).to_contain_text("forbidden" if who == "author" else "not_found")
        assert page.get_by_role("link", name="Webhooks").count() == 0
        assert page.get_by_role("button", name="New webhook").count() == 0


def test_everybody_can_read_the_page(look: Looker, receiver: str) -> None:
    with look.window("owner") as page:
        page.goto(PLACE)
        assert obstacles(page) == []
        make(page, f"{receiver}/taken", "read")
        page.get_by_role("button", name="Log: read").click()
        expect(page.get_by_text("Nothing was sent yet.")).to_be_visible()
        assert obstacles(page) == []
        page.get_by_role("button", name="Remove: read").click()
        assert obstacles(page) == []
