"""backup, restore, restored: the database of a server, by whoever has its files."""

from __future__ import annotations

from typing import Annotated

import typer

from cuebook.cli.beside import Data, Database, server

_SERVER = "cuebook_server.cli.backups"


def backup(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The file to write; none is overwritten.")],
    data: Data = None,
    database: Database = None,
) -> None:
    """Back up a SQLite database, while its server runs or not: one moment of it, in one file that only you can read.

    PostgreSQL has tools of its own.
    """
    raise typer.Exit(server(_SERVER).backup(file, data=data, database=database))


def restore(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What `cuebook backup` wrote, or a copy of the file.")],
    data: Data = None,
    database: Database = None,
) -> None:
    """Put a backup of a SQLite database back; the server must be stopped. What was there is kept beside it.

    A damaged file, or one whose audit chain is broken, is refused. Applications follow to what the backup holds.
    """
    raise typer.Exit(server(_SERVER).restore(file, data=data, database=database))


def restored(data: Data = None, database: Database = None) -> None:
    """Say that the database was put back by other tools, such as pg_restore; servers may run.

    A node that remembers more notices by itself. Where none does, applications need this word: they would keep what they have
    until the revisions are as great as before.
    """
    raise typer.Exit(server(_SERVER).restored(data=data, database=database))
