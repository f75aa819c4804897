"""Rendering on the server: the same rules as in the SDK, a receipt with every answer, and hard limits."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cuebook_server.delivery.request import BODY_BYTES_MAX
from tests.delivery.client import TRIAGE, Answer, Shop
from tests.delivery.memory import text

PATH = f"/v1/prompts/{TRIAGE}/render"


def render(shop: Shop, environment: str = "production", **asked: Any) -> Answer:
    return shop.node.post(PATH, shop.keys[environment], json.dumps(asked).encode())


def test_text_is_rendered_with_its_receipt(shop: Shop) -> None:
    answer = render(shop, variables={"customer": "Ann {{customer}}", "unused": 1})
    assert answer.json["text"] == "Version 1 for Ann {{customer}}"
    receipt = answer.json["receipt"]
    assert receipt["digest"] == shop.get(f"/v1/prompts/{TRIAGE}").json["digest"]
    del receipt["digest"]
    expected = {"prompt": TRIAGE, "version": 1, "environment": "production", "revision": 1, "source": "server"}
    assert receipt == {**expected, "ignored": ["unused"]}


def test_chat_is_rendered_with_what_belongs_to_the_call(shop: Shop) -> None:
    messages = [{"role": "system", "content": "Be {{tone}}."}, {"placeholder": "history"}]
    model = {"provider": "openai", "name": "gpt", "parameters": {"temperature": 0.2}}
    chat = {"kind": "chat", "engine": "simple", "messages": messages, "model": model, "variables": {"tone": {"type": "string"}}}
    shop.source.save("chat", chat)
    shop.node.board.refresh_now()
    history = [{"role": "user", "content": "Hi {{tone}}"}]
    body = json.dumps({"variables": {"tone": "kind", "history": history}}).encode()
    answer = shop.node.post("/v1/prompts/chat/render", shop.keys["development"], body).json
    assert answer["messages"] == [{"role": "system", "content": "Be kind."}, *history]
    assert (answer["model"], answer["tools"], answer["response_format"]) == (model, [], None)


def test_nobody_keeps_a_rendered_prompt(shop: Shop) -> None:
    headers = render(shop, variables={"customer": "Ann"}).headers
    assert headers["cache-control"] == "no-store"
    assert "etag" not in headers
    assert headers["cuebook-environment"] == "production"


@pytest.mark.parametrize("version", [1, "1", 2, "stable", "latest"])
def test_a_version_can_be_chosen_as_in_get(shop: Shop, version: int | str) -> None:
    answer = render(shop, "staging", variables={"customer": "Ann"}, version=version)
    chosen = shop.get(f"/v1/prompts/{TRIAGE}?version={version}", "staging")
    assert answer.status == chosen.status
    assert answer.status == 404 or answer.json["receipt"]["version"] == chosen.json["version"]


@pytest.mark.parametrize("values", [{}, {"customer": 3}, {"customer": None}])
def test_a_wrong_value_is_named(shop: Shop, values: dict[str, Any]) -> None:
    answer = render(shop, variables=values)
    assert (answer.status, answer.code, answer.json["names"]) == (422, "bad_variables", ["customer"])
    assert "customer" in answer.json["detail"]
    assert answer.json["variables"]["customer"]["required"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (b'{"variables": {"a": NaN}}', "bad_json"),
        (b'{"variables": {}, "variables": {}}', "bad_json"),
        (b'{"variables": {"a": "\\ud800"}}', "bad_json"),
        (b"\xff", "bad_json"),
        (b"[" * 100_000, "bad_json"),
        (b"[]", "bad_request"),
        (b'{"variables": []}', "bad_request"),
        (b'{"variable": {}}', "bad_request"),
        (b'{"subject": 3}', "bad_request"),
        (b'{"version": true}', "unknown_selector"),
        (b'{"version": 0}', "unknown_selector"),
        (b'{"version": 1.0}', "unknown_selector"),
        (b'{"version": "newest"}', "unknown_selector"),
    ],
)
def test_other_bodies_are_refused(shop: Shop, body: bytes, code: str) -> None:
    answer = shop.node.post(PATH, shop.prd, body)
    assert (answer.status, answer.code) == (400, code)


def test_a_large_body_is_refused_while_it_comes(shop: Shop) -> None:
    part, key = b"x" * (1024 * 1024), [("authorization", f"Bearer {shop.prd}")]

    def endless() -> list[bytes]:
        return [part] * (BODY_BYTES_MAX // len(part) + 1) + [b"never read"]

    answer = shop.node.ask(PATH, key, "POST", endless())
    assert (answer.status, answer.code) == (413, "body_too_large")
    declared = [*key, ("content-length", str(BODY_BYTES_MAX + 1))]
    assert shop.node.ask(PATH, declared, "POST", [b"never read"]).status == 413


def test_large_values_are_rendered_up_to_the_limit(shop: Shop) -> None:
    assert len(render(shop, variables={"customer": "x" * 3_000_000}).json["text"]) > 3_000_000
    shop.release("production", "twice", shop.source.save("twice", text("{{a}}{{a}}", variables={"a": {"type": "string"}})))
    body = json.dumps({"variables": {"a": "x" * 3_000_000}}).encode()
    answer = shop.node.post("/v1/prompts/twice/render", shop.prd, body)
    assert (answer.status, answer.code) == (422, "bad_variables")


def test_a_number_that_json_here_cannot_write_is_a_refusal(shop: Shop) -> None:
    shop.source.save("chat", {"kind": "chat", "engine": "simple", "messages": [{"placeholder": "history"}]})
    shop.node.board.refresh_now()
    history = [{"role": "user", "content": [{"type": "image", "size": 10**30}]}]
    body = json.dumps({"variables": {"history": history}}).encode()
    assert shop.node.post("/v1/prompts/chat/render", shop.keys["development"], body).code == "bad_variables"


def test_the_query_may_only_confirm_the_environment(shop: Shop) -> None:
    body = b'{"variables": {"customer": "Ann"}}'
    assert shop.node.post(f"{PATH}?environment=production", shop.prd, body).status == 200
    assert shop.node.post(f"{PATH}?environment=staging", shop.prd, body).code == "environment_mismatch"
    assert shop.node.post(f"{PATH}?version=1", shop.prd, body).code == "unknown_parameter"


def test_only_post_renders(shop: Shop) -> None:
    answer = shop.get(PATH)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_a_caller_who_leaves_is_no_fault(shop: Shop) -> None:
    answer = shop.node.ask(PATH, [("authorization", f"Bearer {shop.prd}")], "POST", [])
    assert answer.status == 400


@pytest.fixture
def dripping(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Lets something happen while a request's body arrives."""
    read = shop.node.app._renderer.read

    def meanwhile(happens: Callable[[], object]) -> None:
        async def late(*asked: Any) -> Any:
            wanted = await read(*asked)
            happens()
            assert shop.node.board.refresh_now()
            return wanted

        monkeypatch.setattr(shop.node.app._renderer, "read", late)

    return meanwhile


def test_what_is_rendered_is_what_is_live_when_the_body_has_come(shop: Shop, dripping: Callable[..., None]) -> None:
    """A body may take an hour, by 32 KiB in half a minute: what was rolled back or recalled meanwhile is not given."""
    dripping(lambda: shop.source.release(shop.environments["production"], TRIAGE, 2))
    assert render(shop, variables={"customer": "Ann"}).json["receipt"]["version"] == 2


def test_a_key_that_was_revoked_while_the_body_came_renders_nothing(shop: Shop, dripping: Callable[..., None]) -> None:
    row = shop.source.delivery_keys[shop.prd.split("_")[2]]
    dripping(lambda: shop.source.change_key(replace(row, revoked_at=row.created_at)))
    assert render(shop, variables={"customer": "Ann"}).code == "key_revoked"
