"""Differences of whole contents: the way from one to the other, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.canonical import canonical
from cuebook_server.domain.diff import Diff, Field, diff

Content = dict[str, Any]
NAMES = st.sampled_from(["a", "b", "tone", "x/y", "m~n", "0"])
PROSE = st.lists(st.sampled_from(["be", "kind", "{{a}}", ",", " ", "\n"])).map("".join) | st.text(max_size=5)
NUMBERS = st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 0.5, -0.0])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | PROSE,
    lambda v: st.lists(v, max_size=3) | st.dictionaries(NAMES, v, max_size=3),
    max_leaves=8,
)
PARTS = st.fixed_dictionaries({"type": st.just("text"), "text": PROSE}) | st.fixed_dictionaries(
    {"type": st.just("image_url"), "image_url": JSON}
)
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant"]), "content": PROSE | st.lists(PARTS, min_size=1, max_size=3)}
) | st.fixed_dictionaries({"placeholder": NAMES})
TOOLS = st.fixed_dictionaries(
    {"type": st.just("function"), "function": st.fixed_dictionaries({"name": NAMES}, optional={"x": JSON})}
)
SPECS = st.fixed_dictionaries(
    {"type": st.sampled_from(["string", "number"]), "required": st.booleans()},
    optional={"default": JSON, "enum": st.lists(JSON)},
)
REST = {
    "model": st.fixed_dictionaries({}, optional={"name": NAMES, "provider": NAMES, "parameters": st.dictionaries(NAMES, JSON)}),
    "tools": st.lists(TOOLS | st.dictionaries(NAMES, JSON), max_size=4),
    "response_format": st.dictionaries(NAMES, JSON),
    "includes": st.dictionaries(NAMES, st.integers(1, 3)),
}
COMMON = {"engine": st.just("simple"), "variables": st.dictionaries(NAMES, SPECS, max_size=3)}
TEXTS = st.fixed_dictionaries({"kind": st.just("text"), "text": PROSE, **COMMON}, optional=REST)
CHATS = st.fixed_dictionaries({"kind": st.just("chat"), "messages": st.lists(MESSAGES, max_size=5), **COMMON}, optional=REST)
CONTENTS = TEXTS | CHATS


def chat(*messages: tuple[str, object], **rest: Any) -> Content:
    return {
        "kind": "chat",
        "engine": "simple",
        "messages": [{"role": r, "content": c} for r, c in messages],
        "variables": {},
    } | rest


def apply(old: Content, found: Diff) -> Content:
    """The old content with the changes made in it, by the places they name and nothing else."""
    document: Content = json.loads(canonical(old))
    leaving = [field for field in found.fields if field.op == "removed"]
    others = [field for field in found.fields if field.op != "removed"]
    # Outer lists before what is in their items; in each what leaves, from the end, before what comes.
    for field in sorted([*reversed(leaving), *others], key=lambda field: len(field.steps)):
        change(document, field)
    for prose in found.prose:
        *way, key = (step.replace("~1", "/").replace("~0", "~") for step in prose.at.split("/"))
        below(document, way)[key] = "".join(change.new for change in prose.changes)
    return document


def change(document: Content, field: Field) -> None:
    *way, key = field.steps
    parent = below(document, way)
    place: Any = int(key) if isinstance(parent, list) else key
    if field.op == "removed":
        del parent[place]
    elif isinstance(parent, list) and field.op == "added":
        parent.insert(place, field.new)
    else:
        parent[place] = field.new


def below(value: Any, way: list[str]) -> Any:
    for step in way:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def changed(found: Diff) -> list[str]:
    """Which places changed, and how."""
    return [f"{field.op} {field.at}" for field in found.fields] + [f"prose {prose.at}" for prose in found.prose]


@given(CONTENTS, CONTENTS)
def test_a_difference_leads_from_one_to_the_other(old: Content, new: Content) -> None:
    assert canonical(apply(old, diff(old, new))) == canonical(new)


@given(CONTENTS, st.data())
def test_reordered_messages_and_tools_come_back(old: Content, data: st.DataObject) -> None:
    lists = {key: data.draw(st.permutations(value)) for key, value in old.items() if key in ("messages", "tools")}
    assert canonical(apply(old, diff(old, old | lists))) == canonical(old | lists)


@given(CONTENTS, CONTENTS)
def test_is_empty_for_the_same_and_only_then(old: Content, new: Content) -> None:
    found = diff(old, new)
    same = canonical(old) == canonical(new)
    assert found.same is same
    assert (not found.prose and not found.fields) is same


@pytest.mark.parametrize(
    ("old", "new", "same"), [(1, 1.0, True), (0, -0.0, True), (1, True, False), (0, False, False), (1, "1", False)]
)
def test_numbers_are_what_json_says(old: Any, new: Any, same: bool) -> None:
    before, after = ({"model": {"parameters": {"x": value, "y": [value]}}} for value in (old, new))
    places = [] if same else ["changed model/parameters/x", "changed model/parameters/y"]
    assert changed(diff(before, after)) == places


def test_a_changed_message_is_prose_though_others_came_before_it() -> None:
    old = chat(("system", "Be kind."), ("user", "The ticket says {{ticket}}"))
    new = chat(("system", "Be kind."), ("user", "Hello"), ("assistant", "Hi"), ("user", "The new ticket says {{ticket}}"))
    assert changed(diff(old, new)) == ["added messages/1", "added messages/2", "prose messages/3/content"]


def test_a_message_written_anew_is_still_the_system_message() -> None:
    found = diff(chat(("system", "Be kind.")), chat(("system", "Never lie!")))
    assert [(prose.label, prose.words_added, prose.words_removed) for prose in found.prose] == [("the system message", 2, 2)]


def test_another_role_is_another_message() -> None:
    assert changed(diff(chat(("user", "Hello")), chat(("system", "Hello")))) == ["removed messages/0", "added messages/0"]


def test_many_changed_messages_are_paired_by_role() -> None:
    old = chat(*(("user", f"question {i}") for i in range(30)))
    new = chat(*(("user", f"query {i}") for i in range(30)))
    assert changed(diff(old, new)) == [f"prose messages/{i}/content" for i in range(30)]


def test_text_parts_are_prose_and_other_parts_fields() -> None:
    old, new = (
        chat(("user", [{"type": "text", "text": t}, {"type": "image_url", "image_url": {"url": u}}]))
        for t, u in [("a b", "x"), ("a c", "y")]
    )
    found = diff(old, new)
    assert changed(found) == ["changed messages/0/content/1/image_url/url", "prose messages/0/content/0/text"]
    assert found.prose[0].label == "part 1 of the user message"


def test_tools_go_by_name() -> None:
    def tools(*names: str, **more: str) -> Content:
        return chat(tools=[{"type": "function", "function": {"name": name} | more} for name in names])

    assert changed(diff(tools("find", "send"), tools("look", "send"))) == ["removed tools/0", "added tools/0"]
    assert changed(diff(tools("find"), tools("find", x="1"))) == ["added tools/0/function/x"]


def test_places_are_told_apart_whatever_the_keys() -> None:
    old, new = ({"model": {"parameters": {"a/b": v, "a": {"b": 1}, "~1": 2}}} for v in (1, 2))
    assert changed(diff(old, new)) == ["changed model/parameters/a~1b"]


def test_shows_both_sides_and_leaves_out_the_one_that_is_not() -> None:
    old, new = {"model": {"name": "m", "provider": "p"}}, {"model": {"name": "n", "parameters": {}}}
    shown = [{k: v for k, v in field.items() if k != "label"} for field in diff(old, new).to_json()["fields"]]
    assert shown == [
        {"at": "model/name", "op": "changed", "old": "m", "new": "n"},
        {"at": "model/parameters", "op": "added", "new": {}},
        {"at": "model/provider", "op": "removed", "old": "p"},
    ]
