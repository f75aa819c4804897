"""audit: the chain of everything that happened, exported and checked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from cuebook import wire
from cuebook.audit import Verification, verify
from cuebook.cli import show
from cuebook.cli.arguments import AsJson
from cuebook.cli.failures import BROKEN_CHAIN
from cuebook.cli.session import session
from cuebook.errors import Invalid

app = typer.Typer(no_args_is_help=True, help="The audit chain: export it, and check that nothing was changed.")
LINE_BYTES_MAX = 16 * 1024 * 1024
# Not JSON a chain could hold, so it never fits: the check stops there and says where.
_UNREADABLE: dict[str, Any] = {"seq": "(unreadable)"}


@app.command()
def export(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Where to; - is stdout.")] = "-",
) -> None:
    """Write the whole chain as JSON lines, an entry a line."""
    entries = session(ctx).admin.audit()
    count = 0
    with ExitStack() as stack:
        out = sys.stdout.buffer if file == "-" else stack.enter_context(_writing(Path(file)).open("wb"))
        for entry in show.counted(entries, "exporting the audit chain"):
            out.write(json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            count += 1
        out.flush()
    show.note(f"{count} entries.")


@app.command("verify")
def verify_(
    ctx: typer.Context,
    file: Annotated[str | None, typer.Argument(metavar="FILE|-", help="An export; without it, the server's chain.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check a chain: each entry carries the hash of the one before. A file is checked without any server.

    Compare the head with one you noted down elsewhere to see that nothing was cut off at the end.
    """
    if file is None:
        found = verify(show.counted(session(ctx).admin.audit(), "checking"))
    else:
        with ExitStack() as stack:
            lines = sys.stdin.buffer if file == "-" else stack.enter_context(_reading(Path(file)).open("rb"))
            found = verify(show.counted(_entries(lines), "checking"))
    _report(found, as_json)
    if not found.intact:
        raise typer.Exit(BROKEN_CHAIN)


def _entries(lines: BinaryIO) -> Iterator[dict[str, Any]]:
    while line := lines.readline(LINE_BYTES_MAX):
        try:
            entry = wire.loads(line)
        except wire.WireError:
            entry = None
        yield entry if isinstance(entry, dict) else _UNREADABLE


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
