"""A diff for people: colours on a terminal, ``[-old-]{+new+}`` elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from cuebook.admin import Json
from cuebook.cli import show

# Equal text longer than this is cut to its ends: the change is what people look for.
CONTEXT_CHARS = 160


def print_diff(name: str, found: Json) -> None:
    """The summary, what is breaking, the fields, and the words."""
    old, new = found["from"]["number"], found["to"]["number"]
    if found["same"]:
        show.say(f"{name}: versions {old} and {new} have the same content.")
        return
    show.say(Text(f"{name} {old} -> {new}", style="bold"))
    for sentence in found["summary"]:
        show.say(f"  {sentence}")
    for breaking in found["breaking"]:
        show.say(Text(f"  breaking: {show.plain(breaking['sentence'])}", style="bold red"))
    for field in found["fields"]:
        show.say(_field(field))
    for prose in found["prose"]:
        show.say()
        show.say(Text(f"@@ {show.plain(prose.get('label') or prose['at'])} @@", style="cyan"))
        show.say(_words(prose["changes"]))


def _field(field: Json) -> Text:
    line = Text(f"  {show.plain(field['at'])}: ")
    if "old" in field:
        line.append_text(_removed(_value(field["old"])))
    if "new" in field:
        line.append_text(_added(_value(field["new"])))
    return line


def _words(changes: list[Json]) -> Text:
    line = Text()
    last = len(changes) - 1
    for number, change in enumerate(changes):
        if change["op"] == "equal":
            line.append("".join(_context(change["old"], first=number == 0, last=number == last)))
            continue
        if change["old"]:
            line.append_text(_removed(change["old"]))
        if change["new"]:
            line.append_text(_added(change["new"]))
    return line


def _context(text: str, *, first: bool, last: bool) -> Iterator[str]:
    text = _lines(text)
    if len(text) <= 2 * CONTEXT_CHARS:
        yield text
        return
    yield "" if first else text[:CONTEXT_CHARS]
    yield " […] "
    yield "" if last else text[-CONTEXT_CHARS:]


def _removed(text: str) -> Text:
    return Text(_lines(text), style="red strike") if sys.stdout.isatty() else Text(f"[-{_lines(text)}-]")


def _added(text: str) -> Text:
    return Text(_lines(text), style="green") if sys.stdout.isatty() else Text(f"{{+{_lines(text)}+}}")


def _lines(text: str) -> str:
    return "\n".join(map(show.plain, text.split("\n")))


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
