"""Bad input: a refusal with a code and a hint, and nothing left behind."""

from __future__ import annotations

import json

import pytest

from tests.factories import Registry, text
from tests.http.conftest import Site
from tests.http.problems import code, problem

SAVE = "prompts/a/versions"
NUL = "%00"
DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.fixture(scope="module")
def site(shared_site: Site) -> Site:
    shared_site.registry.save("a", "x")
    shared_site.registry.promote("a", to="staging")
    return shared_site


def left_behind(registry: Registry) -> tuple[int, int]:
    return len(registry.audit()), registry.live("a")["staging"] or 0


def send(site: Site, body: bytes, content_type: str = "application/json") -> str:
    return code(site.ask("POST", SAVE, content=body, headers={"content-type": content_type}))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "400 bad_request"),
        (b"{", "400 bad_json"),
        (b"[]", "400 bad_request"),
        (b"null", "400 bad_request"),
        (b'{"content": {}, "content": {}}', "400 bad_json"),
        (b'{"content": {"kind": "text", "text": "x", "text": "y"}}', "400 bad_json"),
        (b'{"content": NaN}', "400 bad_json"),
        (b'{"content": -Infinity}', "400 bad_json"),
        (b'{"content": 1e999}', "400 bad_json"),
        (b'{"content": ' + b"9" * 5_000 + b"}", "400 bad_json"),
        (b'{"content": {"kind": "text", "text": "\\ud800"}}', "400 bad_json"),
        (b'{"content": {"kind": "text", "text": "\xff"}}', "400 bad_json"),
        (b"\xef\xbb\xbf{}", "400 bad_json"),
        (b'{"content": ' + DEEP + b"}", "400 bad_json"),
        (b'{"content": ' + b"[" * 40 + b"]" * 40 + b"}", "422 bad_content"),
        (b'{"content": {"kind": "text", "text": "x"}, "base": "1"}', "400 bad_request"),
        (b'{"content": {"kind": "text", "text": "x"}, "base": 99999999999999999999}', "400 bad_request"),
        (b'{"content": {"kind": "text", "text": "x"}, "author": "me"}', "400 bad_request"),
        (b'{"content": {"kind": "text", "text": "x", "number": 9}}', "422 bad_content"),
        (b'{"content": {"kind": "text", "text": "x", "model": {"base_url": "http://x"}}}', "422 bad_content"),
        (b'{"content": {"kind": "text", "text": "x"}, "message": "\\u0000"}', "422 bad_metadata"),
        (b'{"content": 3}', "422 bad_content"),
    ],
)
def test_a_body_that_is_not_what_the_call_takes(site: Site, body: bytes, expected: str) -> None:
    before = left_behind(site.registry)
    assert send(site, body) == expected
    assert left_behind(site.registry) == before


def test_only_json_is_read(site: Site) -> None:
    body = json.dumps({"content": text("y")}).encode()
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data; boundary=x"):
        assert send(site, body, content_type) == "400 bad_request"


def test_a_call_without_fields_takes_none(site: Site) -> None:
    """Passed over in silence, `approved_by` would look as if it had counted."""
    assert code(site.post("releases/1/apply", {"approved_by": "reviewer"})) == "400 bad_request"
    assert code(site.post("releases/1/apply", {})) == "409 release_ended"


def test_a_body_is_bounded(site: Site) -> None:
    assert send(site, b" " * (16 * 1024 * 1024 + 1)) == "413 body_too_large"
    assert send(site, json.dumps({"content": text("x" * 2**20)}).encode()) == "413 content_too_large"


@pytest.mark.parametrize(
    "path",
    [
        "releases/99999999999999999999",
        "releases/0x1",
        "releases/-1",
        "releases?before=99999999999999999999",
        "releases?limit=501",
        "releases?limit=0",
        f"releases?environment={NUL}",
        f"prompts?after={NUL}",
        f"prompts?prefix={NUL}",
        f"prompts?owner={NUL}",
        f"prompts?tag={NUL}",
        f"status?after={NUL}",
        f"status?prompt={NUL}",
        f"search?q={NUL}",
        "search?q=" + "x" * 501,
        "search",
        "prompts/a/versions/99999999999999999999",
        "prompts/a/versions/0",
        "prompts/a/versions/1.0",
        "prompts/a/versions/stale",
        "prompts/a/versions?before=0",
        f"prompts/a/diff?from=1&to={NUL}",
        "environments/staging/at?time=yesterday",
        "environments/staging/at?time=99999-01-01T00:00:00Z",
        f"environments/staging/at?time=2026-01-01&prompt={NUL}",
        "environments/nowhere",
        "audit?after=-1",
        "audit?before=0",
        "audit?after=1&before=9",
        "nothing",
        "prompts/A",
        "prompts/a/",
        "prompts//versions",
        "prompts/../prompts/a/nothing",
    ],
)
def test_what_cannot_be_read_is_refused(site: Site, path: str) -> None:
    answer = site.get(path)
    if answer.status_code != 200:
        assert problem(answer)["status"] in {400, 404, 422}
    else:
        assert answer.json()["items"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("releases", {"environment": "staging\x00", "items": [{"prompt": "a"}]}),
        ("releases", {"environment": "staging", "items": [{"prompt": "a\x00"}]}),
        ("releases", {"environment": "staging", "items": [{"prompt": "a"}], "reason": "\x00"}),
        ("releases", {"environment": "staging", "items": [{"prompt": "a", "version": 0}]}),
        ("releases", {"environment": "staging", "items": [{"prompt": "a", "version": 2**31}]}),
        ("releases", {"environment": "staging", "items": []}),
        ("releases", {"environment": "staging", "items": [{"prompt": "a", "approved_by": "me"}]}),
        ("releases", {"environment": "staging", "items": [{"prompt": "a"}], "kind": "restore"}),
        ("releases", {"environment": "staging", "items": [{"prompt": "a"}], "revision": 9}),
        ("keys", {"environment": "\x00", "name": "k"}),
        ("keys", {"environment": "staging", "name": "k\x00"}),
        ("keys", {"environment": "staging", "name": "k", "networks": ["\x00"]}),
        ("keys", {"environment": "staging", "name": "k", "expires_in_s": 10**30}),
        ("environments", {"name": "x", "policy": {"comes_from": "\x00"}}),
        ("environments", {"name": "x", "position": 10**30}),
        ("environments", {"name": "x", "kind": "moon"}),
        ("tokens", {"name": "t", "role": "king"}),
        ("prompts/a/render", {"version": "\x00"}),
        ("prompts/a/render", {"version": 10**30}),
        ("prompts/a/render", {"version": -1}),
    ],
)
def test_a_field_that_makes_no_sense_is_refused(site: Site, path: str, body: object) -> None:
    before = left_behind(site.registry)
    assert problem(site.post(path, body))["status"] in {400, 404, 422}
    assert left_behind(site.registry) == before


