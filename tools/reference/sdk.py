"""docs/reference/sdk.md: every public name of the SDK, with the first sentence of its docstring."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import cuebook
from tools.pages import table


def body() -> str:
    """The generated part of the page: the clients and prompts with their members, then the errors."""
    public = {name: getattr(cuebook, name) for name in cuebook.__all__}
    errors = {name: found for name, found in public.items() if issubclass(found, Exception)}
    parts = [_class(name, found) for name, found in public.items() if name not in errors]
    rows = [(f"`{name}`", f"`{found.__mro__[1].__name__}`", sentence(found)) for name, found in errors.items()]
    return "\n\n".join([*parts, f"## Errors\n\n{table(('class', 'is a', 'meaning'), rows)}"])


def sentence(found: object) -> str:
    """The first sentence of what it says about itself."""
    said = " ".join((inspect.getdoc(found) or "").split("\n\n")[0].replace("``", "`").split())
    return said.split(". ")[0].rstrip(".:") + "." if said else ""


def _class(name: str, found: type) -> str:
    held = (
        [field.name for field in dataclasses.fields(found) if field.name[0] != "_"] if dataclasses.is_dataclass(found) else []
    )
    fields = f"\n\nFields: {', '.join(f'`{field}`' for field in held)}." if held else ""
    members = list(_members(found))
    return f"## {name}\n\n{sentence(found)}{fields}" + (f"\n\n{table(('member', 'what it is'), members)}" if members else "")


def _members(found: type) -> Iterator[tuple[str, ...]]:
    for name, member in inspect.getmembers(found):
        if name.startswith("_"):
            continue
        if inspect.isfunction(member):
            yield f"`{name}{_signature(member)}`", sentence(member)
        elif isinstance(member, (property, cached_property)):
            yield f"`{name}`", sentence(member)


def _signature(method: Callable[..., Any]) -> inspect.Signature:
    """What it takes, without types: those are in the editor."""
    signature = inspect.signature(method)
    taken = [one.replace(annotation=inspect.Parameter.empty) for name, one in signature.parameters.items() if name != "self"]
    return signature.replace(parameters=taken, return_annotation=inspect.Signature.empty)
