"""What people may say about a prompt, and when a save started from too old a version."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.errors import BaseMoved
from cuebook_server.domain.prompt import BadMetadata, Prompt, Version, check_base, check_tags, check_text, described

WHEN = datetime(2026, 11, 20, tzinfo=UTC)
PROMPT = Prompt(1, 1, "a", 2, WHEN)
NEWEST = Version(1, "a", 2, "sha256:x", {"text": "theirs"}, {"text": "theirs"}, "somebody", "", WHEN)


@given(st.lists(st.text(alphabet="abc ", min_size=1, max_size=3).filter(str.strip), max_size=20))
def test_tags_are_sorted_and_stand_once(tags: list[str]) -> None:
    found = check_tags(tuple(tags))
    assert list(found) == sorted(set(tags))
    assert check_tags(found) == found


def test_aliases_are_sorted_checked_and_bounded() -> None:
    assert described(PROMPT, {"aliases": ("c", "b", "c")}).aliases == ("b", "c")
    with pytest.raises(BadMetadata):
        described(PROMPT, {"aliases": tuple(f"a{n}" for n in range(33))})
    assert described(PROMPT, {}) == PROMPT


@pytest.mark.parametrize("text", ["\x00", "\ud800", "x" * 11])
def test_a_text_is_bounded_and_readable(text: str) -> None:
    with pytest.raises(BadMetadata, match="The note"):
        check_text("note", text, 10)


def test_one_line_is_one_line() -> None:
    assert check_text("note", "a\nb", 10) == "a\nb"
    for text in ("a\nb", "a\rb"):
        with pytest.raises(BadMetadata, match="more than one line"):
            check_text("note", text, 10, lines=False)


def test_who_does_not_care_may_save_over_anything() -> None:
    check_base(None, NEWEST, {})
    check_base(2, NEWEST, {})
    check_base(0, None, {})


@pytest.mark.parametrize("base", [0, 1, 3])
def test_an_older_base_shows_both_sides(base: int) -> None:
    with pytest.raises(BaseMoved, match="the newest is 2, saved by somebody") as lost:
        check_base(base, NEWEST, {"text": "yours"})
    assert lost.value.data == {"base": base, "newest": 2, "yours": {"text": "yours"}, "theirs": {"text": "theirs"}}
