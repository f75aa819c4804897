"""One way to the database, SQLite or PostgreSQL by its URL."""

from __future__ import annotations

import importlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.pool import QueuePool

from cuebook_server.domain.errors import Busy, CuebookError, Invalid, OutcomeUnknown, ReadOnly, StorageFull, Unavailable
from cuebook_server.store import bounded

# SQLite from 3.7.0 to 3.51.2 can lose a page when the write-ahead log is reset.
SQLITE_VERSION_MIN = (3, 51, 3)
BUSY_TIMEOUT_MS = 15_000
# PostgreSQL itself ends a statement, and the wait for a lock, before we give up (`bounded.ANSWER_S`): it then says that nothing
# was done. A commit that comes after a lock has some seconds left.
STATEMENT_TIMEOUT_MS = 8_000
LOCK_TIMEOUT_MS = 7_000
# A machine that is paused in the middle of a change keeps its connections and locks: others wait for it so long and no longer.
IDLE_TIMEOUT_MS = 30_000
CONNECT_S = 5
PING_S = 3.0  # a connection is asked whether it lives before it is lent: where the database hangs that is not all the patience
POOL_SIZE = 16
POOL_TIMEOUT_S = 5
DELIVERY_POOL_SIZE = 6
DELIVERY_POOL_TIMEOUT_S = 2
# An error's text is logged: the values of its statement, prompts and hashes among them, must not be in it.
_HIDDEN = {"hide_parameters": True}
_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: a confirmed change survives a power cut
    "busy_timeout": BUSY_TIMEOUT_MS,
    "foreign_keys": 1,
    "recursive_triggers": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
    "mmap_size": 0,
}


def sqlite_module() -> ModuleType:
    """The standard library's SQLite when it is new enough, else the one that comes as a package."""
    if sqlite3.sqlite_version_info >= SQLITE_VERSION_MIN:
        return sqlite3
    return importlib.import_module("pysqlite3.dbapi2")


@dataclass(frozen=True)
class Database:
    """An open database. ``write_lock`` queues this process's SQLite writers in order instead of letting them poll."""

    url: str
    engine: Engine
    dialect: str
    write_lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection in one consistent, read-only transaction."""
        with translated(), self.engine.connect() as connection:
            yield connection.execution_options(**self._of_postgres(isolation_level="REPEATABLE READ", postgresql_readonly=True))

    @contextmanager
    def ask(self) -> Iterator[Connection]:
        """A connection for questions of one statement each: one round trip to PostgreSQL, without BEGIN and ROLLBACK."""
        with translated(), self.engine.connect() as connection:
            yield connection.execution_options(**self._of_postgres(isolation_level="AUTOCOMMIT"))

    @contextmanager
    def turn(self) -> Iterator[None]:
        """This process's turn to write. Raises ``Busy``: where a disk hangs, those who wait must not become all its threads."""
        if not self.write_lock.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise Busy("Other changes are being written.")
        try:
            yield
        finally:
            self.write_lock.release()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in one transaction that writes what is no use case's, such as the schema.

        On SQLite it is a writer's from its first statement on: one that began by reading is refused, not made to wait, where
        another process wrote meanwhile.
        """
        connected = self.engine.connect().execution_options(immediate=True)
        with self.turn(), translated(), connected as connection, connection.begin():
            yield connection

    @contextmanager
    def jot(self) -> Iterator[Connection]:
        """The same for what may be lost, such as when a key was used: see ``hurry``."""
        with self.write() as connection:
            self.hurry(connection)
            yield connection

    def hurry(self, connection: Connection) -> None:
        """Let the transaction's commit wait for no disk and, above all, for no standby that is away."""
        if self.dialect == "postgresql":
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")

    def _of_postgres(self, **options: Any) -> dict[str, Any]:
        return options if self.dialect == "postgresql" else {}

    def for_delivery(self) -> Database:
        """Connections of their own for what keeps a node current: nobody who writes uses them up, and none waits for ever."""
        if self.dialect != "postgresql":
            return self
        engine = _postgres(self.url, DELIVERY_POOL_SIZE, DELIVERY_POOL_TIMEOUT_S)
        return Database(self.url, engine, self.dialect)

    def close(self) -> None:
        """Close every connection; one that a thread still uses is closed when it comes back."""
        event.listen(self.engine.pool, "checkin", lambda _, record: record.close())
        self.engine.dispose()


class UnknownDatabase(Invalid):
    """There is no support for this kind of database."""

    code = "unknown_database"
    hint = "Use `sqlite:///PATH` or `postgresql://USER@HOST/NAME`."


def place_of(url: str) -> str:
    """Where a database is: its address without the password."""
    return make_url(url).set(password=None).render_as_string()


def open_database(url: str) -> Database:
    """Open ``sqlite:///path`` or ``postgresql://...``. Nothing is created or migrated here."""
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        engine = _sqlite(parsed.database or ":memory:")
    elif backend == "postgresql":
        engine = _postgres(url, POOL_SIZE, POOL_TIMEOUT_S, connect_s=CONNECT_S)
    else:
        raise UnknownDatabase(f"A database of kind {backend!r} is not supported.")
    return Database(url, engine, backend)


