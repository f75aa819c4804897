"""Drafts become content: normal form, digests, fragments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook import rendering
from cuebook.template import escape
from cuebook_server.domain.canonical import read_canonical
from cuebook_server.domain.content import Content, draft, lock, texts
from cuebook_server.domain.errors import BadContent, ContentTooLarge, FragmentMissing
from cuebook_server.domain.fragment import Fragment

NAUGHTY: list[str] = json.loads((Path(__file__).parents[1] / "data" / "naughty-strings" / "blns.json").read_text("utf-8"))
REQUIRED = {"type": "string", "required": True}
TONE_SPEC = {"type": "string", "required": True, "enum": ["warm", "cold"]}
TONE = Fragment("support.tone", 4, "Be {{tone}}. {{ legal.text }}", {"tone": TONE_SPEC})
FRAGMENTS = {"support.tone": TONE, "b": Fragment("b", 1, "B {{x}}", {"x": REQUIRED, "tone": REQUIRED})}


def locked(content: object, fragments: dict[str, Fragment] | None = None) -> Content:
    return lock(draft(content), FRAGMENTS if fragments is None else fragments)


def text(source: str, **fields: object) -> dict[str, Any]:
    return {"kind": "text", "text": source, **fields}


# --- laws ----------------------------------------------------------------------------------------------------------------
words = st.text(st.characters(codec="utf-8"), max_size=8)
sources = st.lists(words | st.sampled_from(["{{x}}", "{{ tone }}", "{{> support.tone}}", "{{> b}}", "{{", "}}"])).map("".join)
values = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | words | st.floats(-1e9, 1e9)
objects = st.dictionaries(words, values | st.lists(values, max_size=3), max_size=3)
parts = st.lists(
    st.fixed_dictionaries({"type": st.just("text"), "text": sources}, optional={"x": values}), min_size=1, max_size=3
)
message = st.fixed_dictionaries({"role": st.sampled_from(rendering.ROLES), "content": sources | parts})
optional = {
    "tools": st.lists(objects, max_size=2),
    "response_format": st.none() | objects,
    "model": st.none() | st.fixed_dictionaries({"name": st.just("m")}, optional={"parameters": st.just({"temperature": 1.0})}),
    "includes": st.fixed_dictionaries({}, optional={"support.tone": st.just(4), "unused": st.just(9)}),
    "variables": st.fixed_dictionaries({}, optional={"x": st.just({"default": "1"}), "y": st.just({"type": "integer"})}),
}
contents = st.fixed_dictionaries(
    {"kind": st.just("text"), "text": sources.filter(str.strip)}, optional=optional
) | st.fixed_dictionaries({"kind": st.just("chat"), "messages": st.lists(message, min_size=1, max_size=3)}, optional=optional)


@given(contents)
def test_saving_a_document_again_gives_the_same_digest(content: dict[str, Any]) -> None:
    first = locked(content)
    again = locked(first.document)
    assert (again.digest, again.served_canonical) == (first.digest, first.served_canonical)


@given(contents)
def test_the_order_of_keys_does_not_count(content: dict[str, Any]) -> None:
    assert locked(dict(reversed(content.items()))).digest == locked(content).digest


@given(contents)
def test_canonical_bytes_read_back_are_the_document(content: dict[str, Any]) -> None:
    saved = locked(content)
    assert read_canonical(saved.canonical) == saved.document
    assert read_canonical(saved.served_canonical or saved.canonical) == saved.served


@given(contents)
def test_what_is_served_can_be_rendered_with_what_it_asks_for(content: dict[str, Any]) -> None:
    compiled = rendering.compile(locked(content).served)
    given_values = {"x": "1", "y": 2, "tone": "warm"}
    assert compiled.variables <= given_values.keys()
    assert set(compiled.render(given_values).ignored) == given_values.keys() - compiled.variables


@given(contents)
def test_the_given_value_is_neither_changed_nor_kept(content: dict[str, Any]) -> None:
    before = json.dumps(content)
    saved = locked(content)
    content.clear()
    assert json.dumps(content) != before
    assert read_canonical(saved.canonical) == saved.document


# --- normal form ---------------------------------------------------------------------------------------------------------
def test_normal_form_of_a_text() -> None:
    saved = locked(text("Hi {{name}}"))
    assert saved.document == {"kind": "text", "engine": "simple", "text": "Hi {{name}}", "variables": {"name": REQUIRED}}
    assert saved.served == saved.document
    assert saved.served_canonical is None


def test_whole_floats_and_integers_are_the_same_content() -> None:
    one, other = ({"name": "m", "parameters": {"temperature": number}} for number in (1, 1.0))
    assert locked(text("x", model=one)).digest == locked(text("x", model=other)).digest
    assert locked(text("x", variables={"n": {"type": "integer", "default": 2.0}})).document["variables"]["n"]["default"] == 2


def test_what_is_declared_is_kept_and_what_is_used_is_added() -> None:
    saved = locked(text("{{a}} {{b}}", variables={"b": {"type": "integer"}, "unused": {}}))
    assert saved.document["variables"] == {"a": REQUIRED, "b": {"type": "integer", "required": True}, "unused": REQUIRED}


def test_too_many_used_variables_are_refused() -> None:
    locked(text(" ".join(f"{{{{v{i}}}}}" for i in range(256))))
    with pytest.raises(BadContent, match="257 variables"):
        locked(text(" ".join(f"{{{{v{i}}}}}" for i in range(257))))


def test_a_placeholder_and_a_variable_need_different_names() -> None:
    messages = [{"placeholder": "x"}, {"role": "user", "content": "{{> b}}"}]
    with pytest.raises(BadContent, match="`x` names a placeholder and a variable") as caught:
        locked({"kind": "chat", "messages": messages})
    assert caught.value.data["at"] == "/messages/0/placeholder"


# --- fragments -----------------------------------------------------------------------------------------------------------
def test_fragments_are_locked_and_flattened() -> None:
    saved = locked(text("Hi. {{> support.tone}} {{x}}"))
    assert saved.document["includes"] == {"support.tone": 4}
    assert saved.document["text"] == "Hi. {{> support.tone}} {{x}}"
    assert saved.served["text"] == "Hi. Be {{tone}}. {{ legal.text }} {{x}}"
    assert "includes" not in saved.served


def test_fragments_are_flattened_in_messages_and_text_parts_only() -> None:
    image = {"type": "image", "url": "{{> b}}"}
    content = {"kind": "chat", "messages": [{"role": "user", "content": [{"type": "text", "text": "{{> b}}"}, image]}]}
    served = locked(content).served["messages"][0]["content"]
    assert served == [{"type": "text", "text": "B {{x}}"}, image]


def test_a_fragments_variables_are_served_with_its_spec_but_belong_to_it() -> None:
    """A document that kept them would go on asking for them after a newer fragment dropped them."""
    saved = locked(text("{{> support.tone}}{{> b}}{{y}}"))
    assert saved.document["variables"] == {"y": REQUIRED}
    assert saved.served["variables"] == {"tone": TONE_SPEC, "x": REQUIRED, "y": REQUIRED}


def test_a_declared_spec_wins_over_a_fragments_and_that_over_an_inferred_one() -> None:
    own = {"type": "string", "required": False}
    declared = locked(text("{{> support.tone}}", variables={"tone": own}))
    inferred = locked(text("{{> b}}{{> support.tone}}{{tone}}"))
    assert declared.served["variables"]["tone"] == own
    assert inferred.document["variables"]["tone"] == inferred.served["variables"]["tone"] == TONE_SPEC


def test_a_draft_names_the_fragments_it_wants() -> None:
    found = draft(text("{{> b}}{{> support.tone}}{{> b}}{{{{> c}}", includes={"b": 2, "c": 1}))
    assert (found.includes_wanted, found.pins) == (("b", "support.tone"), {"b": 2})


def test_includes_are_bounded() -> None:
    draft(text(" ".join(f"{{{{> f{i}}}}}" for i in range(256))))
    with pytest.raises(BadContent, match="257 fragments"):
        draft(text(" ".join(f"{{{{> f{i}}}}}" for i in range(257))))


@pytest.mark.parametrize("content", [text("{{> gone}}"), text("{{> b}}", includes={"b": 7})])
def test_a_missing_fragment_or_version_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(FragmentMissing):
        locked(content)


@pytest.mark.parametrize(
    "content",
    [
        text("{{> big}}" * 100_000),
        {"kind": "chat", "messages": [{"role": "user", "content": "{{> big}}"}] * 10_000},
    ],
)
def test_many_includes_of_a_large_fragment_are_refused_before_they_are_built(content: dict[str, Any]) -> None:
    with pytest.raises(ContentTooLarge):
        locked(content, {"big": Fragment("big", 1, "x" * 1_000_000)})


# --- text ----------------------------------------------------------------------------------------------------------------
def test_texts_for_search() -> None:
    parts = [{"type": "text", "text": "two\x00"}, {"type": "image", "url": "u"}]
    messages = [{"role": "user", "content": "one"}, {"placeholder": "h"}, {"role": "user", "content": parts}]
    assert texts(locked({"kind": "chat", "messages": messages}).document) == "one\ntwo"
    assert texts(locked(text("one")).document) == "one"


def test_naughty_strings_as_texts_and_defaults() -> None:
    for naughty in filter(str.strip, NAUGHTY):
        content = text(escape(naughty), variables={"v": {"default": naughty, "description": naughty}})
        saved = locked(content)
        assert read_canonical(saved.canonical)["variables"]["v"]["default"] == naughty
        assert rendering.compile(saved.served).render({}).text == naughty
        assert locked(saved.document).digest == saved.digest
