"""Every route of the management API, walked: who may, what a refusal looks like, what a list looks like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from openapi_spec_validator import validate

from cuebook_server.domain.access import ROLES, Role
from tests.factories import text
from tests.http.conftest import Site, open_site
from tests.http.problems import code, problem
from tests.people import Person
from tests.support import databases

OPEN = {"/healthz", "/readyz", "/metrics", "/api/openapi.json"}
RELEASE = {"environment": "staging", "items": [{"prompt": "a"}], "reason": "r"}
RESULT = {"digest": "sha256:" + "0" * 64, "suite_revision": "1", "passed": True}
HOOK = "http://127.0.0.1:1/"  # where nobody listens: the tests ask no other machine
P = "/api/projects/{project}"


@dataclass(frozen=True)
class Call:
    """A route, the permission it needs, and a request that works once (on the registry of ``filled``)."""

    method: str
    path: str
    needs: str = "read"
    body: Any = None
    status: int = 200


CALLS = [
    Call("GET", "/api/me"),
    Call("GET", "/api/projects"),
    Call("POST", "/api/projects", "projects.create", {"name": "new"}, 201),
    Call("GET", P + "/prompts"),
    Call("GET", P + "/prompts/{name}"),
    Call("PATCH", P + "/prompts/{name}", "prompts.write", {"owner": "me"}),
    Call("POST", P + "/prompts/{name}/versions", "prompts.write", {"content": text("new")}, 201),
    Call("GET", P + "/prompts/{name}/versions"),
    Call("GET", P + "/prompts/{name}/versions/{which}"),
    Call("GET", P + "/prompts/{name}/diff?from=1&to=1"),
    Call("GET", P + "/prompts/{name}/dependents"),
    Call("GET", P + "/prompts/{name}/fetches"),
    Call("GET", P + "/prompts/{name}/stays"),
    Call("POST", P + "/prompts/{name}/render", "read", {"variables": {}}),
    Call("POST", P + "/prompts/{name}/check", "read", {"content": text("new")}),
    Call("POST", P + "/prompts/{name}/compare", "read", {"content": text("new")}),
    Call("GET", P + "/search?q=x"),
    Call("POST", P + "/imports", "prompts.write", {"items": [{"name": "b", "content": text("x")}]}),
    Call("GET", P + "/environments"),
    Call("POST", P + "/environments", "environments.write", {"name": "canary"}, 201),
    Call("GET", P + "/environments/{environment}"),
    Call("PATCH", P + "/environments/{environment}", "environments.write", {"position": 5}),
    Call("POST", P + "/environments/{environment}/preset", "environments.write", {"preset": "team"}),
    Call("GET", P + "/environments/{environment}/at?time=2026-11-20T15:00:00Z"),
    Call("GET", P + "/environments/{environment}/history"),
    Call("GET", P + "/environments/{environment}/orphans"),
    Call("GET", P + "/environments/{environment}/fleet"),
    Call("GET", P + "/status"),
    Call("POST", P + "/releases", "releases.apply", RELEASE, 201),
    Call("GET", P + "/releases"),
    Call("GET", P + "/releases/{release_id}"),
    Call("GET", P + "/releases/{release_id}/diff"),
    Call("GET", P + "/releases/{release_id}/rollout"),
    Call("POST", P + "/releases/{release_id}/approve", "releases.approve", {"meaning": "read it"}, 403),  # not a service
    Call("POST", P + "/releases/{release_id}/apply", "releases.apply"),
    Call("POST", P + "/releases/{release_id}/decline", "releases.approve", {"reason": "no"}),
    Call("POST", P + "/releases/{release_id}/withdraw", "releases.propose", {}, 403),  # only its author
    Call("POST", P + "/releases/{release_id}/comments", "read", {"text": "why?"}, 201),
    Call("POST", P + "/releases/{release_id}/rebase", "releases.propose", None, 409),  # it is not stale
    Call("POST", P + "/releases/{release_id}/review", "releases.approve", {"text": "fine"}, 404),  # it is no emergency
    Call("GET", P + "/access"),
    Call("GET", P + "/lately"),
    Call("GET", P + "/waiting"),
    Call("GET", P + "/reviews"),
    Call("POST", P + "/prompts/{name}/versions/{number}/recall", "versions.recall", {"reason": "it insults"}, 201),
    Call("GET", P + "/recalls"),
    Call("GET", P + "/drift?from=staging&to=production"),
    Call("POST", P + "/gates/{gate}/results", "releases.approve", RESULT, 201),
    Call("GET", P + "/keys"),
    Call("POST", P + "/keys", "keys.write", {"environment": "staging", "name": "k"}, 201),
    Call("POST", P + "/keys/{selector}/rotate", "keys.write", {"overlap_s": 0}, 201),
    Call("POST", P + "/keys/{selector}/revoke", "keys.write"),
    Call("GET", P + "/tokens", "tokens.write"),
    Call("POST", P + "/tokens", "tokens.write", {"name": "t", "role": "viewer"}, 201),
    Call("POST", P + "/tokens/{selector}/revoke", "tokens.write"),
    Call("GET", "/api/me/notices"),
    Call("POST", "/api/me/notices/read", "read", {"up_to": 1}),
    Call("GET", P + "/webhooks", "webhooks.write"),
    Call("POST", P + "/webhooks", "webhooks.write", {"url": HOOK}, 201),
    Call("GET", P + "/webhooks/{webhook}", "webhooks.write"),
    Call("DELETE", P + "/webhooks/{webhook}", "webhooks.write"),
    Call("POST", P + "/webhooks/{webhook}/rotate", "webhooks.write", {"overlap_s": 0}, 201),
    Call("POST", P + "/webhooks/{webhook}/disable", "webhooks.write"),
    Call("POST", P + "/webhooks/{webhook}/enable", "webhooks.write"),
    Call("POST", P + "/webhooks/{webhook}/test", "webhooks.write", None, 202),
    Call("POST", P + "/webhooks/{webhook}/replay", "webhooks.write", {"since": "2026-11-20T15:00:00Z"}, 202),
    Call("GET", P + "/webhooks/{webhook}/deliveries", "webhooks.write"),
    Call("GET", P + "/audit"),
    Call("GET", P + "/audit/export"),
]
LISTS = [
    call
    for call in CALLS
    if call.method == "GET"
    and call.path.split("?")[0].rpartition("/")[2]
    in {
        "projects",
        "prompts",
        "versions",
        "dependents",
        "fetches",
        "stays",
        "search",
        "environments",
        "at",
        "history",
        "orphans",
        "fleet",
        "status",
        "releases",
        "reviews",
        "lately",
        "waiting",
        "recalls",
        "drift",
        "keys",
        "tokens",
        "notices",
        "webhooks",
        "deliveries",
        "audit",
    }
]
# What only the whole instance's admin may do is refused to a project's admin too.
HOLDERS = {role: {*permissions} for role, permissions in ROLES.items()}


def named(call: Call) -> str:
    return f"{call.method} {call.path}"


def fill(site: Site) -> Site:
    """Version 1 of `a` is live in production and version 2 in development; release 3 is proposed and a key exists."""
    site.registry.save("a", "x")
    site.registry.ship("a", 1)
    site.registry.save("a", "y")
    site.registry.propose("a", to="staging")
    site.post("keys", {"environment": "production", "name": "app"})
    return site


@pytest.fixture(scope="module")
def filled() -> Iterator[Site]:
    """Shared by the walks that do not mind what the others did."""
    with databases.sqlite_database() as url:
        for site in open_site(url):
            yield fill(site)


def send(site: Site, call: Call, who: Person | None = None, **more: Any) -> Any:
    """Make the call, with everything in its path filled in."""
    key = site.get("keys").json()["items"][0]["selector"]
    places = {
        "project": "desk",
        "name": "a",
        "which": "1",
        "environment": "staging",
        "release_id": "3",
        "selector": key,
        "gate": "safety",
        "number": "1",
    }
    if "/tokens/" in call.path:
        places["selector"] = site.post("tokens", {"name": "t", "role": "viewer"}).json()["selector"]
    if "{webhook}" in call.path:
        places["webhook"] = site.post("webhooks", {"url": HOOK}).json().get("id") or _webhooks(site)[0]["id"]
    path = call.path
    for place, value in places.items():
        path = path.replace("{" + place + "}", value)
    return site.ask(call.method, path, call.body, who=who, **more)


def _webhooks(site: Site) -> list[dict[str, Any]]:
    """A project holds only so many."""
    return list(site.get("webhooks").json()["items"])


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_nobody_is_let_in_without_a_credential(filled: Site, call: Call) -> None:
    for header in ("", "Bearer ", "Bearer x", "Basic YTpi", "bearer", "Bearer " + "cue_svc_" + "a" * 13):
        answer = send(filled, call, headers={"Authorization": header})
        assert problem(answer)["status"] == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_a_delivery_key_opens_no_door_of_management(filled: Site, call: Call) -> None:
    key = filled.post("keys", {"environment": "production", "name": "k"}).json()["key"]
    assert code(send(filled, call, headers={"Authorization": f"Bearer {key}"})) == "401 wrong_key_kind"


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_a_stranger_sees_nothing_of_the_project(filled: Site, call: Call) -> None:
    answer = send(filled, call, filled.registry.people.stranger)
    if "{project}" in call.path:
        assert code(answer) == "404 not_found"
        assert "There is no project 'desk'" in answer.text
    else:
        assert "desk" not in answer.text


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_a_role_without_the_right_is_refused(filled: Site, call: Call) -> None:
    for role in holding(call, False):
        answer = send(filled, call, filled.registry.hire(role, role))
        assert code(answer) == "403 forbidden"
        assert call.needs in answer.json()["detail"]


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_the_least_role_with_the_right_may(request: pytest.FixtureRequest, call: Call) -> None:
    reads = call.method == "GET"  # who only reads leaves the others' registry as it was
    site: Site = request.getfixturevalue("filled") if reads else fill(request.getfixturevalue("sqlite_site"))
    roles = holding(call, True)
    who = site.registry.hire(f"somebody-{roles[0]}", roles[0]) if roles else site.registry.people.operator
    assert send(site, call, who).status_code == call.status


def holding(call: Call, does: bool) -> list[Role]:
    """The roles, the least first, that do or do not hold what the call needs."""
    return [role for role, held in HOLDERS.items() if (call.needs in held) is does]


@pytest.mark.parametrize("call", LISTS, ids=named)
def test_a_list_is_items_and_next(filled: Site, call: Call) -> None:
    body = send(filled, call).json()
    assert isinstance(body["items"], list)
    assert body["next"] is None or isinstance(body["next"], str)


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_unknown_parameters_and_fields_are_refused(filled: Site, call: Call) -> None:
    mark = "&" if "?" in call.path else "?"
    strange = Call(call.method, f"{call.path}{mark}nonsense=1", call.needs, call.body)
    assert code(send(filled, strange)) == "400 unknown_parameter"
    if call.body is not None:
        more = Call(call.method, call.path, call.needs, {**call.body, "created_by": "me"})
        assert problem(send(filled, more))["status"] in {400, 422}


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_an_answer_is_not_stored_by_anybody_and_has_a_name(filled: Site, call: Call) -> None:
    answer = send(filled, call)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cuebook-request-id"].startswith("req_")


def test_what_is_open_to_everybody(sqlite_site: Site) -> None:
    assert {path: sqlite_site.client.get(path).status_code for path in OPEN} == dict.fromkeys(OPEN, 200)
    assert sqlite_site.client.get("/healthz").json() == {"status": "ok"}
    assert sqlite_site.client.get("/readyz").json()["database"] == "sqlite"
    assert 'cuebook_node_state{state="ready"} 1.0' in sqlite_site.client.get("/metrics").text


def test_every_metric_stands_in_the_page(sqlite_site: Site) -> None:
    names = re.findall(r"^# HELP (\w+)", sqlite_site.client.get("/metrics").text, re.MULTILINE)
    page = (Path(__file__).parents[2] / "docs/reference/metrics.md").read_text(encoding="utf-8")
    assert len(names) > 10
    assert [name for name in names if f"`{name}`" not in page] == []


def test_no_route_is_outside_the_strict_reading(sqlite_site: Site) -> None:
    from cuebook_server.http.door import Route

    routes = [route for route in sqlite_site.app.api.routes if isinstance(route, APIRoute)]
    assert all(isinstance(route, Route) for route in routes if route.path.startswith("/api/"))


def test_the_openapi_document_is_valid(sqlite_site: Site) -> None:
    document = sqlite_site.client.get("/api/openapi.json").json()
    validate(document)
    assert document["info"]["title"] == "Cuebook"
