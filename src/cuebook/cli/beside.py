"""Commands that work beside the database. They belong to the server's half, which a base install does not bring."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Annotated, TypeAlias

import typer

from cuebook.errors import Misconfigured

_NEEDED = ("fastapi", "sqlalchemy", "uvicorn")
Data: TypeAlias = Annotated[str | None, typer.Option("--data", metavar="DIR", help="Where the database lies [data].")]
Database: TypeAlias = Annotated[str | None, typer.Option("--database", metavar="URL", help="Another database.")]


def server(name: str) -> ModuleType:
    """A module of the server's, by name and on demand: what an application imports never imports the server."""
    if any(find_spec(module) is None for module in _NEEDED):
        raise Misconfigured("The server is not installed.", hint="Install it with: pip install 'cuebook[server]'")
    return import_module(name)
