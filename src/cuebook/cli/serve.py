"""serve: run the registry. It belongs to the server's half of the distribution, which a base install does not bring."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Annotated

import typer

from cuebook.errors import Misconfigured

_NEEDED = ("fastapi", "sqlalchemy", "uvicorn")


def serve(
    data: Annotated[str | None, typer.Option(metavar="DIR", help="Where the database and first-run.json lie [data].")] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="Another database: postgresql://... or sqlite:///...")
    ] = None,
    host: Annotated[str | None, typer.Option(metavar="H", help="The address to listen on [127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option(metavar="P", min=0, max=65_535, help="The port to listen on [8080].")] = None,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Fill an empty registry with a sample project.")] = True,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="How many processes serve [1].")] = None,
) -> None:
    """Run the registry. The first start makes the database and writes DIR/first-run.json with address, token and keys.

    An option that is left out comes from its environment variable (CUEBOOK_DATA, CUEBOOK_DATABASE, ...).
    """
    if any(find_spec(module) is None for module in _NEEDED):
        raise Misconfigured("The server is not installed.", hint="Install it with: pip install 'cuebook[server]'")
    # By name and on demand: what an application imports never imports the server.
    server = import_module("cuebook_server.cli")
    raise typer.Exit(server.serve(data=data, database=database, host=host, port=port, demo=demo, workers=workers))
