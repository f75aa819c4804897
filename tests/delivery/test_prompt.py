"""One prompt by its name: what is served, with which headers, and every way to be refused."""

from __future__ import annotations

import pytest

from cuebook import wire
from tests.delivery.client import TRIAGE, Shop
from tests.delivery.memory import text

PATH = f"/v1/prompts/{TRIAGE}"


@pytest.mark.parametrize(("environment", "number"), [("development", 3), ("staging", 2), ("production", 1)])
def test_the_key_decides_the_version(shop: Shop, environment: str, number: int) -> None:
    served = wire.loads(shop.get(PATH, environment).body)
    assert (served["version"], served["environment"]) == (number, environment)
    assert served["text"] == f"Version {number} for {{{{customer}}}}"


def test_headers_say_what_was_served(shop: Shop) -> None:
    answer = shop.get(PATH, "staging")
    assert answer.headers["cuebook-environment"] == "staging"
    assert answer.headers["cuebook-version"] == "2"
    assert answer.headers["cuebook-revision"] == "2"
    assert answer.headers["cuebook-digest"] == answer.json["digest"]
    assert int(answer.headers["cuebook-as-of"]) == int(shop.node.board.as_of * 1000)


def test_headers_keep_shared_caches_away(shop: Shop) -> None:
    headers = shop.get(PATH).headers
    assert headers["cache-control"] == "private, max-age=0, stale-while-revalidate=5, stale-if-error=86400"
    assert headers["vary"] == "Authorization, Accept-Encoding"
    assert headers["content-type"] == "application/json"
    assert headers["x-content-type-options"] == "nosniff"


def test_head_is_get_without_the_body(shop: Shop) -> None:
    get, head = shop.get(PATH), shop.node.get(PATH, shop.prd, "HEAD")
    assert (head.status, head.body, dict(head.headers)) == (200, b"", dict(get.headers))


def test_a_known_tag_is_answered_304_with_the_same_headers(shop: Shop) -> None:
    whole = shop.get(PATH)
    kept = shop.get(PATH, if_none_match=f'W/"other", W/{whole.headers["etag"]}')
    described = {"content-type", "content-length", "x-content-type-options"}
    assert (kept.status, kept.body) == (304, b"")
    assert dict(kept.headers) == {name: value for name, value in whole.headers.items() if name not in described}


def test_another_environments_tag_is_not_known(shop: Shop) -> None:
    assert shop.get(PATH, if_none_match=shop.get(PATH, "staging").headers["etag"]).status == 200


@pytest.mark.parametrize(
    "query",
    ["version=stable", "_version=stable", "version=1", "subject=ann%20b+c", "subject=cue_dev_ann", "environment=production"],
)
def test_known_parameters_are_understood(shop: Shop, query: str) -> None:
    assert shop.get(f"{PATH}?{query}").body == shop.get(PATH).body


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("verison=1", 400, "unknown_parameter"),
        ("version=1&version=1", 400, "bad_request"),
        ("version=1&_version=1", 400, "bad_request"),
        ("version=", 400, "unknown_selector"),
        ("version=newest", 400, "unknown_selector"),
        ("version=01", 400, "unknown_selector"),
        ("version=%FF", 400, "bad_request"),
        ("subject=" + "a" * 257, 400, "bad_request"),
        ("subject=" + "a" * 5000, 400, "bad_request"),
        ("version=1&", 400, "unknown_parameter"),
        ("environment=staging", 403, "environment_mismatch"),
        ("environment=", 403, "environment_mismatch"),
        ("version=2", 404, "not_released_here"),
        ("version=9", 404, "not_released_here"),
        ("version=latest", 404, "not_released_here"),
    ],
)
def test_other_queries_are_refused(shop: Shop, query: str, status: int, code: str) -> None:
    answer = shop.get(f"{PATH}?{query}")
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("support.triag", 404, "not_found"),
        ("draft.only", 404, "not_released_here"),
        ("Support.triage", 400, "bad_request"),
        ("support%2Etriage", 400, "bad_request"),
        ("support%2Ftriage", 400, "bad_request"),
        ("support/triage", 400, "bad_request"),
        ("../prompts/support.triage", 400, "bad_request"),
        ("/support.triage", 400, "bad_request"),
        ("support.triage/", 400, "bad_request"),
        ("support..triage", 400, "bad_request"),
        ("", 400, "bad_request"),
        ("a" * 201, 400, "bad_request"),
        ("süpport.triage", 400, "bad_request"),
    ],
)
def test_other_names_are_refused(shop: Shop, name: str, status: int, code: str) -> None:
    answer = shop.get(f"/v1/prompts/{name}")
    assert (answer.status, answer.code) == (status, code)


def test_a_refusal_is_a_problem_that_nobody_keeps(shop: Shop) -> None:
    answer = shop.get("/v1/prompts/nowhere")
    assert {"type", "title", "status", "detail", "code", "hint"} <= answer.json.keys()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["vary"] == "Authorization, Accept-Encoding"
    assert answer.json["hint"]


@pytest.mark.parametrize("path", [PATH, "/v1/prompts", "/v1/snapshot"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "get"])
def test_other_methods_are_refused(shop: Shop, path: str, method: str) -> None:
    answer = shop.node.get(path, shop.prd, method)
    assert (answer.status, answer.code, answer.headers["allow"]) == (405, "method_not_allowed", "GET, HEAD")


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/prompt", "/v1/snapshot/", "/V1/prompts", "/v1/promptsx"])
def test_other_paths_are_not_found(shop: Shop, path: str) -> None:
    assert shop.get(path).status == 404


def test_retired_is_gone_and_can_come_back(shop: Shop) -> None:
    shop.release("production", TRIAGE, None)
    answer = shop.get(PATH)
    assert (answer.status, answer.code) == (410, "retired")
    assert shop.get(f"{PATH}?version=1").code == "retired"
    shop.release("production", TRIAGE, 2)
    assert shop.get(PATH).json["version"] == 2


def test_an_alias_leads_to_the_prompt_under_its_own_name(shop: Shop) -> None:
    shop.source.alias("old.triage", TRIAGE)
    shop.source.alias("old.draft", "draft.only")
    shop.node.board.refresh_now()
    assert shop.get("/v1/prompts/old.triage").body == shop.get(PATH).body
    assert shop.get("/v1/prompts/old.draft").code == "not_released_here"


@pytest.mark.fault("C-07")
def test_a_damaged_version_keeps_no_other_from_being_served(shop: Shop) -> None:
    number = shop.source.save("bad.apple", text("fine"))
    shop.source.versions[1, "bad.apple"][number - 1] = b'{"kind":"text"'
    shop.release("production", "bad.apple", number)
    answer = shop.get("/v1/prompts/bad.apple")
    assert (answer.status, answer.code) == (503, "unavailable")
    assert shop.get(PATH).status == 200
    assert shop.node.board.damaged() == 1


def test_answers_are_counted_by_status(shop: Shop) -> None:
    for path in (PATH, PATH, "/v1/prompts/nowhere"):
        shop.get(path)
    assert dict(shop.node.board.counters.requests) == {200: 2, 404: 1}


def test_a_fault_of_ours_says_nothing_of_itself(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cuebook_server.delivery.etags.matches", lambda *_: 1 / 0)
    answer = shop.get(PATH, if_none_match='"x"')
    assert (answer.status, answer.code) == (500, "unexpected")
    assert "zero" not in answer.body.decode()
