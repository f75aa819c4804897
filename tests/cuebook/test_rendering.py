"""Served prompts rendered: the contract of values, and a structure that no value can change."""

from __future__ import annotations

import copy
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook import rendering
from cuebook.rendering import Rendered

NAUGHTY = Path(__file__).parents[1] / "data" / "naughty-strings" / "blns.json"
USER_TURN: dict[str, Any] = {"role": "user", "content": "{{not}} scanned"}
CHAT: dict[str, Any] = {
    "kind": "chat",
    "engine": "simple",
    "messages": [
        {"role": "system", "content": "Be {{tone}}."},
        {"placeholder": "history"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "{{ticket}}", "cache_control": {"type": "ephemeral"}},
                {"type": "image_url", "image_url": {"url": "{{ticket}}"}},
            ],
        },
    ],
    "variables": {"tone": {"type": "string", "default": "warm"}, "ticket": {"type": "string", "required": True}},
}


def render(served: dict[str, Any], **values: object) -> Rendered:
    return rendering.compile(served).render(values)


def text(source: str, **values: object) -> str | None:
    return render({"kind": "text", "text": source}, **values).text


def test_text() -> None:
    assert render({"kind": "text", "text": "Hi {{name}}"}, name="Ada") == Rendered("Hi Ada", None, ())


def test_chat() -> None:
    assert render(CHAT, ticket="It {{leaks}}", history=[USER_TURN]).messages == [
        {"role": "system", "content": "Be warm."},
        USER_TURN,
        {
            "role": "user",
            "content": [
                {"type": "text", "cache_control": {"type": "ephemeral"}, "text": "It {{leaks}}"},
                {"type": "image_url", "image_url": {"url": "{{ticket}}"}},
            ],
        },
    ]


def shape(value: Any) -> Any:
    """A message list without its texts."""
    if isinstance(value, dict):
        return {key: ... if key in ("content", "text") and isinstance(v, str) else shape(v) for key, v in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else value


@given(st.text(), st.text())
def test_no_value_changes_the_structure(tone: str, ticket: str) -> None:
    plain = render(CHAT, tone="", ticket="").messages
    rendered = render(CHAT, tone=tone, ticket=ticket).messages
    assert shape(rendered) == shape(plain)
    assert rendered is not None
    assert rendered[0]["content"] == f"Be {tone}."
    assert rendered[1]["content"][0]["text"] == ticket


@given(st.lists(st.fixed_dictionaries({"role": st.sampled_from(rendering.ROLES), "content": st.text()}), max_size=4))
def test_a_history_stands_where_its_placeholder_stands_word_for_word(history: list[dict[str, str]]) -> None:
    messages = render(CHAT, ticket="t", history=history).messages
    assert messages is not None
    assert messages[1:-1] == history


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("hello", "is not an object"),
        ({"role": "user"}, "is not an object"),
        (USER_TURN | {"name": "x"}, "is not an object"),
        (USER_TURN | {"role": "root"}, "needs one of the roles"),
        (USER_TURN | {"role": ["user"]}, "needs one of the roles"),
        (USER_TURN | {"content": None}, "needs a string or a list of typed parts"),
        (USER_TURN | {"content": [{"text": "x"}]}, "needs a string or a list of typed parts"),
        (USER_TURN | {"content": [{"type": "text", "text": 1}]}, "needs a string or a list of typed parts"),
    ],
)
def test_a_bad_message_in_a_history_is_refused(message: object, problem: str) -> None:
    with pytest.raises(rendering.BadMessage, match=f"message 1 for the placeholder history {problem}"):
        render(CHAT, ticket="t", history=[USER_TURN, message])


@pytest.mark.parametrize("history", ["text", None, {"role": "user"}, [USER_TURN | {"content": [{"type": "x", "y": math.nan}]}]])
def test_a_history_that_is_no_list_of_json_messages_is_refused(history: object) -> None:
    with pytest.raises(rendering.WrongType, match="the variable history takes a list of messages"):
        render(CHAT, ticket="t", history=history)


