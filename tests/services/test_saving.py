"""Saving: content-addressed, numbered without a gap, and never over somebody else's work."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import (
    BadContent,
    BadName,
    BaseMoved,
    ContentTooLarge,
    Forbidden,
    NotFound,
    NotReleasedHere,
    UnknownSelector,
)
from cuebook_server.domain.prompt import BadMetadata, Provenance
from cuebook_server.services import prompts
from tests.factories import Registry, chat, text


def test_the_first_save_is_version_1_and_live_in_development(registry: Registry) -> None:
    saved = registry.save("support.triage", "Sort {{mail}}")
    assert (saved.created, saved.version.number, saved.version.author) == (True, 1, "owner")
    assert saved.environments == {"development": 1}
    assert registry.live("support.triage") == {"development": 1, "staging": None, "production": None}


def test_the_same_content_is_the_same_version(registry: Registry) -> None:
    first = registry.save("a", "Hello", message="one")
    again = registry.save("a", {"text": "Hello", "engine": "simple", "kind": "text"}, message="two")
    assert not again.created
    assert (again.version, again.environments) == (first.version, {})


def test_older_text_again_is_a_new_number_with_the_old_digest(registry: Registry) -> None:
    one, two, three = (registry.save("a", content).version for content in ("x", "y", "x"))
    assert [one.number, two.number, three.number] == [1, 2, 3]
    assert three.digest == one.digest != two.digest


def test_a_moved_base_shows_both_sides_and_leaves_nothing(registry: Registry) -> None:
    registry.save("a", "first")
    registry.save("a", "theirs", base=1)
    before = len(registry.audit())
    with pytest.raises(BaseMoved, match="the newest is 2, saved by owner") as lost:
        registry.save("a", "mine", base=1)
    assert (lost.value.data["yours"]["text"], lost.value.data["theirs"]["text"]) == ("mine", "theirs")
    assert (lost.value.data["base"], lost.value.data["newest"]) == (1, 2)
    assert registry.ask(prompts.one, "a").latest == 2
    assert len(registry.audit()) == before


def test_base_0_means_that_the_prompt_is_new(registry: Registry) -> None:
    assert registry.save("a", "x", base=0).created
    with pytest.raises(BaseMoved):
        registry.save("a", "y", base=0)
    with pytest.raises(BaseMoved):
        registry.save("b", "x", base=3)


def test_where_it_came_from_stands_beside_the_content(registry: Registry) -> None:
    origin = Provenance("git", author="Somebody", authored_at="2026-01-01", commit="c0ffee", run="https://ci/1", tool="cli/1")
    plain = registry.save("a", "x").version
    saved = registry.do(prompts.save, "b", prompts.Draft(text("x"), provenance=origin)).version
    assert saved.digest == plain.digest
    assert registry.ask(prompts.version, "b", "1").provenance == origin
    assert registry.ask(prompts.version, "a", "1").provenance is None


def test_a_version_is_found_by_number_latest_and_environment(registry: Registry) -> None:
    for content in ("x", "y", "z"):
        registry.save("a", content)
    registry.promote("a@2", to="staging")
    found = {which: registry.ask(prompts.version, "a", which).number for which in ("1", "latest", "staging", "development")}
    assert found == {"1": 1, "latest": 3, "staging": 2, "development": 3}
    with pytest.raises(NotFound, match="the newest is 3"):
        registry.ask(prompts.version, "a", "4")


def test_versions_are_listed_newest_first_a_page_at_a_time(registry: Registry) -> None:
    for number in range(5):
        registry.save("a", f"text {number}")
    pages = [registry.ask(prompts.versions, "a", before=before, limit=2) for before in (99, 4, 2)]
    assert [[row.number for row in page] for page in pages] == [[5, 4], [3, 2], [1]]


def test_what_is_served_is_what_was_saved_byte_for_byte(registry: Registry) -> None:
    content = chat("Röntgen \u0000 \U0001f600 {{x}} \r\n", "{{y}}", model={"name": "m", "parameters": {"temperature": 0.2}})
    registry.save("a", content)
    registry.ship("a", 1)
    assert registry.ask(prompts.version, "a", "1").content["messages"] == content["messages"]
    assert registry.served("a", "production") == registry.served("a", "development") != b""


@pytest.mark.parametrize("name", ["", "A", "a..b", ".a", "a/b", "a b", "é", "a" * 201, "a\x00", "-a", "a\n"])
def test_a_name_against_the_grammar_is_refused(registry: Registry, name: str) -> None:
    with pytest.raises(BadName):
        registry.save(name, "x")


def test_bad_content_leaves_no_prompt_behind(registry: Registry) -> None:
    for content, refusal in ((text("x", secret=1), BadContent), (text("x" * 2**20), ContentTooLarge)):
        with pytest.raises(refusal):
            registry.save("a", content)
    with pytest.raises(BadMetadata):
        registry.save("a", "x", message="m" * 2_001)
    with pytest.raises(NotFound):
        registry.ask(prompts.one, "a")


def test_a_viewer_may_not_save_and_a_stranger_sees_no_project(registry: Registry) -> None:
    draft = prompts.Draft(text("x"))
    with pytest.raises(Forbidden):
        registry.do_as(registry.hire("guest", "viewer"), prompts.save, "a", draft)
    with pytest.raises(NotFound, match="no project"):
        registry.do_as(registry.people.stranger, prompts.save, "a", draft)
    assert registry.do_as(registry.people.colleague, prompts.save, "a", draft).created


def test_a_version_is_named_by_number_latest_or_environment(registry: Registry) -> None:
    for content in ("x", "y"):
        registry.save("a", content)
    registry.promote("a@1", to="staging")
    found = {which: registry.ask(prompts.version, "a", which).number for which in ("1", "latest", "stable", "staging")}
    assert found == {"1": 1, "latest": 2, "stable": 2, "staging": 1}
    with pytest.raises(NotReleasedHere):
        registry.ask(prompts.version, "a", "production")
    with pytest.raises(UnknownSelector) as refused:  # it named numbers only, to who had mistyped an environment
        registry.ask(prompts.version, "a", "productoin")
    assert refused.value.advice == "Use `latest`, a number, or an environment: development, staging, production."
