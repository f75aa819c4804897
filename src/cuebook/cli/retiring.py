"""retire and orphans: taking a prompt out of an environment on purpose, and finding what nobody asks for."""

from __future__ import annotations

import shlex
from datetime import datetime
from typing import Annotated

import typer

from cuebook.admin import Json
from cuebook.cli import show
from cuebook.cli.arguments import AsJson, Environment, Names, Reason, complete_environments
from cuebook.cli.releases import DryRun, report, unmet
from cuebook.cli.session import session
from cuebook.errors import PolicyRefused

Days = Annotated[int, typer.Option(min=1, max=3_650, help="How long nobody asked for them, and they are served, in days.")]


def retire(
    ctx: typer.Context,
    names: Names,
    environment: Annotated[
        str, typer.Option("--in", metavar="ENV", help="The environment.", autocompletion=complete_environments)
    ],
    reason: Reason = "",
    propose: Annotated[bool, typer.Option("--propose", help="Ask for it as a release that others approve.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take prompts out of an environment; callers hear that they were retired. Warns of keys that fetched them lately.

    Nothing is deleted: `cuebook rollback` brings them back.
    """
    items = [{"prompt": name} for name in names]
    try:
        release = session(ctx).admin.release(
            environment, items, reason=reason, kind="retire", dry_run=dry_run, propose=propose or None
        )
    except PolicyRefused as refused:
        if unmet(refused) == {"approvals"}:
            command = shlex.join(["cuebook", "retire", *names, "--in", environment, "-m", reason, "--propose"])
            show.note(f"Others must approve this. Propose it: {command}")
        raise
    report(release, as_json)


def orphans(ctx: typer.Context, environment: Environment, days: Days = 30, as_json: AsJson = False) -> None:
    """List what an environment serves and no key asked for by name for a while: what could be retired."""
    found = session(ctx).admin.orphans(environment, days)
    if as_json:
        show.write_json(found)
        return
    noted = found["noted_since"]
    if noted and datetime.fromisoformat(noted) > datetime.fromisoformat(found["since"]):
        show.say(f"Nothing can be said of the last {days} days yet: fetches are noted since {show.moment(noted)}.")
    elif found["items"]:
        rows = ((row["prompt"], row["version"], show.moment(row["live_since"]), _fetched(row)) for row in found["items"])
        show.table(("prompt", "version", "live since", "last fetched by name"), rows)
    else:
        show.say(f"Nothing in {environment} is live and was not asked for by name for {days} days.")
    for key in found["whole"]:
        show.say(f"Key {key['key']!r} ({key['selector']}) takes everything {environment} serves: any of it may be in use.")


def _fetched(row: Json) -> str:
    return show.moment(row["fetched_at"]) or "never"
