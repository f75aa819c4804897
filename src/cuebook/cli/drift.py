"""drift and recall: how environments differ, and taking a harmful version out of all of them."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from cuebook.admin import Json
from cuebook.cli import show
from cuebook.cli.arguments import AsJson, Environment, Reason, complete_prompts
from cuebook.cli.releases import decision, item
from cuebook.cli.session import session


def drift(ctx: typer.Context, one: Environment, other: Environment, as_json: AsJson = False) -> None:
    """Show what the first environment has that the second has not, and what promoting it would mean."""
    found = session(ctx).admin.drift(one, other)
    if as_json:
        show.write_json(found)
        return
    if not found["items"]:
        show.say(f"{one} and {other} serve the same.")
        return
    rows = (
        (row["prompt"], row["from_version"], row["to_version"], row["versions"], row["days"], "; ".join(row["summary"]))
        for row in found["items"]
    )
    show.table(("prompt", one, other, "versions apart", "days", "what changes"), rows)
    if found["promotion"]:
        show.say(f"Promoted into {other}:")
        decision(found["promotion"]["decision"])


def recall(
    ctx: typer.Context,
    version: Annotated[str, typer.Argument(metavar="NAME@N", help="The harmful version.", autocompletion=complete_prompts)],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Declare a version harmful: every environment that serves it goes back, and none takes it again."""
    wanted = item(version)
    if "version" not in wanted:
        raise typer.BadParameter("Which version? Write NAME@N.", param_hint="NAME@N")
    done = session(ctx).admin.recall(wanted["prompt"], wanted["version"], reason)
    if as_json:
        show.write_json(done)
        return
    show.say(f"{done['prompt']} version {done['version']} was recalled.")
    for place, number in done["instead"].items():
        show.say(f"  {place} serves {'nothing' if number is None else f'version {number}'} instead.")
    if not done["included_by"]:
        return
    show.say("These include it. They are not recalled with it, but no release brings them in any more:")
    for row in done["included_by"]:
        show.say(f"  {row['prompt']} version {row['version']}, live {'in ' if row['live'] else ''}{_places(row)}")
    for row in done["included_by"]:
        if row["live"]:
            why = f"Includes {done['prompt']} version {done['version']}: {done['reason']}"
            command = shlex.join(["cuebook", "recall", f"{row['prompt']}@{row['version']}", "-m", why])
            show.say(f"Take it out of {_places(row)} too: {command}")


def _places(row: Json) -> str:
    return ", ".join(row["live"]) or "nowhere"
