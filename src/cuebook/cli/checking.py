"""Findings in a draft, for people: each with its place in the file's text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from cuebook.admin import Json
from cuebook.cli import show


def print_check(content: Mapping[str, Any], found: Json) -> None:
    """Findings, tokens and cost."""
    for finding in found["findings"]:
        show.say(_line(content, finding))
    if not found["findings"]:
        show.say("Nothing stands out.")
    tokens, cost = found["tokens"], found["cost"]
    price = f", ${cost['usd']:.6f} a call for what goes in ({_source(cost)})" if cost else ", no price known"
    show.say(f"{tokens['tokens']:,} tokens ({tokens['by']}){price}.")


def warn(content: Mapping[str, Any], findings: Sequence[Json]) -> None:
    """The same beside a result."""
    for finding in findings:
        show.note(_line(content, finding))


def ask(content: Mapping[str, Any], findings: Sequence[Json]) -> None:
    """Ask before a probable secret is saved: that cannot be taken back. Ends the command when the answer is no."""
    if grave := [finding for finding in findings if finding["confirm"]]:
        warn(content, grave)
        typer.confirm("Save it anyway?", abort=True, err=True)


def _source(cost: Json) -> str:
    return f"{cost['source']}, {cost['as_of']}" if cost["as_of"] else str(cost["source"])


def _line(content: Mapping[str, Any], finding: Json) -> str:
    return f"{_place(content, finding)}: {finding['sentence']}"


def _place(content: Mapping[str, Any], finding: Json) -> str:
    """`text 3:7`: line and column, as editors count them; without a range the pointer alone."""
    where = finding["at"].removeprefix("/")
    if finding["start"] is None:
        return str(where)
    before = _text(content, where.split("/"))[: finding["start"]]
    return f"{where} {before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def _text(content: Any, steps: Sequence[str]) -> str:
    for step in steps:
        content = content[int(step)] if isinstance(content, list) else content[step]
    return str(content)
