"""promote, rollback, status, at: what runs where, and changing it on purpose."""

from __future__ import annotations

import json
import shlex
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from cuebook.admin import Json
from cuebook.cli import show
from cuebook.cli.arguments import AsJson, Environment, Reason, SomeNames, complete_environments, complete_prompts
from cuebook.cli.moments import AHEAD_HINT, HINT, ahead, moment
from cuebook.cli.session import session
from cuebook.errors import Conflict, PolicyRefused

Items = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME[@N]", help="Prompts, with a version or what the source serves.", autocompletion=complete_prompts
    ),
]
To = Annotated[str, typer.Option("--to", metavar="ENV", help="The environment.", autocompletion=complete_environments)]
Shrinks = Annotated[bool, typer.Option("--shrinks", help="A text that becomes less than half as long is meant to.")]
At = Annotated[str, typer.Option("--at", metavar="WHEN", help=f"Apply it then: {AHEAD_HINT.replace('Write ', '')}")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what the policy would say, and change nothing.")]


def promote(
    ctx: typer.Context,
    names: Items,
    to: To,
    reason: Reason = "",
    dry_run: DryRun = False,
    emergency: Annotated[
        bool, typer.Option("--emergency", help="Past the policy: needs its own right, and leaves a review open.")
    ] = False,
    shrinks: Shrinks = False,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Release these versions to an environment, all of them or none; now, or --at a moment.

    Without @N: the version that the environment it comes from serves.
    """
    items = [item(name) for name in names]
    how: dict[str, Any] = {"emergency": emergency or None, "shrink_meant": shrinks or None, "at": coming(at)}
    try:
        release = session(ctx).admin.release(to, items, reason=reason, dry_run=dry_run, **how)
    except PolicyRefused as refused:
        if unmet(refused) == {"approvals"}:
            command = shlex.join(["cuebook", "propose", *names, "--to", to, "-m", reason])
            show.note(f"Others must approve this. Propose it: {command}")
        raise
    except Conflict as conflict:
        if conflict.code != "already_live":
            raise
        _already(to, conflict, as_json)
        return
    report(release, as_json)


def rollback(
    ctx: typer.Context,
    environment: Annotated[
        str, typer.Option("--in", metavar="ENV", help="The environment.", autocompletion=complete_environments)
    ],
    names: SomeNames = None,
    reason: Reason = "",
    everything: Annotated[bool, typer.Option("--all", help="Everything, to what was served --to-time.")] = False,
    to_time: Annotated[str, typer.Option(metavar="TIME", help=HINT.replace("Write ", ""))] = "",
    to_version: Annotated[
        int | None, typer.Option(min=1, help="A version that was live there, instead of the one before.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring back what was live before: the same bytes, in one call.

    With --all and --to-time: the whole environment as it was at a moment, such as `yesterday 15:00`.
    """
    if everything == bool(names) or everything != bool(to_time) or (everything and to_version):
        raise typer.BadParameter("Name prompts, or give --all with --to-time.")
    items = [{"prompt": name} | ({"version": to_version} if to_version else {}) for name in names or ()]
    then = {"time": moment(to_time, datetime.now().astimezone()).isoformat()} if everything else {}
    try:
        release = session(ctx).admin.release(environment, items, reason=reason, kind="rollback", dry_run=dry_run, **then)
    except Conflict as conflict:
        if conflict.code != "already_live":
            raise
        _already(environment, conflict, as_json)
        return
    report(release, as_json)


def status(ctx: typer.Context, names: SomeNames = None, as_json: AsJson = False) -> None:
    """Show which version runs where, how far each environment is behind, and what waits for somebody."""
    admin = session(ctx).admin
    found = admin.status(names or ())
    open_reviews, recalled, scheduled = admin.reviews(), admin.recalls(), admin.scheduled()
    unread = admin.unread_notices()
    if as_json:
        told = {"reviews": open_reviews, "recalls": recalled, "scheduled": scheduled, "unread_notices": unread}
        show.write_json(found | told)
        return
    places = [environment["name"] for environment in found["environments"]]
    rows = ((row["prompt"], row["latest"], *(_cell(row, place) for place in places)) for row in found["items"])
    show.table(("prompt", "latest", *places), rows)
    steps = {alone["environment"]: alone["next_step"] for alone in found["solo"]}
    for place in found["environments"]:
        if place["kind"] == "prd":
            show.say(f"{place['name']}: {_strictness(place, steps.get(place['name']))}")
    for review in open_reviews:
        show.say(f"Emergency release {review['release']} in {review['environment']} waits for a review by another person.")
    for waits in scheduled:
        show.say(
            f"Release {waits['id']} to {waits['environment']} waits{due(waits)}, in the name of {waits['schedule']['by']}."
        )
    for made in recalled:
        show.say(f"Recalled: {made['prompt']} version {made['version']} ({show.first_line(made['reason'])})")
        for row in made["included_by"]:
            if row["live"]:
                where = ", ".join(row["live"])
                show.say(f"  still included by {row['prompt']} version {row['version']}, live in {where}")
    if unread:
        show.say(f"{unread} notices: `cuebook notices` shows them.")


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
    rows = ((row["prompt"], row["version"], show.moment(row["since"]), *_why(row)) for row in found["items"])
    show.table(("prompt", "version", "since", "by", "reason"), rows)


def _strictness(place: Json, next_step: str | None) -> str:
    """How strict an environment is, and what comes next where one person decides alone and two could."""
    preset = place["preset"]
    if preset == "solo":
        return "solo, one person decides." + (f" Somebody else could approve: `{next_step}`." if next_step else "")
    return f"the rules of `{preset}`." if preset else f"rules of its own (`cuebook env show {place['name']}`)."


def unmet(refused: PolicyRefused) -> set[str]:
    """The rules of a policy that refused a release."""
    rules = refused.data.get("decision", {}).get("rules", [])
    return {rule["rule"] for rule in rules if not rule["passed"]}


def coming(text: str) -> str | None:
    """The moment somebody typed, as the API takes it; nothing when nothing was typed."""
    return ahead(text, datetime.now().astimezone()) if text else None


def item(text: str) -> dict[str, Any]:
    """An item as it is typed: ``NAME`` or ``NAME@N``."""
    name, given, number = text.partition("@")
    if not given:
        return {"prompt": name}
    if not number.isascii() or not number.isdigit() or not 0 < int(number[:10]) < 2**31:
        raise typer.BadParameter(f"{text!r}: after the @ stands a version number.", param_hint="NAME[@N]")
    return {"prompt": name, "version": int(number)}


def report(release: Json, as_json: bool) -> None:
    """Say what became of a release, or would: its moves, and the policy's decision rule by rule."""
    if as_json:
        show.write_json(release)
        return
    if release.get("dry_run"):
        show.say("The policy would let this in:" if release["decision"]["allowed"] else "The policy would not let this in:")
    elif release["state"] == "applied":
        show.say(f"{release['environment']} is at revision {release['revision']}:")
    else:
        show.say(f"Release {release['id']} to {release['environment']} is {release['state']}{due(release)}:")
    for move in release["items"]:
        before = "nothing" if move["replaces"] is None else move["replaces"]
        show.say(f"  {move['prompt']}: {before} -> {'nothing' if move['version'] is None else move['version']}")
    for rule, value in (release.get("policy") or {}).items():
        show.say(f"  {rule} = {json.dumps(value)}")
    if release.get("dry_run") or release["state"] != "applied":
        decision(release["decision"])
    for sentence in release["notes"]:
        show.note(sentence)


def due(release: Json) -> str:
    """When a release is to be applied, on the clock it was given on, as words that follow others."""
    if not (wanted := release.get("schedule")):
        return ""
    there = datetime.fromisoformat(wanted["at"]).astimezone(ZoneInfo(wanted["zone"]))
    return f", to be applied on {there:%A, %Y-%m-%d %H:%M} ({wanted['zone']})"


def decision(found: Json) -> None:
    """The policy's rules, a line each: met, or what is missing."""
    for rule in found["rules"]:
        style = "green" if rule["passed"] else "bold red"
        line = Text("  ok       " if rule["passed"] else "  missing  ", style=style)
        show.say(line.append(show.plain(f"{rule['rule']}: {rule['sentence']}"), style="default"))


def _already(environment: str, conflict: Conflict, as_json: bool) -> None:
    """Nothing to do is a success: a script that runs again must not fail."""
    if as_json:
        show.write_json(
            {"environment": environment, "revision": conflict.data.get("revision"), "items": [], "already_live": True}
        )
    else:
        show.say(f"Nothing to do: {environment} already serves this.")


def _cell(row: Json, place: str) -> str | None:
    version = row["versions"].get(place)
    behind = (row["behind"].get(place) or {}).get("versions", 0)
    if version is None:
        return None
    return f"{version} ({behind} behind)" if behind else str(version)


def _why(row: Json) -> tuple[str, str]:
    return row.get("actor", ""), show.first_line(row.get("reason", ""))
