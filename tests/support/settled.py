"""Databases in which everybody is there already: settled once per run, then copied, as tests of use cases begin with them."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.factories import open_registry
from tests.people import People
from tests.support import databases


@dataclass(frozen=True, slots=True)
class Settled:
    """A registry's database and who is in it: what `tests.people.settle` makes of an empty one."""

    url: str
    people: People


@contextmanager
def on_sqlite() -> Iterator[Settled]:
    """A settled database of a test's own."""
    template, known = databases.run_folder() / "settled.db", databases.run_folder() / "people-sqlite"
    with databases.making("settled-sqlite") as first:
        if first:
            shutil.copy(databases.sqlite_template(), template)
            _settle(f"sqlite:///{template}", known)
    with databases.sqlite_database(template) as url:
        yield Settled(url, pickle.loads(known.read_bytes()))


@contextmanager
def on_postgres() -> Iterator[Settled]:
    """A settled database of a test's own."""
    template, known = "cuebook_settled", databases.run_folder() / "people-postgres"
    cluster = databases.postgres_cluster()
    with databases.making("settled-postgres") as first:
        if first:
            databases.execute(cluster, f"CREATE DATABASE {template} TEMPLATE {databases.TEMPLATE}")
            _settle(cluster.url(template), known)
    with databases.postgres_database(template) as url:
        yield Settled(url, pickle.loads(known.read_bytes()))


def _settle(url: str, known: Path) -> None:
    with open_registry(url) as registry:
        known.write_bytes(pickle.dumps(registry.people))
