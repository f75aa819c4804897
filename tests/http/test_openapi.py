"""The OpenAPI document against the server: what Schemathesis makes of it never gives a 500, nor an answer it does not know."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from cuebook_server.http import permissions
from tests.http.conftest import Site
from tests.http.problems import problem

EXAMPLES = 8


def test_every_call_says_what_it_needs(sqlite_site: Site) -> None:
    paths = sqlite_site.client.get("/api/openapi.json").json()["paths"]
    calls = {f"{method.upper()} {path}": call for path, found in paths.items() for method, call in found.items()}
    told = {name.replace(" /api", " "): call["x-cuebook-permission"] for name, call in calls.items() if " /api/" in name}
    assert told == {name: needs.words.split() for name, needs in permissions.TABLE.items()}
    needs = [calls[f"POST /api/projects/{{project}}/{noun}"]["description"].split("\n\n")[-1] for noun in ("keys", "releases")]
    assert needs[0] == "Needs `keys.write`."
    assert needs[1].startswith("Needs `releases.propose`, `releases.apply`, ")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")  # Schemathesis does, now and then
def test_no_example_of_any_call_gives_a_server_error(site: Site) -> None:
    site.registry.save("a", "x")
    site.registry.ship("a", 1)
    schema = schemathesis.openapi.from_dict(site.client.get("/api/openapi.json").json())
    bounded = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if operation.path.startswith("/api/"):
            bounded(given(case=operation.as_strategy())(lambda case: _try(site, case)))()


def _try(site: Site, case: schemathesis.Case[Any]) -> None:
    if "project" in case.path_parameters:
        case.path_parameters["project"] = "desk"
    sent = case.as_transport_kwargs(base_url="http://testserver", headers=site.registry.people.operator.headers)
    wanted = {name: value for name, value in sent.items() if name in {"method", "url", "headers", "params", "json"}}
    if isinstance(sent.get("data"), bytes):  # a body that is no object, as `null` is
        wanted["content"] = sent["data"]
    answer = site.client.request(**wanted)
    assert answer.status_code < 500, (sent, answer.text)
    if answer.status_code >= 400:
        problem(answer)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(alphabet="abc/.-_~;@%?#&= \\{}", max_size=40), method=st.sampled_from(["GET", "POST", "PATCH", "DELETE"]))
def test_any_path_has_an_answer(sqlite_site: Site, path: str, method: str) -> None:
    try:
        answer = sqlite_site.ask(method, f"/api/{path}")
    except ValueError:  # what cannot be a URL is refused by the client
        return
    if not answer.request.url.path.startswith("/api/"):  # dots led out of the API, to the pages
        return
    if answer.status_code >= 400:
        assert problem(answer)["status"] in {400, 401, 404, 405, 422}
