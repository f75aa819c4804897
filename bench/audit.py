"""What the audit chain costs a commit, and how long checking a long export takes."""

from __future__ import annotations

import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from bench.rows import Row
from cuebook.audit import GENESIS
from cuebook_server.domain import audit as domain
from cuebook_server.domain.access import Actor
from cuebook_server.store import audit as store
from cuebook_server.store.database import open_database
from cuebook_server.store.migrate import migrate
from cuebook_server.store.schema import audit_entry, project
from tests.factories import Registry
from tests.support import databases

ENTRIES = 1_000_000
ROUNDS, SAVES = 30, 10
VERIFIED_S_MAX = 10
ACTOR = Actor("releaser", "pat_0193f3b2", (), "0193f3b2-c4d5-7000-8000-000000000000", "127.0.0.1")


def run() -> list[Row]:
    """The commit on both databases; the export by the command itself, a process of its own."""
    folder = Path(tempfile.mkdtemp(prefix="cuebook-bench-"))
    run_folder = databases.begin_run()
    try:
        url = f"sqlite:///{folder / 'audit.db'}"
        with closing(open_database(url)) as database:
            migrate(database)
        with databases.postgres_database() as postgres:
            commits = [*_commits("SQLite", url), *_commits("PostgreSQL", postgres)]
        return [*commits, *verified(folder)]
    finally:
        databases.end_run(run_folder)
        shutil.rmtree(folder)


# --- what an entry costs a commit ----------------------------------------------------------------------------------------
def _commits(kind: str, url: str) -> list[Row]:
    """A save with its entry chained, with the same entry as a plain row, and with none; in turn, so that noise hits all."""
    with closing(open_database(url)) as database:
        registry = Registry(database)
        registry.save("a", "first")
        times: dict[str, list[float]] = {way: [] for way in _WAYS}
        for turn in range(ROUNDS):
            for way, appended in _WAYS.items():
                with _patched(appended):
                    times[way].append(_save_ms(registry, f"{turn} {way}"))
    chained, plain, none = (statistics.median(times[way]) for way in _WAYS)
    return [
        Row(f"{kind}: a save with its entry in the chain, against a plain row", chained, "ms", chained / plain, 1.25, "most"),
        Row(f"{kind}: the same, against no entry at all", chained, "ms", chained / none),
    ]


def _save_ms(registry: Registry, text: str) -> float:
    started = time.perf_counter()
    for number in range(SAVES):
        registry.save("a", f"{text} {number}")
    return (time.perf_counter() - started) * 1000 / SAVES


def _plain(chain: store.AuditStore, actor: Actor, happening: domain.Happening) -> int:
    """A row for the entry and a counter for its number, as a log without hashes would have them."""
    transaction, number = chain._tx, chain._project  # noqa: SLF001  # what it is measured against lives in its place
    seq = chain.head()[0] + 1
    made = {**_values(happening), "seq": seq, "at": transaction.now.isoformat(), "principal": actor.principal}
    made |= {"credential": actor.credential, "request_id": actor.request_id, "source": actor.source}
    body = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    filtered = {name: made[name] for name in ("seq", "principal", "action", "target", "environment")}
    row = audit_entry.insert().values(project_id=number, at=transaction.now, body=body, **filtered)
    transaction.connection.execute(row)
    transaction.connection.execute(update(project).where(project.c.project_id == number).values(audit_seq=seq))
    return seq


def _values(happening: domain.Happening) -> dict[str, Any]:
    return {name: getattr(happening, name) for name in happening.__dataclass_fields__}


def _none(_: store.AuditStore, __: Actor, ___: domain.Happening) -> int:
    return 0


_WAYS: Mapping[str, Any] = {"chained": store.AuditStore.append, "plain": _plain, "none": _none}


@contextmanager
def _patched(append: Any) -> Iterator[None]:
    kept = store.AuditStore.append
    store.AuditStore.append = append  # type: ignore[method-assign]  # what is measured is this very difference
    try:
        yield
    finally:
        store.AuditStore.append = kept  # type: ignore[method-assign]  # as it was


# --- checking an export --------------------------------------------------------------------------------------------------
def verified(folder: Path) -> list[Row]:
    """``cuebook audit verify`` on a file, from the start of the process to its answer."""
    path = folder / "chain.jsonl"
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n" for entry in entries())
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(
        [Path(sys.executable).with_name("cuebook"), "audit", "verify", path, "--json"], check=True, capture_output=True
    )
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert json.loads(ran.stdout)["entries"] == ENTRIES
    size = path.stat().st_size / 1e6
    path.unlink()
    what = f"audit verify: {ENTRIES:,} entries, {size:,.0f} MB"
    return [
        Row(what, seconds, "s", None, VERIFIED_S_MAX, "most"),
        Row(f"{what}: processor time", worked, "s"),
        Row(f"{what}: memory of the largest process", after.ru_maxrss / 1e3, "MB"),
    ]


def entries() -> Iterator[dict[str, Any]]:
    """A chain as a busy registry has it: promotions, saves and approvals in turn."""
    prev = GENESIS
    at = datetime(2026, 11, 20, tzinfo=UTC)
    for seq in range(1, ENTRIES + 1):
        made = domain.entry(_happening(seq), ACTOR, seq=seq, at=at + timedelta(seconds=seq), prev=prev)
        prev = made["hash"]
        yield made


def _happening(number: int) -> domain.Happening:
    name, digest = f"support.prompt-{number % 5_000}", f"sha256:{number:064x}"
    sides = [{"version": number % 40 + side, "digest": digest} for side in (1, 2)]
    match number % 3:
        case 0:
            before, after = ({name: side} for side in sides)
            release = f"release {number // 3}"
            return domain.Happening("release.promote", release, "production", number, "It answers shorter.", before, after)
        case 1:
            return domain.Happening("version.saved", name, reason="Réponses plus courtes", before=sides[0], after=sides[1])
        case _:
            signed = {"signature": f"{number:064x}"}
            return domain.Happening("release.approved", f"release {number // 3}", "production", reason="read it", after=signed)
