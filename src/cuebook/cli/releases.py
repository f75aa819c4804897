"""promote, rollback, status, at: what runs where, and changing it on purpose."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from cuebook.admin import Json
from cuebook.cli import show
from cuebook.cli.arguments import AsJson, Environment, Names, Reason, SomeNames, complete_environments, complete_prompts
from cuebook.cli.moments import HINT, moment
from cuebook.cli.session import session
from cuebook.errors import Conflict

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what the policy would say, and change nothing.")]


def promote(
    ctx: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME[@N]", help="Prompts, with a version or what the source serves.", autocompletion=complete_prompts
        ),
    ],
    to: Annotated[str, typer.Option("--to", metavar="ENV", help="The environment.", autocompletion=complete_environments)],
    reason: Reason = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Release these versions to an environment, all of them or none.

    Without @N: the version that the environment it comes from serves.
    """
    items = [_item(name) for name in names]
    try:
        release = session(ctx).admin.release(to, items, reason=reason, dry_run=dry_run)
    except Conflict as conflict:
        if conflict.code != "already_live":
            raise
        _already(to, conflict, as_json)
        return
    _report(release, as_json)


def rollback(
    ctx: typer.Context,
    names: Names,
    environment: Annotated[
        str, typer.Option("--in", metavar="ENV", help="The environment.", autocompletion=complete_environments)
    ],
    reason: Reason = "",
    to_version: Annotated[
        int | None, typer.Option(min=1, help="A version that was live there, instead of the one before.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring back what was live before: the same bytes, in one call."""
    items = [{"prompt": name} | ({"version": to_version} if to_version else {}) for name in names]
    try:
        release = session(ctx).admin.release(environment, items, reason=reason, kind="rollback", dry_run=dry_run)
    except Conflict as conflict:
        if conflict.code != "already_live":
            raise
        _already(environment, conflict, as_json)
        return
    _report(release, as_json)


def status(ctx: typer.Context, names: SomeNames = None, as_json: AsJson = False) -> None:
    """Show which version runs where, and how far each environment is behind."""
    found = session(ctx).admin.status(names or ())
    if as_json:
        show.write_json(found)
        return
    places = [environment["name"] for environment in found["environments"]]
    rows = ((item["prompt"], item["latest"], *(_cell(item, place) for place in places)) for item in found["items"])
    show.table(("prompt", "latest", *places), rows)


def at(
    ctx: typer.Context,
    environment: Environment,
    time: Annotated[str, typer.Argument(metavar="TIME", help=HINT.replace("Write ", ""))],
    names: SomeNames = None,
    as_json: AsJson = False,
) -> None:
    """Show what an environment served at a moment."""
    wanted = moment(time, datetime.now().astimezone())
    found = session(ctx).admin.at(environment, wanted, names or ())
    if as_json:
        show.write_json(found)
        return
    show.say(f"{environment} at {wanted:%Y-%m-%d %H:%M:%S %z}, revision {found['revision']}")
    if not found["items"]:
        show.say("It served nothing then." if not names else "It served none of these then.")
        return
    rows = ((item["prompt"], item["version"], show.moment(item["since"]), *_why(item)) for item in found["items"])
    show.table(("prompt", "version", "since", "by", "reason"), rows)


def _item(text: str) -> dict[str, Any]:
    name, given, number = text.partition("@")
    if not given:
        return {"prompt": name}
    if not number.isascii() or not number.isdigit() or not 0 < int(number[:10]) < 2**31:
        raise typer.BadParameter(f"{text!r}: after the @ stands a version number.", param_hint="NAME[@N]")
    return {"prompt": name, "version": int(number)}


def _report(release: Json, as_json: bool) -> None:
    if as_json:
        show.write_json(release)
        return
    if release.get("dry_run"):
        show.say("The policy would let this in:" if release["decision"]["allowed"] else "The policy would not let this in:")
    else:
        show.say(f"{release['environment']} is at revision {release['revision']}:")
    for item in release["items"]:
        before = "nothing" if item["replaces"] is None else item["replaces"]
        show.say(f"  {item['prompt']}: {before} -> {item['version']}")
    for rule in release["decision"]["rules"]:
        if not rule["passed"]:
            show.say(f"  {rule['rule']}: {rule['sentence']}")
    for sentence in release["notes"]:
        show.note(sentence)


def _already(environment: str, conflict: Conflict, as_json: bool) -> None:
    """Nothing to do is a success: a script that runs again must not fail."""
    if as_json:
        show.write_json(
            {"environment": environment, "revision": conflict.data.get("revision"), "items": [], "already_live": True}
        )
    else:
        show.say(f"Nothing to do: {environment} already serves this.")


def _cell(item: Json, place: str) -> str | None:
    version = item["versions"].get(place)
    behind = (item["behind"].get(place) or {}).get("versions", 0)
    if version is None:
        return None
    return f"{version} ({behind} behind)" if behind else str(version)


def _why(item: Json) -> tuple[str, str]:
    return item.get("actor", ""), show.first_line(item.get("reason", ""))
