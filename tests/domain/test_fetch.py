"""The sentences for somebody who is about to retire a prompt."""

from __future__ import annotations

from datetime import UTC, datetime

from cuebook_server.domain.fetch import Fetch, warnings

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def test_who_fetched_it_is_named_with_key_and_day() -> None:
    assert warnings("production", [Fetch("web", "abc", AT, "support.triage")], None) == (
        "support.triage was fetched within the last 7 days by key 'web' (abc, 2026-11-20).",
    )


def test_who_takes_everything_is_named_too() -> None:
    assert warnings("production", [Fetch("web", "abc", AT)], None) == (
        "Everything production serves is taken by key 'web' (abc, 2026-11-20): any prompt of it may be in use.",
    )


def test_a_line_for_each_prompt_with_few_names() -> None:
    fetches = [Fetch(f"k{n}", "s", AT, prompt) for n in range(5) for prompt in ("b", "a")]
    first, second = warnings("production", fetches, None)
    assert first.startswith("a was fetched")
    assert second.startswith("b was fetched")
    assert first.endswith("key 'k2' (s, 2026-11-20) and 2 more.")


def test_what_is_not_known_is_told() -> None:
    assert warnings("production", [], None) == ()
    assert warnings("production", [], AT) == ("What was fetched before 2026-11-20 15:00 UTC is not known.",)
