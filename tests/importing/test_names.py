"""Names made from anything: legal, and each given once, the same ones in every run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook._names import legal_name
from cuebook.errors import Invalid
from cuebook.importing.items import Names, Options, slug

NAUGHTY = json.loads((Path(__file__).parents[1] / "data/naughty-strings/blns.json").read_text(encoding="utf-8"))
texts = st.text(max_size=300) | st.sampled_from(NAUGHTY)


@given(st.lists(st.lists(texts, min_size=1, max_size=4), max_size=8), st.sampled_from(["", "team.area"]))
def test_every_name_is_legal_new_and_the_same_again(things: list[list[str]], prefix: str) -> None:
    names, again = Names(prefix), Names(prefix)
    taken = [names.take(parts) for parts in things]
    assert all(map(legal_name, taken))
    assert len(set(taken)) == len(taken)
    assert taken == [again.take(parts) for parts in things]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Linux Terminal", "linux-terminal"),
        ("Münchener Straße", "munchener-strasse"),
        ("Harry Potter / Marauder’s Map", "harry-potter-marauders-map"),
        ("Winter Poster–Style", "winter-poster-style"),
        ("support.triage", "support.triage"),
        ("GPT-4.1", "gpt-4-1"),
        ("_private_", "private"),
        ("小红书", "prompt-d26c6a08"),
    ],
)
def test_slugs(text: str, name: str) -> None:
    assert slug(text) == name


def test_a_taken_name_gets_a_number() -> None:
    names = Names()
    assert [names.take([text]) for text in ("A", "a!", "a-2", "A")] == ["a", "a-2", "a-2-2", "a-3"]


def test_a_prefix_must_be_a_name() -> None:
    with pytest.raises(Invalid, match="prefix"):
        Options(prefix="Team/")
