"""Lists of a registry of 100,000 prompts and 1,000,000 audit entries, on both databases: every page, also the last."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from bench import _large
from bench.rows import Row
from cuebook_server.domain.access import Actor, Grant
from cuebook_server.domain.audit import AuditFilter
from cuebook_server.services import audit, environments, prompts, releases
from cuebook_server.services.ports import UnitOfWork
from cuebook_server.store.database import Database, open_database
from cuebook_server.store.migrate import migrate
from cuebook_server.store.unit_of_work import SqlUnits
from tests.support import databases

SIZE = _large.Size(prompts=100_000, versions=1)
AUDIT = 1_000_000
PAGE, ROUNDS, TARGET_MS, END = 100, 5, 200, 2**31 - 1
ACTOR = Actor("bench", "bench", (Grant("admin"),), "bench")
PROJECT = "default"

Ask = Callable[[UnitOfWork], object]
# Entries of one kind, one in 10,000 by another principal, and no two to one target: what is rare is what is slow to find.
_ENTRIES = """INSERT INTO audit_entry (project_id, seq, at, principal, action, target, environment, body)
    SELECT 1, n, '2026-11-20 00:00:00+00:00', CASE WHEN n % 10000 = 0 THEN 'rare' ELSE 'often' END,
           CASE WHEN n % 20000 = 0 THEN 'version.recalled' ELSE 'release.promote' END, 'release ' || n, 'production',
           '{{"seq":' || n || ',"reason":"{filler}"}}' FROM {numbers} WHERE n > 100"""
_NUMBERS = {
    "sqlite": "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s)",
    "postgresql": "generate_series(1, {count}) AS n",
}


def run() -> list[Row]:
    """Each page by itself, on both databases."""
    folder = Path(tempfile.mkdtemp(prefix="cuebook-bench-"))
    run_folder = databases.begin_run()
    try:
        url = f"sqlite:///{folder / 'lists.db'}"
        with closing(open_database(url)) as database:
            migrate(database)
        with databases.postgres_database() as postgres:
            return [*_measured("SQLite", url), *_measured("PostgreSQL", postgres)]
    finally:
        databases.end_run(run_folder)
        shutil.rmtree(folder)


def _measured(kind: str, url: str) -> list[Row]:
    with closing(open_database(url)) as database:
        _large.fill(database, SIZE)
        _fill_audit(database)
        return [
            Row(f"{kind}: {what}", _median_ms(database, ask), "ms", None, TARGET_MS, "most") for what, ask in _pages().items()
        ]


def _fill_audit(database: Database) -> None:
    statement = _ENTRIES.format(filler="x" * 500, numbers=_NUMBERS[database.dialect].format(count=AUDIT))
    with database.engine.connect().execution_options(immediate=True) as connection, connection.begin():
        if database.dialect == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text(statement.replace(":", "\\:")))
        connection.execute(text("UPDATE project SET audit_seq = :seq WHERE project_id = 1"), {"seq": AUDIT})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE")) if database.dialect == "postgresql" else None


def _pages() -> dict[str, Ask]:
    """Each page as its use case is asked for it."""
    deep = _large.name(SIZE.prompts - PAGE)
    return {
        "prompts, the first page": _prompts(),
        "prompts, a page near the end": _prompts(after="team99.prompt-98"),
        "prompts of a folder": _prompts(prefix="team99."),
        "prompts with a tag nothing has": _prompts(tag="nothing"),
        "prompts of an owner nobody is": _prompts(owner="nobody"),
        "search for a rare word": lambda uow: prompts.search(ACTOR, uow, PROJECT, "prompt4711", 20),
        "search for a word of every prompt": lambda uow: prompts.search(ACTOR, uow, PROJECT, "urgent", 20),
        "status, a page in the middle": lambda uow: environments.status(
            ACTOR, uow, PROJECT, prompts=[], after="team5.", limit=PAGE
        ),
        "status of one prompt": lambda uow: environments.status(ACTOR, uow, PROJECT, prompts=[deep], after="", limit=1),
        "releases": lambda uow: releases.listed(ACTOR, uow, PROJECT, "", before=END, limit=50),
        "releases of one environment, old ones": lambda uow: releases.listed(
            ACTOR, uow, PROJECT, "staging", before=60, limit=50
        ),
        "history of an environment": lambda uow: environments.history(
            ACTOR, uow, PROJECT, "production", before=END, limit=PAGE
        ),
        "audit, the newest": _audit(),
        "audit, in the middle": _audit(before=AUDIT // 2),
        "audit of one target": _audit(target="release 500"),
        "audit of one principal": _audit(principal="rare"),
        "audit of a principal nobody is": _audit(principal="nobody"),
        "audit of one action": _audit(action="version.recalled"),
        "audit of a kind of action": _audit(action="version."),
        "audit of an environment nothing happened in": _audit(environment="nowhere"),
    }


def _prompts(*, prefix: str = "", tag: str = "", owner: str = "", after: str = "") -> Ask:
    return lambda uow: prompts.listed(ACTOR, uow, PROJECT, prefix=prefix, tag=tag, owner=owner, after=after, limit=PAGE)


def _audit(*, before: int = END, **wanted: str) -> Ask:
    return lambda uow: audit.latest(ACTOR, uow, PROJECT, AuditFilter(**wanted), before=before, limit=PAGE)  # type: ignore[arg-type]  # texts only


def _median_ms(database: Database, ask: Ask) -> float:
    def once() -> float:
        started = time.perf_counter()
        with SqlUnits(database).read() as uow:
            ask(uow)
        return (time.perf_counter() - started) * 1000

    return statistics.median(once() for _ in range(ROUNDS))