def _postgres(url: str, pool_size: int, pool_timeout_s: int, **bounds: Any) -> Engine:
    bounds_ms = {
        "statement_timeout": STATEMENT_TIMEOUT_MS,
        "lock_timeout": LOCK_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": IDLE_TIMEOUT_MS,
    }
    options = " ".join(f"-c {name}={bound}" for name, bound in {**bounds_ms, "timezone": "UTC"}.items())
    # psycopg knows `postgresql://`; a driver's name is SQLAlchemy's.
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connect = partial(bounded.connect, address, options=options, **bounds)
    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        pool_pre_ping=True,
        pool_size=pool_size,
        pool_timeout=pool_timeout_s,
        **_HIDDEN,
    )
    event.listen(engine, "checkin", _put_back)
    event.listen(engine, "checkout", _lend)
    return engine


def _put_back(connection: Any, _: Any) -> None:
    if connection is not None and not connection.closed:
        # After a read SQLAlchemy leaves the mode READ WRITE, in so many words: a standby refuses to begin that.
        connection.read_only = None
        connection.answer_s = PING_S


def _lend(connection: bounded.Bounded, *_: Any) -> None:
    connection.answer_s = bounded.Bounded.answer_s


def open_file(path: str) -> Any:
    """A connection of the driver to a SQLite file; where nothing can be written, one that knows that nothing changes."""
    where, uri = (f"file:{quote(path)}?immutable=1", True) if _is_frozen(path) else (path, False)
    # Transactions are begun below, in so many words; the driver must not begin its own.
    timeout_s = BUSY_TIMEOUT_MS / 1000
    return sqlite_module().connect(where, uri=uri, isolation_level=None, check_same_thread=False, timeout=timeout_s)


def _is_frozen(path: str) -> bool:
    """Whether the file lies on a file system that takes no writes, and holds everything.

    SQLite would make files beside it, and fails. With a log beside it (a server was killed) the file alone is not everything.
    """
    log = Path(f"{path}-wal")
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY) and not (log.exists() and log.stat().st_size)
    except OSError:  # there is no such file, or its disk is gone
        return False


def _sqlite(path: str) -> Engine:
    engine = create_engine(
        "sqlite://",
        module=sqlite_module(),
        creator=partial(open_file, path),
        poolclass=QueuePool,
        pool_size=POOL_SIZE,
        pool_timeout=POOL_TIMEOUT_S,
        **_HIDDEN,
    )

    def configure(connection: Any, record: Any) -> None:
        record.info["frozen"] = _is_frozen(path)
        _configure(connection, frozen=record.info["frozen"])

    def check(_: Any, record: Any, __: Any) -> None:
        if record.info.get("frozen") and not _is_frozen(path):
            raise exc.DisconnectionError  # it would never see a change: the pool makes another one

    event.listen(engine, "connect", configure)
    event.listen(engine, "checkout", check)
    event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: Any, *, frozen: bool) -> None:
    cursor = connection.cursor()
    for name, value in ({"query_only": 1} if frozen else _PRAGMAS).items():
        try:
            cursor.execute(f"PRAGMA {name} = {value}")
        except Exception as error:  # a read-only file system cannot change the journal; what counts is read back below
            if "readonly" not in str(error):
                raise
    for name in () if frozen else ("journal_mode", "synchronous"):
        found = cursor.execute(f"PRAGMA {name}").fetchone()[0]
        if found != _PRAGMAS[name]:
            raise Unavailable(f"SQLite refused {name}={_PRAGMAS[name]}: it says {found!r}.", hint="Use a local file system.")
    cursor.close()


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the database's driver raises into a refusal people can act on."""
    try:
        yield
    except exc.DBAPIError as error:
        raise refusal(error) from error
    except exc.TimeoutError as error:
        raise Busy("Every database connection is in use.") from error


# PostgreSQL's SQLSTATE or how it begins, and a piece of SQLite's message, each with what it means.
_STATES: dict[str, type[CuebookError]] = {
    "53100": StorageFull,
    "25006": ReadOnly,
    "25P03": Unavailable,
    "55P03": Busy,
    "57014": Busy,
    "40": Busy,
    "53": Busy,
    "57P": Unavailable,
    "08": Unavailable,
}
_MESSAGES: dict[str, type[CuebookError]] = {
    "readonly": ReadOnly,
    "disk is full": StorageFull,
    "locked": Busy,
    "busy": Busy,
    "disk i/o error": Unavailable,
    "unable to open": Unavailable,
    "malformed": Unavailable,
    "not a database": Unavailable,
}


def refusal(error: exc.DBAPIError) -> Exception:
    """The refusal a driver's error stands for; the error itself when it is a mistake of ours."""
    state = getattr(error.orig, "sqlstate", None) or ""
    for key in (state, state[:3], state[:2]):
        if key in _STATES:
            return _STATES[key]()
    message = str(error.orig).lower()
    for piece, kind in _MESSAGES.items():
        if piece in message:
            return kind()
    if state or "psycopg" not in type(error.orig).__module__ or not isinstance(error, exc.OperationalError):
        return error
    return Unavailable("The database does not answer.")  # the connection failed: PostgreSQL itself said nothing


def unconfirmed(error: exc.DBAPIError) -> Exception:
    """The refusal a failed commit stands for. PostgreSQL may have made one in which the connection ended, or make it yet."""
    found = refusal(error)
    lost = type(found) is Unavailable and "psycopg" in type(error.orig).__module__
    return OutcomeUnknown("The database went away in the commit.") if lost else found
