"""Who uses a SQLite database: servers share the file; whoever replaces it must be alone, and so must a server in its folder.

Locks of the system, on files beside the database: they end with the process, whichever way it ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cuebook_server.domain.errors import Conflict

FOLDER = "serve.lock"


class DatabaseInUse(Conflict):
    """A server uses this database."""

    code = "database_in_use"
    hint = "Stop the server first."


class FolderInUse(Conflict):
    """Another server runs in this data folder."""

    code = "folder_in_use"
    hint = "Use that one, or name another folder with `--data`."


class Hold:
    """A lock that is held until ``close``."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def close(self) -> None:
        """Let go."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def share(database: Path | None) -> Hold:
    """Use a SQLite file beside others (``None``: it is no file). Raises ``DatabaseInUse`` while it is being replaced."""
    if database is None:
        return Hold(None)
    try:
        return _take(_beside(database), fcntl.LOCK_SH)
    except BlockingIOError:
        raise DatabaseInUse("The database is being restored.", hint="Wait until that has ended, then start again.") from None


def serve_in(folder: Path) -> Hold:
    """Be the folder's only server."""
    try:
        return _take(folder / FOLDER, fcntl.LOCK_EX)
    except BlockingIOError:
        raise FolderInUse(f"Another server runs in {folder}.") from None


@contextmanager
def alone(database: Path) -> Iterator[None]:
    """Use a SQLite file with nobody else."""
    try:
        hold = _take(_beside(database), fcntl.LOCK_EX)
    except BlockingIOError:
        raise DatabaseInUse(f"A server uses {database}.") from None
    try:
        yield
    finally:
        hold.close()


def _beside(database: Path) -> Path:
    return database.with_name(database.name + ".lock")


def _take(path: Path, how: int) -> Hold:
    """Take a lock at once, or raise ``BlockingIOError``."""
    descriptor = _opened(path)
    if descriptor is None:
        return Hold(None)
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    return Hold(descriptor)


def _opened(path: Path) -> int | None:
    """The file to lock; ``None`` on a disk that takes none: nobody writes there, so there is nothing to guard."""
    for flags in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):
        with suppress(OSError):
            return os.open(path, flags | os.O_CLOEXEC, 0o600)
    return None
