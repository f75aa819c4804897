"""What the database itself refuses, whoever asks: triggers, on both databases.

History (versions, change rows, release items, audit entries) takes no UPDATE and no DELETE; an applied release and a closed
review neither.
A release is applied only by a decision that let it in, or as an emergency with an open review.
A pointer moves only to what an applied release, at the environment's present revision, says in its items and a change row.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

HISTORY = (
    "version",
    "version_include",
    "pointer_change",
    "release_item",
    "audit_entry",
    "approval",
    "release_comment",
    "gate_result",
    "recall",
)
# The key of each table above, for SQLite: INSERT OR REPLACE would delete a row without firing a DELETE trigger.
_KEYS = {
    "version": ("project_id", "prompt_id", "number"),
    "version_include": ("project_id", "prompt_id", "number", "fragment_id"),
    "pointer_change": ("project_id", "environment_id", "revision", "prompt_id"),
    "release_item": ("project_id", "release_id", "prompt_id"),
    "audit_entry": ("project_id", "seq"),
    "release": ("project_id", "release_id"),
    "approval": ("project_id", "release_id", "ordinal"),
    "release_comment": ("project_id", "release_id", "ordinal"),
    "gate_result": ("project_id", "gate", "digest", "ordinal"),
    "recall": ("project_id", "prompt_id", "number"),
    "review": ("project_id", "release_id"),
}
_MOVE = """EXISTS (
    SELECT 1 FROM pointer_change AS c
    JOIN release_item AS i ON i.project_id = c.project_id AND i.release_id = c.release_id AND i.prompt_id = c.prompt_id
    JOIN release AS r ON r.project_id = c.project_id AND r.release_id = c.release_id
    JOIN environment AS e ON e.project_id = c.project_id AND e.environment_id = c.environment_id
    WHERE c.project_id = NEW.project_id AND c.environment_id = NEW.environment_id AND c.prompt_id = NEW.prompt_id
      AND c.release_id = NEW.release_id AND c.revision = NEW.revision AND r.revision = NEW.revision
      AND r.environment_id = NEW.environment_id AND r.state = 'applied'
      AND e.revision = NEW.revision AND NOT e.tracks_latest
      AND c.after {same} NEW.number AND i.number {same} NEW.number)"""
_CHANGE = """(NEW.release_id IS NULL AND EXISTS (
    SELECT 1 FROM environment AS e WHERE e.project_id = NEW.project_id AND e.environment_id = NEW.environment_id
      AND e.tracks_latest AND e.revision = NEW.revision))
  OR EXISTS (
    SELECT 1 FROM release_item AS i JOIN release AS r ON r.project_id = i.project_id AND r.release_id = i.release_id
    WHERE i.project_id = NEW.project_id AND i.release_id = NEW.release_id AND i.prompt_id = NEW.prompt_id
      AND i.number {same} NEW.after AND r.environment_id = NEW.environment_id AND r.revision = NEW.revision)"""
_WAITS = """EXISTS (
    SELECT 1 FROM release AS r
    WHERE r.project_id = NEW.project_id AND r.release_id = NEW.release_id AND r.state = 'proposed')"""
# What stands behind every move: a decision that let it in, or an emergency that somebody still has to look at.
_DECIDED = """NEW.state <> 'applied' OR {allowed} OR (NEW.emergency AND EXISTS (
    SELECT 1 FROM review AS v
    WHERE v.project_id = NEW.project_id AND v.release_id = NEW.release_id AND v.closed_at IS NULL))"""
_UNDECIDED = "a release is applied by a decision that lets it in, or as an emergency with an open review"
_BEGINS = "a release begins as a proposal: none is written as ended"
_CLOSED = "a release takes no item after it ended"
_REVIEWED = "a review that was closed never changes"
_WITHOUT_RELEASE = "a pointer moves only by a release"
# A pinned environment that began to track would serve what no release let in.
_KEEPS_WAY = "an environment tracks latest from its start or never"


def sqlite() -> Iterator[str]:
    """The triggers in SQLite's words."""
    for table in HISTORY:
        for verb in ("UPDATE", "DELETE"):
            yield _sqlite(f"{table}_no_{verb.lower()}", f"BEFORE {verb} ON {table}", f"{table} is history: no {verb}")
    for table, key in _KEYS.items():
        same = " AND ".join(f"{column} = NEW.{column}" for column in key)
        yield _sqlite(
            f"{table}_no_replace",
            f"BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})",  # noqa: S608  # the names stand above
            f"{table} is history: no REPLACE",
        )
    yield _sqlite("release_no_delete", "BEFORE DELETE ON release", "release is history: no DELETE")
    yield _sqlite(
        "release_no_update", "BEFORE UPDATE ON release WHEN OLD.state <> 'proposed'", "a release that ended never changes"
    )
    decided = _DECIDED.format(allowed="json_extract(NEW.decision, '$.allowed') IS 1")
    yield _sqlite("release_decided", f"BEFORE UPDATE ON release WHEN NOT ({decided})", _UNDECIDED)
    yield _sqlite("release_begins", "BEFORE INSERT ON release WHEN NEW.state <> 'proposed'", _BEGINS)
    yield _sqlite("review_no_delete", "BEFORE DELETE ON review", "review is history: no DELETE")
    yield _sqlite("review_no_update", "BEFORE UPDATE ON review WHEN OLD.closed_at IS NOT NULL", _REVIEWED)
    for verb in ("INSERT", "UPDATE"):
        when = f"BEFORE {verb} ON pointer WHEN NOT {_MOVE.format(same='IS')}"
        yield _sqlite(f"pointer_{verb.lower()}_by_release", when, _WITHOUT_RELEASE)
    yield _sqlite("release_item_closed", f"BEFORE INSERT ON release_item WHEN NOT {_WAITS}", _CLOSED)
    yield _sqlite("pointer_no_delete", "BEFORE DELETE ON pointer", _WITHOUT_RELEASE)
    yield _sqlite(
        "pointer_change_by_release", f"BEFORE INSERT ON pointer_change WHEN NOT ({_CHANGE.format(same='IS')})", _WITHOUT_RELEASE
    )
    yield _sqlite(
        "environment_keeps_way", "BEFORE UPDATE ON environment WHEN NEW.tracks_latest <> OLD.tracks_latest", _KEEPS_WAY
    )
    yield _sqlite(
        "environment_forward", "BEFORE UPDATE ON environment WHEN NEW.revision < OLD.revision", "a revision never goes back"
    )


