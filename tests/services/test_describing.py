"""What people say about a prompt, and the names it had before."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import AlreadyExists, BadName, Forbidden
from cuebook_server.domain.prompt import BadMetadata
from cuebook_server.services import prompts
from tests.factories import Registry


def test_what_is_left_out_stays(registry: Registry) -> None:
    registry.save("a", "x")
    registry.do(prompts.describe, "a", {"description": "Sorts mail", "tags": ("b", "a", "b")})
    row = registry.do(prompts.describe, "a", {"owner": "desk@example.org"})
    assert (row.description, row.owner, row.tags) == ("Sorts mail", "desk@example.org", ("a", "b"))
    assert [entry["action"] for entry in registry.audit()[-2:]] == ["prompt.described"] * 2


def test_saying_the_same_again_changes_nothing(registry: Registry) -> None:
    registry.save("a", "x")
    registry.do(prompts.describe, "a", {"owner": "desk"})
    before = registry.audit()
    registry.do(prompts.describe, "a", {"owner": "desk"})
    assert registry.audit() == before


def test_an_alias_leads_to_the_prompt_everywhere(registry: Registry) -> None:
    registry.save("new.name", "x")
    registry.do(prompts.describe, "new.name", {"aliases": ("old.name",)})
    assert registry.save("old.name", "y").version.prompt == "new.name"
    assert registry.promote("old.name@2", to="staging").items[0].prompt == "new.name"
    assert registry.ask(prompts.version, "old.name", "latest").number == 2
    assert dict(registry.source.directory(2).aliases) == {"old.name": "new.name"}


def test_an_alias_that_is_taken_is_refused(registry: Registry) -> None:
    for name in ("a", "b"):
        registry.save(name, "x")
    registry.do(prompts.describe, "a", {"aliases": ("old",)})
    for alias in ("b", "old"):
        with pytest.raises(AlreadyExists):
            registry.do(prompts.describe, "b", {"aliases": (alias,)})
    registry.do(prompts.describe, "a", {"aliases": ()})
    registry.do(prompts.describe, "b", {"aliases": ("old",)})
    assert registry.ask(prompts.one, "old").name == "b"


@pytest.mark.parametrize(
    "changes",
    [{"description": "d" * 2_001}, {"owner": "two\nlines"}, {"tags": ("",)}, {"tags": ("t" * 65,)}, {"owner": "\x00"}],
)
def test_too_much_and_unreadable_things_are_refused(registry: Registry, changes: dict[str, object]) -> None:
    registry.save("a", "x")
    with pytest.raises(BadMetadata):
        registry.do(prompts.describe, "a", changes)
    assert registry.ask(prompts.one, "a").tags == ()


def test_an_alias_follows_the_grammar_of_names(registry: Registry) -> None:
    registry.save("a", "x")
    with pytest.raises(BadName):
        registry.do(prompts.describe, "a", {"aliases": ("No Name",)})


def test_prompts_are_listed_by_folder_tag_and_owner(registry: Registry) -> None:
    for name in ("support.reply", "support.triage", "supports", "sales.offer"):
        registry.save(name, "x")
    registry.do(prompts.describe, "support.reply", {"tags": ("Mail", "50%_"), "owner": "desk"})

    def names(prefix: str = "", tag: str = "", owner: str = "", after: str = "") -> list[str]:
        return [row.name for row in registry.ask(prompts.listed, prefix=prefix, tag=tag, owner=owner, after=after, limit=10)]

    assert names() == ["sales.offer", "support.reply", "support.triage", "supports"]
    assert names(prefix="support.") == ["support.reply", "support.triage"]
    assert names(after="support.reply") == ["support.triage", "supports"]
    assert names(tag="Mail") == names(tag="50%_") == names(owner="desk") == ["support.reply"]
    assert names(tag="mail") == names(tag="Mai") == names(tag="5%") == names(prefix="s%") == []


def test_a_viewer_describes_nothing(registry: Registry) -> None:
    registry.save("a", "x")
    with pytest.raises(Forbidden):
        registry.do_as(registry.hire("guest", "viewer"), prompts.describe, "a", {"owner": "me"})
