"""What a node says of itself to whoever sends it work."""

from __future__ import annotations

import pytest

from tests.http.conftest import Site
from tests.http.test_nodes import until


def test_a_node_that_is_well_says_so(sqlite_site: Site) -> None:
    until(lambda: sqlite_site.client.get("/readyz").json()["state"] == "ready")
    found = sqlite_site.client.get("/readyz")
    assert (found.status_code, found.json()["writes"], found.json()["dead"]) == (200, True, [])
    assert "cuebook_node_writes 1.0" in sqlite_site.client.get("/metrics").text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_node_whose_watcher_died_gets_no_more_work(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def end() -> bool:
        raise SystemExit

    monkeypatch.setattr(sqlite_site.app.board, "refresh_now", end)
    until(lambda: sqlite_site.client.get("/readyz").status_code == 503)
    assert sqlite_site.client.get("/readyz").json()["dead"] == ["cuebook-watcher"]
    assert "cuebook_node_dead_threads 1.0" in sqlite_site.client.get("/metrics").text


def test_a_node_that_may_not_serve_what_it_holds_gets_no_more_work(sqlite_site: Site) -> None:
    until(lambda: sqlite_site.client.get("/readyz").status_code == 200)
    sqlite_site.app.watcher.stop()
    sqlite_site.app.board.serves_until = 1.0
    assert sqlite_site.client.get("/readyz").status_code == 503
