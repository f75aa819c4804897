"""Differences in plain words, and how far they reach."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from cuebook_server.domain.canonical import canonical, read_canonical
from cuebook_server.domain.diff import diff, reach
from cuebook_server.domain.summary import summarize
from tests.domain.test_diff import CONTENTS, Content, chat

REQUIRED = {"type": "string", "required": True}
TOOL = {"name": "lookup", "input_schema": {}}
SYSTEM = ("system", "Answer kindly.")


def told(old: Content, new: Content) -> list[str]:
    return summarize(diff(old, new))


def model(name: str = "gpt-5", **parameters: Any) -> Content:
    return chat(SYSTEM, model={"provider": "openai", "name": name, "parameters": parameters})


@given(CONTENTS, CONTENTS)
def test_says_something_when_something_changed_and_only_then(old: Content, new: Content) -> None:
    found = diff(old, new)
    assert bool(summarize(found)) is not found.same
    assert (found.reach == "none") is found.same
    assert all(phrase and "\n" not in phrase for phrase in summarize(found))


@given(CONTENTS, CONTENTS)
def test_the_reach_is_the_same_without_comparing_words(old: Content, new: Content) -> None:
    as_read = (read_canonical(canonical(content)) for content in (old, new))
    assert reach(*as_read) == diff(old, new).reach


def test_what_the_application_must_know_comes_first_and_the_text_last() -> None:
    old = model(temperature=0.2) | {"messages": [{"role": "system", "content": "Answer kindly, always, and in full."}]}
    new = model(temperature=0.7) | {"variables": {"tone": REQUIRED}}
    new["messages"] = [{"role": "system", "content": "Answer in a {{tone}} tone, always."}]
    assert told(old, new) == [
        "adds the required variable `tone`",
        "temperature 0.2 -> 0.7",
        "4 words added, 4 removed in the system message",
    ]


@pytest.mark.parametrize(
    ("old", "new", "phrases"),
    [
        ({}, {"tone": REQUIRED}, ["adds the required variable `tone`"]),
        ({}, {"tone": REQUIRED | {"required": False}}, ["adds the optional variable `tone`"]),
        ({"tone": REQUIRED}, {}, ["drops the variable `tone`"]),
        ({"tone": REQUIRED}, {"tone": REQUIRED | {"required": False}}, ["makes the variable `tone` optional"]),
        ({"n": REQUIRED}, {"n": REQUIRED | {"type": "number"}}, ["`n`'s type string -> number"]),
        ({"n": REQUIRED}, {"n": REQUIRED | {"default": "a b"}}, ['sets `n`\'s default to "a b"']),
        ({"n": REQUIRED}, {"n": REQUIRED | {"description": "what it is " * 9}}, ["sets `n`'s description"]),
    ],
)
def test_variables(old: Content, new: Content, phrases: list[str]) -> None:
    assert told(chat(SYSTEM, variables=old), chat(SYSTEM, variables=new)) == phrases


@pytest.mark.parametrize(
    ("old", "new", "phrases"),
    [
        (model(), model("gpt-5.2"), ["model gpt-5 -> gpt-5.2"]),
        (model(), model(top_p=1), ["sets top_p to 1"]),
        (model(stop=["a"]), model(), ['drops stop (was ["a"])']),
        (model(thinking={"budget": 1}), model(thinking={"budget": 2}), ["thinking.budget 1 -> 2"]),
        (chat(SYSTEM), model(top_p=1), ["sets the model to gpt-5", "sets top_p to 1", "sets the provider to openai"]),
        (chat(SYSTEM), chat(SYSTEM, model={}), ["changes the model"]),
    ],
)
def test_model(old: Content, new: Content, phrases: list[str]) -> None:
    assert told(old, new) == phrases


@pytest.mark.parametrize(
    ("old", "new", "phrases"),
    [
        (chat(SYSTEM), chat(SYSTEM, tools=[TOOL]), ["adds the tool `lookup`"]),
        (chat(SYSTEM, tools=[TOOL]), chat(SYSTEM, tools=[]), ["drops the tool `lookup`"]),
        (chat(tools=[TOOL, {"name": "b"}]), chat(tools=[{"name": "b"}, TOOL]), ["moves the tool `b`"]),
        (chat(tools=[TOOL]), chat(tools=[TOOL | {"description": "d", "strict": True}]), ["changes the tool `lookup`"]),
        (chat(tools=[]), chat(tools=[{"type": "web\x1b"}]), ["adds the 1st tool"]),
        (chat(tools=[]), chat(tools=[{"name": "a\x1b[2Jb"}]), ["adds the tool `a�[2Jb`"]),
        (chat(), chat(response_format={"type": "json_object"}), ["sets the response format"]),
        (
            chat(includes={"a": 3}),
            chat(includes={"a": 4, "b": 1}),
            ["fragment `a` 3 -> 4", "includes the fragment `b`, version 1"],
        ),
    ],
)
def test_tools_format_and_fragments(old: Content, new: Content, phrases: list[str]) -> None:
    assert told(old, new) == phrases


@pytest.mark.parametrize(
    ("new", "phrases"),
    [
        (chat(SYSTEM, ("user", "Hi there")), ["adds a user message (2 words)"]),
        (chat(("user", "a"), ("user", "b c"), SYSTEM), ["adds 2 user messages (3 words)"]),
        (chat(), ["drops a system message (2 words)"]),
        (chat(("system", "Answer\n\nkindly.")), ["changes only white space in the system message"]),
        (chat(("system", "Answer, kindly!")), ["changes only punctuation in the system message"]),
        (chat(("system", "Answer.")), ["1 word removed in the system message"]),
        (chat(("system", "Answer quickly and kindly.")), ["2 words added in the system message"]),
        (chat(("system", [{"type": "text", "text": "Answer"}])), ["changes the system message"]),
        ({"kind": "text", "engine": "simple", "text": "a", "variables": {}}, ["turns the chat prompt into a text prompt"]),
    ],
)
def test_messages(new: Content, phrases: list[str]) -> None:
    assert told(chat(SYSTEM), new) == phrases


def test_moved_messages_and_placeholders() -> None:
    old = chat(SYSTEM, ("user", "Hi"))
    old["messages"].append({"placeholder": "history"})
    new = chat(("user", "Hi"), SYSTEM)
    assert told(old, new) == ["moves a user message (1 word)", "drops the placeholder `history`"]


def test_one_of_two_equal_messages_moves_and_the_other_goes() -> None:
    hi, pad = ("user", "Hi"), [("system", text) for text in "abcd"]
    assert told(chat(hi, hi, *pad), chat(*pad, hi)) == ["moves a user message (1 word)", "drops a user message (1 word)"]


def test_stays_short_whatever_changed() -> None:
    old, new = (chat(model={"parameters": {f"p{i:02}": value for i in range(22)}}) for value in (1, 2))
    phrases = told(old, new)
    assert (phrases[0], phrases[-1], len(phrases)) == ("p00 1 -> 2", "2 more changes", 21)


def test_several_messages_of_a_role_are_counted() -> None:
    old, new = (chat(("user", "first"), ("user", f"the {word} question")) for word in ("second", "other"))
    assert told(old, new) == ["1 word added, 1 removed in the 2nd user message"]


@pytest.mark.parametrize(
    ("new", "reach"),
    [
        (chat(SYSTEM), "none"),
        (chat(("system", "Answer fast.")), "wording"),
        (chat(SYSTEM, ("assistant", "Yes?")), "wording"),
        (chat(SYSTEM, ("user", [{"type": "text", "text": "Hi"}])), "wording"),
        (chat(SYSTEM, ("user", [{"type": "image_url"}])), "contract"),
        (model(), "model"),
        (chat(("system", "Answer fast."), model={"name": "gpt-5.2"}), "model"),
        (model() | {"variables": {"tone": REQUIRED}}, "contract"),
        (chat(SYSTEM, tools=[TOOL]), "contract"),
        (chat(SYSTEM, response_format={"type": "text"}), "contract"),
        (chat(SYSTEM, includes={"a": 1}), "contract"),
        (chat(SYSTEM) | {"messages": [{"placeholder": "history"}]}, "contract"),
        ({"kind": "text", "engine": "simple", "text": "Answer kindly.", "variables": {}}, "contract"),
    ],
)
def test_reach(new: Content, reach: str) -> None:
    assert diff(chat(SYSTEM), new).reach == reach


def test_a_variable_described_anew_is_wording() -> None:
    old, new = (chat(SYSTEM, variables={"tone": REQUIRED | {"description": text}}) for text in ("how", "how it sounds"))
    assert diff(old, new).reach == "wording"


def test_a_text_part_that_came_is_wording_and_an_image_is_not() -> None:
    text, image = {"type": "text", "text": "a"}, {"type": "image_url"}
    one, two, three = (chat(("user", parts)) for parts in ([text], [text, text], [text, image]))
    assert diff(one, two).reach == "wording"
    assert diff(one, three).reach == "contract"
