"""Which names are legal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.errors import BadName
from cuebook_server.domain.names import clip, prompt_name, slug

LEGAL = re.compile(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]*[a-z0-9])?)*")


@given(st.from_regex(LEGAL, fullmatch=True).filter(lambda name: len(name) <= 200))
def test_a_legal_name_stays_as_it_is(name: str) -> None:
    assert prompt_name(name) == name


@given(st.text(alphabet="aA0.-_/ é\n\x00%", max_size=30))
def test_the_grammar_decides(name: str) -> None:
    if LEGAL.fullmatch(name):
        assert prompt_name(name) == name
    else:
        with pytest.raises(BadName):
            prompt_name(name)


def test_names_are_bounded_and_quoted_short() -> None:
    assert prompt_name("a" * 200)
    with pytest.raises(BadName) as refused:
        prompt_name("a" * 10_000_000)
    assert len(str(refused.value)) < 200
    assert len(clip("x" * 100)) == 60


def test_a_long_name_that_almost_fits_is_refused_at_once() -> None:
    for almost in ("a" * 199 + "-", "-".join("a" * 100) + "-", "a." * 100):
        with pytest.raises(BadName):
            prompt_name(almost[:200])


@pytest.mark.parametrize("name", ["a", "my-project", "x_1", "1a", "a" * 64])
def test_what_can_name_a_project(name: str) -> None:
    assert slug(name, what="a project") == name


@pytest.mark.parametrize("name", ["", "a.b", "12", "latest", "stable", "A", "-a", "a-", "a" * 65, "ä", "a\n"])
def test_what_can_name_no_project(name: str) -> None:
    with pytest.raises(BadName, match="cannot name a project"):
        slug(name, what="a project")
