"""What the database itself refuses, whoever asks: history is written once, and a pointer moves only by a release."""

from __future__ import annotations

import pytest
from sqlalchemy import exc, text

from tests.factories import Registry

# In the project `desk` (2): environments development (1), staging (2), production (3); prompt `a` (1) with versions 1 and 2.
HERE = "project_id = 2 AND environment_id = 2 AND prompt_id = 1"
HISTORY = ("version", "pointer_change", "release_item", "audit_entry", "release", "version_include")
RELEASE = (
    "INSERT INTO release (project_id, release_id, environment_id, kind, state, reason, author, decision, notes, created_at,"
    " applied_at, epoch, revision) SELECT project_id, {id}, environment_id, kind, 'proposed', reason, author, decision, notes,"
    " created_at, applied_at, epoch, {revision} FROM release WHERE project_id = 2 AND release_id = 1"
)


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """Staging serves a@1 by release 1 at revision 1; `b` includes `a`."""
    for content in ("x", "y"):
        registry.save("a", content)
    registry.save("b", "{{> a}}")
    registry.promote("a@1", to="staging")
    return registry


def run(registry: Registry, *statements: str) -> None:
    with registry.database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def refused(registry: Registry, *statements: str, match: str) -> None:
    """The last statement is refused and nothing of the others stays."""
    before = rows(registry)
    with pytest.raises(exc.DBAPIError, match=match):
        run(registry, *statements)
    assert rows(registry) == before


def rows(registry: Registry) -> list[object]:
    tables = (*HISTORY, "pointer", "environment")
    with registry.database.read() as connection:
        return [sorted(map(str, connection.execute(text(f"SELECT * FROM {table}")))) for table in tables]


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_neither_changed_nor_deleted(registry: Registry, table: str) -> None:
    refused(registry, f"UPDATE {table} SET project_id = 2", match="history|never changes")
    refused(registry, f"DELETE FROM {table}", match="history")


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_not_replaced_nor_emptied(registry: Registry, table: str) -> None:
    if registry.database.dialect == "sqlite":
        refused(registry, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}", match="REPLACE|ended")
        refused(registry, f"UPDATE OR REPLACE {table} SET project_id = 2", match="history|never changes")
    else:
        refused(registry, f"TRUNCATE {table} CASCADE", match="TRUNCATE")
        refused(registry, f"INSERT INTO {table} SELECT * FROM {table}", match="duplicate key|only by a release|ended")


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE pointer SET number = 2 WHERE {HERE}",
        f"UPDATE pointer SET number = NULL WHERE {HERE}",
        f"UPDATE pointer SET environment_id = 3 WHERE {HERE}",
        f"UPDATE pointer SET prompt_id = 2 WHERE {HERE}",
        f"DELETE FROM pointer WHERE {HERE}",
        "INSERT INTO pointer VALUES (2, 3, 1, 1, 1, 1)",  # another environment, by staging's release
        "INSERT INTO pointer VALUES (2, 2, 2, 1, 1, 1)",  # another prompt
        "INSERT INTO pointer VALUES (2, 1, 1, 1, 1, 1)",  # an environment that tracks latest
        "INSERT INTO pointer VALUES (2, 2, 2, 1, 99, 1)",  # a release that does not exist
    ],
)
def test_a_pointer_moves_only_by_a_release(registry: Registry, statement: str) -> None:
    refused(registry, statement, match="only by a release")


def test_an_old_release_moves_nothing(registry: Registry) -> None:
    registry.promote("a@2", to="staging")
    refused(registry, f"UPDATE pointer SET number = 1, release_id = 1, revision = 1 WHERE {HERE}", match="only by a release")
    refused(registry, f"UPDATE pointer SET number = 1 WHERE {HERE}", match="only by a release")


def test_a_release_moves_only_to_the_version_it_names(registry: Registry) -> None:
    raised = "UPDATE environment SET revision = 2 WHERE project_id = 2 AND environment_id = 2"
    waits = RELEASE.format(id=2, revision=2)
    named = "INSERT INTO release_item (project_id, release_id, ordinal, prompt_id, number, replaces) VALUES (2, 2, 0, 1, 2, 1)"
    applied = "UPDATE release SET state = 'applied' WHERE project_id = 2 AND release_id = 2"
    change = (
        "INSERT INTO pointer_change (project_id, environment_id, revision, prompt_id, before, after, cause, actor, at,"
        " release_id) VALUES (2, 2, 2, 1, 1, {after}, 'promote', 'me', '2026-01-01', 2)"
    )
    move = f"UPDATE pointer SET number = {{number}}, release_id = 2, revision = 2 WHERE {HERE}"
    made = (raised, waits, named, applied)
    refused(registry, *made, change.format(after=1), match="only by a release")
    refused(registry, *made, move.format(number=2), match="only by a release")
    refused(registry, *made, change.format(after=2), move.format(number=1), match="only by a release")
    refused(registry, raised, waits, named, change.format(after=2), move.format(number=2), match="only by a release")
    run(registry, *made, change.format(after=2), move.format(number=2))
    assert registry.live("a")["staging"] == 2


def test_a_pinned_environment_has_no_change_without_a_release(registry: Registry) -> None:
    values = "(2, {environment}, {revision}, 1, 1, 2, 'save', 'me', '2026-01-01', {release})"
    for environment, revision, release in ((2, 1, "NULL"), (2, 2, "NULL"), (2, 2, "1"), (3, 1, "1"), (1, 99, "NULL")):
        row = values.format(environment=environment, revision=revision, release=release)
        refused(
            registry,
            "INSERT INTO pointer_change (project_id, environment_id, revision, prompt_id, before, after, cause, actor, at,"
            f" release_id) VALUES {row}",
            match="only by a release",
        )


def test_a_revision_never_goes_back(registry: Registry) -> None:
    refused(registry, "UPDATE environment SET revision = revision - 1 WHERE environment_id = 2", match="never goes back")


def test_an_environment_never_begins_to_track_latest(registry: Registry) -> None:
    """That would serve the newest version of everything in a pinned environment, without a release."""
    refused(registry, "UPDATE environment SET tracks_latest = NOT tracks_latest", match="tracks")


def test_a_release_takes_no_item_after_it_was_applied(registry: Registry) -> None:
    registry.save("c", "x")
    added = "INSERT INTO release_item (project_id, release_id, prompt_id, ordinal, number) VALUES (2, 1, 3, 1, 1)"
    refused(registry, added, match="no item after it ended")
