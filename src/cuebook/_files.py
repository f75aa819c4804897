"""Snapshots in files: the last known good on disk, which this client writes, and the bundle, which only `cuebook freeze` does.

The disk copy is one file for each (server, key selector, asserted environment). It is replaced whole (written beside, synced,
renamed), by one process at a time, and only by something newer. It can never stop an application: what goes wrong with it is
said once.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from cuebook._exchange import Answer
from cuebook._record import KeyName, Record, check_key, read_record
from cuebook._transport import setting
from cuebook._verify import Verifier
from cuebook.delivery import Snapshot
from cuebook.errors import BadAnswer, CuebookError, Misconfigured

try:
    import fcntl
except ImportError:  # Windows: the rename is atomic there too, only two writers may overwrite each other's newer copy
    fcntl = None  # type: ignore[assignment]  # told apart where it is used

DISK_BYTES_MAX = 64 * 1024 * 1024
LOCK_S_MAX = 1.0
EXIT_S_MAX = 2.0
OFF = frozenset({"off", "0", "false", "no"})
_log = logging.getLogger("cuebook")


class Readable(Protocol):
    """A path, or what `importlib.resources.files` gives."""

    def read_bytes(self) -> bytes: ...


def why_not(error: Exception) -> object:
    """What is wrong with a file, without the hint that is meant for answers."""
    return error.detail if isinstance(error, BadAnswer) else error


def read_bundle(
    source: str | Path | Readable,
    key: KeyName,
    environment: str | None,
    verifier: Verifier | None = None,
    *,
    now: float,
    wall: float,
) -> Snapshot:
    """The snapshot of a bundle. Raises `CuebookError` or ``OSError`` where it is none for this key."""
    data = (Path(source) if isinstance(source, str) else source).read_bytes()
    record = read_record(data)
    check_key(record, key, environment)
    return record.snapshot("bundle", now, wall, verifier or Verifier())


def disk_folder(given: str | os.PathLike[str] | bool | None) -> tuple[Path, bool] | None:
    """Where disk copies lie, and whether somebody named that place; ``None`` where there are to be none.

    On by default, in the user's own state directory: what survives a restart with the registry down is a promise.
    """
    named = given if isinstance(given, (str, os.PathLike)) else setting("CUEBOOK_DISK")
    if given is False or (given is None and str(named).lower() in OFF):
        return None
    if named and str(named).lower() not in OFF:
        return Path(named).expanduser().absolute(), True
    home = os.environ.get("XDG_STATE_HOME") or os.environ.get("HOME")
    if not home or not Path(home).is_absolute():
        if given is True:
            raise Misconfigured("There is no place for the disk copy: neither HOME nor XDG_STATE_HOME is set.")
        return None
    return Path(home) / ("" if os.environ.get("XDG_STATE_HOME") else ".local/state") / "cuebook", given is True


class Disk:
    """One client's file."""

    def __init__(
        self,
        folder: Path,
        named: bool,
        *,
        server: str,
        key: KeyName,
        environment: str | None,
        verifier: Verifier | None = None,
    ) -> None:
        identity = "\n".join([server, key.kind, key.selector, environment or ""])
        self.path = folder / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.json"
        self._level = logging.WARNING if named else logging.INFO  # a place nobody asked for may be missing without alarm
        self._server, self._key, self._environment = server, key, environment
        self._verifier = verifier or Verifier()
        self._order = (-1, -1)  # of what the file holds, as far as this client knows
        self._warned = False

    def load(self, now: float, wall: float) -> Snapshot:
        """What the file holds. Raises ``FileNotFoundError`` where there is none yet, `CuebookError` or ``OSError``."""
        record, touched = self._read()
        snapshot = record.snapshot("disk", now, wall, self._verifier)
        snapshot.freshness.confirmed_at = max(snapshot.freshness.confirmed_at, now - max(0.0, wall - touched))
        self._order = record.order
        return snapshot

    def save(self, snapshot: Snapshot, answer: Answer) -> None:
        """Keep what an answer brought, unless the file holds something as new. Never raises."""
        try:
            record = Record.of(snapshot, answer, server=self._server, key=self._key, now=time.time())
            data = record.to_bytes()
            if len(data) > DISK_BYTES_MAX:
                raise BadAnswer(f"It would be larger than {DISK_BYTES_MAX} bytes.")
            self._make_folder()
            with self._locked():
                self._order = self._order_on_disk()
                if record.order > self._order:
                    self._replace(data)
                    self._order = record.order
        except (CuebookError, OSError, UnicodeError) as error:
            self.complain(f"cannot be written ({why_not(error)})")

    def touch(self, snapshot: Snapshot) -> None:
        """The registry has confirmed what the file holds: its age begins anew. Never raises."""
        if self._order == snapshot.order:
            with suppress(OSError):
                os.utime(self.path)

    def complain(self, what: str) -> None:
        """Say once what is wrong with the file."""
        level = logging.DEBUG if self._warned else self._level
        self._warned = True
        _log.log(level, "the disk copy %s %s; the application goes on without it", self.path, what)

    def _read(self) -> tuple[Record, float]:
        # Neither a link nor somebody else's file: this is read before anything else is known.
        with os.fdopen(os.open(self.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode) or (hasattr(os, "geteuid") and about.st_uid != os.geteuid()):
                raise BadAnswer("It is not this user's own file.")
            if about.st_size > DISK_BYTES_MAX:
                raise BadAnswer(f"It is larger than {DISK_BYTES_MAX} bytes.")
            record = read_record(file.read(DISK_BYTES_MAX + 1))
        if record.server != self._server:
            raise BadAnswer("It was written for another server.")
        check_key(record, self._key, self._environment)
        return record, about.st_mtime

    def _order_on_disk(self) -> tuple[int, int]:
        try:
            record, _ = self._read()
            if self._verifier.demands:  # an unsigned copy, from before, is no reason not to write
                record.snapshot("disk", 0.0, 0.0, self._verifier)
        except (CuebookError, OSError):
            return (-1, -1)
        return record.order

    def _make_folder(self) -> None:
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        about = folder.stat()
        if hasattr(os, "geteuid") and (about.st_uid not in {os.geteuid(), 0} or about.st_mode & 0o002):
            raise BadAnswer("Its folder belongs to somebody else, or everybody may write there.")

    def _replace(self, data: bytes) -> None:
        beside = self.path.with_suffix(".tmp")  # one name, under the lock: what a killed writer left is overwritten
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        try:
            with os.fdopen(os.open(beside, flags, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        except OSError:
            with suppress(OSError):
                beside.unlink()  # a full disk is not to be filled further
            raise
        if fcntl is not None:  # where a folder can be opened, its new entry has to be synced too
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        file = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            deadline = time.monotonic() + LOCK_S_MAX
            while fcntl is not None:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise BadAnswer("Another process holds its lock.") from None
                    time.sleep(0.01)
            yield
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_UN)  # closing does not suffice where a fork shares the file meanwhile
        finally:
            os.close(file)


class Keeper:
    """Writes one client's file on a thread that lives while there is something to write.

    A disk that hangs, or an event loop whose threads are all busy, so delays no release. Only the newest that waits is written.
    """

    def __init__(self, disk: Disk | None) -> None:
        self._disk = disk
        self._lock = threading.Lock()
        self._waiting: tuple[Snapshot, Answer | None] | None = None
        self._thread: threading.Thread | None = None

    def keep(self, snapshot: Snapshot, answer: Answer | None) -> None:
        """Write this soon; without an answer only its age begins anew. Never waits for the disk, never raises."""
        if self._disk is None:
            return
        with self._lock:
            if answer is not None or self._waiting is None:  # an answer that still waits will bring its age along
                self._waiting = snapshot, answer
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, args=(self._disk,), name="cuebook-disk", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                self._disk.complain(f"cannot be written ({error})")
            else:
                self._thread = thread
                _writing.add(self)

    def finish(self, timeout_s: float) -> bool:
        """Wait until everything is written, but not for longer than this; whether it is."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return self._thread is None

    def _run(self, disk: Disk) -> None:
        while True:
            with self._lock:
                todo, self._waiting = self._waiting, None
                if todo is None:
                    self._thread = None
                    _writing.discard(self)
                    return
            snapshot, answer = todo
            try:
                disk.touch(snapshot) if answer is None else disk.save(snapshot, answer)
            except Exception as error:  # noqa: BLE001 - this thread must say that it ends, or nothing is written any more
                disk.complain(f"cannot be written ({error!r})")


_writing: set[Keeper] = set()


@atexit.register
def _finish() -> None:
    """A process that reads one prompt and ends, such as a cron job, has its copy too."""
    deadline = time.monotonic() + EXIT_S_MAX
    for keeper in list(_writing):
        keeper.finish(max(deadline - time.monotonic(), 0.0))