def _sqlite(name: str, when: str, message: str) -> str:
    return f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, '{message}'); END"


def postgresql() -> Iterator[str]:
    """The triggers in PostgreSQL's words."""
    yield """CREATE FUNCTION cuebook_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation'; END $$"""
    for name, body, message in (
        ("cuebook_pointer", _MOVE, _WITHOUT_RELEASE),
        ("cuebook_change", _CHANGE, _WITHOUT_RELEASE),
        ("cuebook_item", _WAITS, _CLOSED),
        ("cuebook_decided", _DECIDED.format(allowed="coalesce(NEW.decision::jsonb -> 'allowed' = 'true', false)"), _UNDECIDED),
    ):
        condition = body.replace("{same}", "IS NOT DISTINCT FROM")
        yield f"""CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF NOT ({condition}) THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation'; END IF;
              RETURN NEW;
            END $$"""
    for table in HISTORY:
        message = f"{table} is history: no UPDATE, DELETE or TRUNCATE"
        yield _postgresql(f"{table}_no_change", f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW", message)
    yield _postgresql("release_no_delete", "BEFORE DELETE ON release FOR EACH ROW", "release is history: no DELETE")
    yield _postgresql(
        "release_no_update",
        "BEFORE UPDATE ON release FOR EACH ROW WHEN (OLD.state <> 'proposed')",
        "a release that ended never changes",
    )
    yield "CREATE TRIGGER release_decided BEFORE UPDATE ON release FOR EACH ROW EXECUTE FUNCTION cuebook_decided()"
    yield _postgresql("release_begins", "BEFORE INSERT ON release FOR EACH ROW WHEN (NEW.state <> 'proposed')", _BEGINS)
    yield _postgresql("review_no_delete", "BEFORE DELETE ON review FOR EACH ROW", "review is history: no DELETE")
    yield _postgresql("review_no_update", "BEFORE UPDATE ON review FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL)", _REVIEWED)
    for table in (*HISTORY, "release", "pointer", "review"):
        yield _postgresql(f"{table}_no_truncate", f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT", f"{table}: no TRUNCATE")
    yield "CREATE TRIGGER pointer_by_release BEFORE INSERT OR UPDATE ON pointer FOR EACH ROW EXECUTE FUNCTION cuebook_pointer()"
    yield "CREATE TRIGGER release_item_closed BEFORE INSERT ON release_item FOR EACH ROW EXECUTE FUNCTION cuebook_item()"
    yield _postgresql("pointer_no_delete", "BEFORE DELETE ON pointer FOR EACH ROW", _WITHOUT_RELEASE)
    yield "CREATE TRIGGER change_by_release BEFORE INSERT ON pointer_change FOR EACH ROW EXECUTE FUNCTION cuebook_change()"
    yield _postgresql(
        "environment_keeps_way",
        "BEFORE UPDATE ON environment FOR EACH ROW WHEN (NEW.tracks_latest <> OLD.tracks_latest)",
        _KEEPS_WAY,
    )
    yield _postgresql(
        "environment_forward",
        "BEFORE UPDATE ON environment FOR EACH ROW WHEN (NEW.revision < OLD.revision)",
        "a revision never goes back",
    )


def _postgresql(name: str, when: str, message: str) -> str:
    return f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION cuebook_refuse('{message}')"


def install(connection: Connection, dialect: str) -> None:
    """Put every guard in place."""
    for statement in sqlite() if dialect == "sqlite" else postgresql():
        connection.execute(text(statement))


def drop(connection: Connection, dialect: str) -> None:
    """Take every guard away, inside a migration's transaction: a table that is rebuilt would lose its own."""
    if dialect == "sqlite":
        names = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
        for name in names:
            connection.execute(text(f'DROP TRIGGER "{name}"'))
    else:
        for function in ("cuebook_refuse", "cuebook_pointer", "cuebook_change", "cuebook_item", "cuebook_decided"):
            connection.execute(text(f"DROP FUNCTION IF EXISTS {function} CASCADE"))
