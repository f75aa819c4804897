"""A browser that looks at the pages: one window for each person, and nothing that goes wrong in it stays unnoticed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Error, Page, Playwright

from cuebook_server.domain.session import COOKIE
from cuebook_server.ui.built import Built
from tests.browser.people import Desk

ROOT = Path(__file__).parents[2]
AXE = ROOT / "ui/node_modules/axe-core/axe.min.js"
WIDE, NARROW = (1440, 900), (390, 844)
Scheme = Literal["light", "dark"]
_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A story that is told on either database.
on_both = pytest.mark.parametrize(
    "engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True, scope="module"
)
# What the browser says of a broken policy goes where every other complaint goes.
_TELL = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample} ${event.sourceFile}`))"""
# The pages take up a new scheme by a script, and a new width when the browser has drawn; those of the server's by style.
_DRAWN = """(scheme) => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(
  () => done((document.documentElement.dataset.mantineColorScheme ?? scheme) === scheme))))"""
# What a window asked the server for: how it was answered, when, and after how long.
_ASKED = """performance.getEntriesByType("resource").filter(({ name }) => name.includes("/api/")).slice(-40).map((one) =>
  `${Math.round(one.startTime)} ms: ${one.responseStatus} after ${Math.round(one.duration)} ms, ${one.name}`)"""
_RULES = {
    # Passes are counted, not described: nobody reads them.
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    # Menus and dialogs stand beside the landmarks, at the end of the document.
    "rules": {"region": {"enabled": False}},
}


def launch(playwright: Playwright) -> Browser:
    """The real Chromium, or a skip that says what is missing."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no `chromium` on this machine: the pages were not looked at")
    if not Built().there:
        pytest.skip("the pages are not built: `make pages` builds them")
    return playwright.chromium.launch(executable_path=program, args=_QUIET)


@dataclass
class Looker:
    """Opens windows on one server.

    ``complaints``: errors, failed scripts and broken policies of all of them. ``pages``: the windows that are open.
    ``shown``: what those showed in which something failed.
    """

    browser: Browser
    desk: Desk
    complaints: list[str] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    @contextmanager
    def window(self, who: str = "", size: tuple[int, int] = WIDE, scheme: Scheme = "light") -> Iterator[Page]:
        """A window in which somebody (``""``: nobody) is signed in. Addresses are paths of the server."""
        width, height = size
        context = self.browser.new_context(
            base_url=self.desk.server.url,
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="UTC",
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.add_init_script(_TELL)
        if who:
            secure = self.desk.server.url.replace("http:", "https:")
            context.add_cookies(
                [
                    {
                        "name": COOKIE,
                        "value": self.desk.cookies[who],
                        "url": secure,
                        "secure": True,
                        "httpOnly": True,
                        "sameSite": "Strict",
                    }
                ]
            )
        page = context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.pages.append(page)
        try:
            yield page
        except Exception:
            self.shown.append(_shown(page))
            raise
        finally:
            self.pages.remove(page)
            context.close()

    def evidence(self) -> str:
        """What a failed test leaves to look at: where its windows were, what stood in them, what they had asked for."""
        return "\n\n".join([*self.shown, *map(_shown, self.pages)])

    def _hear(self, message: Any) -> None:
        # A refusal of the API is an answer, not a mistake of the page: tests see it in the page.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)


def _shown(page: Page) -> str:
    try:
        return "\n".join([page.url, page.locator("body").aria_snapshot(timeout=5_000), *page.evaluate(_ASKED)])
    except Error as error:
        return f"{page.url}: nothing to be seen: {error}"


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page once it has settled, one line each."""
    settled(page)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("(rules) => axe.run(document, rules).then((result) => result.violations)", _RULES)
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def obstacles(page: Page, sizes: Iterable[tuple[int, int]] = (WIDE, NARROW)) -> list[str]:
    """What stands in anybody's way on the page as it is now, on each of the screens, in the light and in the dark.

    The page stays: styles alone tell schemes and widths apart, and loading takes longer than looking.
    """
    found = []
    for width, height in sizes:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.wait_for_function(_DRAWN, arg=scheme)
            found += [f"{width} px, {scheme}: {violation}" for violation in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{width} px: it scrolls sideways")
    return found


def settled(page: Page) -> None:
    """Wait until the page has its heading and nothing of it is still loading."""
    page.locator("h1").first.wait_for()
    page.wait_for_function("() => !document.querySelector('[role=status][aria-label=Loading]')")
