"""Nothing moves under the hand: what a page draws later finds its room reserved, or comes with all that stands below it."""

from __future__ import annotations

import pytest

from tests.browser.look import NARROW, WIDE, Looker, settled

# The share of the window that moved, times how far. A person notices 0.1. On a quiet machine these pages stay below 0.005; on a
# busy one answers come in another order, and a line or two still move: 0.02.
SHIFT_MAX = 0.05
_COUNT = """window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""
PAGES = [
    "/p/default",
    "/p/default/prompts/support.triage",
    "/p/default/releases/1",
    "/p/default/propose?environment=production&prompt=support.triage",
    "/p/default/propose?environment=production&prompt=support.handover",
    "/p/default/propose?environment=staging&prompt=support.triage&kind=rollback",
    "/p/default/environments/production",
    "/p/default/environments/production?tab=history&prompt=support.triage",
    "/p/default/environments/production?tab=time",
    "/p/default/environments/production?tab=policy",
    "/p/default/prompts/support.triage/edit",
    "/p/default/releases",
    "/p/default/keys",
    "/p/default/members",
    "/p/default/audit",
    "/people",
    "/notices",
    "/me",
]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_moves_while_a_page_comes(look: Looker, size: tuple[int, int]) -> None:
    with look.window("owner", size) as page:
        page.add_init_script(_COUNT)
        moved = {}
        for path in PAGES:
            page.goto(path, wait_until="networkidle")
            settled(page)
            moved[path] = page.evaluate("() => window.shift")
        assert {path: shift for path, shift in moved.items() if shift > SHIFT_MAX} == {}
