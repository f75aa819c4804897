"""The words of a search: the same on every database, and a beginning stays a beginning in every script."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.search import QUERY_WORDS_MAX, SNIPPET_CHARS, WORDS_BYTES_MAX, query, snippet, words

WORD = st.from_regex(r"[a-zäöüßéпривет]+", fullmatch=True)


@given(st.text())
def test_a_word_is_plain_ascii_so_that_every_database_reads_it_alike(text: str) -> None:
    assert all(re.fullmatch(r"[a-z0-9]+", word) for word in words(text))
    assert len(words(text)) == len(set(words(text)))


@given(WORD, st.integers(1, 10))
def test_a_beginning_stays_a_beginning(word: str, length: int) -> None:
    (whole,), (part,) = words(word), words(word[:length])
    assert whole.startswith(part)


@given(WORD, WORD)
def test_different_words_stay_different(one: str, other: str) -> None:
    from unicodedata import normalize

    same = normalize("NFKC", one).casefold() == normalize("NFKC", other).casefold()
    assert (words(one) == words(other)) == same


@pytest.mark.parametrize(
    ("one", "other"), [("ÄRGER", "ärger"), ("Straße", "STRASSE"), ("ﬁne", "fine"), ("ho\u0308flich", "höflich")]
)
def test_case_and_form_do_not_matter(one: str, other: str) -> None:
    assert words(one) == words(other)


def test_scripts_without_spaces_count_by_character() -> None:
    assert len(words("東京都")) == 3


def test_everything_is_bounded() -> None:
    assert len(query(" ".join(f"w{n}" for n in range(100)))) == QUERY_WORDS_MAX
    assert max(map(len, words("x" * 10_000))) == 64
    assert sum(map(len, words(" ".join(f"слово{n}" for n in range(60_000))))) <= WORDS_BYTES_MAX


@given(st.text(), st.text(max_size=40))
def test_a_snippet_is_short_and_on_one_line(text: str, wanted: str) -> None:
    piece = snippet(text, wanted)
    assert len(piece) <= SNIPPET_CHARS + 2
    assert "\n" not in piece


def test_a_snippet_shows_the_word() -> None:
    assert "needle" in snippet("hay " * 200 + "Needle" + " hay" * 200, "needle").casefold()
