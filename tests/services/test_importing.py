"""Import: many at once, a bad one reported, the rest in; again changes nothing; nothing is promoted."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import Forbidden, NotFound
from cuebook_server.services import imports, prompts
from tests.factories import Registry, item, text


def statuses(results: object) -> list[str]:
    return [result.status for result in results]  # type: ignore[attr-defined]  # imports.Result, whatever the sequence


def test_an_import_saves_versions_with_their_origin(registry: Registry) -> None:
    first = item("a", "x", "k1", tags=("git",), description="From Git")
    results = registry.imported(first, item("a", "y", "k2"), item("b", "z"))
    assert [(r.name, r.status, r.version) for r in results] == [("a", "created", 1), ("a", "created", 2), ("b", "created", 1)]
    assert registry.ask(prompts.one, "a").tags == ("git",)
    provenance = registry.ask(prompts.version, "a", "2").provenance
    assert provenance is not None
    assert (provenance.import_key, provenance.commit) == ("k2", "c0ffee")


def test_importing_again_changes_nothing_even_after_an_edit(registry: Registry) -> None:
    items = (item("a", "x", "k1"), item("a", "y", "k2"), item("a", "x", "k3"))
    assert statuses(registry.imported(*items)) == ["created"] * 3
    registry.save("a", "edited by hand")
    before = registry.audit()
    again = registry.imported(*items)
    assert (statuses(again), [r.version for r in again]) == (["unchanged"] * 3, [1, 2, 3])
    assert registry.audit() == before


def test_what_was_here_already_is_not_imported_later(registry: Registry) -> None:
    """Two files may hold the same text: the second saves nothing, and importing it again after an edit must not either."""
    registry.save("a", "x")
    items = (item("a", "x", "k1"), item("a", "x", "k2"))
    assert statuses(registry.imported(*items)) == ["unchanged"] * 2
    registry.save("a", "edited by hand")
    assert statuses(registry.imported(*items)) == ["unchanged"] * 2
    assert registry.ask(prompts.one, "a").latest == 2


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (item("Bad Name", "x"), "bad_name"),
        (item("a\x00b", "x"), "bad_name"),
        (item("bad", "{{> nothing}}"), "fragment_missing"),
        (item("bad", "x" * 2**20), "content_too_large"),
        (item("bad", "x", owner="two\nlines"), "bad_metadata"),
        (item("bad", "x", "key\x00"), "bad_metadata"),
        (imports.Wanted("bad", prompts.Draft(text("x", nonsense=1))), "bad_content"),
        (imports.Wanted("bad", prompts.Draft(text("x"), message="m" * 2_001)), "bad_metadata"),
    ],
)
def test_a_bad_one_is_reported_and_leaves_nothing(registry: Registry, bad: imports.Wanted, code: str) -> None:
    first, refused, last = registry.imported(item("a", "x"), bad, item("b", "y"))
    assert (first.status, last.status) == ("created", "created")
    assert refused.refusal is not None
    assert (refused.status, refused.version, refused.refusal.code) == ("refused", None, code)
    with pytest.raises(NotFound):
        registry.ask(prompts.one, "bad")


def test_an_import_moves_no_pinned_pointer(registry: Registry) -> None:
    registry.save("a", "x")
    registry.ship("a", 1)
    registry.imported(item("a", "y", "k1"))
    assert registry.live("a") == {"development": 2, "staging": 1, "production": 1}


def test_what_people_said_of_a_prompt_stays(registry: Registry) -> None:
    registry.save("a", "x")
    registry.do(prompts.describe, "a", {"owner": "desk"})
    registry.imported(item("a", "y", owner="importer"))
    assert registry.ask(prompts.one, "a").owner == "desk"


def test_a_fragment_comes_before_who_includes_it(registry: Registry) -> None:
    assert statuses(registry.imported(item("tone", "Be brief"), item("reply", "{{> tone}}"))) == ["created"] * 2


@pytest.mark.parametrize("count", [0, 101])
def test_an_import_is_bounded(registry: Registry, count: int) -> None:
    with pytest.raises(imports.BadImport):
        registry.imported(*[item("a", str(number)) for number in range(count)])


def test_who_may_import(registry: Registry) -> None:
    wanted = [item("a", "x")]
    with pytest.raises(Forbidden):
        registry.do_as(registry.hire("guest", "viewer"), imports.run, wanted)
    with pytest.raises(NotFound):
        registry.do_as(registry.people.stranger, imports.run, wanted)
    assert statuses(registry.do_as(registry.people.colleague, imports.run, wanted)) == ["created"]
