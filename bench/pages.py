"""The pages in the real browser, over 1,000 prompts of 100 versions: the first view cold and warm, and a filter as one types.

Cold is a browser that has never been here; warm has the files, and asks for everything else anew.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench import _large
from bench.rows import Row
from cuebook_server.store.database import open_database
from cuebook_server.store.migrate import migrate
from cuebook_server.ui.built import FOLDER
from tests.browser.look import Looker, launch
from tests.browser.people import Desk, settle
from tests.browser.test_budget import INITIAL_JS_BYTES_MAX, first_view_bytes
from tests.support.server import start_server

SIZE = _large.Size(prompts=1_000, versions=100)
ROUNDS = 5
COLD_MS, WARM_MS, FILTER_MS = 1_500, 300, 100
HOME = "/p/default"
# Twice the frame: the first was drawn, and the page answers again.
_DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"


def run() -> list[Row]:
    """Sizes of the build, and how long a person waits."""
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    size = Row(
        "first view: JavaScript, gzip", first_view_bytes(manifest) / 1000, "kB", None, INITIAL_JS_BYTES_MAX / 1000, "most"
    )
    folder = Path(tempfile.mkdtemp(prefix="cuebook-bench-"))
    try:
        with closing(open_database(f"sqlite:///{folder / 'cuebook.db'}")) as database:
            migrate(database)
            _large.fill(database, SIZE)
        server = start_server(folder)
        try:
            with sync_playwright() as playwright, closing(launch(playwright)) as browser:
                return [size, *_measured(browser, settle(server))]
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _measured(browser: Browser, desk: Desk) -> list[Row]:
    cold, warm, typed = [], [], []
    for _ in range(ROUNDS):
        with Looker(browser, desk).window("owner") as page:
            cold.append(_view(page))
            warm.append(_view(page))
            typed.append(_typed(page))
    return [
        Row("first view, cold browser", statistics.median(cold), "ms", None, COLD_MS, "most"),
        Row("first view, warm browser", statistics.median(warm), "ms", None, WARM_MS, "most"),
        Row("filter as one types, 1,000 prompts", statistics.median(typed), "ms", None, FILTER_MS, "most"),
    ]


def _view(page: Page) -> float:
    """From the address to rows that answer, in ms."""
    page.goto("about:blank")
    begun = time.perf_counter()
    page.goto(HOME, wait_until="commit")
    page.get_by_role("rowheader").first.wait_for()
    page.evaluate(_DRAWN)
    return (time.perf_counter() - begun) * 1000


def _typed(page: Page) -> float:
    """From a key to the rows it leaves, in ms, as the page's own clock tells."""
    page.get_by_label("Name", exact=True).focus()
    page.evaluate("""() => {
      window.addEventListener("keydown", () => { window.pressed ??= performance.now(); });
      new MutationObserver(() => {
        const named = document.querySelector("[role=table]")?.getAttribute("aria-rowcount");
        if (Number(named) < 900) window.left ??= performance.now();
      }).observe(document.body, { subtree: true, childList: true, attributes: true });
    }""")
    page.keyboard.press("7")
    page.wait_for_function("() => window.left !== undefined")
    return float(page.evaluate("() => window.left - window.pressed"))
