"""The door beside every other: SQL typed into either database changes no history and moves no pointer round a decision."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import exc, text

from cuebook_server.services import gates, recalls, releases
from cuebook_server.store.guards import HISTORY
from cuebook_server.store.schema import metadata
from tests.factories import Registry, open_registry, request
from tests.support.settled import Settled

GUARDED = (*HISTORY, "release", "review", "pointer")
# Whoever writes these by hand changes no version, no release and no record; what they allow is weighed when a release comes.
FREE = {
    "registry": "the epoch and who wrote the schema",
    "project": "names and counters",
    "prompt": "a name and what is said about it",
    "prompt_alias": "other names",
    "imported": "which import was which version",
    "environment": "its rules; its way and its revision are guarded",
    "search_document": "an index of words",
    "fetched": "when a key asked for what",
    "fleet_instance": "what clients said of themselves",
    "delivery_key": "credentials",
    "idempotency": "answers kept for a day",
    **dict.fromkeys(("webhook", "webhook_delivery", "webhook_attempt"), "who is told, and how telling went"),
    "notice": "what people are told; they read it away",
    **dict.fromkeys(("person", "membership", "identity", "invitation"), "people"),
    **dict.fromkeys(("session", "sign_in_link", "personal_token", "token", "attempt"), "credentials"),
}
# In `desk` (2), production (3) serves version 1 of `a` (1); release 3 waits, approved; 4 is an emergency with an open review.
HERE = "project_id = 2 AND environment_id = 3 AND prompt_id = 1"
WAITS = "WHERE project_id = 2 AND release_id = 3"


@pytest.fixture
def registry(settled_database: Settled) -> Iterator[Registry]:
    with open_registry(settled_database.url, settled_database.people) as opened:
        fill(opened)
        yield opened


def fill(registry: Registry) -> None:
    """A row in every guarded table."""
    for content in ("one", "two", "three"):
        registry.save("a", content)
    registry.save("b", "{{> a}}")
    registry.ship("a", 1)
    registry.do(gates.report, "suite", digest="sha256:" + "0" * 64, suite_revision="1", passed=True)
    proposed = registry.propose("a@2")
    registry.approve(proposed, registry.hire("reviewer", "reviewer"))
    registry.do(releases.comment, proposed.release_id, "hm")
    registry.do_as(registry.hire("pager", "on-call"), releases.break_glass, request("promote", "production", "b@1"))
    registry.do(recalls.recall, "a", 3, "it insults")


def run(registry: Registry, *statements: str) -> None:
    with registry.database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def refused(registry: Registry, *statements: str) -> None:
    """The last statement is refused, by a guard; nothing of the others stays."""
    before = rows(registry)
    if statements[:-1]:
        run_and_undo(registry, *statements[:-1])
    with pytest.raises(exc.DBAPIError) as told:
        run(registry, *statements)
    said = str(told.value.orig)
    guard = ("history", "never", "only by a release", "TRUNCATE", "ended", "decision", "proposal", "tracks", "proposed")
    assert any(word in said for word in (*guard, "duplicate key", "REPLACE")), said
    assert rows(registry) == before


def run_and_undo(registry: Registry, *statements: str) -> None:
    """They pass, so that it is the last one that is refused."""
    with registry.database.engine.connect() as connection, connection.begin() as running:
        for statement in statements:
            connection.execute(text(statement))
        running.rollback()


def rows(registry: Registry) -> list[list[str]]:
    with registry.database.read() as connection:
        return [sorted(map(str, connection.execute(text(f"SELECT * FROM {table}")))) for table in (*GUARDED, "environment")]


def test_every_table_is_guarded_or_free_for_a_reason() -> None:
    assert set(GUARDED) | set(FREE) == {table.name for table in metadata.sorted_tables}


@pytest.mark.parametrize("table", GUARDED)
def test_no_guarded_row_is_changed_deleted_or_written_again(registry: Registry, table: str) -> None:
    with registry.database.read() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() > 0
    columns = [column.name for column in metadata.tables[table].columns]
    where = {"release": " WHERE state = 'applied'", "review": " WHERE closed_at IS NOT NULL"}.get(table, "")
    if table == "review":
        who = registry.hire("judge", "reviewer")
        registry.do_as(who, releases.close_review, 4, "looked at it")
    for column in columns:
        refused(registry, f"UPDATE {table} SET {column} = {column}{where}")
    refused(registry, f"DELETE FROM {table}")
    if registry.database.dialect == "sqlite":
        refused(registry, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}{where}")
        refused(registry, f"UPDATE OR REPLACE {table} SET project_id = 2{where}")
    else:
        refused(registry, f"TRUNCATE {table} CASCADE")
        refused(registry, f"INSERT INTO {table} SELECT * FROM {table}{where}")


MOVE = f"UPDATE pointer SET number = 2, release_id = 3, revision = 3 WHERE {HERE}"
RAISED = "UPDATE environment SET revision = 3 WHERE project_id = 2 AND environment_id = 3"
APPLIED = f"UPDATE release SET state = 'applied', revision = 3, applied_at = created_at{{more}} {WAITS}"
CHANGE = (
    "INSERT INTO pointer_change (project_id, environment_id, revision, prompt_id, before, after, cause, actor, at, release_id)"
    " VALUES (2, {place}, 3, 1, 1, {after}, 'promote', 'me', '2026-01-01', {release})"
)
ALLOWED = """, decision = '{"allowed": true, "policy_revision": 1, "rules": []}'"""
MOVED = CHANGE.format(place=3, after=2, release=3)


@pytest.mark.parametrize(
    "statements",
    [
        [MOVE],
        [RAISED, MOVE],
        [RAISED, MOVED],  # a change row that names a release which waits
        [RAISED, APPLIED.format(more=ALLOWED), MOVE],  # no change row
        [RAISED, APPLIED.format(more=ALLOWED), CHANGE.format(place=3, after=1, release=3)],  # another version than it names
        [RAISED, APPLIED.format(more=ALLOWED), CHANGE.format(place=2, after=2, release=3)],  # another environment
        [RAISED, APPLIED.format(more=ALLOWED), CHANGE.format(place=3, after=2, release=1)],  # a release of another place
        [RAISED, APPLIED.format(more=ALLOWED), CHANGE.format(place=3, after=1, release=2)],  # one that was used
        [RAISED, APPLIED.format(more=ALLOWED), CHANGE.format(place=3, after=2, release=99)],
        [RAISED, APPLIED.format(more=ALLOWED), MOVED, MOVE.replace("number = 2", "number = 3")],
        [RAISED, APPLIED.format(more=ALLOWED), MOVED, MOVE.replace("number = 2", "number = NULL")],
        [RAISED, APPLIED.format(more=ALLOWED), MOVED, MOVE.replace("release_id = 3", "release_id = 2")],
        [f"UPDATE pointer SET number = 2 WHERE {HERE}"],
        [f"UPDATE pointer SET environment_id = 2 WHERE {HERE}"],
        ["INSERT INTO pointer VALUES (2, 3, 99, 1, 2, 2)"],
    ],
)
def test_a_pointer_moves_only_with_all_that_belongs_to_it(registry: Registry, statements: list[str]) -> None:
    refused(registry, *(_typed(registry, statement) for statement in statements))


@pytest.mark.parametrize(
    "more",
    [
        "",  # the decision of the proposal: not let in
        """, decision = '{"allowed": false}'""",
        """, decision = '{"rules": []}'""",
        """, decision = '{"allowed": "true"}'""",
        ", emergency = true",  # no review was opened
    ],
)
def test_no_release_is_applied_without_a_decision_that_let_it_in(registry: Registry, more: str) -> None:
    """A release could be written down as applied with a decision that said no, and the pointer then moved with it."""
    registry.rules(approvals={"count": 2})
    waiting = registry.propose("a@2").release_id
    applied = APPLIED.format(more=more).replace("release_id = 3", f"release_id = {waiting}")
    refused(registry, _typed(registry, RAISED), _typed(registry, applied))


def test_no_release_begins_as_applied(registry: Registry) -> None:
    columns = [column.name for column in metadata.tables["release"].columns]
    values = ", ".join({"release_id": "99", "revision": "99"}.get(name, name) for name in columns)
    refused(registry, f"INSERT INTO release ({', '.join(columns)}) SELECT {values} FROM release WHERE state = 'applied'")


def _typed(registry: Registry, statement: str) -> str:
    """The statement at production's next revision, which the emergency raised."""
    with registry.database.read() as connection:
        asked = "SELECT revision FROM environment WHERE project_id = 2 AND environment_id = 3"
        now = connection.execute(text(asked)).scalar_one()
    return (
        statement.replace("revision = 3", f"revision = {now + 1}")
        .replace("(2, 3, 3, 1", f"(2, 3, {now + 1}, 1")
        .replace("(2, 2, 3, 1", f"(2, 2, {now + 1}, 1")
    )
