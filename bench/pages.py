"""The pages in the real browser, over 1,000 prompts of 100 versions: the first view cold and warm, a filter as one types, and
what a draft of 100 kB changes.

Cold is a browser that has never been here. Warm has been here twice: it has the files, and asks for everything else anew.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench import _large
from bench.rows import Row
from cuebook_server.domain.access import Actor, Grant
from cuebook_server.services import prompts
from cuebook_server.store.database import open_database
from cuebook_server.store.migrate import migrate
from cuebook_server.ui.built import FOLDER
from tests.browser.look import Looker, launch
from tests.browser.people import Desk, login, settle
from tests.browser.test_budget import INITIAL_JS_BYTES_MAX, first_view_bytes
from tests.support.server import start_server

SIZE = _large.Size(prompts=1_000, versions=100)
ROUNDS = 5
COLD_MS, WARM_MS, FILTER_MS = 1_500, 300, 100
COMPARED_MS = 500
HOME = "/p/default"
LARGE = "bench.large"
# When the page answers with rows before it: twice the frame, the first was drawn. The page's own clock begins with the address.
# Nothing of the browser's driver runs meanwhile: what it puts into a document before it can look for rows costs 90 ms.
_TELL_WHEN_ROWS_ANSWER = """new MutationObserver((_, observer) => {
  if (!document.querySelector("[role=rowheader]")) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.answers = performance.now(); }));
}).observe(document, { subtree: true, childList: true })"""
QUIET_S = 2.5


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
    _save_large(desk)
    cold, warm, typed, compared = [], [], [], []
    for _ in range(ROUNDS):
        with Looker(browser, desk).window("owner") as page:
            page.add_init_script(_TELL_WHEN_ROWS_ANSWER)
            cold.append(_view(page))
            _view(page)
            warm.append(_view(page))
            typed.append(_typed(page))
            compared.append(_compared(page))
    return [
        Row("first view, cold browser", statistics.median(cold), "ms", None, COLD_MS, "most"),
        Row("first view, warm browser", statistics.median(warm), "ms", None, WARM_MS, "most"),
        Row("filter as one types, 1,000 prompts", statistics.median(typed), "ms", None, FILTER_MS, "most"),
        Row("what a draft of 100 kB changes, drawn", statistics.median(compared), "ms", None, COMPARED_MS, "most"),
    ]


def _large_texts() -> tuple[str, str]:
    """100 kB in sentences, and the same with one word in 20 replaced."""
    chance = random.Random(7)
    old = [f"word{chance.randrange(3_000)}{'.' if at % 12 == 11 else ''}" for at in range(12_000)]
    return " ".join(old), " ".join("another" if chance.random() < 0.05 else word for word in old)


def _save_large(desk: Desk) -> None:
    author = Actor(login("owner"), "bench", (Grant("admin"),), "req_bench", person=login("owner"))
    with desk.write() as uow:
        prompts.save(author, uow, "default", LARGE, prompts.Draft({"kind": "text", "text": _large_texts()[0]}))


def _compared(page: Page) -> float:
    """From the click to the words that came and went, in ms, as the page's own clock tells."""
    draft = json.dumps({"base": 1, "content": {"kind": "text", "text": _large_texts()[1]}})
    place = f"cuebook-draft {login('owner')} default {LARGE}"
    page.evaluate("([place, draft]) => localStorage.setItem(place, draft)", [place, draft])
    page.goto(f"{HOME}/prompts/{LARGE}/edit")
    page.get_by_text("tokens with these values").wait_for()
    page.evaluate("""() => {
      window.addEventListener("click", () => { window.clicked ??= performance.now(); }, { capture: true });
      new MutationObserver(() => {
        if (window.drawn || !document.querySelector("[role=dialog] ins")) return;
        requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn ??= performance.now(); }));
      }).observe(document.body, { subtree: true, childList: true });
    }""")
    page.get_by_role("button", name="Compare and save").click()
    page.wait_for_function("() => window.drawn !== undefined")
    return float(page.evaluate("() => window.drawn - window.clicked"))


def _view(page: Page) -> float:
    """From the address to rows that answer, in ms, as the page's own clock tells."""
    page.goto("about:blank")
    page.goto(HOME, wait_until="commit")
    time.sleep(QUIET_S)
    page.wait_for_function("() => window.answers !== undefined")
    return float(page.evaluate("() => window.answers"))


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
