"""The status matrix: prompts by environments, how far apart; and the history of one environment."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import NotFound
from cuebook_server.services import environments
from tests.factories import Registry


def test_how_far_an_environment_is_behind(registry: Registry) -> None:
    for content in ("x", "y", "z"):
        registry.save("a", content)
        registry.clock.tick(86_400)
    registry.promote("a@2", to="staging")
    registry.promote("a@2", to="production")
    registry.promote("a@3", to="staging")
    columns, (row,) = registry.ask(environments.status, prompts=["a"], after="", limit=10)
    assert [column.name for column in columns] == ["development", "staging", "production"]
    assert row.versions == {"development": 3, "staging": 3, "production": 2}
    assert row.behind == {"development": (0, 0.0), "staging": (0, 0.0), "production": (1, 1.0)}


def test_what_serves_nothing_is_not_behind(registry: Registry) -> None:
    registry.save("a", "x")
    _, (row,) = registry.ask(environments.status, prompts=[], after="", limit=10)
    assert (row.versions["staging"], set(row.behind)) == (None, {"development"})


def test_a_page_at_a_time_by_name(registry: Registry) -> None:
    for name in ("c", "a", "b"):
        registry.save(name, "x")
    pages = [registry.ask(environments.status, prompts=[], after=after, limit=2)[1] for after in ("", "b")]
    assert [[row.prompt for row in page] for page in pages] == [["a", "b"], ["c"]]


def next_steps(registry: Registry) -> dict[str, str | None]:
    return {found.environment: found.next_step for found in registry.ask(environments.solo)}


def test_who_is_alone_is_told_so_and_not_nagged(registry: Registry) -> None:
    assert next_steps(registry) == {"production": None}
    registry.hire("viewer", "viewer")
    assert next_steps(registry) == {"production": None}
    registry.hire("reviewer", "reviewer")
    assert next_steps(registry) == {"production": "cuebook env preset production team"}
    registry.do(environments.adopt, "production", "team")
    assert next_steps(registry) == {}


def test_an_unknown_prompt_is_said_to_be_unknown(registry: Registry) -> None:
    with pytest.raises(NotFound):
        registry.ask(environments.status, prompts=["nothing"], after="", limit=10)


def test_history_goes_back_in_pages_that_cut_no_revision(registry: Registry) -> None:
    for name in ("a", "b", "c"):
        registry.save(name, "x")
    registry.promote("a", to="staging")
    registry.promote("b", "c", to="staging")
    registry.retire("a", to="staging")

    def page(before: int) -> list[tuple[int, str, int | None, int | None]]:
        rows = registry.ask(environments.history, "staging", before=before, limit=2)
        return [(row.revision, row.prompt, row.before, row.after) for row in rows]

    assert page(99) == [(3, "a", 1, None), (2, "b", None, 1), (2, "c", None, 1)]
    assert page(2) == [(1, "a", None, 1)]
    assert page(1) == []
    alone = registry.ask(environments.history, "staging", before=99, limit=1, prompt="b")
    assert [(row.revision, row.prompt) for row in alone] == [(2, "b")]
    with pytest.raises(NotFound):
        registry.ask(environments.history, "staging", before=99, limit=1, prompt="nothing")


def test_the_history_of_development_is_made_of_saves(registry: Registry) -> None:
    for content in ("x", "y"):
        registry.save("a", content)
    newest, oldest = registry.ask(environments.history, "development", before=99, limit=9)
    assert (newest.before, newest.after, newest.cause, newest.release_id) == (1, 2, "save", None)
    assert (oldest.before, oldest.after) == (None, 1)
