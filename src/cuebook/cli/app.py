"""The commands, and the one place where a failure becomes an exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from cuebook.cli import (
    audit,
    backups,
    credentials,
    doctor,
    drift,
    environments,
    evidence,
    fleet,
    freeze,
    people,
    prompts,
    proposals,
    releases,
    retiring,
    serve,
    show,
    signing,
    transfer,
    webhooks,
)
from cuebook.cli.config import Choice
from cuebook.cli.failures import INTERRUPTED, UNEXPECTED, exit_code, explain
from cuebook.cli.session import Session
from cuebook.errors import CuebookError
from cuebook.files import BadFile

app = typer.Typer(
    name="cuebook",
    help="Prompts as production assets: write freely, ship deliberately, see what runs, take it back in seconds.",
    epilog="Exit codes: 0 done, 2 wrong usage, 3 not configured, 4 not allowed, 5 not found, 6 conflict, 7 refused as invalid, "
    "8 unavailable, 9 broken audit chain.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    *(serve.serve, prompts.save, prompts.check, prompts.get, prompts.render, prompts.log, prompts.diff),
    *(prompts.search, releases.promote, releases.rollback, releases.status, releases.at, transfer.export, freeze.freeze),
    evidence.evidence,
    *(proposals.propose, proposals.approve, proposals.apply, proposals.decline, proposals.withdraw, proposals.comment),
    *(proposals.schedule, proposals.unschedule),
    *(proposals.rebase, proposals.revise, proposals.release, drift.drift, drift.recall),
    *(retiring.retire, retiring.orphans, doctor.doctor, fleet.fleet),
    *(backups.backup, backups.restore, backups.restored),
):
    app.command()(command)
app.command("import")(transfer.import_)
app.command()(people.login)
app.command()(people.logout)
app.command()(people.whoami)
app.add_typer(people.people, name="people")
app.add_typer(people.members, name="members")
app.add_typer(proposals.reviews, name="reviews")
app.add_typer(environments.app, name="env")
app.add_typer(credentials.keys, name="keys")
app.add_typer(credentials.tokens, name="tokens")
app.add_typer(webhooks.app, name="webhooks")
app.command()(webhooks.notices)
app.add_typer(audit.app, name="audit")
app.add_typer(signing.app, name="signing")


def _version(wanted: bool) -> None:
    if wanted:
        show.say(version("cuebook"))
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    url: Annotated[str | None, typer.Option(help="The server's address (CUEBOOK_URL).")] = None,
    project: Annotated[str | None, typer.Option(help="The project (CUEBOOK_PROJECT).")] = None,
    profile: Annotated[str | None, typer.Option(help="A profile of the profile file (CUEBOOK_PROFILE).")] = None,
    first_run: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The first-run.json of a server (CUEBOOK_FIRST_RUN).")
    ] = None,
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    """Prompts as production assets: write freely, ship deliberately, see what runs, take it back in seconds."""
    ctx.obj = Session(Choice(url, project, profile, first_run))
    ctx.call_on_close(ctx.obj.close)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (the process's own by default) and give its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # an ASCII terminal shows what it can
    try:
        app(args=None if arguments is None else list(arguments), prog_name="cuebook")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else UNEXPECTED
    except (CuebookError, BadFile) as error:
        explain(error)
        return exit_code(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has enough; Python must not complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNEXPECTED
    except OSError as error:
        explain(error)
        return UNEXPECTED
    return 0
