"""The content model, field by field: what is refused, and where the refusal points."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.content import draft
from cuebook_server.domain.errors import BadContent, ContentTooLarge

TEXT: dict[str, Any] = {"kind": "text", "text": "Hi"}
CHAT: dict[str, Any] = {"kind": "chat", "messages": [{"role": "user", "content": "Hi"}]}


def refused(content: object) -> str:
    """Where the content was refused; the sentence and a place must be there."""
    with pytest.raises(BadContent) as caught:
        draft(content)
    assert caught.value.detail.endswith(".")
    return str(caught.value.data["at"])


def message(**fields: object) -> dict[str, Any]:
    return CHAT | {"messages": [{"role": "user", "content": "Hi"}, fields]}


@pytest.mark.parametrize("content", [None, [], "text", 1, {}, {"kind": "x"}, {"kind": []}, {"kind": "text"}, {"kind": "chat"}])
def test_what_is_no_content_at_all(content: object) -> None:
    assert refused(content) in {"", "/kind"}


@pytest.mark.parametrize(
    ("content", "at"),
    [
        (TEXT | {"txt": 1}, "/txt"),
        (TEXT | {"messages": []}, "/messages"),
        (CHAT | {"text": ""}, "/text"),
        (TEXT | {"digest": "sha256:..."}, "/digest"),
        (message(role="user", content="", name="x"), "/messages/1/name"),
        (message(placeholder="h", role="user"), "/messages/1/role"),
        (TEXT | {"variables": {"a": {"kind": "string"}}}, "/variables/a/kind"),
        (TEXT | {"model": {"name": "m", "temperature": 1}}, "/model/temperature"),
    ],
)
def test_unknown_fields_are_refused_by_path(content: object, at: str) -> None:
    assert refused(content) == at


@pytest.mark.parametrize(
    ("content", "at"),
    [
        (TEXT | {"text": 1}, "/text"),
        (TEXT | {"text": ""}, "/text"),
        (TEXT | {"text": " \n\u3000"}, "/text"),
        (TEXT | {"engine": "jinja2"}, "/engine"),
        (CHAT | {"messages": []}, "/messages"),
        (CHAT | {"messages": {}}, "/messages"),
        (CHAT | {"messages": ["Hi"]}, "/messages/0"),
        (message(role="root", content=""), "/messages/1/role"),
        (message(content=""), "/messages/1/role"),
        (message(role=["user"], content=""), "/messages/1/role"),
        (message(role="user"), "/messages/1/content"),
        (message(role="user", content=[]), "/messages/1/content"),
        (message(role="user", content=["x"]), "/messages/1/content/0"),
        (message(role="user", content=[{"text": "x"}]), "/messages/1/content/0/type"),
        (message(role="user", content=[{"type": "text"}]), "/messages/1/content/0/text"),
        (message(placeholder="a.b"), "/messages/1/placeholder"),
        (message(placeholder=None), "/messages/1/placeholder"),
        (CHAT | {"messages": [{"placeholder": "h"}, {"placeholder": "h"}]}, "/messages/1/placeholder"),
        (TEXT | {"model": "gpt"}, "/model"),
        (TEXT | {"model": {"name": " "}}, "/model/name"),
        (TEXT | {"model": {"provider": 1}}, "/model/provider"),
        (TEXT | {"model": {"parameters": []}}, "/model/parameters"),
        (TEXT | {"tools": {}}, "/tools"),
        (TEXT | {"tools": [{}, "x"]}, "/tools/1"),
        (TEXT | {"response_format": "json"}, "/response_format"),
        (TEXT | {"includes": ["a"]}, "/includes"),
        (TEXT | {"includes": {"A": 1}}, "/includes/A"),
        *((TEXT | {"includes": {"a": number}}, "/includes/a") for number in (0, -1, True, "1", 1.5, None)),
    ],
)
def test_wrong_values_are_refused_by_path(content: object, at: str) -> None:
    assert refused(content) == at


@pytest.mark.parametrize(
    ("spec", "at"),
    [
        ("string", ""),
        ({"type": "str"}, "/type"),
        ({"type": ["string"]}, "/type"),
        ({"required": "yes"}, "/required"),
        ({"description": 1}, "/description"),
        ({"enum": []}, "/enum"),
        ({"enum": "ab"}, "/enum"),
        ({"enum": ["a", 1]}, "/enum"),
        ({"enum": ["a", "a"]}, "/enum"),
        ({"default": 1}, "/default"),
        ({"default": None}, "/default"),
        ({"default": "c", "enum": ["a", "b"]}, "/default"),
        ({"type": "integer", "default": True}, "/default"),
        ({"type": "integer", "default": 1.5}, "/default"),
    ],
)
def test_a_variable_that_contradicts_itself_is_refused(spec: object, at: str) -> None:
    assert refused(TEXT | {"variables": {"v": spec}}) == f"/variables/v{at}"


@pytest.mark.parametrize("name", ["", "1a", "a b", "a.b", "x" * 65])
def test_a_variable_needs_an_identifier(name: str) -> None:
    assert refused(TEXT | {"variables": {name: {}}}).startswith("/variables/")


def test_variables_are_bounded() -> None:
    draft(TEXT | {"variables": {f"v{i}": {} for i in range(256)}})
    assert refused(TEXT | {"variables": {f"v{i}": {} for i in range(257)}}) == "/variables"


@pytest.mark.parametrize(
    "key",
    [
        *("base_url", "baseURL", "api_base", "Azure-Endpoint", "api_key", "OPENAI_API_KEY", "apiKey", "aws_secret_access_key"),
        *("headers", "extra_headers", "default_headers", "Authorization", "client_secret", "password", "proxy", "url", "token"),
    ],
)
def test_a_model_says_nothing_about_addresses_and_credentials_at_any_depth(key: str) -> None:
    """A prompt that could would send an application's key and data wherever its author likes."""
    assert refused(TEXT | {"model": {"name": "m", key: "x"}}) == f"/model/{key}"
    deep = {"name": "m", "parameters": {"extra": [{"more": {key: "x"}}]}}
    assert refused(TEXT | {"model": deep}) == f"/model/parameters/extra/0/more/{key}"


