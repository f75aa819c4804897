"""One use case, one transaction. ``commit`` stands here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection, RootTransaction, exc, select, text

from cuebook_server.domain.audit import Read
from cuebook_server.services.ports import EnvironmentKey, Project
from cuebook_server.store import schema
from cuebook_server.store.audit import AuditStore
from cuebook_server.store.credentials import CredentialStore
from cuebook_server.store.database import Database, translated, unconfirmed
from cuebook_server.store.environments import EnvironmentStore
from cuebook_server.store.fetches import FetchStore
from cuebook_server.store.fleet import FleetStore
from cuebook_server.store.idempotency import IdempotencyStore
from cuebook_server.store.lists import ListStore
from cuebook_server.store.notices import MyNoticeStore, NoticeStore
from cuebook_server.store.people import PeopleStore
from cuebook_server.store.projects import ProjectStore
from cuebook_server.store.prompts import PromptStore
from cuebook_server.store.registry import EpochStore
from cuebook_server.store.releases import ReleaseStore
from cuebook_server.store.sessions import AttemptStore, PersonalTokenStore, SessionStore
from cuebook_server.store.webhooks import OutboxStore, WebhookStore

Clock = Callable[[], datetime]
NOTIFY_CHANNEL = "cuebook"


def utc_now() -> datetime:
    """The server's clock."""
    return datetime.now(UTC)


@dataclass
class Transaction:
    """What every store of one unit of work shares. ``touched`` collects what the nodes must be told of after the commit."""

    connection: Connection
    dialect: str
    now: datetime
    touched: set[EnvironmentKey] = field(default_factory=set)
    told: bool = False

    def touch(self, key: EnvironmentKey | None = None) -> None:
        """Something a node serves has changed: an environment, or (``None``) keys or the directory."""
        self.told = True
        if key is not None:
            self.touched.add(key)


class ProjectScope:
    """One project's stores within a unit of work."""

    def __init__(self, transaction: Transaction, project: Project) -> None:
        self.project = project
        self.prompts = PromptStore(transaction, project.project_id)
        self.environments = EnvironmentStore(transaction, project.project_id)
        self.releases = ReleaseStore(transaction, project.project_id)
        self.audit = AuditStore(transaction, project.project_id)
        self.credentials = CredentialStore(transaction, project.project_id)
        self.fetches = FetchStore(transaction, project.project_id)
        self.fleet = FleetStore(transaction, project.project_id)
        self.lists = ListStore(transaction, project.project_id)
        self.webhooks = WebhookStore(transaction, project.project_id)
        self.notices = NoticeStore(transaction, project.project_id)


class SqlUnitOfWork:
    """The transaction of one use case. ``now`` is one moment for all of it."""

    def __init__(self, transaction: Transaction, clock: Clock, *, writes: bool) -> None:
        self._transaction = transaction
        self._clock = clock
        self._writes = writes
        self._locked: set[int] = set()
        self.projects = ProjectStore(transaction)
        self.credentials = CredentialStore(transaction, None)
        self.people = PeopleStore(transaction)
        self.sessions = SessionStore(transaction)
        self.personal_tokens = PersonalTokenStore(transaction)
        self.attempts = AttemptStore(transaction)
        self.idempotency = IdempotencyStore(transaction)
        self.reads: list[Read] = []
        self.epochs = EpochStore(transaction)
        self.outbox = OutboxStore(transaction)
        self.notices = MyNoticeStore(transaction)

    @property
    def now(self) -> datetime:
        """The transaction's time."""
        return self._transaction.now

    def scope(self, project: Project) -> ProjectScope:
        """The project's stores. In a write its row is locked first: one writer a project, on both databases alike.

        So commits, revisions and audit entries have one order, nothing deadlocks, and nobody is asked to retry.
        """
        lock = self._writes and self._transaction.dialect == "postgresql"
        if lock and project.project_id not in self._locked:
            self._locked.add(project.project_id)
            row = schema.project
            self._transaction.connection.execute(
                select(row.c.project_id).where(row.c.project_id == project.project_id).with_for_update()
            )
            # Read again behind the lock: the order of times is the order of commits.
            self._transaction.now = self._clock()
        return ProjectScope(self._transaction, project)

    def random(self, count: int) -> bytes:
        """Bytes for a secret."""
        return os.urandom(count)


class SqlUnits:
    """Units of work on one database. ``committed`` is called after a commit that changed what nodes serve."""

    def __init__(self, database: Database, clock: Clock = utc_now, committed: Callable[[], object] = lambda: None) -> None:
        self._database, self._clock, self._committed = database, clock, committed

    def read(self) -> AbstractContextManager[SqlUnitOfWork]:
        """A unit of work that only reads."""
        return read(self._database, self._clock)

    def write(self) -> AbstractContextManager[SqlUnitOfWork]:
        """A unit of work that writes."""
        return write(self._database, self._clock, self._committed)

    def jot(self) -> AbstractContextManager[SqlUnitOfWork]:
        """A unit of work that writes what may be lost: nobody waits until a standby, or the disk, has it."""
        return write(self._database, self._clock, self._committed, hurried=True)


def _commit(connection: Connection, running: RootTransaction) -> None:
    try:
        running.commit()
    except BaseException as error:
        # SQLAlchemy takes the transaction for ended and sends no ROLLBACK: the pool would hand it on, still open.
        connection.invalidate()
        if isinstance(error, exc.DBAPIError):
            raise unconfirmed(error) from error
        raise


@contextmanager
def read(database: Database, clock: Clock = utc_now) -> Iterator[SqlUnitOfWork]:
    """A unit of work that only reads, from one consistent state."""
    with database.read() as connection:
        yield SqlUnitOfWork(Transaction(connection, database.dialect, clock()), clock, writes=False)


@contextmanager
def write(
    database: Database, clock: Clock = utc_now, committed: Callable[[], object] = lambda: None, *, hurried: bool = False
) -> Iterator[SqlUnitOfWork]:
    """A unit of work that is committed when its block ends, and undone when it raises.

    ``committed`` is called after a commit that changed what nodes serve: this node then has it before the caller is answered.
    """
    told = False
    queue = database.turn() if database.dialect == "sqlite" else nullcontext()
    with queue, translated(), database.engine.connect().execution_options(immediate=True) as connection:
        transaction = Transaction(connection, database.dialect, clock())
        with connection.begin() as running:
            if hurried:
                database.hurry(connection)
            yield SqlUnitOfWork(transaction, clock, writes=True)
            if transaction.told and database.dialect == "postgresql":
                connection.execute(text(f"NOTIFY {NOTIFY_CHANNEL}"))
            _commit(connection, running)
        told = transaction.told
    if told:
        committed()
