"""What in the variable contract would break a caller of one version when it gets another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cuebook.variables import is_needed

Kind = Literal["needed", "dropped", "retyped", "narrowed"]
# A caller that sends the first also fits the second.
_WIDENED = frozenset({("integer", "number")})
_PLACEHOLDER: Mapping[str, Any] = {"type": "messages", "required": False}


@dataclass(frozen=True, slots=True)
class Breaking:
    """One way in which the new contract breaks callers of the old one."""

    variable: str
    kind: Kind
    sentence: str


def breaking(old_served: Mapping[str, Any], new_served: Mapping[str, Any]) -> tuple[Breaking, ...]:
    """Compare the contracts of two served documents; sorted by variable.

    Breaking is: a variable that is needed now and was not, one that is gone, one of another type, fewer allowed values.
    A placeholder counts as an optional variable of a type of its own.
    """
    old, new = _contract(old_served), _contract(new_served)
    return tuple(found for name in sorted(old.keys() | new.keys()) for found in _compare(name, old.get(name), new.get(name)))


def _contract(served: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    messages = served.get("messages") or ()
    placeholders = {message["placeholder"]: _PLACEHOLDER for message in messages if "placeholder" in message}
    return {**(served.get("variables") or {}), **placeholders}


def _compare(name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[Breaking]:
    if new is None:
        yield Breaking(name, "dropped", f"It no longer knows the variable `{name}`.")
        return
    if is_needed(new) and (old is None or not is_needed(old)):
        yield Breaking(name, "needed", f"It needs the variable `{name}`, which was not needed before.")
    if old is None:
        return
    before, after = old.get("type", "string"), new.get("type", "string")
    if after not in (before, "any") and (before, after) not in _WIDENED:
        yield Breaking(name, "retyped", f"The variable `{name}` takes {after} instead of {before}.")
    elif "enum" in new and (lost := _lost(old, new)):
        yield Breaking(name, "narrowed", f"The variable `{name}` no longer takes {lost}.")


def _lost(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What the new enum leaves out, in words; empty when nothing."""
    if "enum" not in old:
        return "any value but those in its `enum`"
    kept = set(map(_text, new["enum"]))
    return ", ".join(text for text in map(_text, old["enum"]) if text not in kept)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
