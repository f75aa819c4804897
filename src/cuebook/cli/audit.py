"""audit: the chain of everything that happened, read, exported, vouched for and checked."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cuebook import checkpoint as checkpoints
from cuebook import wire
from cuebook.audit import CSV_COLUMNS, Verification, csv_line, verify
from cuebook.cli import show
from cuebook.cli.arguments import AsJson
from cuebook.cli.failures import BROKEN_CHAIN
from cuebook.cli.moments import moment
from cuebook.cli.session import session
from cuebook.errors import Invalid

app = typer.Typer(no_args_is_help=True, help="The audit chain: export it, and check that nothing was changed.")

Since = Annotated[str | None, typer.Option(help="From this time on.", metavar="TIME")]
Until = Annotated[str | None, typer.Option(help="Before this time.", metavar="TIME")]
By = Annotated[str | None, typer.Option(help="Only what this principal did.", metavar="NAME")]
Action = Annotated[str | None, typer.Option(help="Only this action; `release.` means all of its kind.")]
In = Annotated[str | None, typer.Option("--in", metavar="ENV", help="Only in this environment.")]


@app.command("list")
def list_(
    ctx: typer.Context,
    by: By = None,
    action: Action = None,
    environment: In = None,
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
) -> None:
    """Show what happened, in order."""
    wanted = _wanted(by, action, environment, since, until)
    entries = list(session(ctx).admin.audit(**wanted))
    if as_json:
        show.write_json({"items": entries, "next": None})
        return
    rows = (
        (e["seq"], show.moment(e["at"]), e["principal"], e["action"], e["target"], e["environment"], e["reason"])
        for e in entries
    )
    show.table(("entry", "when", "by", "action", "target", "environment", "reason"), rows)


@app.command()
def export(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Where to; - is stdout.")] = "-",
    form: Annotated[
        str, typer.Option("--format", help="`jsonl`, which can be verified, or `csv` for a spreadsheet.")
    ] = "jsonl",
    by: By = None,
    action: Action = None,
    environment: In = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Write the chain, an entry a line. Only a whole chain as JSON lines can be verified."""
    if form not in ("jsonl", "csv"):
        raise typer.BadParameter(f"{form!r} is neither jsonl nor csv.", param_hint="--format")
    entries = session(ctx).admin.audit(**_wanted(by, action, environment, since, until))
    count = 0
    with ExitStack() as stack:
        out = sys.stdout.buffer if file == "-" else stack.enter_context(_writing(Path(file)).open("wb"))
        if form == "csv":
            out.write(csv_line(CSV_COLUMNS).encode())
        for entry in show.counted(entries, "exporting the audit chain"):
            line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"
            out.write((csv_line(entry[column] for column in CSV_COLUMNS) if form == "csv" else line).encode())
            count += 1
        out.flush()
    show.note(f"{count} entries.")


@app.command("checkpoint")
def checkpoint_(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Where to; - is stdout.")] = "-",
) -> None:
    """Write down, signed, how long the chain is now. Keep it where the registry's operators cannot reach."""
    signed = session(ctx).admin.checkpoint()
    if file == "-":
        show.write_json(signed)
        return
    _writing(Path(file)).write_text(json.dumps(signed, indent=2) + "\n", encoding="utf-8")
    show.say(f"{signed['checkpoint']['seq']} entries, signed by the key {signed['checkpoint']['key']}.")


@app.command("verify")
def verify_(
    ctx: typer.Context,
    file: Annotated[str | None, typer.Argument(metavar="FILE|-", help="An export; without it, the server's chain.")] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A checkpoint kept elsewhere: shows what was cut off or rewritten."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="BASE64", help="The public key to trust; without it, the one in the checkpoint.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a chain: each entry carries the hash of the one before. A file is checked without any server.

    Its own hashes cannot show that a chain was cut at its end, or written anew from the start: a checkpoint can.
    """
    from cuebook.cli.chains import verify_file  # processes: only this command pays for importing them

    vouched = dict(_vouched(path, key) for path in checkpoint or ())
    if file is None:
        found = verify(show.counted(session(ctx).admin.audit(), "checking"), vouched=vouched)
    else:
        with ExitStack() as stack:
            lines = sys.stdin.buffer if file == "-" else stack.enter_context(_reading(Path(file)).open("rb"))
            bar = stack.enter_context(show.progress("checking"))
            found = verify_file(lines, vouched, tell=lambda entries: bar.advance(bar.task_ids[0], entries))
    _report(found, as_json)
    if not found.intact:
        raise typer.Exit(BROKEN_CHAIN)


def _wanted(
    by: str | None, action: str | None, environment: str | None, since: str | None, until: str | None
) -> dict[str, str | None]:
    now = datetime.now().astimezone()
    times = [moment(text, now).isoformat() if text else None for text in (since, until)]
    return {"principal": by, "action": action, "environment": environment, "since": times[0], "until": times[1]}


def _vouched(path: Path, key: str | None) -> tuple[int, str]:
    """The number and hash that a checkpoint's file vouches for."""
    try:
        held = wire.loads(_reading(path).read_bytes())
        return checkpoints.read(held["checkpoint"], key or held["public_key"])
    except (wire.WireError, KeyError, TypeError, checkpoints.BadCheckpoint) as error:
        raise Invalid(f"{path} is no checkpoint to go by: {error}.") from None


def _report(found: Verification, as_json: bool) -> None:
    if as_json:
        problem = {"broken_at": found.broken_at, "problem": found.problem} if not found.intact else {}
        show.write_json({"intact": found.intact, "entries": found.entries, "head": found.head} | problem)
    elif found.intact:
        show.say(f"{found.entries} entries, all intact. Head: {found.head}")
    else:
        show.say(f"Broken at entry {found.broken_at}: {found.problem}. The {found.entries} before it are intact.")


def _writing(path: Path) -> Path:
    if not path.parent.is_dir():
        raise Invalid(f"There is no folder {path.parent}.")
    return path


def _reading(path: Path) -> Path:
    if not path.is_file():
        raise Invalid(f"There is no file {path}.")
    return path