@pytest.mark.parametrize("more", [{"propose": True}, {"at": "2026-11-24T09:00[Europe/Paris]"}])
def test_an_emergency_is_neither_proposed_nor_put_off(site: Site, more: dict[str, object]) -> None:
    """One of the two counted and the other was passed over: what was to be proposed went out, what was urgent waited."""
    retire = {"environment": "staging", "items": [{"prompt": "a"}], "kind": "retire", "reason": "r", "emergency": True}
    before = left_behind(site.registry)
    assert code(site.post("releases", retire | more)) == "422 bad_release"
    assert left_behind(site.registry) == before


def test_a_number_beyond_every_entry_is_refused(site: Site) -> None:
    replay = f"webhooks/{site.post('webhooks', {'url': 'https://hooks.example.com/x'}).json()['id']}/replay"
    for body in ({"seq": 10**19}, {"seq": 2**31}, {"seq": -1}, {"since": "2026-11-20", "after": 10**19}):
        assert code(site.post(replay, body)) == "400 bad_request"


@pytest.mark.parametrize(
    "path",
    [
        "/api/projects/desk%2Fprompts",
        "/api/projects/desk/prompts%2Fa",
        "/api/%70rojects",
        "/api/projects/desk/prompts/a%00",
        "/api/projects/elsewhere%2f..%2fdesk/prompts",
        "/%76%31/prompts/a",
    ],
)
def test_an_escape_in_a_path_is_refused(site: Site, path: str) -> None:
    assert code(site.get(path)) in {"400 bad_request", "404 no_such_call", "401 wrong_key_kind"}


@pytest.mark.parametrize("path", ["/API/me", "/api//me", "/api/me/", "//api/me", "/api/projects/DESK", "/API/projects/desk"])
def test_a_path_is_what_it_says(site: Site, path: str) -> None:
    assert (
        problem(
            site.client.request(
                "GET",
                site.client.base_url.join("/").copy_with(raw_path=path.encode()),
                headers=site.registry.people.owner.headers,
            )
        )["status"]
        == 404
    )


@pytest.mark.parametrize("method", ["DELETE", "PUT", "TRACE", "OPTIONS", "HEAD"])
def test_other_methods_are_not_allowed(site: Site, method: str) -> None:
    answer = site.ask(method, "prompts/a")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


def test_a_credential_comes_once(site: Site) -> None:
    token = site.registry.people.owner.token
    twice = [("authorization", f"Bearer {token}"), ("authorization", f"Bearer {token}")]
    assert code(site.client.get("/api/me", headers=twice)) == "401 unauthenticated"
    assert code(site.client.get(f"/api/me?token={token}")) == "400 unknown_parameter"


def test_a_parameter_stands_once(site: Site) -> None:
    assert code(site.get("prompts?limit=1&limit=2")) == "400 bad_request"


def test_retrying_over_http(site: Site) -> None:
    once = {"idempotency-key": "k"}
    first = site.post(SAVE, {"content": text("y")}, headers=once)
    again = site.post(SAVE, {"content": text("y")}, headers=once)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert code(site.post(SAVE, {"content": text("z")}, headers=once)) == "422 idempotency_mismatch"
    assert code(site.post("prompts/b/versions", {"content": text("y")}, headers=once)) == "422 idempotency_mismatch"
    assert code(site.post(SAVE, {"content": text("z")}, headers={"idempotency-key": "ü".encode()})) == "400 bad_idempotency_key"


def test_an_error_of_ours_says_nothing_but_its_name(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("SELECT secret FROM traceback")

    monkeypatch.setattr(site.app.api.state, "node", fail)
    answer = site.client.get("/readyz")
    assert code(answer) == "500 unexpected"
    assert "secret" not in answer.text
    assert answer.headers["cuebook-request-id"].startswith("req_")
