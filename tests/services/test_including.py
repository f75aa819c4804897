"""Fragments: locked and flattened at save, so that version 7 is always version 7."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import FragmentCycle, FragmentMissing
from cuebook_server.services import prompts
from tests.factories import Registry, chat, text


def test_a_fragment_is_locked_to_its_newest_version_and_flattened(registry: Registry) -> None:
    registry.save("tone", "Be {{mood}}.")
    saved = registry.save("reply", "{{> tone}} Answer {{ticket}}").version
    registry.save("tone", "Be rude.")
    found = registry.ask(prompts.version, "reply", "1")
    assert found == saved
    assert found.content["includes"] == {"tone": 1}
    assert found.served["text"] == "Be {{mood}}. Answer {{ticket}}"
    assert set(found.served["variables"]) == {"mood", "ticket"}


def test_what_is_served_has_no_trace_of_includes(registry: Registry) -> None:
    registry.save("tone", "Be brief.")
    registry.save("reply", chat("{{> tone}}", "{{ticket}}"))
    assert b"Be brief." in registry.served("reply", "development")
    assert b"includes" not in registry.served("reply", "development")


def test_an_older_version_can_be_locked(registry: Registry) -> None:
    for content in ("one", "two"):
        registry.save("tone", content)
    saved = registry.save("reply", text("{{> tone}}!", includes={"tone": 1})).version
    assert saved.served["text"] == "one!"
    with pytest.raises(FragmentMissing, match="version 9"):
        registry.save("reply", text("{{> tone}}", includes={"tone": 9}))


def test_fragments_in_fragments_come_along(registry: Registry) -> None:
    registry.save("words", "plain words")
    registry.save("tone", "Use {{> words}}.")
    registry.save("reply", "{{> tone}} {{> words}}")
    registry.save("words", "long words")
    assert registry.ask(prompts.version, "reply", "1").served["text"] == "Use plain words. plain words"


def test_dependents_are_those_whose_newest_version_includes_it(registry: Registry) -> None:
    registry.save("tone", "x")
    for name in ("a", "b", "c"):
        registry.save(name, "{{> tone}}")
    registry.save("b", "without")
    registry.save("tone", "y")
    registry.save("c", "{{> tone}}")
    assert registry.ask(prompts.dependents, "tone") == [("a", 1, 1), ("c", 2, 2)]


def test_a_new_fragment_gives_dependents_a_new_version_when_saved_again(registry: Registry) -> None:
    registry.save("tone", "x")
    one = registry.save("reply", "{{> tone}}").version
    registry.save("tone", "y")
    two = registry.save("reply", "{{> tone}}").version
    assert (two.number, two.served["text"]) == (2, "y")
    assert one.digest != two.digest


def test_a_cycle_is_refused_and_shown(registry: Registry) -> None:
    registry.save("c", "end")
    registry.save("b", "{{> c}}")
    registry.save("a", "{{> b}}")
    with pytest.raises(FragmentCycle, match="c -> a -> b -> c") as refused:
        registry.save("c", "{{> a}}")
    assert refused.value.data["cycle"] == ["c", "a", "b", "c"]
    with pytest.raises(FragmentCycle):
        registry.save("c", "{{> c}}")
    assert registry.ask(prompts.one, "c").latest == 1


def test_what_cannot_be_included(registry: Registry) -> None:
    registry.save("talk", chat("Hello"))
    for name, reason in (("talk", "chat"), ("nothing", "does not exist")):
        with pytest.raises(FragmentMissing, match=reason):
            registry.save("reply", f"{{{{> {name}}}}}")


def test_a_fragment_is_found_by_an_old_name(registry: Registry) -> None:
    registry.save("tone", "x")
    registry.do(prompts.describe, "tone", {"aliases": ("voice",)})
    assert registry.save("reply", "{{> voice}}").version.served["text"] == "x"
    with pytest.raises(FragmentCycle):
        registry.save("tone", "{{> voice}}")
