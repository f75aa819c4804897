"""From what a client says of itself to what people see: through the node's memory, the worker and the database."""

from __future__ import annotations

import pytest

from tests.http.conftest import Site
from tests.http.problems import code

CLIENT = "python/1.0 0a1b {}"


@pytest.fixture
def site(site: Site) -> Site:
    """Staging serves `a`, by a key of its own."""
    site.registry.save("a", "x")
    site.registry.promote("a", to="staging")
    site.app.board.refresh_now()
    site.key = site.post("keys", {"environment": "staging", "name": "web"}).json()["key"]
    return site


def ask(site: Site, source: str, **headers: str) -> None:
    sent = {"Authorization": f"Bearer {site.key}", "Cuebook-Client": CLIENT.format(source), **headers}
    assert site.client.get("/v1/snapshot", headers=sent).status_code == 200
    site.app._write_fleet()


def test_a_client_is_seen_with_its_key_and_no_secret(site: Site) -> None:
    ask(site, "disk")
    answer = site.get("environments/staging/fleet")
    fleet = answer.json()
    (item,) = fleet["items"]
    assert (item["instance"], item["sdk"], item["source"], item["key"]) == ("0a1b", "python/1.0", "disk", "web")
    assert (item["selector"], item["revision"], item["live"], item["current"]) == (site.key.split("_")[2], 1, True, True)
    assert (fleet["progress"]["live"], fleet["progress"]["running"], fleet["revision"]) == (1, 1, 1)
    assert fleet["sources"] == [{"name": "disk", "instances": 1}]
    assert not any(part in answer.text for part in site.key.split("_")[3:])
    assert site.get("environments/production/fleet").json()["items"] == []


def test_a_release_arrives(site: Site) -> None:
    ask(site, "none")
    site.registry.clock.tick(1)
    site.registry.save("a", "y")
    release = site.registry.promote("a", to="staging")
    rollout = site.get(f"releases/{release.release_id}/rollout").json()
    assert (rollout["progress"]["running"], [each["instance"] for each in rollout["progress"]["waiting"]]) == (0, ["0a1b"])
    site.app.board.refresh_now()
    ask(site, "network", **{"Cuebook-Applied": "1:1"})
    rollout = site.get(f"releases/{release.release_id}/rollout").json()
    assert (rollout["progress"]["running"], rollout["progress"]["waiting"], rollout["revision"]) == (1, [], 2)


def test_a_page_at_a_time(site: Site) -> None:
    for n in range(3):
        site.app.delivery.fleet.hear(site.key.split("_")[2], [(b"cuebook-client", b"python/1 i%d none" % n)])
    site.app._write_fleet()
    first = site.get("environments/staging/fleet?limit=2").json()
    rest = site.get(f"environments/staging/fleet?limit=2&after={first['next']}").json()
    assert [each["instance"] for each in first["items"] + rest["items"]] == ["i0", "i1", "i2"]
    assert (first["progress"]["live"], rest["next"]) == (3, None)


def test_who_may_not_look_sees_nobody(site: Site) -> None:
    assert site.get("environments/staging/fleet", who=site.registry.people.colleague).status_code == 200
    for path in ("environments/staging/fleet", "releases/1/rollout"):
        assert code(site.get(path, who=site.registry.people.stranger)) == "404 not_found"
    assert code(site.get("environments/nowhere/fleet")) == "404 not_found"
    assert code(site.get("releases/99/rollout")) == "404 not_found"


def test_the_figures_count_who_is_current(site: Site) -> None:
    ask(site, "none")
    ask(site, "none", **{"Cuebook-Applied": "1:0", "Cuebook-Client": "python/1.0 behind network"})
    ask(site, "none", **{"Cuebook-Applied": "1:0", "Cuebook-Client": "python/1.0 behind network"})
    figures = [line for line in site.client.get("/metrics").text.splitlines() if line.startswith("cuebook_fleet_instances{")]
    assert figures == [
        f'cuebook_fleet_instances{{current="{current}",environment="staging",project="desk"}} 1.0' for current in ("yes", "no")
    ]
