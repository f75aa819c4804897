"""What only a real browser can show: our own script runs under the policy, and what a person typed stays inert."""

from __future__ import annotations

from cuebook_server.ui.app import PLAIN
from tests.support import web
from tests.support.server import Server
from tests.ui.browser import Chromium, account, get, signed_in

INERT = """<script>document.title='taken'</script><img src=x onerror="document.title='taken'"></bdi></p><h1>taken</h1>"""


def test_a_link_leads_to_its_form(server: Server, chromium: Chromium) -> None:
    page = chromium.dom(f"{server.url}/reset#{'s' * 43}")
    assert "<h1>Choose a new password</h1>" in page
    assert "Content Security Policy" not in page


def test_without_a_session_the_browser_is_told_how_to_get_one(server: Server, chromium: Chromium) -> None:
    account(server)
    assert "<h1>Sign in</h1>" in chromium.dom(server.url)


def test_what_somebody_typed_stays_inert(server: Server, chromium: Chromium) -> None:
    web.post(
        f"{server.url}/api/projects/{server.project}/prompts/ui.inert/versions",
        json={"content": {"kind": "text", "text": "x"}, "message": INERT},
        headers={"Authorization": f"Bearer {server.token}"},
    ).raise_for_status()
    # Straight from the disk no policy of ours stands in the way of a script: only the escaping does.
    saved = chromium.profile.with_name("page.html")
    saved.write_text(get(server, PLAIN, cookie=signed_in(server)).text, encoding="utf-8")
    page = chromium.dom(saved.as_uri())
    assert "<title>What runs where · Cuebook</title>" in page
    assert "&lt;script&gt;document.title='taken'&lt;/script&gt;&lt;img src=x" in page
    assert "<h1>taken" not in page
