"""The matrix of `tests.http.matrix`, executed; and what stands around it: sessions by cookie, denied attempts, no open door."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from cuebook_server.domain.keys import SECRET_BYTES, SELECTOR_BYTES, PersonalToken, mint
from cuebook_server.domain.session import COOKIE, verifier
from cuebook_server.http import permissions
from cuebook_server.http.app import NOUNS
from cuebook_server.services import sessions
from cuebook_server.services.sessions import Visit
from tests.http.conftest import Site
from tests.http.matrix import MATRIX, WHO, Line
from tests.http.problems import code
from tests.people import PROJECT, Person
from tests.support.passwords import PASSWORD, cheap

OWN = {"Host": "127.0.0.1", "Origin": "http://127.0.0.1"}
AUTHOR = "author@example.org"


@pytest.fixture
def filled(sqlite_site: Site) -> Site:
    """Version 1 of `a` is live everywhere; everybody is there, and a bystander who is a viewer."""
    sqlite_site.registry.save("a", "x")
    sqlite_site.registry.ship("a", 1)
    sqlite_site.registry.hire("bystander", "viewer")
    return sqlite_site


def by_session(site: Site, person: Person) -> str:
    """A session of somebody, begun now by the application's clock, as a token."""
    with site.app.units.write() as uow:
        found = uow.people.find(person.actor.person or "")
        assert found is not None
        secret = sessions.begin(uow, found, Visit("test", ""))
        made = mint("pat", uow.random(SELECTOR_BYTES + SECRET_BYTES))
        session = verifier(secret)
        uow.personal_tokens.add(PersonalToken(made.selector, made.verifier, found.person_id, "s", uow.now, session=session))
        return made.token


def token_of(site: Site, who: str) -> str:
    people = site.registry.people
    if who == "nobody":
        return ""
    if who == "operator":
        return people.operator.token
    others = {"owner": people.owner, "author": people.colleague, "stranger": people.stranger}
    return by_session(site, others[who] if who in others else site.registry.hire("pager", "on-call"))


def ask(site: Site, line: Line, token: str) -> httpx2.Response:
    headers = OWN | ({"Authorization": f"Bearer {token}"} if token else {})
    return site.client.request(line.method, line.path.replace("{project}", PROJECT), json=line.body, headers=headers)


@pytest.mark.parametrize("line", MATRIX, ids=lambda line: line.call)
def test_everybody_is_let_in_or_refused_as_the_matrix_says(filled: Site, line: Line) -> None:
    found = []
    for who, expected in zip(WHO, line.who.split(), strict=True):
        answer = ask(filled, line, token_of(filled, who))
        let_in = answer.status_code not in {401, 403, 404}
        found.append("+" if let_in and expected == "+" else str(answer.status_code))
    assert " ".join(found) == line.who


def test_the_matrix_has_a_line_for_every_route() -> None:
    routes = {f"{m} /api{r.path}" for n in NOUNS for r in n.router.routes if isinstance(r, APIRoute) for m in r.methods or ()}
    lines = {line.route for line in MATRIX}
    assert [line for line in lines if not any(_fits(route, line) for route in routes)] == []
    assert [route for route in sorted(routes) if not any(_fits(route, line) for line in lines)] == []


def _fits(route: str, line: str) -> bool:
    pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route))
    return re.fullmatch(pattern, line) is not None


def test_the_application_does_not_start_with_a_route_nobody_has_classified() -> None:
    router = APIRouter()
    router.get("/new")(lambda: None)
    routes = [route for noun in NOUNS for route in noun.router.routes if isinstance(route, APIRoute)]
    with pytest.raises(permissions.Undeclared, match="GET /new"):
        permissions.check([*routes, *(route for route in router.routes if isinstance(route, APIRoute))])
    with pytest.raises(permissions.Undeclared, match="is no route"):
        permissions.check(routes[1:])


def test_a_denied_attempt_stands_in_the_projects_chain(filled: Site) -> None:
    answer = filled.post("keys", {"environment": "staging", "name": "k"}, who=filled.registry.people.colleague)
    assert code(answer) == "403 forbidden"
    last = filled.registry.audit()[-1]
    assert (last["action"], last["target"], last["principal"]) == (
        "access.denied",
        f"POST /api/projects/{PROJECT}/keys",
        "colleague",
    )
    before = len(filled.registry.audit())
    filled.post("keys", {"environment": "staging", "name": "k"}, who=filled.registry.people.stranger)
    assert len(filled.registry.audit()) == before


