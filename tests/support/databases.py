"""Databases for tests: migrated once per run, then copied, which takes 1 ms for SQLite and 20 ms for PostgreSQL.

Every process of a run (xdist's workers too) finds the same folder in ``CUEBOOK_TEST_RUN``. Who comes first makes a template
there, under a lock; the process that made the folder stops the server and removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tests.support.postgres import Cluster, in_memory

VARIABLE = "CUEBOOK_TEST_RUN"
TEMPLATE = "cuebook_template"


def begin_run() -> Path:
    """Make the run's folder. Short, because a socket's path may have 107 bytes only."""
    folder = Path(tempfile.mkdtemp(prefix="cuebook-tests-", dir=in_memory()))
    folder.chmod(0o711)  # PostgreSQL runs as `nobody` when the tests run as root, and its files lie in here
    os.environ[VARIABLE] = str(folder)
    return folder


def end_run(folder: Path) -> None:
    """Stop what was started for the run and leave nothing behind."""
    if (folder / "postgres" / "ready").exists():
        Cluster(folder / "postgres").stop()
    os.environ.pop(VARIABLE, None)
    shutil.rmtree(folder)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder in the run's, for databases that nobody looks at afterwards."""
    made = Path(tempfile.mkdtemp(dir=run_folder()))
    try:
        yield made
    finally:
        shutil.rmtree(made)


@contextmanager
def sqlite_database(template: Path | None = None) -> Iterator[str]:
    """The address of a new database, a copy of the template (the migrated one), whose file is removed at the end."""
    with folder() as place:
        yield f"sqlite:///{shutil.copy(template or sqlite_template(), place / 'cuebook.db')}"


def sqlite_template() -> Path:
    """A migrated SQLite file, to be copied."""
    template = run_folder() / "template.db"
    with making("sqlite") as first:
        if first:
            _migrate(f"sqlite:///{template}")
    return template


def postgres_cluster() -> Cluster:
    """The run's PostgreSQL server, with an empty ``postgres`` and a migrated template database."""
    cluster = Cluster(run_folder() / "postgres")
    with making("postgres") as first:
        if first:
            cluster.root.mkdir()
            cluster.start()
            (cluster.root / "ready").touch()
            execute(cluster, f"CREATE DATABASE {TEMPLATE}")
            _migrate(cluster.url(TEMPLATE))
    return cluster


@contextmanager
def postgres_database(template: str = TEMPLATE) -> Iterator[str]:
    """The address of a new database, a copy of the template, which is dropped at the end."""
    cluster = postgres_cluster()
    name = f"test_{uuid4().hex}"
    execute(cluster, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield cluster.url(name)
    finally:
        execute(cluster, f"DROP DATABASE {name} WITH (FORCE)")


def execute(cluster: Cluster, statement: str) -> None:
    """Run one of our own statements, outside a transaction, on the server's ``postgres`` database."""
    import psycopg

    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())


def _migrate(url: str) -> None:
    from cuebook_server.store.database import open_database
    from cuebook_server.store.migrate import migrate

    database = open_database(url)
    try:
        migrate(database)
    finally:
        database.close()


def run_folder() -> Path:
    """The folder that all processes of the run share."""
    return Path(os.environ[VARIABLE])


@contextmanager
def making(what: str) -> Iterator[bool]:
    """Whether this process is the first of the run to make it; the others wait until it is made."""
    with (run_folder() / f"{what}.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        made = lock.read()
        yield not made
        lock.write("" if made else "made")
