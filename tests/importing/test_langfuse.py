"""Langfuse's JSON form of prompts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cuebook.importing import Item, Options
from tests.importing.reading import items, problems


def prompt(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Movies/Critic",
        "version": 1,
        "type": "text",
        "prompt": "On {{movie}}",
        "config": {},
        "labels": [],
    } | changes


def export(folder: Path, *prompts: Any) -> Path:
    path = folder / "export.json"
    path.write_text(json.dumps({"data": prompts}))
    return path


def one(folder: Path, **changes: Any) -> Item:
    [item] = items(export(folder, prompt(**changes)))
    return item


def test_a_text(tmp_path: Path) -> None:
    item = one(
        tmp_path, labels=["production", "latest"], tags=["film"], commitMessage="First", createdAt="2026-01-02T03:04:05Z"
    )
    assert (item.name, item.description, item.tags) == ("movies.critic", "Movies/Critic", ("film",))
    assert item.content == {"kind": "text", "engine": "simple", "text": "On {{movie}}"}
    assert (item.message, item.provenance["authored_at"]) == ("First (labels: production, latest)", "2026-01-02T03:04:05Z")


def test_a_chat_with_a_placeholder_and_foreign_roles(tmp_path: Path) -> None:
    said = [
        {"type": "chatmessage", "role": "developer", "content": "Be brief"},
        {"type": "placeholder", "name": "history"},
        {"role": "human", "content": "{{q}}"},
    ]
    assert one(tmp_path, type="chat", prompt=said).content["messages"] == [
        {"role": "system", "content": "Be brief"},
        {"placeholder": "history"},
        {"role": "user", "content": "{{q}}"},
    ]


def test_the_config_becomes_model_tools_and_form(tmp_path: Path) -> None:
    config: dict[str, Any] = {"modelName": "gpt-4o", "provider": "openai", "model_params": {"temperature": 0.5, "maxTokens": 9}}
    config |= {"tools": [{"name": "t"}], "responseFormat": "json_object", "top_p": None}
    content = one(tmp_path, config=config).content
    assert content["model"] == {"name": "gpt-4o", "provider": "openai", "parameters": {"temperature": 0.5, "max_tokens": 9}}
    assert (content["tools"], content["response_format"]) == ([{"name": "t"}], {"type": "json_object"})


def test_addresses_and_keys_are_left_out_and_reported(tmp_path: Path) -> None:
    source = export(tmp_path, prompt(config={"model": "m", "api_key": "s3cret", "base_url": "https://x", "languages": ["en"]}))
    assert items(source)[0].content["model"] == {"name": "m"}
    [(kind, where, reason)] = problems(source)
    assert (kind, where) == ("skipped", "entry 1")
    assert "`api_key`, `base_url`, `languages`" in reason
    assert "s3cret" not in reason


def test_versions_come_in_order_and_an_old_text_that_returns_is_another_version(tmp_path: Path) -> None:
    source = export(tmp_path, prompt(version=3, prompt="a"), prompt(version=1, prompt="a"), prompt(version=2, prompt="b"))
    found = items(source)
    assert [item.content["text"] for item in found] == ["a", "b", "a"]
    assert len({item.name for item in found}) == 1
    assert len({item.import_key for item in found}) == 3


def test_literal_escapes_every_message(tmp_path: Path) -> None:
    source = export(tmp_path, prompt(prompt=[{"role": "user", "content": "{{q}}"}]))
    assert items(source, Options(literal=True))[0].content["messages"][0]["content"] == "{{{{q}}"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": " "}, "no name"),
        ({"prompt": 1}, "neither"),
        ({"prompt": ["x"]}, "no JSON object"),
        ({"prompt": [{"role": "user"}]}, "no text"),
        ({"prompt": "@@@langfusePrompt:name=a|label=b@@@"}, "resolved"),
    ],
)
def test_what_cannot_be_taken_is_reported(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    source = export(tmp_path, prompt(name="good"), prompt(**changes))
    assert [item.name for item in items(source)] == ["good"]
    assert reason in problems(source)[0][2]
