"""Requests bent out of shape: fields nobody asked for, paths spelled otherwise, methods swapped, answers asked for again."""

from __future__ import annotations

from typing import Any

import pytest

from cuebook_server.domain.session import COOKIE
from tests.doors.credentials import Credential
from tests.doors.moves import release
from tests.doors.world import API, World
from tests.http.matrix import MATRIX, Line
from tests.http.problems import code
from tests.people import PROJECT

# What a caller might hope to set: who did it, who said yes, what it is, where it stands.
HOPED = (
    *("created_by", "author", "person", "approved_by", "approvals", "state", "revision", "policy_revision", "id", "project"),
    *("signature", "applied_at", "decision", "environment_id", "verifier", "signed_in_at", "grants_all", "applied_by"),
)
SENT = [line for line in MATRIX if line.method in ("POST", "PATCH", "PUT")]


# --- fields nobody asked for -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("line", SENT, ids=lambda line: line.call)
def test_no_call_takes_a_field_it_does_not_know(solo: World, line: Line) -> None:
    """A call without a body passed over whatever came with it: `apply` with `approved_by` looked as if it had counted."""
    before = solo.state()
    for field in HOPED:
        answer = solo.knock(solo.by("chief's session"), line.method, path(line), {**(line.body or {}), field: "x"})
        assert (answer.status_code, field in answer.text or "no fields" in answer.text) == (400, True), field
    assert solo.state() == before


def test_every_object_of_the_api_is_closed(solo: World) -> None:
    """Objects inside objects too: a body refuses unknown fields wherever its schema lets it hold any."""
    document = solo.client.get("/api/openapi.json").json()
    sent: set[str] = set()
    for routes in document["paths"].values():
        sent = sent.union(*(_refs(call.get("requestBody", {})) for call in routes.values()))
    assert len(sent) > 15
    schemas, waiting = document["components"]["schemas"], list(sent)
    while waiting:
        schema = schemas[waiting.pop()]
        assert schema.get("additionalProperties") is False, schema["title"]
        waiting += [ref for ref in _refs(schema) if ref not in sent]
        sent.update(_refs(schema))


@pytest.mark.parametrize("where", ["items", "policy", "approvals", "freeze", "grants", "content", "provenance"])
def test_inner_objects_are_closed(solo: World, where: str) -> None:
    extra = {"approved_by": "x"}
    bent: dict[str, tuple[str, str, Any]] = {
        "items": ("POST", "releases", {**release("promote"), "items": [{"prompt": "a", **extra}]}),
        "policy": ("PATCH", "environments/production", {"policy": extra}),
        "approvals": ("PATCH", "environments/production", {"policy": {"approvals": {"count": 1, **extra}}}),
        "freeze": ("PATCH", "environments/production", {"policy": {"freeze": [{"starts": "16:00", "ends": "17:00", **extra}]}}),
        "grants": ("POST", "/api/invitations", {"login": "x@example.org", "grants": [{"role": "viewer", **extra}]}),
        "content": ("POST", "prompts/a/versions", {"content": {"kind": "text", "text": "x", **extra}}),
        "provenance": ("POST", "prompts/a/versions", {"content": {}, "provenance": {"source": "git", **extra}}),
    }
    before = solo.state()
    method, url, body = bent[where]
    answer = solo.knock(solo.by("chief's session"), method, url, body)
    assert (answer.status_code in (400, 422), solo.state() == before) == (True, True)


# --- paths and methods ---------------------------------------------------------------------------------------------------
BENT = {
    "upper case": lambda path: path.upper(),
    "API": lambda path: path.replace("/api", "/API"),
    "slash at the end": lambda path: path + "/",
    "double slash": lambda path: path.replace("/projects/", "//projects/"),
    "double slash at the front": lambda path: "/" + path,
    "dot": lambda path: path.replace("/projects/", "/./projects/"),
    "dots": lambda path: path.replace("/projects/desk", "/projects/elsewhere/../desk"),
    "escaped slash": lambda path: path.replace("/desk/", "/desk%2F"),
    "escaped letter": lambda path: path.replace("desk", "%64esk"),
    "escaped twice": lambda path: path.replace("desk", "%2564esk"),
    "escaped dots": lambda path: path.replace("/projects/desk", "/projects/elsewhere/%2e%2e/desk"),
    "semicolon": lambda path: path + ";a=b",
    "backslash": lambda path: path.replace("/desk/", "\\desk\\"),
    "null": lambda path: path + "%00",
    "blank": lambda path: path.replace("desk", "desk%20"),
    "wide letter": lambda path: path.replace("desk", "desｋ"),
    "ui": lambda path: "/static/.." + path,
    "delivery": lambda path: "/v1/.." + path,
}


