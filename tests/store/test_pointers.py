"""What moves is compared and set by the store too, whoever forgot to lock the project."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cuebook_server.domain.errors import PointerMoved
from cuebook_server.domain.release import Item
from cuebook_server.store.unit_of_work import ProjectScope
from tests.factories import Registry
from tests.people import PROJECT


def raise_twice(scope: ProjectScope) -> None:
    staging = scope.environments.find("staging")
    assert staging is not None
    for _ in range(2):
        scope.environments.raise_revision(staging)


def move(scope: ProjectScope, item: Item) -> None:
    staging = scope.environments.find("staging")
    assert staging is not None
    scope.environments.move(replace(staging, revision=staging.revision + 1), [item], 1, ())


def test_a_revision_is_raised_from_the_one_that_was_read(registry: Registry) -> None:
    with registry.units.write() as uow:
        found = uow.projects.find(PROJECT)
        assert found is not None
        with pytest.raises(PointerMoved, match="no longer at revision 0"):
            raise_twice(uow.scope(found))


def test_a_pointer_moves_from_where_it_was_believed_to_be(registry: Registry) -> None:
    for content in ("one", "two", "three"):
        registry.save("a", content)
    registry.promote("a@1", to="staging")
    with registry.units.write() as uow:
        found = uow.projects.find(PROJECT)
        assert found is not None
        scope = uow.scope(found)
        prompt = scope.prompts.find("a")
        assert prompt is not None
        with pytest.raises(PointerMoved, match="no longer serves what release 1 replaces"):
            move(scope, Item(prompt.prompt_id, "a", 3, replaces=2))
