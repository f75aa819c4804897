"""What a reviewer sees: each item against what is live, and against what lived there longest."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import NotFound
from cuebook_server.domain.release import Release
from cuebook_server.services import audit, releases, reviewing
from tests.factories import Registry, request

DAY = 86_400


def drift(registry: Registry) -> None:
    """Version 1 of `a` was live for 60 days, then three small edits for a day each."""
    for number, content in enumerate(["one", "one two", "one two three", "one two three four"], start=1):
        registry.save("a", content)
        registry.promote(f"a@{number}", to="staging")
        registry.clock.tick(60 * DAY if number == 1 else DAY)


def compare(registry: Registry, release: Release) -> list[reviewing.ItemDiff]:
    return [*registry.ask(reviewing.compare, release.release_id, after=0, limit=50)]


def test_slow_drift_by_small_edits_shows(registry: Registry) -> None:
    drift(registry)
    registry.save("a", "one two three four five")
    [item] = compare(registry, registry.propose("a@5", to="staging"))
    assert (item.live, item.longest, item.lived.days) == (4, 1, 60)
    assert item.against_live
    assert item.against_longest
    assert item.against_live.diff.to_json()["summary"] == ["1 word added in the text"]
    assert item.against_longest.diff.to_json()["summary"] == ["4 words added in the text"]


def test_the_same_version_is_compared_once(registry: Registry) -> None:
    for content in ("x", "y"):
        registry.save("a", content)
    registry.promote("a@1", to="staging")
    [item] = compare(registry, registry.propose("a@2", to="staging"))
    assert (item.live, item.longest, item.against_longest) == (1, 1, None)


def test_where_nothing_was_there_is_nothing_to_compare(registry: Registry) -> None:
    registry.save("a", "x")
    [first] = compare(registry, registry.propose("a@1", to="staging"))
    assert (first.live, first.longest, first.against_live, first.against_longest) == (None, None, None, None)
    registry.promote("a@1", to="staging")
    [retired] = compare(registry, registry.propose("a", to="staging", kind="retire"))
    assert (retired.live, retired.against_live) == (1, None)


def test_a_release_that_ended_is_compared_with_what_was_then(registry: Registry) -> None:
    drift(registry)
    last = registry.ask(releases.listed, "staging", before=99, limit=1)[0]
    registry.clock.tick(200 * DAY)
    [item] = compare(registry, last)
    assert (item.live, item.longest) == (3, 1)
    [move] = registry.ask(audit.evidence, last.release_id).moves
    assert (move.longest, move.drift) == (1, ["3 words added in the text"])


def test_a_fragments_new_text_is_seen(registry: Registry) -> None:
    for tone in ("kind", "rude"):
        registry.save("tone", tone)
        registry.save("a", "Be {{> tone}}")
    registry.promote("a@1", to="staging")
    [item] = compare(registry, registry.propose("a@2", to="staging"))
    assert item.against_live
    assert item.against_live.diff.prose[0].changes[-1].new == "rude"
    assert [field.at for field in item.against_live.diff.fields] == ["includes/tone"]


def test_items_come_by_pages_and_not_to_strangers(registry: Registry) -> None:
    for name in "abc":
        registry.save(name, "x")
    release = registry.do(releases.propose, request("promote", "staging", "a", "b", "c"))
    page = registry.ask(reviewing.compare, release.release_id, after=1, limit=1)
    assert [row.item.prompt for row in page] == ["b"]
    with pytest.raises(NotFound):
        registry.do_as(registry.people.stranger, reviewing.compare, release.release_id, after=0, limit=1)
