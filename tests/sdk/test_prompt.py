"""Prompts and calls: what a render gives, and that nobody can change what others read."""

from __future__ import annotations

import json
from typing import Any

import pytest

import cuebook
from cuebook.testing import FakeClient

CHAT: dict[str, Any] = {
    "kind": "chat",
    "messages": [
        {"role": "system", "content": "Be {{tone}}."},
        {"placeholder": "history"},
        {"role": "user", "content": "{{ticket}}"},
    ],
    "variables": {"tone": {"type": "string", "default": "warm"}},
    "model": {"provider": "openai", "name": "gpt-5.2", "parameters": {"temperature": 0.2}},
    "tools": [{"name": "look_up", "parameters": {"type": "object"}}],
    "response_format": {"type": "json_object"},
}


@pytest.fixture
def client() -> FakeClient:
    return FakeClient({"support.triage": CHAT, "greeting": "Hello {{who}}"}, environment="production")


def test_a_chat_prompt_renders_to_messages(client: FakeClient) -> None:
    history = [{"role": "assistant", "content": "{{tone}}"}]
    call = client.get("support.triage").render({"ticket": "a", "history": history}, ticket="help {{tone}}")
    assert call.messages == [
        {"role": "system", "content": "Be warm."},
        {"role": "assistant", "content": "{{tone}}"},
        {"role": "user", "content": "help {{tone}}"},
    ]
    assert (call.model, call.tools, call.response_format) == (CHAT["model"], CHAT["tools"], CHAT["response_format"])


def test_a_text_prompt_renders_to_text_and_one_user_message(client: FakeClient) -> None:
    call = client.render("greeting", who="you")
    assert call.text == "Hello you"
    assert call.messages == [{"role": "user", "content": "Hello you"}]
    assert client.get("greeting").messages == [{"role": "user", "content": "Hello {{who}}"}]


def test_the_text_of_a_chat_prompt_is_refused_rather_than_none(client: FakeClient) -> None:
    for chat in (client.get("support.triage"), client.render("support.triage", ticket="x")):
        with pytest.raises(cuebook.Invalid, match="messages"):
            print(chat.text)


def test_the_receipt_is_plain_json(client: FakeClient) -> None:
    receipt = client.render("greeting", who="you", later=1).receipt
    assert json.loads(json.dumps(receipt)) == {
        "prompt": "greeting",
        "version": 1,
        "digest": client.get("greeting").digest,
        "environment": "production",
        "revision": 1,
        "source": "network",
        "ignored": ["later"],
    }


def test_any_name_can_be_a_variable() -> None:
    client = FakeClient({"a": "{{self}} {{name}} {{values}} {{fallback}}"})
    assert client.render("a", self="1", name="2", values="3", fallback="4").text == "1 2 3 4"


def test_a_missing_variable_is_named(client: FakeClient) -> None:
    with pytest.raises(cuebook.MissingVariables, match="who"):
        client.render("greeting")
    with pytest.raises(cuebook.WrongType, match="who"):
        client.render("greeting", who=3)


def test_what_is_handed_out_is_the_callers_and_nobody_elses(client: FakeClient) -> None:
    prompt, call = client.get("support.triage"), client.render("support.triage", ticket="x")
    for shared in (prompt.messages, prompt.tools, prompt.variables, prompt.model, call.messages, call.tools, call.receipt):
        assert shared
        shared.clear()
    prompt.model["parameters"]["temperature"] = 2  # type: ignore[index]  # it has a model
    again = client.get("support.triage")
    assert (again.messages, again.tools, again.model) == (CHAT["messages"], CHAT["tools"], CHAT["model"])
    assert len(client.render("support.triage", ticket="x").messages) == 2


def test_a_call_keeps_what_its_owner_adds(client: FakeClient) -> None:
    call = client.render("support.triage", ticket="x")
    call.messages.append({"role": "user", "content": "more"})
    assert call.openai()["messages"][-1] == {"role": "user", "content": "more"}


def test_a_prompt_cannot_be_changed(client: FakeClient) -> None:
    prompt = client.get("greeting")
    for name in ("version", "text", "_served"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(prompt, name, 2)
    assert hash(prompt) == hash(client.get("greeting"))
