"""serve: run the registry. It belongs to the server's half of the distribution, which a base install does not bring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cuebook._transport import setting
from cuebook.cli.beside import server
from cuebook.errors import Misconfigured


def serve(
    data: Annotated[str | None, typer.Option(metavar="DIR", help="Where the database and first-run.json lie [data].")] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="Another database: postgresql://... or sqlite:///...")
    ] = None,
    host: Annotated[str | None, typer.Option(metavar="H", help="The address to listen on [127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option(metavar="P", min=0, max=65_535, help="The port to listen on [8080].")] = None,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Fill an empty registry with a sample project.")] = True,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="How many processes serve [1].")] = None,
    relay_of: Annotated[
        str | None, typer.Option(metavar="URL", help="Relay what the registry there serves, near the applications.")
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="With --relay-of: the file of the relay's key.")] = None,
) -> None:
    """Run the registry. The first start makes the database and writes DIR/first-run.json with address, token and keys.

    An option that is left out comes from its environment variable (CUEBOOK_DATA, CUEBOOK_DATABASE, ...).
    """
    run = server("cuebook_server.cli").serve
    relay_key = setting("CUEBOOK_RELAY_KEY", None if key is None else _text(key)) or None
    given = {"data": data, "database": database, "host": host, "port": port, "demo": demo, "workers": workers}
    raise typer.Exit(run(**given, relay_of=relay_of, relay_key=relay_key))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"The key's file cannot be read: {error}.") from None
