"""Differences of texts by words: exact, readable, and no more marked than Git marks."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain import words
from cuebook_server.domain.words import Change, align, count_words, diff_words

HERE = Path(__file__).parents[1] / "data" / "histories"
ALL = Path(__file__).parents[3] / "shared" / "data" / "histories"
# Texts that share much, so that alignment has work to do; and any text at all.
PROSE = st.lists(st.sampled_from(["the", "cat", "{{name}}", ",", "sat.", " ", " ", "\n", "\n\n", "天", "é", "(", ")"])).map(
    "".join
)
TEXTS = PROSE | st.text()


def shown(old: str, new: str) -> str:
    """A difference as ``git diff --word-diff`` prints it."""
    forms = {"equal": "{0.new}", "insert": "{{+{0.new}+}}", "delete": "[-{0.old}-]", "replace": "[-{0.old}-]{{+{0.new}+}}"}
    return "".join(forms[change.op].format(change) for change in diff_words(old, new))


def marked(changes: tuple[Change, ...]) -> int:
    """Words and marks shown as changed, counted as in the recorded figures of Git."""
    sides = [side for change in changes if change.op != "equal" for side in (change.old, change.new)]
    return sum(len(re.findall(r"\w+|[^\w\s]", side)) for side in sides)


@given(TEXTS, TEXTS)
def test_the_sides_joined_are_the_texts(old: str, new: str) -> None:
    changes = diff_words(old, new)
    assert "".join(change.old for change in changes) == old
    assert "".join(change.new for change in changes) == new


@given(TEXTS, TEXTS)
def test_a_change_says_what_it_is(old: str, new: str) -> None:
    for change in diff_words(old, new):
        assert (change.op == "equal") == (change.old == change.new)
        assert bool(change.old) == (change.op != "insert")
        assert bool(change.new) == (change.op != "delete")


@given(PROSE, PROSE)
def test_changes_stand_apart(old: str, new: str) -> None:
    changes = diff_words(old, new)
    assert all((one.op == "equal") != (next_.op == "equal") for one, next_ in pairwise(changes))


@given(TEXTS)
def test_a_text_is_itself(text: str) -> None:
    assert diff_words(text, text) == ((Change("equal", text, text),) if text else ())


@given(PROSE, PROSE)
def test_large_texts_keep_the_law(old: str, new: str) -> None:
    """The ways for texts beyond the limits, walked with small ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "PAIRS_MAX", 4)
        patch.setattr(words, "PART_PAIRS_MAX", 2)
        patch.setattr(words, "CHANGES_MAX", 2)
        changes = diff_words(old, new)
    assert ("".join(c.old for c in changes), "".join(c.new for c in changes)) == (old, new)
    assert sum(change.op != "equal" for change in changes) <= 2


@given(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 3)))
def test_an_alignment_is_a_common_subsequence(old: list[int], new: list[int]) -> None:
    i_last = j_last = 0
    for i, j, size in align(old, new):
        assert old[i : i + size] == new[j : j + size]
        assert size > 0
        assert i >= i_last
        assert j >= j_last
        i_last, j_last = i + size, j + size


@pytest.mark.parametrize("name", ["extract_wisdom", "label_and_rate", "analyze_paper", "analyze_prose_json"])
def test_marks_no_more_than_git(name: str) -> None:
    """On every pair of versions, not only in total; Git's figures were recorded."""
    folder = next((folder for folder in (HERE, ALL) if (folder / f"fabric_{name}.jsonl").exists()), None)
    if folder is None:
        pytest.skip(f"the history of {name} lies in the shared data only")
    lines = (folder / f"fabric_{name}.jsonl").read_text(encoding="utf-8").splitlines()
    texts = {row["version"]: row["content"] for row in map(json.loads, lines)}
    for pair in json.loads((folder / f"fabric_{name}.gitdiff.json").read_text(encoding="utf-8")):
        git = pair["git_words_ins"] + pair["git_words_del"]
        assert marked(diff_words(texts[pair["from"]], texts[pair["to"]])) <= 1.10 * git, pair


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Be brief.", "Be kind.", "Be [-brief-]{+kind+}."),
        ("Be brief.", "Be brief and kind.", "Be brief{+ and kind+}."),
        ("- a\n- b\n", "- a\n- c\n- b\n", "- a\n{+- c\n+}- b\n"),
        ("- a\n- b\n- c", "- a\n- c", "- a\n[-- b\n-]- c"),
        ("{{language}}.", "{{language}}, {{tone}}.", "{{language}}{+, {{tone}}+}."),
        ("Use {{b}}", "Use {{a}}, {{b}}", "Use {+{{a}}, +}{{b}}"),
        ("{{name}}", "{{tone}}", "{{[-name-]{+tone+}}}"),
        ("天气很好。", "天气不好。", "天气[-很-]{+不+}好。"),
        ("नमस्ते जी", "नमस्कार जी", "[-नमस्ते-]{+नमस्कार+} जी"),
        ("one two", "one  two", "one {+ +}two"),
    ],
)
def test_reads_well(old: str, new: str, expected: str) -> None:
    assert shown(old, new) == expected


def test_a_stray_word_between_rewritten_ones_is_no_island() -> None:
    old = "Answer as a patient support agent would, naming every step the customer has to take"
    new = "Reply like friendly staff do: with one link and the shortest hint you know of"
    end = ". Then close the ticket."
    assert shown(old + end, new + end) == f"[-{old}-]{{+{new}+}}{end}"


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("one", 1), ("don't stop, 15-30", 3), (" - ... ", 0), ("天气 ok", 3), ("{{ name }}", 1)]
)
def test_counts_words_as_people_do(text: str, count: int) -> None:
    assert count_words(text) == count
