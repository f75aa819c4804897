"""What really arrives at a provider when its own SDK is called with our keyword arguments."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

import cuebook
from cuebook import providers
from cuebook.testing import FakeClient
from tests.sdk.standin import Asked, Reply, StandIn, reply

OPENAI_ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}],
}
ANTHROPIC_ANSWER = {
    "id": "1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "ok"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
SCHEMA = {"type": "object", "properties": {"team": {"type": "string"}}, "required": ["team"], "additionalProperties": False}
LOOK_UP = {"name": "look_up", "description": "Finds a customer.", "parameters": {"type": "object", "properties": {}}}
CHAT: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": "Be {{tone}}."},
        {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "user", "content": "{{ticket}}"},
    ],
    "model": {"provider": "openai", "name": "m", "parameters": {"temperature": 0.2, "stop": "END", "seed": 7, "top_k": 5}},
    "tools": [{"type": "function", "function": LOOK_UP}],
    "response_format": {"type": "json_schema", "json_schema": {"name": "triage", "schema": SCHEMA}},
}


@pytest.fixture
def provider() -> Iterator[StandIn]:
    def answer(asked: Asked) -> Reply:
        return reply(ANTHROPIC_ANSWER if asked.path == "/v1/messages" else OPENAI_ANSWER)

    with StandIn(answer).running() as standin:
        yield standin


def call_of(content: Any, **values: Any) -> cuebook.Call:
    return FakeClient({"support.triage": content}).render("support.triage", values)


def to_openai(provider: StandIn, **kwargs: Any) -> Any:
    with openai.OpenAI(base_url=provider.url, api_key="k", max_retries=0) as client:
        client.chat.completions.create(**kwargs)
    return json.loads(provider.asked[-1].body)


def to_anthropic(provider: StandIn, **kwargs: Any) -> Any:
    with anthropic.Anthropic(base_url=provider.url, api_key="k", max_retries=0) as client:
        client.messages.create(**kwargs)
    return json.loads(provider.asked[-1].body)


def test_a_chat_prompt_at_openai(provider: StandIn) -> None:
    sent = to_openai(provider, **call_of(CHAT, tone="kind", ticket="help").openai())
    assert sent == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
            {"role": "user", "content": "help"},
        ],
        **CHAT["model"]["parameters"],
        "tools": CHAT["tools"],
        "response_format": CHAT["response_format"],
    }


def test_a_chat_prompt_at_anthropic(provider: StandIn) -> None:
    sent = to_anthropic(provider, **call_of(CHAT, tone="kind", ticket="help").anthropic())
    assert sent == {
        "model": "m",
        "system": "Be kind.\n\nBe brief.",
        "messages": [{"role": "user", "content": "help"}],
        "max_tokens": providers.ANTHROPIC_MAX_TOKENS,
        "temperature": 0.2,
        "top_k": 5,
        "stop_sequences": ["END"],
        "tools": [{"name": "look_up", "description": "Finds a customer.", "input_schema": LOOK_UP["parameters"]}],
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    }


def test_a_text_prompt_needs_a_model_from_somewhere(provider: StandIn) -> None:
    call = call_of("Hello {{who}}", who="you")
    for helper in (call.openai, call.anthropic):
        with pytest.raises(cuebook.Invalid, match=r"support\.triage names no model"):
            helper()
    hello = [{"role": "user", "content": "Hello you"}]
    assert to_openai(provider, **call.openai(model="x")) == {"model": "x", "messages": hello}
    assert to_anthropic(provider, **call.anthropic(model="x", max_tokens=9)) == {
        "model": "x",
        "messages": hello,
        "max_tokens": 9,
    }


def test_what_the_caller_says_wins_and_reaches_both(provider: StandIn) -> None:
    call = call_of(CHAT, tone="kind", ticket="help")
    for send, kwargs in ((to_openai, call.openai), (to_anthropic, call.anthropic)):
        sent = send(provider, **kwargs(model="other", temperature=1.0, extra_body={"theirs": 1}))
        assert (sent["model"], sent["temperature"], sent["theirs"]) == ("other", 1.0, 1)


@pytest.mark.parametrize(
    ("parameters", "arrives"),
    [
        ({"max_completion_tokens": 5}, {"max_tokens": 5}),
        ({"max_tokens": 5, "stop": ["a", "b"]}, {"max_tokens": 5, "stop_sequences": ["a", "b"]}),
        ({"reasoning_effort": "low"}, {"output_config": {"effort": "low"}}),
        ({"user": "u1"}, {"metadata": {"user_id": "u1"}}),
        ({"tool_choice": "required"}, {"tool_choice": {"type": "any"}}),
        ({"tool_choice": "none", "parallel_tool_calls": False}, {"tool_choice": {"type": "none"}}),
        ({"parallel_tool_calls": False}, {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, {"tool_choice": {"type": "tool", "name": "f"}}),
        ({"tool_choice": {"type": "tool", "name": "f"}}, {"tool_choice": {"type": "tool", "name": "f"}}),
        ({"thinking": {"type": "adaptive"}}, {"thinking": {"type": "adaptive"}}),
        ({"frequency_penalty": 1, "n": 2, "logprobs": True}, {}),
    ],
)
def test_parameters_are_mapped_for_anthropic(provider: StandIn, parameters: dict[str, Any], arrives: dict[str, Any]) -> None:
    sent = to_anthropic(provider, **call_of({"text": "x", "model": {"name": "m", "parameters": parameters}}).anthropic())
    rest = {k: v for k, v in sent.items() if k not in {"model", "messages"}}
    assert rest == {"max_tokens": providers.ANTHROPIC_MAX_TOKENS, **arrives}


def test_a_conversation_with_tools_and_images_at_anthropic(provider: StandIn) -> None:
    call = call_of({"messages": [{"role": "user", "content": "who?"}], "model": {"name": "m"}})
    function = {"name": "look_up", "arguments": '{"id": 7}'}
    call.messages += [
        {"role": "assistant", "content": "Let me see.", "tool_calls": [{"id": "t1", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "t1", "content": "Ada"},
        {"role": "user", "content": [image("data:image/png;base64,AAAA"), image("https://example.org/a.png")]},
    ]
    sent = to_anthropic(provider, **call.anthropic())["messages"]
    use = {"type": "tool_use", "id": "t1", "name": "look_up", "input": {"id": 7}}
    assert sent[1] == {"role": "assistant", "content": [{"type": "text", "text": "Let me see."}, use]}
    assert sent[2] == {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "Ada"}]}
    sources = [block["source"] for block in sent[3]["content"]]
    assert sources == [
        {"type": "base64", "media_type": "image/png", "data": "AAAA"},
        {"type": "url", "url": "https://example.org/a.png"},
    ]


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def test_tools_and_formats_may_be_bare(provider: StandIn) -> None:
    content = {"text": "x", "model": {"name": "m"}, "tools": [LOOK_UP], "response_format": SCHEMA}
    at_openai, at_anthropic = call_of(content).openai(), call_of(content).anthropic()
    assert to_openai(provider, **at_openai)["tools"] == [{"type": "function", "function": LOOK_UP}]
    assert at_openai["response_format"]["json_schema"]["schema"] == SCHEMA
    assert to_anthropic(provider, **at_anthropic)["tools"][0]["input_schema"] == LOOK_UP["parameters"]
    assert at_anthropic["output_config"]["format"]["schema"] == SCHEMA


def test_a_tool_the_provider_runs_itself_stays_as_it_is() -> None:
    tool = {"type": "web_search_20250305", "name": "web_search"}
    call = call_of({"text": "x", "model": {"name": "m"}, "tools": [tool]})
    assert call.anthropic()["tools"] == call.openai()["tools"] == [tool]


def test_a_prompt_cannot_reach_past_the_body(provider: StandIn) -> None:
    evil = {
        "extra_headers": {"X-Evil": "1"},
        "timeout": 0,
        "base_url": "http://evil.invalid",
        "messages": [],
        "model": "evil",
        "stream": True,
    }
    call = call_of({"text": "x", "model": {"name": "m", "parameters": evil}})
    for send, kwargs in ((to_openai, call.openai()), (to_anthropic, call.anthropic())):
        sent = send(provider, **kwargs)
        assert sent["model"] == "m"
        assert sent["messages"] == [{"role": "user", "content": "x"}]
        assert not (set(evil) - {"messages", "model"}) & set(sent)
        assert "x-evil" not in provider.asked[-1].headers


def test_the_installed_sdks_know_every_argument_we_name() -> None:
    create = openai.OpenAI(api_key="k").chat.completions.create
    assert set(inspect.signature(create).parameters) >= providers.OPENAI_ARGUMENTS
    assert set(inspect.signature(anthropic.Anthropic(api_key="k").messages.create).parameters) >= providers.ANTHROPIC_ARGUMENTS
