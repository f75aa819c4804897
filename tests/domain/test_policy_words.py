"""Policies in words: every rule that asks for something is said, in a sentence that ends."""

from __future__ import annotations

from typing import Any

import pytest

from cuebook_server.domain.policy import PRESETS, Policy
from cuebook_server.domain.policy_words import in_words, span
from tests.domain.test_policy import GOOD


def said(**rules: Any) -> list[str]:
    return [told.sentence for told in in_words(Policy().changed(rules), tracks_latest=False)]


@pytest.mark.parametrize("rule", GOOD)
def test_every_rule_is_said_in_whole_sentences(rule: str) -> None:
    for value in GOOD[rule]:
        for sentence in said(**{rule: value}):
            assert sentence.endswith(".")
            assert sentence[0].isupper() or sentence[0].isdigit()


def test_what_differs_reads_differently() -> None:
    told = {name: tuple(said(**rules)) for name, rules in PRESETS.items()}
    assert len(set(told.values())) == len(PRESETS)
    assert (
        said(comes_from="staging", soak_s=86_400)[0] == "A version must have run in staging for 1 day without a rollback first."
    )


@pytest.mark.parametrize(
    ("approvals", "sentence"),
    [
        ({"count": 0}, "One person decides: nobody else has to approve."),
        ({"count": 1, "roles": ["admin"]}, "1 person must approve who is admin, and did not write it."),
        (
            {"count": 2, "author": True, "wording": 1},
            "2 people must approve who are reviewer, releaser or admin. Where only wording changes, 1 suffices.",
        ),
    ],
)
def test_approvals(approvals: dict[str, Any], sentence: str) -> None:
    assert sentence in said(approvals=approvals)


def test_freezes_are_said_with_their_clock_and_reason() -> None:
    window = {"starts": "2026-12-20T00:00", "ends": "2027-01-02T08:00", "zone": "Europe/Paris", "reason": "holidays"}
    (sentence,) = [told for told in said(freeze=[window]) if told.startswith("No releases")]
    assert sentence == "No releases from 2026-12-20 00:00 until 2027-01-02 08:00 (Europe/Paris): holidays. Rollbacks go on."


def test_where_latest_is_tracked_nothing_is_asked() -> None:
    assert [told.rule for told in in_words(Policy(), tracks_latest=True)] == ["tracks_latest"]


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 seconds"), (60, "1 minute"), (5_400, "90 minutes"), (172_800, "2 days")])
def test_spans(seconds: int, words: str) -> None:
    assert span(seconds) == words
