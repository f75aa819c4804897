"""What commands print: tables for people, JSON for machines, exact bytes for texts; notes and progress go to stderr."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

T = TypeVar("T")
# What could steer a terminal, or show text in another order than it has.
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]|[\ud800-\udfff]")


def write_text(text: str) -> None:
    """A text and a newline, byte for byte, whatever stdout's encoding is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass") + b"\n")
    sys.stdout.buffer.flush()


def write_json(value: Any) -> None:
    """A JSON value in UTF-8."""
    write_text(json.dumps(value, ensure_ascii=False, indent=2))


def say(text: str | Text = "") -> None:
    """A line for people, on stdout."""
    console().print(Text(plain(text)) if isinstance(text, str) else text)


def note(text: str) -> None:
    """A line beside the result, on stderr."""
    sys.stderr.write(f"{plain(text)}\n")


def console() -> Console:
    """People's side of stdout: colours on a terminal, lines as long as they are in a pipe."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows under a heading; ``None`` is shown as a dash. In a pipe every row is one line."""
    cells = [["-" if cell is None else plain(str(cell)).replace("\n", " ") for cell in row] for row in rows]
    if not sys.stdout.isatty():
        _aligned([[*columns], *cells])
        return
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in cells:
        shown.add_row(*map(Text, row))
    console().print(shown)


def _aligned(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def plain(text: str) -> str:
    """Text with every character that could steer a terminal written out, an escape as a backslash and ``x1b``."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def moment(stamp: str | None) -> str | None:
    """A time of the API in the local time zone, for people."""
    return None if stamp is None else datetime.fromisoformat(stamp).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def first_line(text: str, chars_max: int = 72) -> str:
    """The first line of a message, cut for a table."""
    line = text.split("\n", 1)[0]
    return line if len(line) <= chars_max else line[: chars_max - 1] + "…"


def live(places: dict[str, int | None], number: int | None = None) -> str:
    """Where something is live: the environments, with their version unless one number is meant."""
    if number is not None:
        return ", ".join(name for name, serves in places.items() if serves == number)
    return ", ".join(f"{name} {serves}" for name, serves in places.items() if serves is not None)


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """A progress bar on stderr, drawn on a terminal only."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    errors = Console(stderr=True)
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        bar.add_task(what, total=None)
        yield bar


def counted(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """The items, with a progress bar while they are walked."""
    with progress(what) as bar:
        bar.update(bar.task_ids[0], total=total)
        for item in items:
            yield item
            bar.advance(bar.task_ids[0])
