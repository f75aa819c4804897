"""fleet, and following a release: which clients run, what each holds, and how far a release has come among them."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from cuebook.admin import AdminClient, Json
from cuebook.cli import show
from cuebook.cli.arguments import AsJson, Environment
from cuebook.cli.session import session

SHOWN_MAX = 50
WATCH_EVERY_S, FOLLOW_EVERY_S = 2.0, 1.0
Watch = Annotated[bool, typer.Option("--watch", help="Show it anew every two seconds, until Ctrl-C.")]


def fleet(ctx: typer.Context, environment: Environment, watch: Watch = False, as_json: AsJson = False) -> None:
    """Show the running clients of an environment: what each holds, from where, and how soon they had the last change."""
    admin = session(ctx).admin
    if as_json:
        show.write_json(admin.fleet(environment))
        return
    _print(admin.fleet(environment))
    while watch:
        time.sleep(WATCH_EVERY_S)
        found = admin.fleet(environment)
        show.console().clear() if show.console().is_terminal else show.say()
        _print(found)


def follow(admin: AdminClient, release_id: int, for_s: float) -> bool:
    """Tell how a release arrives at the running clients, a line whenever that changes; whether it reached all in time."""
    told, deadline = "", time.monotonic() + for_s
    while True:
        found = admin.rollout(release_id)
        if (line := _line(found)) != told:
            show.say(told := line)
        progress = found["progress"]
        if progress is not None and progress["running"] == progress["live"]:
            return True
        if progress is None and found["state"] not in {"proposed", "applied"}:
            return False  # it ended, and will not be applied
        if time.monotonic() >= deadline:
            for each in progress["waiting"] if progress else ():
                show.say(f"  {each['instance']} ({each['key']}) {_holds(each)}, heard of {show.moment(each['seen_at'])}")
            return False
        time.sleep(FOLLOW_EVERY_S)


def _line(found: Json) -> str:
    progress = found["progress"]
    if progress is None:
        return f"Release {found['release']} to {found['environment']} is {found['state']}; nothing has arrived yet."
    if not progress["live"]:
        return f"No running client of {found['environment']} has been heard of."
    return f"{progress['running']} of {progress['live']} run revision {found['revision']}{_times(progress)}"


def _times(progress: Json) -> str:
    within = progress["within_ms"]
    parts = [f"{what} after {_span(within[p])}" for what, p in _SHARES if within[p] is not None]
    return f": {', '.join(parts)}" if parts else ""


_SHARES = (("half of them", "p50"), ("99 %", "p99"), ("all", "p100"))


def _span(ms: int) -> str:
    if ms < 1_000:
        return f"{ms} ms"
    return f"{ms / 1_000:.1f} s" if ms < 120_000 else f"{ms / 60_000:.0f} min"


def _print(found: Json) -> None:
    since = f" since {show.moment(found['changed_at'])}" if found["changed_at"] else ""
    by = f" (release {found['release']})" if found["release"] else ""
    show.say(f"{found['environment']} is at revision {found['revision']}{since}{by}.")
    progress = found["progress"]
    if not progress["live"]:
        show.say("No running client has been heard of lately.")
        return
    show.say(f"{progress['running']} of {progress['live']} running clients hold it{_times(progress)}.")
    for what in ("sdks", "sources", "keys", "revisions"):
        show.say(f"{what}: {', '.join('{name} {instances}'.format(**each) for each in found[what])}")
    rows = sorted((each for each in found["items"] if each["live"]), key=lambda each: (each["current"], each["seen_at"]))
    columns = ("instance", "key", "sdk", "source", "revision", "since", "heard of")
    show.table(columns, (_row(each) for each in rows[:SHOWN_MAX]))
    if len(rows) > SHOWN_MAX:
        show.say(f"and {len(rows) - SHOWN_MAX} more (--json lists all)")


def _row(each: Json) -> tuple[str | None, ...]:
    held = None if each["revision"] is None else str(each["revision"])
    since, heard = show.moment(each["since"]), show.moment(each["seen_at"])
    return each["instance"], each["key"], each["sdk"], each["source"], held, since, heard


def _holds(each: Json) -> str:
    return "holds nothing" if each["revision"] is None else f"holds revision {each['revision']}"
