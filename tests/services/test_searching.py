"""Search: the same hits on both databases, by names, descriptions, tags and the text of all versions."""

from __future__ import annotations

import pytest

from cuebook_server.services import prompts
from cuebook_server.services.ports import Hit
from tests.factories import Registry, chat


def search(registry: Registry, query: str, limit: int = 20) -> list[Hit]:
    return list(registry.ask(prompts.search, query, limit))


def found(registry: Registry, query: str) -> list[tuple[str, int]]:
    return sorted((hit.prompt, hit.version) for hit in search(registry, query))


@pytest.fixture
def registry(registry: Registry) -> Registry:
    registry.save("support.triage", "Sort the mail by urgency, naïvely. Antworte höflich.")
    registry.save("support.triage", "Sort the letters by urgency.")
    registry.save("sales.offer", chat("Du schreibst Angebote. 東京都 Привет мир", "{{request}}"))
    about = {"description": "Writes offers for Müller", "tags": ("Revenue",), "owner": "somebody"}
    registry.do(prompts.describe, "sales.offer", about)
    return registry


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("triage", [("support.triage", 0)]),
        ("offers", [("sales.offer", 0)]),
        ("revenue", [("sales.offer", 0)]),
        ("somebody", [("sales.offer", 0)]),
        ("MAIL", [("support.triage", 1)]),
        ("urgency", [("support.triage", 2)]),
        ("urg", [("support.triage", 2)]),
        ("sort letters", [("support.triage", 2)]),
        ("sort angebote", []),
        ("höf", [("support.triage", 1)]),
        ("HÖFLICH", [("support.triage", 1)]),
        ("ho\u0308flich", [("support.triage", 1)]),
        ("h", [("support.triage", 1)]),
        ("на", []),
        ("прив", [("sales.offer", 1)]),
        ("京", [("sales.offer", 1)]),
        ("東京", [("sales.offer", 1)]),
        ("müll", [("sales.offer", 0)]),
        ("m\u00fc", [("sales.offer", 0)]),
        ("' OR 1=1 --", []),
        ('"*', []),
        ("\x00", []),
        ("", []),
    ],
)
def test_words_are_found_by_their_beginnings(registry: Registry, query: str, hits: list[tuple[str, int]]) -> None:
    assert found(registry, query) == hits


def test_a_hit_shows_the_place_and_what_is_live_where(registry: Registry) -> None:
    registry.promote("support.triage@1", to="staging")
    (hit,) = search(registry, "letters")
    assert "letters by urgency" in hit.snippet
    assert hit.live == {"development": 2, "staging": 1, "production": None}


def test_names_come_first_then_the_newest_and_no_more_than_asked(registry: Registry) -> None:
    for name in ("one", "two", "urgency"):
        registry.save(name, "urgency")
    assert [hit.prompt for hit in search(registry, "urgency", 3)] == ["urgency", "two", "one"]


def test_what_is_said_anew_replaces_what_was_said(registry: Registry) -> None:
    registry.do(prompts.describe, "sales.offer", {"description": "Something else"})
    assert found(registry, "Müller") == []
    assert found(registry, "else") == [("sales.offer", 0)]


def test_the_text_of_fragments_is_found_too(registry: Registry) -> None:
    registry.save("tone", "Zealous")
    registry.save("reply", "{{> tone}} reply")
    assert found(registry, "zealous reply") == [("reply", 1)]


def test_a_megabyte_of_different_words_can_be_saved(registry: Registry) -> None:
    """PostgreSQL refuses a word index above 1 MiB; the words of a long Cyrillic text, written in ASCII, are twice as long."""
    registry.save("long", " ".join(f"{number}слово" for number in range(60_000)))
    assert found(registry, "9слово") == found(registry, "9сл") == [("long", 1)]
    assert found(registry, "59999слово") == []  # beyond the bound, on both databases alike