def test_ordinary_parameters_are_no_credentials() -> None:
    parameters = {"temperature": 0.2, "max_tokens": 5, "max_output_tokens": 5, "stop": ["\n"], "logit_bias": {"50256": -100}}
    model = {"provider": "openai", "name": "gpt-5.2", "parameters": parameters | {"top_k": 1, "seed": 7, "keyword": "x"}}
    assert draft(TEXT | {"model": model}).document["model"] == model


def test_null_and_empty_fields_are_left_out() -> None:
    empty: dict[str, Any] = {"model": None, "tools": [], "response_format": None, "includes": {}, "variables": None}
    assert draft(TEXT | empty).document == {"kind": "text", "engine": "simple", "text": "Hi", "variables": {}}
    assert draft(TEXT | {"model": {}, "response_format": {}}) == draft(TEXT)


def test_parts_of_other_types_are_kept_as_they_are() -> None:
    parts = [
        {"type": "text", "text": "x", "cache_control": {"type": "e"}},
        {"type": "image_url", "image_url": {"url": "{{u}}"}},
    ]
    assert draft(message(role="tool", content=parts)).document["messages"][1]["content"] == parts


def test_a_variable_with_a_default_is_not_required_unless_somebody_says_so() -> None:
    specs = {"a": {}, "b": {"default": "x"}, "c": {"default": "x", "required": True}}
    found = draft(TEXT | {"variables": specs}).document["variables"]
    assert {name: spec["required"] for name, spec in found.items()} == {"a": True, "b": False, "c": True}


def test_a_long_text_is_refused_with_its_size() -> None:
    with pytest.raises(ContentTooLarge):
        draft(TEXT | {"text": "x" * 2**20})


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "content", "type", "a"]), inner),
    max_leaves=6,
)


@given(
    st.sampled_from([TEXT, CHAT]),
    st.sampled_from(["kind", "text", "messages", "variables", "model", "tools", "includes"]),
    json_values,
)
def test_anything_is_either_taken_or_refused_in_words(content: dict[str, Any], field: str, value: object) -> None:
    try:
        taken = draft(content | {field: value})
    except BadContent:
        refused(content | {field: value})
    else:
        assert json.dumps(taken.document)
