"""``cuebook backup``, ``restore`` and ``restored``: beside the database, for whoever has its files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from cuebook_server import settings as settings_module
from cuebook_server.domain.errors import CuebookError
from cuebook_server.services import epochs
from cuebook_server.settings import Settings
from cuebook_server.store import files, holds
from cuebook_server.store.database import Database, open_database
from cuebook_server.store.migrate import migrate
from cuebook_server.store.unit_of_work import SqlUnits, utc_now
from cuebook_server.wiring import last_known_good


def backup(file: str, data: str | None = None, database: str | None = None) -> int:
    """Write a backup of a SQLite database, whose server may run, to a new file."""

    def do(settings: Settings) -> None:
        path = files.file_of(settings.database_url)
        hold = holds.share(path)
        try:
            found = files.back_up(path, Path(file))
        finally:
            hold.close()
        chains = ", ".join(f"{name} {count:,}" for name, count in found.chains.items())
        _say(f"Backed up to {file}: {found.bytes:,} bytes, epoch {found.epoch}, audit entries: {chains or 'none'}.")

    return _run(do, data, database)


def restore(file: str, data: str | None = None, database: str | None = None) -> int:
    """Put a backup in the place of a SQLite database that nobody uses; what was there is kept beside it."""

    def do(settings: Settings) -> None:
        path = files.file_of(settings.database_url)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        begun: list[int] = []
        with holds.alone(path):
            least = max(files.epoch_of(path) if path.exists() else 0, _seen(settings))
            kept = files.put_back(
                Path(file),
                path,
                utc_now(),
                lambda opened: begun.append(_begin(opened, f"restored from {Path(file).name}", least)),
            )
        _say(f"Restored {file} to {path}; it begins epoch {begun[0]}.")
        if kept is not None:
            _say(f"What was there is kept as {kept}.")
        _say("Start the server: connected applications follow by themselves.")

    return _run(do, data, database)


def restored(data: str | None = None, database: str | None = None) -> int:
    """Say that the database was put back by other tools: begin an epoch. Servers may run."""

    def do(settings: Settings) -> None:
        files.check_there(settings.database_url)
        opened = open_database(settings.database_url)
        try:
            migrate(opened)
            epoch = _begin(opened, "restored by other tools", _seen(settings))
        finally:
            opened.close()
        _say(f"Epoch {epoch} has begun. Servers that run, and applications connected to them, follow by themselves.")

    return _run(do, data, database)


def _begin(opened: Database, why: str, least: int) -> int:
    with SqlUnits(opened).write() as uow:
        epoch = epochs.begin(epochs.OPERATOR, uow, why, least=least)
    assert epoch is not None  # nothing was expected that could differ
    return epoch


def _seen(settings: Settings) -> int:
    """The epoch that this machine had seen the registry at."""
    copy = last_known_good(settings)
    seen = copy.seen() if copy else None
    return seen.epoch if seen else 0


def _run(do: Callable[[Settings], None], data: str | None, database: str | None) -> int:
    try:
        do(settings_module.read({"data": data, "database": database}))
    except CuebookError as error:
        sys.stderr.write(f"cuebook: {error} {error.advice}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"cuebook: {error}\n")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
