"""What a key reads is its environment's, what a stranger reads is nothing: every path, however it is asked."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.doors.inventory import CALLS
from tests.doors.moves import release
from tests.doors.world import World
from tests.http.matrix import MATRIX, Line

TEXTS = {1: "warm", 2: "formal", 3: "brief and clear", 4: "drafted only"}
# What a key of an environment may ever see of `a`: what is or was live there.
SEES = {"dev": {1, 2, 3, 4}, "stg": {1, 2, 3}, "prd": {1, 2}}
HIDDEN_FROM = {"stg": "c", "prd": "c"}
SELECTORS = (
    "",
    "version=stable",
    "version=latest",
    *(f"version={n}" for n in (0, 1, 2, 3, 4, 5, -1)),
    "_version=3",
    "version=x",
)
ODD = ("environment=production", "environment=staging", "subject=x", "project=desk", "version=3&version=2", "key=1")
PATHS = ("/v1/prompts/a", "/v1/prompts/b", "/v1/prompts/c", "/v1/prompts/none", "/v1/prompts", "/v1/snapshot")
Answer = tuple[int, dict[str, str], bytes]


def asked(world: World, kind: str, **headers: str) -> Iterator[tuple[str, Answer]]:
    """Every delivery path with every selector, by a key."""
    for path, query in itertools.product(PATHS, (*SELECTORS, *ODD)):
        for method in ("GET", "HEAD"):
            yield f"{method} {path}?{query}", ask(world, kind, method, f"{path}?{query}", **headers)
    for name, version in itertools.product(("a", "c"), ("stable", "latest", 1, 2, 3, 4)):
        body = {"variables": {}, "version": version}
        yield f"render {name} {version}", ask(world, kind, "POST", f"/v1/prompts/{name}/render", json=body, **headers)


def ask(world: World, kind: str, method: str, url: str, *, json: Any = None, **headers: str) -> Answer:
    sent = {"Authorization": f"Bearer {world.keys[kind]}"} | {name.replace("_", "-"): value for name, value in headers.items()}
    answer = world.client.request(method, url, json=json, headers=sent)
    told = {name: value for name, value in answer.headers.items() if name != "cuebook-as-of"}
    return answer.status_code, told, answer.content


@pytest.mark.parametrize("kind", SEES)
def test_a_key_reads_what_its_environment_serves_or_served(team: World, kind: str) -> None:
    names = {"dev": "development", "stg": "staging", "prd": "production"}
    for what, (status, headers, body) in asked(team, kind):
        foreign = {number for number, text in TEXTS.items() if text.encode() in body} - SEES[kind]
        assert foreign == set(), what
        assert b"gamma" not in body or kind == "dev", what
        assert headers.get("cuebook-environment", names[kind]) == names[kind], what
        assert status in (200, 400, 403, 404, 410), what


def test_an_etag_of_another_environment_is_no_etag_here(team: World) -> None:
    """Otherwise a 304 would say that both serve the same."""
    tags: dict[str, dict[str, str]] = {
        kind: {what: headers["etag"] for what, (status, headers, _) in asked(team, kind) if status == 200 and "etag" in headers}
        for kind in SEES
    }
    for kind, other in itertools.permutations(SEES, 2):
        for what, tag in tags[other].items():
            if tags[kind].get(what) is not None:
                method, _, url = what.partition(" ")
                status, _, _ = ask(team, kind, method, url, if_none_match=tag)
                assert status == 200, (kind, other, what)
    assert len(tags["prd"]) > 10


@pytest.mark.parametrize(("moved", "kinds"), [("production", ("dev", "stg")), ("staging", ("dev", "prd"))])
def test_a_key_cannot_tell_what_happens_in_another_environment(team: World, moved: str, kinds: tuple[str, ...]) -> None:
    """Every answer before a change elsewhere is every answer after it: content, headers, refusals."""
    before = {kind: dict(asked(team, kind)) for kind in kinds}
    rolled = {**release("rollback", "a"), "environment": moved}
    assert team.knock(team.by("chief's session"), "POST", "releases", rolled).status_code == 201
    assert {kind: dict(asked(team, kind)) for kind in kinds} == before


@pytest.mark.parametrize("kind", ["prd", "stg"])
def test_a_pinned_environments_key_hears_of_no_save(team: World, kind: str) -> None:
    """Nor of a proposal, a word, a new environment: nothing but its own releases reaches it."""
    before = dict(asked(team, kind))
    author = team.by("author's session")
    for url, body in (
        ("prompts/a/versions", {"content": {"kind": "text", "text": "a secret draft"}}),
        ("prompts/new/versions", {"content": {"kind": "text", "text": "a secret draft"}}),
        ("releases", release("promote", "a@3", propose=True)),
    ):
        assert team.knock(author, "POST", url, body).status_code == 201
    assert dict(asked(team, kind)) == before


# --- from outside a project ----------------------------------------------------------------------------------------------
def test_a_delivery_key_opens_no_call(team: World) -> None:
    for line, kind in itertools.product(MATRIX, SEES):
        if line.call.startswith(("POST /api/sessions", "POST /api/invitations/accept")):
            continue
        answer = team.knock(team.by(f"key of {kind}"), line.method, _path(line), line.body)
        assert answer.status_code == 401, line.call


def test_a_management_token_opens_no_delivery(team: World) -> None:
    for who in (who for who in team.credentials if who.strong and "Authorization" in who.headers):
        for path in PATHS:
            assert team.client.get(path, headers=who.headers).status_code == 401


INSIDE = [line for line in MATRIX if "{project}" in line.path]


@pytest.mark.parametrize("line", INSIDE, ids=lambda line: line.call)
def test_a_project_of_others_is_no_project(team: World, line: Line) -> None:
    """What a stranger hears of it is what anybody hears of a project that does not exist."""
    for who in ("outsider's session", "outsider's token", "outsider's cookie"):
        heard = [
            team.knock(team.by(who), line.method, line.path.replace("{project}", project), line.body)
            for project in ("desk", "nowhere")
        ]
        assert [answer.status_code for answer in heard] == [404, 404]
        said = [re.sub("desk|nowhere", "PROJECT", answer.text) for answer in heard]
        assert said[0] == said[1]
        assert {*heard[0].headers} == {*heard[1].headers}


def test_things_of_one_project_are_not_reached_through_another(team: World) -> None:
    """By their own numbers and selectors, in a project where the caller may do everything."""
    selector = team.keys["prd"].split("_")[2]
    token = team.by("service admin of desk").headers["Authorization"].split("_")[2]
    before = team.state()
    for method, url, body in (
        ("POST", f"keys/{selector}/revoke", None),
        ("POST", f"keys/{selector}/rotate", {"overlap_s": 0}),
        ("POST", f"tokens/{token}/revoke", None),
        ("GET", f"releases/{team.proposal}", None),
        ("POST", f"releases/{team.proposal}/apply", None),
        ("POST", f"releases/{team.proposal}/approve", {"meaning": "x"}),
        ("GET", "prompts/a", None),
        ("GET", "prompts/a/versions/production", None),
        ("POST", "releases", {**release("rollback", "a"), "reason": "r"}),
    ):
        for who in ("outsider's session", "chief's session"):
            answer = team.knock(team.by(who), method, f"/api/projects/elsewhere/{url}", body)
            assert answer.status_code == 404, (who, url)
    assert team.state() == before
    assert "warm" not in team.knock(team.by("outsider's session"), "GET", "/api/projects/elsewhere/search?q=warm").text


def test_pages_show_a_stranger_no_project(team: World) -> None:
    for project in ("desk", "nowhere"):
        shown = team.client.get(f"/plain?project={project}", headers=team.by("outsider's cookie").headers)
        assert (shown.status_code, "warm" in shown.text, "formal" in shown.text) == (404, False, False)
    for page in ("/", "/plain"):
        assert team.client.get(page, headers=team.by("nobody").headers).status_code == 303


def test_every_call_inside_a_project_was_asked_from_outside() -> None:
    asked_for = {line.call.partition("?")[0] for line in INSIDE}
    assert len(asked_for) == len([call for call in CALLS if "{project}" in call])


def _path(line: Line) -> str:
    return line.path.replace("{project}", "desk")
