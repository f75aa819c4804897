"""A SQLite database as a file: a backup of a running one, and one put back in its place. Either is done whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from cuebook.audit import verify
from cuebook_server.domain.errors import Conflict, Invalid, NotFound
from cuebook_server.store import guards
from cuebook_server.store.database import Database, open_database, sqlite_module
from cuebook_server.store.migrate import migrate

_WITH_IT = ("-wal", "-shm", "-journal")


class BadBackup(Invalid):
    """The file is no backup that can be put back."""

    code = "bad_backup"
    hint = "Nothing was changed. Take another backup."


class BackupExists(Conflict):
    """There is a file of that name already."""

    code = "backup_exists"
    hint = "Name another; no backup is overwritten."


class NoDatabaseFile(NotFound):
    """There is no database file."""

    code = "no_database_file"
    hint = "Name the data folder with `--data`, or the database with `--database`."


class NotAFile(Invalid):
    """The database is not a file."""

    code = "not_a_file"
    hint = "Use PostgreSQL's own tools, and `cuebook restored` after putting a backup back."


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database file holds. ``chains``: by project, how many entries its audit has."""

    bytes: int
    epoch: int
    chains: dict[str, int]


def path_of(url: str) -> Path | None:
    """The file of a SQLite database; ``None`` where it is none."""
    parsed = make_url(url)
    named = parsed.database if parsed.get_backend_name() == "sqlite" else None
    return Path(named) if named and named != ":memory:" else None


def file_of(url: str) -> Path:
    """The same; ``NotAFile`` where it is none."""
    path = path_of(url)
    if path is None:
        raise NotAFile("This database is PostgreSQL.")
    return path


def check_there(url: str) -> None:
    """Raise ``NoDatabaseFile`` where a SQLite file is named that is not there: to open it would make an empty one."""
    path = path_of(url)
    if path is not None and not path.exists():
        raise NoDatabaseFile(f"There is no {path}.")


def back_up(database: Path, to: Path) -> Contents:
    """Write one consistent moment of a database, which may be in use, to a new file."""
    if not database.exists():
        raise NoDatabaseFile(f"There is no {database}.")
    if to.exists():
        raise BackupExists(f"{to} exists.")
    draft = to.with_name(to.name + ".new")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        with closing(_open(database, "ro")) as source, closing(_open(draft, "rw")) as copy:
            source.backup(copy)  # in one step: what writers do meanwhile waits in their log
        contents = _settled(draft)
        os.link(draft, to)  # a file that came to be meanwhile stays
    except FileExistsError:
        raise BackupExists(f"{to} exists.") from None
    finally:
        _remove(draft)
    _sync(to.parent)
    return contents


def put_back(backup: Path, database: Path, at: datetime, before: Callable[[Database], object]) -> Path | None:
    """Put a backup in a database's place, after ``before`` was called with it; where what was there is kept now.

    The caller is alone with the database.
    """
    if not backup.is_file():
        raise BadBackup(f"There is no file {backup}.")
    draft = database.with_name(database.name + ".restoring")
    _remove(draft)
    try:
        _copy(backup, draft)
        _checked(draft)
        opened = open_database(f"sqlite:///{draft}")
        try:
            migrate(opened)
            with opened.engine.begin() as connection:  # whatever the file says, the guards are ours
                guards.drop(connection, opened.dialect)
                guards.install(connection, opened.dialect)
            before(opened)
        finally:
            opened.close()
        _settled(draft)
        kept = _set_aside(database, at)
        draft.replace(database)
    finally:
        _remove(draft)
    _sync(database.parent)
    return kept


def epoch_of(database: Path) -> int:
    """The epoch of a database file, as far as it can be read; else 0."""
    with suppress(sqlite_module().Error), closing(_open(database, "ro")) as connection:
        return int(connection.execute("SELECT epoch FROM registry").fetchone()[0])
    return 0


def _open(path: Path, mode: str) -> Any:
    return sqlite_module().connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=30)


def _copy(backup: Path, draft: Path) -> None:
    """The file, with what a server that was killed left beside it."""
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    shutil.copyfile(backup, draft)
    log = backup.with_name(backup.name + "-wal")
    if log.exists():
        shutil.copyfile(log, draft.with_name(draft.name + "-wal"))


def _checked(draft: Path) -> None:
    """Refuse what is damaged, belongs to another program, or whose audit does not hold together."""
    try:
        with closing(_open(draft, "rw")) as connection:
            if (found := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise BadBackup(f"The file is damaged: {found}.")
            for project_id, name in connection.execute("SELECT project_id, name FROM project").fetchall():
                _check_chain(connection, project_id, name)
    except sqlite_module().Error as error:
        raise BadBackup(f"The file is no database of Cuebook: {error}.") from None


def _check_chain(connection: Any, project_id: int, name: str) -> None:
    def entries() -> Iterator[dict[str, Any]]:
        rows = connection.execute("SELECT body FROM audit_entry WHERE project_id = ? ORDER BY seq", [project_id])
        return (json.loads(body) for (body,) in rows)

    checked = verify(entries())
    end = connection.execute("SELECT audit_seq, audit_hash FROM project WHERE project_id = ?", [project_id]).fetchone()
    if not checked.intact or (checked.entries, checked.head) != tuple(end):
        raise BadBackup(
            f"The audit chain of {name} is broken in it.", hint="Nothing was changed. Find out who changed the file."
        )


def _settled(path: Path) -> Contents:
    """One file without a log beside it, on the disk for good; what it holds."""
    with closing(_open(path, "rw")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
        epoch = connection.execute("SELECT epoch FROM registry").fetchone()[0]
        chains = dict(connection.execute("SELECT name, audit_seq FROM project ORDER BY name").fetchall())
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return Contents(path.stat().st_size, epoch, chains)


def _set_aside(database: Path, at: datetime) -> Path | None:
    """Keep what is there under another name as well; the file itself is replaced in one step afterwards."""
    if not database.exists():
        return None
    with suppress(sqlite_module().Error), closing(_open(database, "rw")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = database.with_name(f"{database.name}.replaced-{at:%Y%m%dT%H%M%S.%fZ}")
    os.link(database, kept)
    for ending in _WITH_IT:  # a log that stayed belongs to the old file: SQLite would play it into the new one
        beside = database.with_name(database.name + ending)
        if beside.exists():
            beside.replace(kept.with_name(kept.name + ending))
    return kept


def _remove(path: Path) -> None:
    for ending in ("", *_WITH_IT):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
