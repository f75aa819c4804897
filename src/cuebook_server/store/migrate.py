"""Bring a database to this program's schema; refuse one that a newer program has written."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, select, text, update

from cuebook_server.domain.errors import SchemaTooNew
from cuebook_server.store import guards
from cuebook_server.store.bounded import Bounded
from cuebook_server.store.database import Database
from cuebook_server.store.registry import identity
from cuebook_server.store.schema import registry

if TYPE_CHECKING:
    from alembic.config import Config

# Alembic is imported where something is to be migrated: half a second that a usual start does without.
_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSIONS = _MIGRATIONS / "versions"
_LOCK = 0x63756562  # any number that all nodes share: two that start together migrate one after the other


def migrate(database: Database, target: str = "head") -> None:
    """Bring the schema to ``target`` in one transaction: all of it, or the schema as it was."""
    if target == "head" and is_current(database):
        return  # a database that cannot be written is still good for reading
    with database.write() as connection:
        if database.dialect == "postgresql":
            _take_time(connection)
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        found, known = _revision(connection), _known()
        if found is not None and found not in known:
            writer = _writer(connection)
            raise SchemaTooNew(
                f"The database was written by Cuebook {writer}; this is {installed('cuebook')}.",
                hint=f"Start Cuebook {writer} or newer on it.",
            )
        if found != known[0] or target != "head":
            _run(connection, database.dialect, target)


def _take_time(connection: Connection) -> None:
    """In a large registry one statement may take minutes, and so does the wait for another node that runs it."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, Bounded)
    connection.detach()  # from the pool: nobody else may get a connection without bounds
    driver.answer_s = math.inf
    for bound in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        connection.execute(text(f"SET LOCAL {bound} = 0"))


def is_current(database: Database) -> bool:
    """Whether the schema is this program's. Asked at every start, so it costs one query and not the import of Alembic."""
    newest = max(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*.py"))
    with database.read() as connection:
        return _revision(connection) == newest


def _run(connection: Connection, dialect: str, target: str) -> None:
    from alembic import command

    guards.drop(connection, dialect)
    config = _config()
    config.attributes["connection"] = connection
    if target == "head" or target in _known():
        command.upgrade(config, target)
    else:
        command.downgrade(config, target)
    if inspect(connection).has_table("registry"):
        guards.install(connection, dialect)
        _sign(connection)
        if target == "head":
            _begin_here(connection)


def _sign(connection: Connection) -> None:
    """Leave word of who wrote this schema, so that an older program can say what it needs."""
    version = installed("cuebook")
    if connection.execute(select(registry.c.registry_id)).first() is None:
        connection.execute(
            registry.insert().values(registry_id=1, epoch=1, keyset=0, written_by=version, created_at=datetime.now(UTC))
        )
    connection.execute(update(registry).values(written_by=version))


def _begin_here(connection: Connection) -> None:
    """Leave word of which database the epoch goes on: one that was upgraded has none."""
    connection.execute(update(registry).where(registry.c.begun_on == "").values(begun_on=identity(connection)))


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _known() -> list[str]:
    """The revisions this program knows, newest first."""
    from alembic.script import ScriptDirectory

    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def _revision(connection: Connection) -> str | None:
    """What Alembic wrote down in its own table."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _writer(connection: Connection) -> str:
    return str(connection.execute(text("SELECT written_by FROM registry")).scalar_one())
