"""What only a real browser can show: the link works, the cookie is kept, and what a person typed stays inert."""

from __future__ import annotations

import httpx2

from tests.support.server import Server
from tests.ui.browser import Chromium, link

INERT = """<script>document.title='taken'</script><img src=x onerror="document.title='taken'"></bdi></p><h1>taken</h1>"""


def test_a_link_leads_to_the_first_page_once(server: Server, chromium: Chromium) -> None:
    secret = link(server)
    first = chromium.dom(f"{server.url}/sign-in#{secret}")
    assert "<h1>What runs where</h1>" in first
    assert 'aria-label="Copy: cuebook promote' in first  # our own script runs under the policy
    assert secret not in first
    second = chromium.dom(f"{server.url}/sign-in#{secret}")
    assert "was used before" in second
    # Secure cookies with the prefix __Host- are kept for 127.0.0.1 without TLS.
    assert "<h1>What runs where</h1>" in chromium.dom(server.url)


def test_without_a_session_the_browser_is_told_how_to_get_one(server: Server, chromium: Chromium) -> None:
    assert "prints a sign-in link each time it starts" in chromium.dom(server.url)


def test_what_somebody_typed_stays_inert(server: Server, chromium: Chromium) -> None:
    httpx2.post(
        f"{server.url}/api/projects/{server.project}/prompts/ui.inert/versions",
        json={"content": {"kind": "text", "text": "x"}, "message": INERT},
        headers={"Authorization": f"Bearer {server.token}"},
    ).raise_for_status()
    page = chromium.dom(f"{server.url}/sign-in#{link(server)}")
    assert "<title>What runs where · Cuebook</title>" in page
    assert "&lt;script&gt;document.title='taken'&lt;/script&gt;&lt;img src=x" in page
    assert "<h1>taken" not in page