@pytest.mark.parametrize("how", BENT)
def test_a_path_spelled_otherwise_leads_nowhere(solo: World, how: str) -> None:
    before, served = solo.state(), solo.served()
    for who in (solo.by("chief's session"), solo.by("outsider's session"), solo.by("viewer's token"), Credential("nobody", {})):
        for method, url, body in (
            ("POST", f"{API}/releases", release("rollback", "a")),
            ("GET", f"{API}/audit", None),
            ("POST", f"{API}/tokens", {"name": "t", "role": "admin"}),
        ):
            bent = BENT[how](url)
            assert solo.client.exactly(method, bent, body, who.headers) in (400, 401, 403, 404), (who.name, method, bent)
    assert (solo.state(), solo.served()) == (before, served)


@pytest.mark.parametrize("line", MATRIX, ids=lambda line: line.call)
def test_another_method_is_another_call_or_none(solo: World, line: Line) -> None:
    """A reader's GET never becomes a write, by header or by another verb."""
    before = solo.state()
    known = {(other.method, path(other).partition("?")[0]) for other in MATRIX}
    where = path(line).partition("?")[0]
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - {line.method}:
        if (method, where) not in known:
            answer = solo.client.request(method, where, headers=solo.by("chief's session").headers)
            assert answer.status_code in (404, 405), method
    override = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"}
    if line.method == "GET":
        solo.knock(solo.by("chief's session"), "GET", path(line), headers=override)
    assert solo.state() == before


def test_a_cookie_is_taken_from_our_own_pages_alone(solo: World) -> None:
    """By whatever host or origin the request names; a program's token needs neither."""
    before = solo.state()
    cookie = {"Cookie": solo.by("admin's cookie").headers["Cookie"]}
    assert COOKIE in cookie["Cookie"]
    for strange in (
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1", "Host": "evil.example"},
        {"Origin": "http://evil.example", "Host": "evil.example"},
        {"Origin": "http://127.0.0.1:1", "Host": "127.0.0.1"},
        {"Origin": "http://127.0.0.1", "Host": "127.0.0.1", "Authorization": "Bearer x"},
    ):
        answer = solo.client.request("POST", f"{API}/releases", json=release("rollback", "a"), headers=cookie | strange)
        assert answer.status_code in (401, 403), strange
    assert solo.state() == before


# --- answers asked for again -----------------------------------------------------------------------------------------------
def test_an_answer_is_given_again_to_the_same_credential_alone(solo: World) -> None:
    """A kept answer may show a new key's secret: the same person's other credential gets an effect of its own."""
    again = {"Idempotency-Key": "the same"}
    body = {"environment": "production", "name": "k"}
    first = solo.knock(solo.by("admin's session"), "POST", "keys", body, headers=again).json()
    assert solo.knock(solo.by("admin's session"), "POST", "keys", body, headers=again).json() == first
    for who in ("admin's token", "admin's cookie", "chief's session", "service admin of desk"):
        other = solo.knock(solo.by(who), "POST", "keys", body, headers=again).json()
        assert (other["selector"] != first["selector"], other["key"] != first["key"]) == (True, True), who
    for who in ("viewer's session", "outsider's session", "nobody", "key of prd", "service admin: tokens.write"):
        assert solo.knock(solo.by(who), "POST", "keys", body, headers=again).status_code in (401, 403, 404), who


def test_a_key_of_one_request_opens_no_other(solo: World) -> None:
    """Replayed under another body, path or project, it is refused and does nothing."""
    who, again = solo.by("chief's session"), {"Idempotency-Key": "the same"}
    assert solo.knock(who, "POST", "releases", release("rollback", "a"), headers=again).status_code == 201
    before = solo.state()
    for url, body in (
        ("releases", release("rollback", "a@2")),
        ("releases?", release("promote", "a@3")),
        ("keys", {"environment": "production", "name": "k"}),
        ("/api/projects/elsewhere/releases", release("rollback", "a")),
    ):
        assert code(solo.knock(who, "POST", url, body, headers=again)).startswith(("409", "422")), url
    assert solo.state() == before


def test_who_may_no_more_gets_no_kept_answer(solo: World) -> None:
    who, again = solo.hire("leaver", "admin"), {"Idempotency-Key": "the same"}
    body = {"environment": "production", "name": "k"}
    assert solo.knock(who, "POST", "keys", body, headers=again).status_code == 201
    solo.knock(solo.by("chief's session"), "DELETE", "members?login=leaver&role=admin")
    assert solo.knock(who, "POST", "keys", body, headers=again).status_code == 404
    solo.knock(solo.by("chief's session"), "POST", "members", {"login": "leaver", "role": "author"})
    assert solo.knock(who, "POST", "keys", body, headers=again).status_code == 403


def path(line: Line) -> str:
    return line.path.replace("{project}", PROJECT)


def _refs(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        here = {schema["$ref"].rpartition("/")[2]} if "$ref" in schema else set()
        return here.union(*(_refs(inner) for inner in schema.values()))
    return set().union(*(_refs(inner) for inner in schema)) if isinstance(schema, list) else set()