def test_what_the_prompt_does_not_know_is_listed_sorted() -> None:
    assert render(CHAT, z=1, ticket="t", a=[], history=[]).ignored == ("a", "z")


def test_a_variable_without_a_spec_is_a_required_string() -> None:
    with pytest.raises(rendering.MissingVariables, match="missing variables: a, b"):
        text("{{a}} {{b}}")
    with pytest.raises(rendering.WrongType):
        text("{{a}}", a=1)


def test_output_belongs_to_the_caller() -> None:
    served, history = copy.deepcopy(CHAT), [copy.deepcopy(USER_TURN)]
    compiled = rendering.compile(served)
    first = compiled.render({"ticket": "t", "history": history}).messages
    assert first is not None
    expected = copy.deepcopy(first)
    for part in (first[2]["content"][0]["cache_control"], first[2]["content"][1]["image_url"], first[1], first[0]):
        part.clear()
    served["messages"][2]["content"][1]["image_url"].clear()
    assert history == [USER_TURN]
    assert compiled.render({"ticket": "t", "history": history}).messages == expected


@pytest.mark.parametrize("letter", ["x", "é", "語", "👋"])
def test_output_is_bounded_to_the_byte(letter: str) -> None:
    half = letter * (rendering.RENDER_BYTES_MAX // 2 // len(letter.encode()))
    rest = "." * (rendering.RENDER_BYTES_MAX - 2 * len(half.encode()))
    assert text("{{a}}{{a}}" + rest, a=half) is not None
    with pytest.raises(rendering.RenderTooLarge):
        text("{{a}}{{a}}." + rest, a=half)


def test_output_is_bounded_before_it_is_built() -> None:
    with pytest.raises(rendering.RenderTooLarge) as caught:
        text("{{a}}" * 100_000, a="x" * 1_000_000)
    assert caught.value.size == 100_000 * 1_000_000


def test_a_history_counts_for_the_bound() -> None:
    with pytest.raises(rendering.RenderTooLarge):
        render(CHAT, ticket="t", history=[{"role": "user", "content": "x" * rendering.RENDER_BYTES_MAX}])


@pytest.mark.parametrize(
    "served",
    [
        {},
        {"kind": "image"},
        {"kind": "text"},
        {"kind": "text", "text": None},
        {"kind": "text", "text": "x", "engine": "jinja2"},
        {"kind": "text", "text": "x", "variables": ["a"]},
        {"kind": "chat", "messages": [{"role": "user"}]},
        {"kind": "chat", "messages": [{"role": "user", "content": ["text"]}]},
        {"kind": "chat", "messages": "text"},
    ],
)
def test_what_is_no_served_prompt_is_refused(served: dict[str, Any]) -> None:
    with pytest.raises(rendering.BadPrompt):
        rendering.compile(served)


def test_a_prompt_with_open_includes_is_refused() -> None:
    with pytest.raises(rendering.UnresolvedIncludes):
        rendering.compile({"kind": "text", "text": "{{> a.b}}"})


@pytest.mark.parametrize("kind", ["string", "any"])
def test_naughty_strings_as_values_and_defaults(kind: str) -> None:
    for naughty in json.loads(NAUGHTY.read_text("utf-8")):
        served = {"kind": "text", "text": "<{{a}}>", "variables": {"a": {"type": kind, "default": naughty}}}
        assert render(served).text == render(served, a=naughty).text == f"<{naughty}>"


def test_naughty_strings_inside_json_values() -> None:
    served = {"kind": "text", "text": "{{a}}", "variables": {"a": {"type": "array"}}}
    strings = json.loads(NAUGHTY.read_text("utf-8"))
    assert json.loads(render(served, a=strings).text or "") == strings


def test_it_needs_the_standard_library_only() -> None:
    """An application that renders in a small worker pays for nothing else."""
    script = "import sys, cuebook.rendering; print({m.partition('.')[0] for m in sys.modules} - sys.stdlib_module_names)"
    found = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert "httpx2" not in found.stdout
    assert "rfc8785" not in found.stdout