# --- sessions ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def author(sqlite_site: Site) -> Site:
    """The author has an account with a password."""
    sqlite_site.registry.hire(AUTHOR, "author")
    with sqlite_site.registry.units.write() as uow:
        found = uow.people.find(AUTHOR)
        assert found is not None
        uow.people.change(replace(found, password=cheap().hash(PASSWORD)))
    return sqlite_site


def sign_in(site: Site, **more: Any) -> httpx2.Response:
    return site.client.post("/api/sessions", json={"login": AUTHOR, "password": PASSWORD, **more}, headers=OWN)


def cookie(site: Site) -> dict[str, str]:
    given = sign_in(site).headers["set-cookie"].partition("=")[2].partition(";")[0]
    site.client.cookies.clear()
    return {"Cookie": f"{COOKIE}={given}"}


def test_a_password_begins_a_session_that_scripts_never_see(author: Site) -> None:
    answer = sign_in(author)
    assert (answer.status_code, answer.json()) == (201, {"token": None})
    assert sorted(answer.headers["set-cookie"].split("; ")[1:]) == [
        "HttpOnly",
        "Max-Age=604800",
        "Path=/",
        "SameSite=strict",
        "Secure",
    ]


def test_a_cookie_counts_from_our_own_pages_only(author: Site) -> None:
    mine = cookie(author)
    body = {"content": {"kind": "text", "text": "x"}}
    path = f"/api/projects/{PROJECT}/prompts/b/versions"
    assert author.client.get("/api/me", headers=mine | {"Host": "127.0.0.1"}).json()["person"] == AUTHOR
    assert author.client.post(path, json=body, headers=mine | OWN).status_code == 201
    for strange in (
        {"Host": "127.0.0.1"},
        OWN | {"Origin": "https://evil.example"},
        OWN | {"Host": "evil.example"},
        OWN | {"Origin": "null"},
    ):
        assert code(author.client.post(path, json=body, headers=mine | strange)) == "403 foreign_origin"
    assert code(author.client.get("/api/me", headers=mine | {"Host": "evil.example"})) == "403 foreign_origin"
    assert "access-control-allow-origin" not in author.client.get("/api/me", headers=mine | OWN).headers


def test_a_page_of_another_site_begins_no_session(author: Site) -> None:
    answer = author.client.post(
        "/api/sessions", json={"login": AUTHOR, "password": PASSWORD}, headers={"Origin": "https://evil.example"}
    )
    assert code(answer) == "403 foreign_origin"


def test_a_session_as_a_token_ends_with_it(author: Site) -> None:
    bearer = {"Authorization": f"Bearer {sign_in(author, token=True).json()['token']}"}
    (mine,) = author.client.get("/api/sessions", headers=bearer).json()["items"]
    assert mine["current"]
    assert author.client.delete("/api/sessions/current", headers=bearer).json()["session"] == mine["session"]
    assert code(author.client.get("/api/me", headers=bearer)) == "401 unknown_key"


def test_a_personal_token_is_made_after_a_recent_sign_in_only(author: Site) -> None:
    bearer = {"Authorization": f"Bearer {sign_in(author, token=True).json()['token']}"}
    made = author.client.post("/api/me/tokens", json={"name": "ci", "scopes": ["prompts.write"]}, headers=bearer).json()
    assert made["scopes"] == ["prompts.write", "read"]
    again = author.client.post("/api/me/tokens", json={"name": "more"}, headers={"Authorization": f"Bearer {made['token']}"})
    assert code(again) == "403 recent_sign_in_needed"


def test_an_invitation_is_taken_up_from_our_own_page(sqlite_site: Site) -> None:
    wanted = {"login": AUTHOR, "grants": [{"role": "author", "project": PROJECT}]}
    secret = sqlite_site.post("/api/invitations", wanted).json()["secret"]
    # The registry of the tests has its own clock, the application has the machine's.
    answer = sqlite_site.client.post(
        "/api/invitations/accept", json={"secret": secret, "name": "Author", "password": PASSWORD}, headers=OWN
    )
    assert (answer.status_code, COOKIE in answer.headers["set-cookie"]) == (201, True)
    assert sign_in(sqlite_site).status_code == 201


def test_too_many_failures_are_429(author: Site) -> None:
    for _ in range(5):
        assert (
            code(author.client.post("/api/sessions", json={"login": AUTHOR, "password": "no"}, headers=OWN))
            == "401 wrong_password"
        )
    assert code(sign_in(author)) == "429 too_many_attempts"
