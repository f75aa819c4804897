"""Changes of rights act at once, on every node: two applications on one database, and a session that was open before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from cuebook_server.adapters.signing import ensure
from cuebook_server.domain.session import COOKIE
from cuebook_server.services.sessions import Visit, begin
from cuebook_server.settings import Settings
from cuebook_server.wiring import Application
from tests.http.conftest import Site, open_site
from tests.http.problems import code
from tests.people import PROJECT
from tests.support.passwords import cheap

AUTHOR = "author@example.org"
SAVE = f"/api/projects/{PROJECT}/prompts/a/versions"
DRAFT = {"content": {"kind": "text", "text": "x"}}


@dataclass
class Nodes:
    """Two nodes on one database. The author is signed in at the other one."""

    one: Site
    other: TestClient
    session: dict[str, str]

    def ask(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        """The author's next call, in the session that was open all the time."""
        return self.other.request(method, path, json=body, headers=self.session)

    def change(self, method: str, path: str, body: Any = None) -> None:
        """The operator changes a right, at the first node."""
        assert self.one.ask(method, path, body, who=self.one.registry.people.operator).status_code in {200, 201}


@pytest.fixture
def nodes(database_url: str, tmp_path: Path) -> Iterator[Nodes]:
    """The author holds the role of that name in the project; an admin of the instance is there besides."""
    ensure(tmp_path / "key.pem")
    for one in open_site(database_url):
        one.registry.hire(AUTHOR, "author")
        app = Application(Settings(data=tmp_path, database=database_url, audit_key=tmp_path / "key.pem"), cheap())
        with TestClient(app, raise_server_exceptions=False) as other:
            with app.units.write() as uow:
                person = uow.people.find(AUTHOR)
                assert person is not None
                secret = begin(uow, person, Visit("test", ""))
            own = {"Cookie": f"{COOKIE}={secret}", "Host": "127.0.0.1", "Origin": "http://127.0.0.1"}
            yield Nodes(one, other, own)


def test_a_role_in_a_project_is_gone_in_the_very_next_call(nodes: Nodes) -> None:
    members = f"/api/projects/{PROJECT}/members"
    nodes.change("POST", members, {"login": AUTHOR, "role": "viewer"})
    assert nodes.ask("POST", SAVE, DRAFT).status_code == 201
    nodes.change("DELETE", f"{members}?login={AUTHOR}&role=author")
    assert code(nodes.ask("POST", SAVE, DRAFT)) == "403 forbidden"
    nodes.change("DELETE", f"{members}?login={AUTHOR}&role=viewer")
    assert code(nodes.ask("GET", SAVE)) == "404 not_found"


def test_a_role_in_the_whole_instance_comes_and_goes_at_once(nodes: Nodes) -> None:
    roles = f"/api/people/{AUTHOR}/roles"
    nodes.change("POST", "/api/people/owner/roles", {"role": "admin"})
    nodes.change("POST", roles, {"role": "admin"})
    assert nodes.ask("GET", "/api/people").status_code == 200
    nodes.change("DELETE", f"{roles}?role=admin")
    assert code(nodes.ask("GET", "/api/people")) == "403 forbidden"


def test_an_account_that_ends_is_out_at_once(nodes: Nodes) -> None:
    assert nodes.ask("GET", "/api/me").status_code == 200
    nodes.change("POST", f"/api/people/{AUTHOR}/disable")
    assert code(nodes.ask("GET", "/api/me")) == "401 signed_out"


def test_a_token_of_the_whole_instance_ends_at_once(nodes: Nodes) -> None:
    operator = nodes.one.registry.people.operator
    nodes.change("POST", f"/api/people/{AUTHOR}/roles", {"role": "admin"})
    (token,) = nodes.ask("GET", "/api/tokens").json()["items"]
    assert (token["name"], token["selector"]) == ("first-run", operator.actor.credential)
    nodes.change("POST", f"/api/tokens/{token['selector']}/revoke")
    assert code(nodes.other.get("/api/projects", headers=operator.headers)) == "401 key_revoked"
    assert code(nodes.one.get("/api/projects", who=operator)) == "401 key_revoked"
