"""What a page of somebody else can do with a signed-in browser: nothing, even from the same machine, where cookies travel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Page

from cuebook_server.domain.session import COOKIE
from tests.browser.look import Looker, settled
from tests.browser.people import login
from tests.support.passwords import PASSWORD


class _Nothing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>foreign</title><p>Hello</p>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def foreign() -> Iterator[str]:
    """The address of somebody else's page: another port of this machine, which is the same site to a browser's cookies."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Nothing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextmanager
def lured(look: Looker, foreign: str) -> Iterator[Page]:
    """A signed-in browser on the foreign page; what it complains of there is its own affair."""
    with look.window("owner") as page:
        page.goto(foreign)
        yield page
        look.complaints.clear()
        page.goto(f"{look.desk.server.url}/me")
        settled(page)
        assert page.url.endswith("/me")  # still signed in


def test_it_cannot_frame_a_page(look: Looker, foreign: str) -> None:
    with lured(look, foreign) as page:
        page.evaluate(
            "(url) => new Promise((done) => { const frame = document.createElement('iframe');"
            " frame.onload = done; frame.src = url; document.body.append(frame) })",
            f"{look.desk.server.url}/p/default",
        )
        assert page.frames[1].url == "chrome-error://chromewebdata/"


@pytest.mark.parametrize("path", ["/sign-out", "/sign-in", "/api/sessions/revoke-all", "/api/projects/default/keys"])
def test_it_cannot_send_a_form(look: Looker, foreign: str, path: str) -> None:
    with lured(look, foreign) as page, page.expect_navigation() as answer:
        page.evaluate(
            "(url) => { const form = document.createElement('form'); form.method = 'post'; form.action = url;"
            " document.body.append(form); form.submit() }",
            look.desk.server.url + path,
        )
    assert answer.value.status in {400, 403, 415}


@pytest.mark.parametrize("path", ["/api/me", "/api/projects/default/keys", "/api/projects/default/audit/export"])
def test_it_cannot_read(look: Looker, foreign: str, path: str) -> None:
    with lured(look, foreign) as page:
        script = "(url) => fetch(url, {credentials: 'include'}).then((answer) => answer.text(), (error) => String(error))"
        assert page.evaluate(script, look.desk.server.url + path) == "TypeError: Failed to fetch"


def test_it_cannot_reach_into_a_window_that_it_opened(look: Looker, foreign: str) -> None:
    with lured(look, foreign) as page:
        with page.context.expect_page() as opened:
            page.evaluate("(url) => { window.opened = open(url) }", f"{look.desk.server.url}/p/default")
        opened.value.wait_for_load_state()
        assert page.evaluate("window.opened.closed")
        assert opened.value.evaluate("window.opener") is None


def test_a_session_that_somebody_planted_is_not_the_one_that_begins(look: Looker) -> None:
    planted = "planted-by-somebody-else"
    with look.window() as page:
        address = look.desk.server.url.replace("http:", "https:")
        page.context.add_cookies([{"name": COOKIE, "value": planted, "url": address, "secure": True}])
        page.goto("/p/default")
        page.get_by_label("Login").fill(login("oncall"))
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url("**/p/default")
        (cookie,) = [cookie for cookie in page.context.cookies(address) if cookie.get("name") == COOKIE]
        assert cookie.get("value") != planted
        assert (cookie.get("httpOnly"), cookie.get("sameSite"), cookie.get("secure")) == (True, "Strict", True)
        assert page.evaluate(
            "[document.cookie, Object.keys(localStorage).filter((name) => /token|session|key/i.test(name))]"
        ) == ["", []]
