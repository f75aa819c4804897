"""webhooks: who is told of what happens, over HTTP; notices: what you are told yourself."""

from __future__ import annotations

import time
from datetime import datetime
from itertools import islice
from typing import Annotated

import typer

from cuebook.admin import AdminClient, Json
from cuebook.cli import show
from cuebook.cli.arguments import AsJson, complete_environments
from cuebook.cli.moments import HINT, moment, seconds
from cuebook.cli.session import session

app = typer.Typer(no_args_is_help=True, help="Webhooks: signed messages to addresses that want to know what happens.")
Which = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its id, as `list` shows it.")]
TEST_S_MAX = 15.0


@app.command("add")
def add(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to send: https:// and a public host.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    event: Annotated[list[str] | None, typer.Option(metavar="TYPE", help="Only this event. Repeatable.")] = None,
    env: Annotated[
        list[str] | None,
        typer.Option(metavar="ENV", help="Only this environment. Repeatable.", autocompletion=complete_environments),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell an address of what happens from now on, and print the secret that signs: it is shown this once."""
    made = session(ctx).admin.add_webhook(url, name=name, events=event or (), environments=env or ())
    _secret(made, as_json)


@app.command("list")
def list_webhooks(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the webhooks, without their secrets."""
    found = session(ctx).admin.webhooks()
    if as_json:
        show.write_json({"items": found})
        return
    rows = ((w["id"], w["name"], _all(w["events"]), _all(w["environments"]), _state(w)) for w in found)
    show.table(("id", "name", "events", "environments", "state"), rows)


@app.command("show")
def show_webhook(ctx: typer.Context, webhook: Which, as_json: AsJson = False) -> None:
    """Show one webhook, and what became of its last messages."""
    admin = session(ctx).admin
    found = admin.webhook(webhook)
    if as_json:
        show.write_json(found)
        return
    show.say(f"{found['name']} ({found['id']}): {found['url']}")
    show.say(f"  events: {_all(found['events'])}; environments: {_all(found['environments'])}; {_state(found)}")
    _log(list(islice(admin.deliveries(webhook), 5)))


@app.command("log")
def log(
    ctx: typer.Context,
    webhook: Which,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many messages.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show what was sent and what became of it, newest first."""
    found = list(islice(session(ctx).admin.deliveries(webhook), limit))
    if as_json:
        show.write_json({"items": found})
    else:
        _log(found)


@app.command("replay")
def replay(
    ctx: typer.Context,
    webhook: Which,
    seq: Annotated[int | None, typer.Argument(metavar="SEQ", min=1, help="One message, by its number in `log`.")] = None,
    since: Annotated[str, typer.Option(metavar="TIME", help=HINT.replace("Write ", "Everything since: "))] = "",
    as_json: AsJson = False,
) -> None:
    """Send again, under the same names: one message, or everything since a moment."""
    if (seq is None) == (not since):
        raise typer.BadParameter("Name one message, or give --since.")
    then = moment(since, datetime.now().astimezone()) if since else None
    count = session(ctx).admin.replay(webhook, seq=seq, since=then)
    if as_json:
        show.write_json({"count": count})
    else:
        show.say(f"{count} messages are sent again." if count != 1 else "The message is sent again.")


@app.command("test")
def send_test(ctx: typer.Context, webhook: Which, as_json: AsJson = False) -> None:
    """Send the event `ping`, and say what became of it."""
    admin = session(ctx).admin
    found = _tried(admin, webhook, admin.test_webhook(webhook))
    if as_json:
        show.write_json(found)
        return
    last = found["attempts"][-1] if found["attempts"] else None
    said = f"{last['outcome']} after {last['duration_ms']} ms" if last else "not tried yet"
    show.say(f"ping is {found['state']}: {said}.")
    if found["state"] != "delivered":
        raise typer.Exit(8)


@app.command("rotate")
def rotate(
    ctx: typer.Context,
    webhook: Which,
    overlap: Annotated[str, typer.Option(metavar="SPAN", help="How long the old secret signs beside the new one.")] = "24h",
    as_json: AsJson = False,
) -> None:
    """Sign with a new secret, and print it: it is shown this once."""
    _secret(session(ctx).admin.rotate_webhook(webhook, seconds(overlap)), as_json)


@app.command("disable")
def disable(ctx: typer.Context, webhook: Which, as_json: AsJson = False) -> None:
    """Tell it nothing until it is enabled again."""
    _done(session(ctx).admin.disable_webhook(webhook), "is told nothing until it is enabled again", as_json)


@app.command("enable")
def enable(ctx: typer.Context, webhook: Which, as_json: AsJson = False) -> None:
    """Go on where it stopped: what happened meanwhile is sent too."""
    _done(session(ctx).admin.enable_webhook(webhook), "goes on where it stopped", as_json)


@app.command("remove")
def remove(ctx: typer.Context, webhook: Which, as_json: AsJson = False) -> None:
    """Forget a webhook with its log."""
    _done(session(ctx).admin.remove_webhook(webhook), "is told nothing any more", as_json)


def notices(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also what was read before.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what you should know: what waits for your approval, what became of your proposals. Then it counts as read."""
    admin = session(ctx).admin
    found = [row for row in islice(admin.notices(), 500) if everything or not row["read_at"]]
    if as_json:
        show.write_json({"items": found})
    else:
        for row in found:
            show.say(f"{show.moment(row['at'])}  {row['project']}: {row['sentence']}")
        if not found:
            show.say("Nothing new.")
    if any(not row["read_at"] for row in found):
        admin.read_notices(found[0]["id"])


def _tried(admin: AdminClient, webhook: str, seq: int) -> Json:
    """The delivery once it was tried, or as it is after a while."""
    deadline = time.monotonic() + TEST_S_MAX
    while True:
        found: Json = next((row for row in islice(admin.deliveries(webhook), 200) if row["seq"] == seq), {})
        if found.get("attempts") or time.monotonic() > deadline:
            return found or {"seq": seq, "type": "ping", "state": "waiting", "attempts": []}
        time.sleep(0.25)


def _log(found: list[Json]) -> None:
    columns = ("seq", "event", "state", "tries", "last try", "outcome", "ms", "next try")
    show.table(columns, map(_row, found))


def _row(row: Json) -> tuple[str | int | None, ...]:
    begun, again = (row["seq"], row["type"], row["state"]), show.moment(row["next_try_at"])
    if not row["attempts"]:
        return *begun, 0, None, None, None, again
    last = row["attempts"][-1]
    return *begun, last["attempt"], show.moment(last["at"]), last["outcome"], last["duration_ms"], again


def _secret(made: Json, as_json: bool) -> None:
    """The secret alone on stdout, so that a script can take it; the rest beside it."""
    if as_json:
        show.write_json(made)
        return
    show.note(f"Keep it now: it is not shown again. The webhook's id is {made['id']}.")
    show.write_text(made["secret"])


def _done(webhook: Json, what: str, as_json: bool) -> None:
    if as_json:
        show.write_json(webhook)
    else:
        show.say(f"{webhook['name']} ({webhook['id']}) {what}.")


def _all(names: list[str]) -> str:
    return ", ".join(names) or "all"


def _state(webhook: Json) -> str:
    return f"disabled: {webhook['disabled_why']}" if webhook["disabled_at"] else "counts"
