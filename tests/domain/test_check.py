"""What is worth a look in a draft, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain import content
from cuebook_server.domain.check import FINDINGS_MAX, Finding, Secret, check, samples
from cuebook_server.domain.fragment import Fragment
from tests.factories import chat, text

WORD = "hunter22"


def secrets(said: str) -> Iterator[Secret]:
    """One word is secret here."""
    if WORD in said:
        yield Secret("A word", said.index(WORD), said.index(WORD) + len(WORD))


def look(raw: dict[str, Any], **fragments: str) -> list[Finding]:
    """The findings in a draft, with fragments by name."""
    draft = content.draft(raw)
    made = {name: Fragment(name, 1, said, {}) for name, said in fragments.items()}
    return list(check(draft.document, content.lock(draft, made).served, secrets))


def kinds(raw: dict[str, Any], **fragments: str) -> list[str]:
    return [finding.kind for finding in look(raw, **fragments)]


@pytest.mark.parametrize("said", ["Sort {{mail}}", "{{{{ stays", '{"a": {"b": 1}}', "می\u200cخواهم 👩\u200d💻", "a\tb\r\n"])
def test_nothing_stands_out_in_what_is_plain(said: str) -> None:
    assert look(text(said)) == []


@pytest.mark.parametrize("said", ["{{#if x}}", "{{ user.name }}", "{{", "{{{{ {{1}}", "{{²}}"])
def test_braces_that_are_no_variable(said: str) -> None:
    (found,) = look(text(f"é😀 {said}"))
    assert found.kind == "unknown_braces"
    assert f"é😀 {said}"[found.start : found.end].startswith("{{")


def test_a_character_that_nobody_sees_is_named_with_its_place() -> None:
    (found,) = look(chat("Hello", "pay\u202e\u2066 now\U000e0041"))[:1]
    assert (found.kind, found.at, found.start, found.end) == ("hidden_characters", "/messages/1/content", 3, 5)
    assert "U+202E, U+2066" in found.sentence


def test_a_secret_comes_first_asks_and_is_never_quoted() -> None:
    found = look(text(f"\u200b {{{{{{{{ {{{{# {WORD}"))
    assert [one.kind for one in found] == ["possible_secret", "hidden_characters", "unknown_braces"]
    assert [one.confirm for one in found] == [True, False, False]
    assert all(WORD not in one.sentence for one in found)


def test_any_text_into_the_system_role() -> None:
    bounded = {"tone": {"enum": ["warm", "cool"]}, "n": {"type": "integer"}, "doc": {"type": "object"}, "mail": {}}
    found = look(chat("{{tone}} {{n}} {{doc}} {{mail}} {{mail}}", "{{mail}}", variables=bounded))
    assert [(one.kind, one.start) for one in found] == [("unbounded_variable", 15), ("unbounded_variable", 23)]


def test_a_fragment_brings_its_variables_into_the_role_it_stands_in() -> None:
    assert look(chat("{{> rules}}", "x"), rules="Obey {{whom}}")[0].sentence.startswith("`whom` takes any text")
    assert kinds(chat("x", "{{> rules}}"), rules="Obey {{whom}}") == []


def test_a_contract_that_leaves_out_or_has_too_much() -> None:
    found = look(text("{{a}} {{b}} {{b}} {{> more}}", variables={"a": {}, "c": {}, "gone": {}}), more="{{c}}")
    assert [(one.kind, one.at, one.start) for one in found] == [
        ("undeclared_variable", "/text", 6),
        ("unused_variable", "/variables/gone", None),
    ]


def test_without_its_fragments_nothing_is_called_unused() -> None:
    draft = content.draft(text("{{> more}}", variables={"c": {}}))
    assert check(draft.document, None, secrets) == ()


def test_parts_have_places_of_their_own() -> None:
    parts = [{"type": "image", "url": "{{"}, {"type": "text", "text": "a {{#b"}]
    (found,) = look({"kind": "chat", "messages": [{"placeholder": "history"}, {"role": "user", "content": parts}]})
    assert (found.at, found.start, found.end) == ("/messages/1/content/1/text", 2, 4)


def test_nobody_is_told_more_than_can_be_read() -> None:
    assert len(look(text("{{# " * 100_000))) == FINDINGS_MAX


def test_every_variable_and_placeholder_has_a_sample() -> None:
    specs = {"a": {"default": "d"}, "b": {"enum": ["e"]}, "c": {"type": "integer"}}
    served = content.lock(
        content.draft({"kind": "chat", "messages": [{"placeholder": "history"}], "variables": specs}), {}
    ).served
    assert samples(served) == {"a": "d", "b": "e", "c": 1, "history": [{"role": "user", "content": "(history)"}]}


@given(st.text(alphabet="{}# ab😀\u200b\n>", min_size=1).filter(str.strip))
def test_every_place_is_in_the_text(said: str) -> None:
    for found in check(content.draft(text(said)).document, None, secrets):
        assert found.start is not None
        assert found.end is not None
        assert 0 <= found.start < found.end <= len(said)
