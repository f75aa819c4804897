"""docs/reference/commands.md: every command with its arguments and options, and the exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main

from cuebook.cli.app import app
from tools.pages import table


def commands() -> dict[str, Any]:
    """Every command that does something, by the words that call it (``keys create``)."""
    return dict(_below("", typer.main.get_command(app)))


def body() -> str:
    """The generated part of the page."""
    return "\n\n".join(
        [_options("Before every command", typer.main.get_command(app)), *(_command(*one) for one in commands().items())]
    )


def _below(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    """The classes behind typer's commands are private to it, so a group is what has ``commands``."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command
        return
    for name, one in inner.items():
        yield from _below(f"{words} {name}".strip(), one)


def _command(words: str, command: Any) -> str:
    usage = " ".join(["cuebook", words, *(part for one in command.params for part in [_usage(one)] if part)])
    return _options(f"cuebook {words}", command, f"\n\n{_prose(command.help)}\n\n```\n{usage}\n```")


def _options(title: str, command: Any, said: str = "") -> str:
    rows = [(f"`{_names(one)}`", getattr(one, "help", None) or "") for one in command.params if one.name != "help"]
    return f"### {title}{said}" + (f"\n\n{table(('option', 'what it is'), rows)}" if rows else "")


def _usage(parameter: Any) -> str:
    """How an argument is written; options are all in the table below, so only those that must be given stand here."""
    several = parameter.nargs == -1 or getattr(parameter, "multiple", False)
    if parameter.param_type_name == "argument":
        written = f"{_metavar(parameter)}{'...' if several else ''}"
        return written if parameter.required else f"[{written}]"
    return _names(parameter).split(", ")[-1] if parameter.required else ""


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return _metavar(parameter)
    switch = getattr(parameter, "is_flag", False)
    names = [*parameter.opts, *parameter.secondary_opts]
    return ", ".join(names) if switch else f"{', '.join(names)} {_metavar(parameter)}"


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper().strip("_"))


def _prose(text: str | None) -> str:
    return " ".join((text or "").replace("``", "`").split())
