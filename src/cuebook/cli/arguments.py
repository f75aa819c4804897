"""The arguments and options that several commands share, with what the shell may complete."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from cuebook.admin import AdminClient, Json
from cuebook.cli.config import Choice, load
from cuebook.errors import CuebookError

COMPLETION_TIMEOUT_S = 1.0
COMPLETION_NAMES_MAX = 200


def complete_prompts(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of prompts that begin so."""
    return _complete(ctx, incomplete, lambda admin: [row["name"] for row in _first(admin.prompts(prefix=incomplete))])


def complete_environments(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of environments that begin so."""
    return _complete(ctx, incomplete, lambda admin: [row["name"] for row in admin.environments()])


def complete_versions(ctx: typer.Context, incomplete: str) -> list[str]:
    """``latest`` and the environments."""
    return [word for word in ("latest",) if word.startswith(incomplete)] + complete_environments(ctx, incomplete)


def _first(rows: Iterator[Json]) -> Iterator[Json]:
    return islice(rows, COMPLETION_NAMES_MAX)


def _complete(ctx: typer.Context, incomplete: str, names: Callable[[AdminClient], list[str]]) -> list[str]:
    """A slow or missing server completes nothing, silently: the shell is waiting."""
    given = ctx.find_root().params
    first_run = given.get("first_run")
    choice = Choice(given.get("url"), given.get("project"), given.get("profile"), Path(first_run) if first_run else None)
    try:
        settings = load(choice)
        with AdminClient(
            settings.url, settings.token, settings.project, timeout_s=COMPLETION_TIMEOUT_S, attempts_max=1
        ) as admin:
            return [name for name in names(admin) if name.startswith(incomplete)]
    except CuebookError:
        return []


Name = Annotated[str, typer.Argument(metavar="NAME", help="The prompt's name.", autocompletion=complete_prompts)]
Names = Annotated[list[str], typer.Argument(metavar="NAME", help="Names of prompts.", autocompletion=complete_prompts)]
SomeNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="Names of prompts; none means all.", autocompletion=complete_prompts),
]
Environment = Annotated[
    str, typer.Argument(metavar="ENV", help="The environment's name.", autocompletion=complete_environments)
]
_SELECTOR = "A number, `latest`, or an environment's name."
OldVersion = Annotated[str, typer.Argument(metavar="A", help=_SELECTOR, autocompletion=complete_versions)]
NewVersion = Annotated[str, typer.Argument(metavar="B", help=_SELECTOR, autocompletion=complete_versions)]
Reason = Annotated[str, typer.Option("-m", "--reason", help="Why; it stands in the history for good.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
