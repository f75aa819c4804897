"""From a fetch over HTTP to the warning: through the node's memory, a job and the database."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from cuebook_server.domain.errors import ReadOnly
from tests.http.conftest import Site
from tests.http.problems import code

RETIRE = {"environment": "staging", "kind": "retire", "items": [{"prompt": "a"}], "reason": "nobody asks", "dry_run": True}


@pytest.fixture
def site(site: Site) -> Site:
    """Staging serves `a`; a key of it fetches from here on."""
    site.registry.save("a", "x")
    site.registry.promote("a", to="staging")
    site.app.board.refresh_now()
    site.key = site.post("keys", {"environment": "staging", "name": "web"}).json()["key"]
    return site


def fetch(site: Site, path: str) -> None:
    assert site.client.get(f"/v1/{path}", headers={"Authorization": f"Bearer {site.key}"}).status_code == 200


def test_a_fetch_becomes_a_warning_and_says_no_secret(site: Site) -> None:
    fetch(site, "prompts/a")
    fetch(site, "snapshot")
    site.app.board.write_uses()
    by_name, whole = site.post("releases", RETIRE).json()["notes"]
    selector, today = site.key.split("_")[2], time.strftime("%Y-%m-%d", time.gmtime())
    assert by_name == f"a was fetched within the last 7 days by key 'web' ({selector}, {today})."
    assert whole.startswith(f"Everything staging serves is taken by key 'web' ({selector}, {today})")
    answer = site.get("environments/staging/orphans")
    assert answer.json()["whole"][0]["key"] == "web"
    assert site.get("keys").json()["items"][0]["took_all_at"] is not None
    assert site.key.split("_")[3] not in answer.text + by_name + whole


def test_orphans_are_a_page_of_what_is_served(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    began = site.registry.clock.now
    monkeypatch.setattr(site.app.units, "_clock", lambda: began + timedelta(days=31))
    answer = site.get("environments/staging/orphans?limit=1").json()
    assert [(row["prompt"], row["version"], row["fetched_at"]) for row in answer["items"]] == [("a", 1, None)]
    assert (answer["environment"], answer["whole"], answer["next"], answer["noted_since"]) == ("staging", [], "a", None)
    assert site.get("environments/staging/orphans?after=a").json()["items"] == []
    assert site.get("environments/staging/orphans?days=32").json()["items"] == []


def test_orphans_are_shown_to_who_may_look(site: Site) -> None:
    assert site.get("environments/staging/orphans", who=site.registry.people.colleague).status_code == 200
    assert code(site.get("environments/staging/orphans?days=0")) == "400 bad_request"
    assert code(site.get("environments/nowhere/orphans")) == "404 not_found"
    assert code(site.get("environments/development/orphans")) == "409 tracks_latest"
    assert code(site.get("environments/staging/orphans", who=site.registry.people.stranger)) == "404 not_found"


def test_a_database_that_cannot_be_written_stops_no_delivery(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ReadOnly

    fetch(site, "prompts/a")
    with monkeypatch.context() as patched:
        patched.setattr("cuebook_server.store.fetches.note", refuse)
        with pytest.raises(ReadOnly):
            site.app.board.write_uses()
    fetch(site, "prompts/a")
    site.app.board.write_uses()
    assert len(site.post("releases", RETIRE).json()["notes"]) == 1
